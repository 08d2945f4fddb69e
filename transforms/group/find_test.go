package group

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/trip"
)

// timedBatches returns trips roughly in the order of time, so that their months, days and hours form runs. A few trips are of other months, and a
// few values are NULL.
func timedBatches(rng *rand.Rand, batches, rows int) (all []*trip.Batch) {
	at := int64(1_704_000_000) * second
	for range batches {
		b := longBatches(rng, 1, false)[0]
		b.Taxi, b.Rows, b.Months = "yellow", rows, []trip.MonthRun{{End: rows}}
		for f := range b.Columns {
			c := &b.Columns[f]
			c.Valid, c.Nulls, c.Values = nil, 0, make([]int64, rows)
			for i := range c.Values {
				c.Values[i] = randomOf(rng, trip.Field(f), false)
			}
		}
		for i := range rows {
			at += rng.Int64N(40 * second)
			pickup := at
			if rng.IntN(100) == 0 {
				pickup -= int64(1+rng.IntN(3)) * 31 * day
			}
			b.Columns[trip.Pickup].Values[i] = pickup
			b.Columns[trip.Duration].Values[i] = rng.Int64N(4000) * second
			b.Columns[trip.Dropoff].Values[i] = pickup + b.Columns[trip.Duration].Values[i]
			b.Columns[trip.PickupZone].Values[i] = 1 + rng.Int64N(100)
			b.Columns[trip.DropoffZone].Values[i] = 1 + rng.Int64N(100)
			b.Columns[trip.Amount].Values[i] = 1_000_000 * rng.Int64N(100)
			if rng.IntN(400) == 0 {
				setNull(&b.Columns[trip.DropoffZone], i)
				setNull(&b.Columns[trip.Amount], i)
			}
		}
		all = append(all, b)
	}
	return all
}

// TestRunsOfKeysMakeTheSameGroups groups by keys that seldom change from row to row, alone and together with keys that often change.
func TestRunsOfKeysMakeTheSameGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	batches := timedBatches(rng, 6, 3000)
	for _, keys := range []string{
		"taxi", "month_start", "pickup_date", "year, weekday", "taxi, month_start, weekday, pickup_hour", "month_start, pickup_location_id",
		"pickup_borough, month_start", "pickup_location_id, dropoff_location_id, payment_type, pickup_date", "pickup_zone, dropoff_zone, month_start",
		"taxi, month_start, pickup_location_id, dropoff_location_id", "month_start, pickup_location_id, dropoff_location_id, is_refund",
		"pickup_date, pickup_datetime, dropoff_location_id",
	} {
		q := sql(t, "SELECT "+keys+", count(*) AS n, sum(total_amount) AS amount, median(trip_duration_seconds) AS seconds FROM trips GROUP BY ALL")
		fast := NewAdder(q, 1<<20)
		for range 2 { // again after a reset
			if found, err := addTo(fast, batches); err != nil || !bytes.Equal(found, slowState(t, q.SQL, batches)) {
				t.Errorf("%s: the state differs from that of an adder that adds row by row; error %v", keys, err)
			}
			batches[0], batches[5] = batches[5], batches[0]
		}
	}
}

