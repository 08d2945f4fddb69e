package aggregate

import (
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/query"
)

// A table whose groups take more memory than there should be is refused, by who adds trips up and by who makes the table.
func TestATableWithTooManyBytesOfGroupsIsRefused(t *testing.T) {
	q, err := query.ParseQuery("many", "SELECT pickup_location_id, count(*) AS n FROM trips GROUP BY pickup_location_id")
	if err != nil {
		t.Fatal(err)
	}
	q.Name = "many"
	spec := Declared(q, Bounds{Groups: 100, Bytes: 1 << 20}, true)
	expect := func(by string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "table many: its groups take ") || !strings.Contains(err.Error(), "coarser keys") {
			t.Errorf("%s: found the error %v, expected one that says what helps", by, err)
		}
	}
	for kind, most := range []int64{6 << 20 / 5, 2 << 20 / 5} {
		d := newAdders([]*Spec{spec}).list[0].(*declaredAdder)
		if _, err := d.state(nil, false); err != nil {
			t.Fatal(err)
		}
		d.held[kind] = most + 1
		_, err := d.state(nil, false)
		expect("an adder", err)

		block := Blocks{Others: [][]byte{make([]byte, most+1)}}
		if kind == 1 {
			block = Blocks{Finished: block.Others}
		}
		fn := &rowsFn{Spec: spec}
		fn.Setup()
		left := []Blocks{block}
		expect("the maker of the table", fn.ProcessElement(nil, func(_ *int64, b *Blocks) bool {
			if len(left) == 0 {
				return false
			}
			*b, left = left[0], left[1:]
			return true
		}, func(element.Table) {}))
	}
}
