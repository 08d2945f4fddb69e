package aggregate

import (
	"strings"
	"testing"

	"tripstats/transforms/group"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// The fault of a sum that has no value names the table once, with its place, and the column and the group.
func TestAFaultOfAGroupNamesItsTableOnce(t *testing.T) {
	queries, err := query.ParseTables("x.sql", "CREATE TABLE sums AS SELECT taxi, CAST(count(*) * 3000000000 AS INTEGER) AS big FROM trips GROUP BY taxi")
	if err != nil {
		t.Fatal(err)
	}
	q := queries[0]
	a := group.NewAdder(q, 10)
	if err := a.Add(&trip.Batch{Taxi: "yellow", Rows: 1, Months: []trip.MonthRun{{End: 1}}}); err != nil {
		t.Fatal(err)
	}
	state, err := a.State()
	if err == nil {
		_, _, err = group.Rows(q, [][]byte{state})
	}
	const want = "x.sql:1:14: table sums: big, group yellow: 3000000000 is too large for INTEGER; nothing was published"
	if err = Declared(q, Bounds{}, true).fails(err); err == nil || !strings.Contains(err.Error(), " "+want+" ") {
		t.Errorf("found %v, expected %s", err, want)
	}
}
