package aggregate

import (
	"testing"

	"tripstats/transforms/group"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// zonesState returns a state with a group for each pair of zones.
func zonesState(t *testing.T, spec *Spec) TableState {
	t.Helper()
	const zones = 260
	b := trip.Batch{Rows: 1 << 14}
	for _, f := range []trip.Field{trip.PickupZone, trip.DropoffZone} {
		b.Columns[f].Values = make([]int64, b.Rows)
	}
	for i := range b.Rows {
		b.Columns[trip.PickupZone].Values[i], b.Columns[trip.DropoffZone].Values[i] = int64(i%zones), int64(i/zones)
	}
	b.Months = []trip.MonthRun{{End: b.Rows}}
	adders := newAdders([]*Spec{spec})
	if err := adders.add(&b); err != nil {
		t.Fatal(err)
	}
	state, err := adders.list[0].state(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// The groups of all sources are held until the tables are made. So states become compact once those before them take much memory.
func TestGroupsOfManySourcesBecomeCompact(t *testing.T) {
	q, err := query.ParseQuery("zones", "SELECT pickup_location_id, dropoff_location_id, count(*) AS n FROM trips GROUP BY ALL")
	if err != nil {
		t.Fatal(err)
	}
	q.Name = "zones"
	spec := Declared(q, Bounds{Groups: 1 << 20, Bytes: 1 << 30}, false)
	fn := partialFn{Tables: []*Spec{spec}}
	from := compactFrom(fn.Tables)
	plain := zonesState(t, spec)
	for before, want := range map[int64]bool{0: false, from - 1: false, from: true} {
		fn.held = allHeld{{others: before}}
		states := []TableState{plain}
		if err := fn.compact(states); err != nil {
			t.Fatal(err)
		}
		if is := len(states[0].State) < len(plain.State); is != want {
			t.Errorf("after %d bytes of other sources: the state is compact: found %v, expected %v", before, is, want)
		}
		if counts, err := group.Header(states[0].State); err != nil || counts.Counted != 1<<14 {
			t.Errorf("after %d bytes of other sources: found %+v and the error %v, expected all trips", before, counts, err)
		}
	}
}
