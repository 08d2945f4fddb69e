package group

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/trip"
)

// zoneBatches are trips between many zones, nearly all of one month in each batch.
func zoneBatches(rng *rand.Rand, batches int) []*trip.Batch {
	const rows, zones, month = 8 << 10, 260, 30 * 24 * 3600 * 1_000_000
	var all []*trip.Batch
	for i := range batches {
		b := &trip.Batch{Source: "zones", Taxi: "yellow", Rows: rows, Months: []trip.MonthRun{{End: rows}}}
		for _, f := range []trip.Field{trip.Pickup, trip.Duration, trip.PickupZone, trip.DropoffZone} {
			b.Columns[f].Values = make([]int64, rows)
		}
		for row := range rows {
			at := int64(i/2) * month
			if rng.IntN(300) == 0 {
				at = rng.Int64N(40) * month
			}
			b.Columns[trip.Pickup].Values[row] = at
			b.Columns[trip.Duration].Values[row] = rng.Int64N(100) * 1_000_000
			b.Columns[trip.PickupZone].Values[row] = 1 + rng.Int64N(zones)
			b.Columns[trip.DropoffZone].Values[row] = 1 + rng.Int64N(zones)
		}
		all = append(all, b)
	}
	return all
}

const journeys = "SELECT taxi, month_start, pickup_location_id, dropoff_location_id, count(*) AS n, quantile_disc(trip_duration_seconds, 0.5) AS s FROM trips GROUP BY ALL HAVING count(*) > 1"

func TestJourneysAreFoundInPages(t *testing.T) {
	q := sql(t, journeys)
	batches := zoneBatches(rand.New(rand.NewPCG(3, 1)), 6)
	fast, slow := NewAdder(q, 1<<20), newSlowAdder(q, 1<<20)
	for range 2 { // again after a reset
		found, err := addTo(fast, batches)
		if err != nil {
			t.Fatal(err)
		}
		if fast.keys.direct != nil || fast.keys.page.of == nil {
			t.Error("no page is used")
		}
		slow.Reset()
		for _, b := range batches {
			if err := slow.Add(b); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := slow.State(); err != nil || !bytes.Equal(found, want) {
			t.Errorf("the state is not that of an adder that goes row by row, %v", err)
		}
		slices.Reverse(batches)
	}
}

// A page is of groups with one code of a third key, which is packed with others. When the widths of keys grow, another code may be packed
// as the first one was: 64 << 14 == 16 << 16.
func TestAPageEndsWhenKeysGrow(t *testing.T) {
	q := sql(t, "CREATE TABLE t AS SELECT pickup_location_id, dropoff_location_id, fare_amount, count(*) AS n FROM trips GROUP BY ALL")
	rng := rand.New(rand.NewPCG(3, 9))
	batch := func(zones int64, fare func(row int) int64) *trip.Batch {
		b := zoneBatches(rng, 1)[0]
		b.Columns[trip.Fare].Values = make([]int64, b.Rows)
		for row := range b.Rows {
			b.Columns[trip.PickupZone].Values[row] = 1 + rng.Int64N(zones)
			b.Columns[trip.DropoffZone].Values[row] = 1 + rng.Int64N(zones)
			b.Columns[trip.Fare].Values[row] = fare(row) * trip.Unit
		}
		return b
	}
	for shift := range 7 {
		batches := []*trip.Batch{
			batch(126, func(row int) int64 { return int64(row % 100) }),
			batch(126, func(int) int64 { return 64 - 1 }), // the 64th fare
			batch(131, func(int) int64 { return 64>>shift - 1 }),
		}
		fast, slow := NewAdder(q, 1<<20), newSlowAdder(q, 1<<20)
		found, err := addTo(fast, batches)
		if err != nil {
			t.Fatal(err)
		}
		if fast.keys.page.of == nil {
			t.Error("no page is used")
		}
		for _, b := range batches {
			if err := slow.Add(b); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := slow.State(); err != nil || !bytes.Equal(found, want) {
			t.Errorf("shift %d: the state is not that of an adder that goes row by row, %v", shift, err)
		}
	}
}

// Shards that are finished side by side make the table that their blocks make.
func TestShardsAreFinishedAsTheirBlocksAre(t *testing.T) {
	q := sql(t, journeys)
	rng := rand.New(rand.NewPCG(3, 2))
	shards := make([][][]byte, Shards)
	var blocks [][]byte
	for range 3 {
		state, err := stateOf(q, zoneBatches(rng, 2))
		if err != nil {
			t.Fatal(err)
		}
		if err := Blocks(state, func(shard uint32, _ bool, block []byte) error {
			shards[shard], blocks = append(shards[shard], block), append(blocks, block)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if header := OnlyHeader(state); len(header) > 100 {
			t.Errorf("found %d bytes of a header, expected few", len(header))
		} else if a, err := Header(header); err != nil {
			t.Error(err)
		} else if b, _ := Header(state); a != b {
			t.Errorf("found the counts %v of the header alone, expected %v", a, b)
		}
	}
	want, wantCounted, err := Rows(q, blocks)
	if err != nil {
		t.Fatal(err)
	}
	finished, err := FinishShards(q, shards)
	if err != nil {
		t.Fatal(err)
	}
	found, counted, err := Rows(q, finished)
	if err != nil || counted != wantCounted || !slices.Equal(rowsText(found), rowsText(want)) {
		t.Errorf("found %d rows of %d trips, %v; expected %d rows of %d trips", found.NumRows(), counted, err, want.NumRows(), wantCounted)
	}
}

// The error is that of the first group, whichever shard has it.
func TestTheErrorOfShardsIsThatOfTheFirstGroup(t *testing.T) {
	q := sql(t, "SELECT pickup_location_id, sum(fare_amount) * 1000000000000000000000000000.5 AS large FROM trips GROUP BY ALL")
	b := &trip.Batch{Taxi: "yellow", Rows: 200, Months: []trip.MonthRun{{End: 200}}}
	b.Columns[trip.PickupZone].Values, b.Columns[trip.Fare].Values = make([]int64, b.Rows), make([]int64, b.Rows)
	for i := range b.Rows {
		b.Columns[trip.PickupZone].Values[i] = int64(i)
		b.Columns[trip.Fare].Values[i] = 1 << 40
	}
	state, err := stateOf(q, []*trip.Batch{b})
	if err != nil {
		t.Fatal(err)
	}
	shards := make([][][]byte, Shards)
	var blocks [][]byte
	if err := Blocks(state, func(shard uint32, _ bool, block []byte) error {
		shards[shard], blocks = append(shards[shard], block), append(blocks, block)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rows, _, want := Rows(q, blocks)
	if finished, err := FinishShards(q, shards); err == nil { // the product is of finished values
		rows2, _, found := Rows(q, finished)
		if want == nil || found == nil || found.Error() != want.Error() {
			t.Errorf("found %v, %v, expected %v, %v", rows2, found, rows, want)
		}
	} else if want == nil || err.Error() != want.Error() {
		t.Errorf("found %v, expected %v", err, want)
	}
}
