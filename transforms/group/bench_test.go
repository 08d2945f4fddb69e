package group

import (
	"math/rand/v2"
	"testing"
	"time"

	"tripstats/transforms/trip"
)

// The queries whose cost is measured.
var measured = map[string]string{
	"by_hour": `SELECT taxi, month_start, weekday, pickup_hour, count(*) AS trips, avg(trip_duration_minutes) AS minutes, avg(total_amount) AS amount
		FROM trips GROUP BY taxi, month_start, weekday, pickup_hour`,
	"od": `SELECT taxi, month_start, pickup_location_id, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.5) AS median_seconds
		FROM trips GROUP BY ALL HAVING count(*) >= 10`,
	"od_by_hour": `SELECT taxi, month_start, pickup_location_id, dropoff_location_id, pickup_hour, count(*) AS trips, avg(total_amount) AS amount FROM trips GROUP BY ALL`,
	"zone_minutes": `SELECT taxi, month_start, pickup_location_id, count(trip_duration_minutes) AS timed,
		quantile_disc(trip_duration_minutes, 0.5) AS p50, quantile_disc(trip_duration_minutes, 0.9) AS p90, quantile_disc(trip_duration_minutes, 0.99) AS p99
		FROM trips GROUP BY ALL`,
	"fares": `SELECT taxi, year, median(fare_amount) AS median_fare, quantile_cont(total_amount, 0.05) AS p05, quantile_cont(total_amount, 0.95) AS p95,
		min(total_amount) AS least, max(total_amount) AS most, count(DISTINCT total_amount) AS prices
		FROM trips WHERE fare_amount > 0 AND total_amount IS NOT NULL GROUP BY taxi, year`,
	"daily": `SELECT taxi, pickup_date, count(*) AS trips, sum(total_amount) AS revenue, count(DISTINCT pickup_location_id) AS zones,
		max(total_amount) AS dearest, arg_max(dropoff_location_id, total_amount) AS dearest_to
		FROM trips GROUP BY taxi, pickup_date ORDER BY taxi, pickup_date`,
	"everything": `SELECT count(*) AS trips, count(passenger_count) AS with_passengers, sum(passenger_count) AS passengers, avg(speed_mph) AS avg_speed,
		min(pickup_datetime) AS first_pickup, max(pickup_datetime) AS last_pickup FROM trips`,
}

const (
	measuredRows = 3_000_000
	batchRows    = 16_384
)

// month makes the trips of a month in batches, roughly in the order of their pickups.
func month() []*trip.Batch {
	rng := rand.New(rand.NewPCG(1, 2))
	var batches []*trip.Batch
	const first = 1_583_020_800 * second // 2020-03-01
	for done := 0; done < measuredRows; done += batchRows {
		n := min(batchRows, measuredRows-done)
		b := &trip.Batch{Source: "x.parquet", Taxi: "yellow", FirstRow: int64(done), Rows: n, Months: []trip.MonthRun{{Month: 602, End: n}}}
		for f := range b.Columns {
			b.Columns[f].Values = make([]int64, n)
		}
		zone := func() int64 { return 1 + int64(265*rng.Float64()*rng.Float64()) }
		for i := range n {
			pickup := first + (int64(done+i)*31*86400/measuredRows+rng.Int64N(3600))*second
			took := int64(rng.ExpFloat64()*900) * second
			fare := 2_500_000 + int64(rng.ExpFloat64()*20)*500_000
			for f, v := range map[trip.Field]int64{
				trip.Pickup: pickup, trip.Dropoff: pickup + took, trip.Duration: took, trip.PickupZone: zone(), trip.DropoffZone: zone(),
				trip.Fare: fare, trip.Amount: fare + rng.Int64N(1000)*10_000, trip.Distance: int64(rng.ExpFloat64()*300) * 10_000, trip.Passengers: 1_000_000 * rng.Int64N(6),
			} {
				b.Columns[f].Values[i] = v
			}
		}
		batches = append(batches, b)
	}
	return batches
}

// BenchmarkAdder measures what a row costs in expressions, and in groups.
func BenchmarkAdder(b *testing.B) {
	batches := month()
	for name, text := range measured {
		b.Run(name, func(b *testing.B) {
			q := sql(b, text)
			a := NewAdder(q, 1<<20)
			var adding, computing, writing time.Duration
			var state []byte
			for range b.N {
				a.Reset()
				for _, batch := range batches {
					start := time.Now()
					if err := a.Add(batch); err != nil {
						b.Fatal(err)
					}
					adding += time.Since(start)
				}
				start := time.Now()
				var err error
				if state, err = a.State(); err != nil {
					b.Fatal(err)
				}
				writing += time.Since(start)
			}
			for range b.N {
				for _, batch := range batches {
					start := time.Now()
					if err := a.together.Compute(0, batch); err != nil {
						b.Fatal(err)
					}
					a.together.Choose(0, batch)
					computing += time.Since(start)
				}
			}
			row := float64(b.N) * measuredRows
			b.ReportMetric(float64(computing)/row, "expr-ns/row")
			b.ReportMetric(float64(adding-computing)/row, "group-ns/row")
			b.ReportMetric(float64(writing)/row, "state-ns/row")
			b.ReportMetric(float64(a.Bytes())/1e6, "MB")
			b.ReportMetric(float64(len(state))/1e6, "state-MB")
			b.ReportMetric(float64(a.keys.groups), "groups")
		})
	}
}
