package group

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/trip"
)

// An adder that is given one source after the other holds the texts of one source: all texts of all sources would take more and more.
// Its states are those of a new adder.
func TestAnAdderForgetsTheTextsOfASource(t *testing.T) {
	const rows, sources = 1 << 14, 8
	q := sql(t, "SELECT CAST(pickup_date AS VARCHAR) AS day, min(CAST(pickup_datetime AS VARCHAR)) AS first, count(DISTINCT CAST(pickup_datetime AS VARCHAR)) AS times FROM trips GROUP BY 1")
	a := NewAdder(q, 1<<20)
	rng := rand.New(rand.NewPCG(3, 4))
	for source := range sources {
		b := batchesOf(rng, rows, false, rows, []int{0})[0]
		for i := range b.Rows {
			b.Columns[trip.Pickup].Values[i] = int64(source*rows+i) * 1_000_003
		}
		b.Months = []trip.MonthRun{{End: b.Rows}}
		for range 2 { // what a source repeats takes nothing more
			if err := a.Add(b); err != nil {
				t.Fatal(err)
			}
		}
		state, err := plainState(a)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := stateOf(q, []*trip.Batch{b, b}); err != nil || !bytes.Equal(state, want) {
			t.Fatalf("source %d: found a state of %d bytes, expected that of a new adder of %d, %v", source, len(state), len(want), err)
		}
		a.Reset()
		if a.texts.size > mostTextBytes {
			t.Fatalf("source %d: found %d bytes of texts after Reset, expected at most %d", source, a.texts.size, mostTextBytes)
		}
	}
}
