package compute

import (
	"math/rand/v2"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// batchRows is the number of rows of the batches that sources make.
const batchRows = 16_384

// realistic is a batch of a month's file: rows are roughly in the order of time, and few are null.
func realistic(seed uint64) *trip.Batch {
	rng := rand.New(rand.NewPCG(seed, 4))
	b := randomBatch(rng, batchRows, ordinary)
	b.Taxi = "yellow"
	pickup, dropoff, duration := b.Columns[trip.Pickup].Values, b.Columns[trip.Dropoff].Values, b.Columns[trip.Duration].Values
	at := int64(1_709_251_200_000_000) + int64(seed)*microsPerHour
	for i := range pickup {
		at += rng.Int64N(microsPerSecond)
		pickup[i] = at + rng.Int64N(2*microsPerHour)
		duration[i] = rng.Int64N(3600) * microsPerSecond
		dropoff[i] = pickup[i] + duration[i]
	}
	for _, f := range []trip.Field{trip.Passengers, trip.RateCode, trip.StoredAndForwarded} {
		c := &b.Columns[f]
		c.Valid = make([]byte, batchRows/8)
		for i := range c.Valid {
			c.Valid[i] = 0xff
		}
		for range batchRows / 20 {
			i := rng.IntN(batchRows)
			c.Valid[i>>3] &^= 1 << (i & 7)
			c.Values[i] = 0
		}
	}
	return b
}

// TestRunsAllocateNothing runs the questions over batches. What the first batches allocate stays.
func TestRunsAllocateNothing(t *testing.T) {
	batches := []*trip.Batch{realistic(1), realistic(2)}
	var rows []int32
	for i := int32(0); i < batchRows; i += 3 {
		rows = append(rows, i)
	}
	for _, q := range questions(t) {
		p := Compile(expressionsOf(q))
		for _, selection := range [][]int32{rows, nil} {
			run := func() {
				for _, b := range batches {
					if err := p.Run(b, selection); err != nil {
						t.Fatal(err)
					}
				}
			}
			run()
			if n := testing.AllocsPerRun(3, run); n != 0 {
				t.Errorf("%s: found %v allocations in two batches, expected none", q.Name, n)
			}
		}
	}
}

func BenchmarkKernels(b *testing.B) {
	batch := realistic(1)
	for _, text := range []string{
		"total_amount + tip_amount", "total_amount + 1", "total_amount * tip_amount", "total_amount > 10", "total_amount < tip_amount", "total_amount BETWEEN 1 AND 20",
		"pickup_hour", "weekday", "month_start", "pickup_date", "extract(minute FROM pickup_datetime)", "date_trunc('hour', pickup_datetime)",
		"trip_duration_minutes", "speed_mph", "tip_amount / total_amount", "CASE WHEN total_amount < 10 THEN 'low' ELSE 'high' END",
		"CASE WHEN trip_distance < 1 THEN 'under 1' WHEN trip_distance < 3 THEN '1 to 3' WHEN trip_distance < 10 THEN '3 to 10' ELSE '10 and more' END",
		"pickup_borough", "dropoff_zone ILIKE '%airport%'", "weekday IN (6, 7)", "payment_type IN (1, 2, 4, 5)", "round(total_amount)", "round(trip_duration_minutes, 1)",
		"coalesce(passenger_count, 1)", "greatest(total_amount, tip_amount)", "total_amount > 10 AND tip_amount > 1 OR is_refund", "pickup_borough = dropoff_borough",
		"store_and_fwd_flag = 'Y'", "CAST(pickup_date AS VARCHAR)", "total_amount % 5", "payment_type // 2",
	} {
		b.Run(text, func(b *testing.B) { benchmark(b, batch, nil, mustParse(b, text)) })
	}
	var rows []int32
	for i := int32(0); i < batchRows; i += 2 {
		rows = append(rows, i, i)
	}
	rows = rows[:batchRows-1]
	b.Run("gather", func(b *testing.B) { benchmark(b, batch, rows, mustParse(b, "total_amount")) })
	b.Run("gather with nulls", func(b *testing.B) { benchmark(b, batch, rows, mustParse(b, "passenger_count")) })
}

func benchmark(b *testing.B, batch *trip.Batch, rows []int32, exprs ...*query.Expr) {
	b.Helper()
	p := Compile(exprs)
	if err := p.Run(batch, rows); err != nil {
		b.Fatal(err)
	}
	for i := range exprs {
		if p.wasSlow[i] {
			b.Fatal("row by row")
		}
	}
	for b.Loop() {
		if err := p.Run(batch, rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batchRows, "ns/row")
}

// BenchmarkQuestions computes all that a question computes of single trips.
func BenchmarkQuestions(b *testing.B) {
	batch := realistic(1)
	for _, q := range questions(b) {
		b.Run(q.Name, func(b *testing.B) { benchmark(b, batch, nil, expressionsOf(q)...) })
	}
}
