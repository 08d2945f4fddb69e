package group

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"tripstats/transforms/trip"
)

// journeysOf returns a list of batches for each month. Nearly all trips of a list are of its month. Some zones are far busier than others.
func journeysOf(months, rows int) (all [][]*trip.Batch) {
	rng := rand.New(rand.NewPCG(1, 9))
	zone := func() int64 { // nine of ten trips begin or end in one of 48 zones
		if rng.IntN(10) > 0 {
			return 1 + rng.Int64N(48)
		}
		return 1 + rng.Int64N(262)
	}
	for m := range months {
		start := func(m int) int64 { return time.Date(2020, time.Month(1+m), 1, 0, 0, 0, 0, time.UTC).UnixMicro() }
		var batches []*trip.Batch
		for done := 0; done < rows; done += batchRows {
			n := min(batchRows, rows-done)
			b := &trip.Batch{Source: "x.parquet", Taxi: "yellow", FirstRow: int64(done), Rows: n, Months: []trip.MonthRun{{Month: int32(m), End: n}}}
			for _, f := range []trip.Field{trip.Pickup, trip.Duration, trip.PickupZone, trip.DropoffZone} {
				b.Columns[f].Values = make([]int64, n)
			}
			for i := range n {
				at := start(m) + (int64(done+i)*28*86400/int64(rows))*second
				if rng.IntN(1<<18) == 0 {
					at = start(rng.IntN(months))
				}
				b.Columns[trip.Pickup].Values[i] = at
				from, to := zone(), zone()
				took := int64(math.Exp(5.7 + float64((from*to)%16)/10 + 0.35*rng.NormFloat64()))
				if rng.IntN(400) == 0 {
					took = rng.Int64N(86400)
				}
				b.Columns[trip.PickupZone].Values[i], b.Columns[trip.DropoffZone].Values[i], b.Columns[trip.Duration].Values[i] = from, to, took*second
			}
			batches = append(batches, b)
		}
		all = append(all, batches)
	}
	return all
}

// BenchmarkStates measures how long each step takes from the added trips to the table, per trip.
func BenchmarkStates(b *testing.B) {
	const months, rows = 4, 3_000_000
	q := sql(b, measured["od"])
	adders := make([]*Adder, months)
	for m, batches := range journeysOf(months, rows) {
		adders[m] = NewAdder(q, 1<<20)
		if _, err := addTo(adders[m], batches); err != nil {
			b.Fatal(err)
		}
	}
	var states, compacts, blocks, finishes, table time.Duration
	plain, compact, groups := 0, 0, int64(0)
	for b.Loop() {
		plain, compact = 0, 0
		var shards [Shards][][]byte
		for _, a := range adders {
			start := time.Now()
			s, err := a.State()
			if err != nil {
				b.Fatal(err)
			}
			states += time.Since(start)
			start = time.Now()
			c, err := Compact(s)
			if err != nil {
				b.Fatal(err)
			}
			compacts += time.Since(start)
			plain, compact = plain+len(s), compact+len(c)
			start = time.Now()
			if err := Blocks(c, func(shard uint32, _ bool, block []byte) error {
				shards[shard] = append(shards[shard], block)
				return nil
			}); err != nil {
				b.Fatal(err)
			}
			blocks += time.Since(start)
		}
		start := time.Now()
		finished, err := FinishShards(q, shards[:])
		if err != nil {
			b.Fatal(err)
		}
		finishes += time.Since(start)
		start = time.Now()
		t, _, err := Rows(q, finished)
		if err != nil {
			b.Fatal(err)
		}
		table += time.Since(start)
		groups = t.NumRows()
	}
	row := float64(b.N) * rows * months
	for name, d := range map[string]time.Duration{"state": states, "compact": compacts, "blocks": blocks, "finish": finishes, "rows": table} {
		b.ReportMetric(float64(d)/row, name+"-ns/trip")
	}
	b.ReportMetric(float64(plain)/(rows*months), "B/trip")
	b.ReportMetric(float64(compact)/(rows*months), "compact-B/trip")
	b.ReportMetric(float64(groups)/months, "groups/month")
}