// slowState returns the state of an adder that adds row by row.
func slowState(t *testing.T, text string, batches []*trip.Batch) []byte {
	t.Helper()
	slow := newSlowAdder(sql(t, text), 1<<20)
	for _, b := range batches {
		if err := slow.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	state, err := slow.State()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// WHERE may choose many trips or few, and other shares of them in each batch. The result must be the same as that of an adder that adds row
// by row. Trips that are left out make no groups, and an expression that has no value for them gives no error.
func TestRowsThatWhereLeavesOutAddNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 2))
	batches := timedBatches(rng, 8, 1500)
	for i, b := range batches { // in half of the batches nearly all trips have a distance
		for row := range b.Rows {
			if b.Columns[trip.Distance].Values[row] = 2_000_000; row%40 == 7 || i%4 > 1 && row%3 > 0 {
				b.Columns[trip.Distance].Values[row] = 0
			}
		}
	}
	for _, text := range []string{
		"SELECT count(*) AS n, sum(total_amount) AS amount, avg(trip_duration_minutes) AS minutes FROM trips WHERE trip_distance > 0",
		"SELECT pickup_location_id, dropoff_location_id, count(*) AS n, count(total_amount) AS known, max(total_amount) AS most FROM trips WHERE trip_distance > 0 GROUP BY ALL",
		"SELECT month_start, trip_distance, count(*) FILTER (WHERE pickup_hour > 6) AS n, median(trip_duration_seconds) AS s FROM trips WHERE trip_distance > 0 GROUP BY ALL",
		"SELECT CASE WHEN weekday > 5 THEN 'end' ELSE 'week' END AS w, trip_distance = 0 AS z, count(DISTINCT total_amount) AS n, arg_max(pickup_location_id, total_amount) AS p FROM trips WHERE trip_distance > 0 OR total_amount IS NULL GROUP BY ALL",
		"SELECT pickup_datetime, pickup_location_id, dropoff_location_id, trip_distance, total_amount, fare_amount, tip_amount, count(*) AS n FROM trips WHERE trip_distance > 0 GROUP BY ALL",
		"SELECT month_start, sum(CAST(CASE WHEN trip_distance = 0 THEN 3000000000 ELSE 3 END AS INTEGER)) AS n FROM trips WHERE trip_distance > 0 GROUP BY ALL",
		"SELECT month_start, count(*) AS n FROM trips WHERE CAST(CASE WHEN trip_distance = 0 THEN NULL ELSE 3 END AS INTEGER) = 3 GROUP BY ALL",
		"SELECT taxi, count(*) AS n FROM trips WHERE taxi = 'yellow' GROUP BY taxi",
		"SELECT taxi, count(*) AS n FROM trips WHERE taxi = 'green' GROUP BY taxi",
	} {
		fast := NewAdder(sql(t, text), 1<<20)
		for range 2 { // after a reset, the expressions are computed in the way of the last batch
			if found, err := addTo(fast, batches); err != nil || !bytes.Equal(found, slowState(t, text, batches)) {
				t.Errorf("%s: the state differs from that of an adder that adds row by row; error %v", text, err)
			}
		}
	}
}

// Adders of one source share codes. The codes are reset when no adder has groups that use them, and not before.
func TestCodesThatAreSharedEndWithTheLastGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 3))
	batches := timedBatches(rng, 6, 600)
	var together Together
	together.Grow(1)
	texts := []string{
		"SELECT month_start, pickup_location_id, count(*) AS n FROM trips GROUP BY ALL",
		"SELECT pickup_location_id, dropoff_location_id, sum(total_amount) AS amount FROM trips GROUP BY ALL",
		"SELECT pickup_borough, month_start, count(*) AS n FROM trips GROUP BY ALL",
	}
	keys := together.NewKeys()
	var adders []*Adder
	for i, text := range texts {
		adders = append(adders, keys.NewAdder(i, sql(t, text), 1<<20))
	}
	since := make([]int, len(texts)) // the batch with which each adder began
	for i, b := range batches {
		if err := together.Compute(0, b); err != nil {
			t.Fatal(err)
		}
		for k, a := range adders {
			if err := a.AddFrom(0, b); err != nil {
				t.Fatal(err)
			}
			if (i+k)%3 != 0 && i < len(batches)-1 {
				continue
			}
			if found, err := plainState(a); err != nil || !bytes.Equal(found, slowState(t, texts[k], batches[since[k]:i+1])) {
				t.Errorf("%s, batches %d to %d: the state differs from that of an adder that adds row by row; error %v", texts[k], since[k], i, err)
			}
			a.Reset()
			since[k] = i + 1
		}
	}
	for number, k := range keys.shared {
		if k.users != 0 || k.count != 1 {
			t.Errorf("key %d: found %d users and %d codes, expected no user and only the code of NULL", number, k.users, k.count)
		}
	}
}
