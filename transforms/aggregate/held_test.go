package aggregate

import (
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
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
	for _, kind := range []string{"unfinished", "finished", "rows", "of other tables"} {
		var all allHeld
		state := TableState{Table: "many", Declared: true}
		if err := all.add([]*Spec{spec, spec}, []TableState{state, state}); err != nil {
			t.Fatal(err)
		}
		switch kind {
		case "unfinished":
			all[0].others = 2<<20*3/5 + 2
		case "finished":
			all[0].finished = 2<<20/5 + 1
		case "rows":
			all[0].groups = 2<<20/spec.RowBytes + 1
		default:
			all[0].others, all[1].others = 1<<20*3/5, 1<<20*3/5+2
		}
		expect(kind, all.add([]*Spec{spec, spec}, []TableState{state, state}))
	}
}

func TestABlockOfATableWithTooManyBytesIsRefused(t *testing.T) {
	q, err := query.ParseQuery("many", "SELECT pickup_location_id, count(*) AS n FROM trips GROUP BY pickup_location_id")
	if err != nil {
		t.Fatal(err)
	}
	q.Name = "many"
	spec := Declared(q, Bounds{Groups: 1 << 20, Bytes: 1 << 10}, true)
	var b trip.Batch
	b.Rows = 1 << 10
	b.Columns[trip.PickupZone].Values = make([]int64, b.Rows)
	for i := range b.Rows {
		b.Columns[trip.PickupZone].Values[i] = int64(i)
	}
	adders := newAdders([]*Spec{spec})
	if err := adders.set.compute(0, &b); err != nil {
		t.Fatal(err)
	}
	trips := adders.list[0].(*declaredAdder).trips
	if err := trips.AddFrom(0, &b); err != nil {
		t.Fatal(err)
	}
	state, err := trips.State()
	if err != nil {
		t.Fatal(err)
	}
	fn := &rowsFn{Spec: spec}
	fn.Setup()
	left := []Blocks{{Others: [][]byte{state}}}
	err = fn.ProcessElement(nil, func(_ *int64, b *Blocks) bool {
		if len(left) == 0 {
			return false
		}
		*b, left = left[0], left[1:]
		return true
	}, func(element.Table) {})
	if err == nil || !strings.Contains(err.Error(), "table many: its groups take ") {
		t.Errorf("found the error %v, expected one of memory", err)
	}
}
