package group

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/trip"
)

// The groups of a page are not in the hash table. A batch all of whose rows have the same keys looks for its only group in the page, too.
func TestAGroupThatOnlyThePageHasIsFoundByRowsOfOneGroup(t *testing.T) {
	batches := timedBatches(rand.New(rand.NewPCG(22, 7)), 8, 3000)
	for _, b := range batches {
		pickup := batches[0].Columns[trip.Pickup].Values[0]
		for row := range b.Rows {
			b.Columns[trip.Pickup].Values[row] = pickup
		}
	}
	same := func(b *trip.Batch, f trip.Field, v int64) {
		b.Columns[f].Valid, b.Columns[f].Nulls = nil, 0
		for row := range b.Rows {
			b.Columns[f].Values[row] = v
		}
	}
	paged, one := batches[6], batches[7]
	same(paged, trip.Amount, 777_000_000)
	same(paged, trip.Tip, 5_000_000)
	for _, f := range []trip.Field{trip.Amount, trip.PickupZone, trip.DropoffZone, trip.Tip} {
		same(one, f, paged.Columns[f].Values[100])
	}
	q := sql(t, "SELECT pickup_location_id, dropoff_location_id, total_amount, tip_amount, count(*) AS n FROM trips GROUP BY ALL")
	found, err := addTo(NewAdder(q, 1<<20), batches)
	if err != nil || !bytes.Equal(found, slowState(t, q.SQL, batches)) {
		t.Errorf("the state is not that of an adder that goes row by row, %v", err)
	}
}

// TestAPageIsMadeAgainIfItsKeysHaveMoreCodes adds zones that did not occur when the page was made. Their codes take no more bits.
func TestAPageIsMadeAgainIfItsKeysHaveMoreCodes(t *testing.T) {
	for _, grows := range []trip.Field{trip.PickupZone, trip.DropoffZone} {
		rng := rand.New(rand.NewPCG(3, 10))
		batches := zoneBatches(rng, 8)
		for i, b := range batches { // the last two are of one month
			for _, f := range []trip.Field{trip.PickupZone, trip.DropoffZone} {
				zones := int64(130)
				if f == grows && i == 7 {
					zones = 200
				}
				for row := range b.Rows {
					b.Columns[f].Values[row] = 1 + rng.Int64N(zones)
				}
			}
		}
		fast := NewAdder(sql(t, journeys), 1<<20)
		for _, b := range batches[:7] {
			if err := fast.Add(b); err != nil {
				t.Fatal(err)
			}
		}
		if p := &fast.keys.page; p.of == nil || p.radix[0] >= 200 || p.radix[1] >= 200 {
			t.Errorf("found a page of %v with room for %d codes, expected one of zones with less room than there are zones", p.of, p.radix)
		}
		if found, err := addTo(fast, batches); err != nil || !bytes.Equal(found, slowState(t, journeys, batches)) {
			t.Errorf("%s: the state is not that of an adder that goes row by row, %v", trip.Fields[grows].Name, err)
		}
	}
}

// TestAPageIsThatOfItsSource adds a source whose first month is also the last one of the source before, with the same codes.
func TestAPageIsThatOfItsSource(t *testing.T) {
	of := zoneBatches(rand.New(rand.NewPCG(3, 11)), 6)
	source := []*trip.Batch{of[0], of[2], of[3], of[4], of[5], of[1]}
	a := NewAdder(sql(t, journeys), 1<<20)
	for range 2 {
		if found, err := addTo(a, source); err != nil || !bytes.Equal(found, slowState(t, journeys, source)) {
			t.Errorf("the state is not that of an adder that goes row by row, %v", err)
		}
		if a.keys.page.of == nil {
			t.Error("no page is used")
		}
	}
}
