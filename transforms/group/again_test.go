package group

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/trip"
)

// TestASourceBeginsWithHashingAsTheOneBeforeEnded adds sources of different sizes and months with one adder. If an adder has
// hashed the groups of one source, it hashes the groups of the next source from the start.
func TestASourceBeginsWithHashingAsTheOneBeforeEnded(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 9))
	many := timedBatches(rng, 8, 3000)
	few := timedBatches(rng, 2, 100)
	wide := timedBatches(rng, 3, 2000)
	for _, b := range wide { // keys with more codes than those of the source before
		for row := range b.Rows {
			b.Columns[trip.Amount].Values[row] = int64(row) * 10_000
			b.Columns[trip.PickupZone].Values[row] = 1 + rng.Int64N(265)
		}
	}
	sources := [][]*trip.Batch{many, many[4:], few, wide, nil, few[1:], many}
	for _, text := range []string{
		"SELECT month_start, pickup_location_id, dropoff_location_id, total_amount, count(*) AS n, max(tip_amount) AS tip FROM trips GROUP BY ALL",
		"SELECT pickup_location_id, dropoff_location_id, total_amount, pickup_date, count(*) AS n FROM trips WHERE tip_amount <> 0 GROUP BY ALL",
		"SELECT total_amount, pickup_location_id, pickup_hour, weekday, dropoff_location_id, count(*) AS n FROM trips GROUP BY ALL",
	} {
		a := NewAdder(sql(t, text), 1<<20)
		for i, batches := range sources {
			found, err := addTo(a, batches)
			if err != nil || !bytes.Equal(found, slowState(t, text, batches)) {
				t.Errorf("%s, source %d: the state differs from that of an adder that adds row by row; error %v", text, i, err)
			}
			if a.keys.direct != nil {
				t.Errorf("%s, source %d: found a table for direct look-ups, expected hashing", text, i)
			}
		}
	}
}
