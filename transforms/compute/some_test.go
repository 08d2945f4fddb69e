package compute

import (
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// An expression that need not have a value in each row is left out of a batch where it has none. An expression that must have a value gives an
// error.
func TestExpressionsThatNeedNoValueAreLeftOut(t *testing.T) {
	q, err := query.ParseQuery("t", "SELECT sum(pickup_location_id) AS a, sum(CAST(pickup_location_id * 1000000000 AS INTEGER)) AS b FROM trips")
	if err != nil {
		t.Fatal(err)
	}
	exprs := []*query.Expr{q.Aggregates[0].Args[0], q.Aggregates[1].Args[0]}
	b := &trip.Batch{Taxi: "yellow", Rows: 3}
	c := &b.Columns[trip.PickupZone]
	some, all := CompileSome(exprs, 1), Compile(exprs)
	for _, run := range []struct {
		zones []int64
		has   bool
	}{{[]int64{1, 2, 1}, true}, {[]int64{1, 9, 1}, false}, {[]int64{2, 2, 2}, true}} {
		c.Values = run.zones
		if err := some.Run(b, nil); err != nil || !some.Has(0) || some.Has(1) != run.has {
			t.Errorf("%v: the expressions were computed: found %v and %v, error %v; expected true and %v", run.zones, some.Has(0), some.Has(1), err, run.has)
		}
		if run.has && some.Vector(1).Value(0).Int != 1_000_000_000*run.zones[0] {
			t.Errorf("%v: found the value %v", run.zones, some.Vector(1).Value(0))
		}
		if err := all.Run(b, nil); (err == nil) != run.has {
			t.Errorf("%v: found the error %v although each expression must have a value; an error is expected: %v", run.zones, err, !run.has)
		}
	}
}
