package group

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/trip"
)

// TestManyGroupsAreFound has few and many values in keys, so that groups are found in the direct table, by hash, and by names.
func TestManyGroupsAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var batches []*trip.Batch
	for range 4 {
		batches = append(batches, randomBatches(rng, 5000, rng.IntN(2) == 0)...)
	}
	for text, way := range map[string]string{
		"SELECT pickup_location_id, pickup_hour, weekday, taxi, count(*) AS n FROM trips GROUP BY ALL":                                                        "direct",
		"SELECT pickup_location_id, dropoff_location_id, weekday, taxi, is_refund, sum(tip_amount) AS n FROM trips GROUP BY ALL":                              "hash",
		"SELECT pickup_datetime, dropoff_datetime, pickup_borough, count(*) AS n, median(total_amount) AS m FROM trips GROUP BY ALL":                          "hash",
		"SELECT pickup_datetime, dropoff_datetime, total_amount, tip_amount, fare_amount, trip_distance, tolls_amount, count(*) AS n FROM trips GROUP BY ALL": "names",
	} {
		q := sql(t, text)
		fast, slow := NewAdder(q, 1<<20), newSlowAdder(q, 1<<20)
		for _, part := range [][]*trip.Batch{batches, batches[:5], batches[len(batches)/2:]} {
			slow.Reset()
			for _, b := range part {
				if err := slow.Add(b); err != nil {
					t.Fatal(err)
				}
			}
			want, err := slow.State()
			if err != nil {
				t.Fatal(err)
			}
			if found, err := addTo(fast, part); err != nil || !bytes.Equal(found, want) {
				t.Errorf("%s: the state is not that of an adder that goes row by row, %v", text, err)
			}
			if len(part) < len(batches) {
				continue
			}
			found := "direct"
			if fast.keys.long != nil {
				found = "names"
			} else if fast.keys.direct == nil {
				found = "hash"
			}
			if found != way {
				t.Errorf("%s: groups are found by way of %s, expected %s", text, found, way)
			}
		}
	}
}
