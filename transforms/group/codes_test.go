package group

import (
	"math"
	"math/rand/v2"
	"testing"

	"tripstats/transforms/compute"
	"tripstats/transforms/eights"
	"tripstats/transforms/query"
)

// TestCodesStandForTheirValues finds the codes of values that are close together, sparse, or far apart. Some batches have values that no batch before had.
func TestCodesStandForTheirValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	kinds := map[string]func() int64{
		"zones":               func() int64 { return 1 + rng.Int64N(265) },
		"few, seldom another": func() int64 { return []int64{1, 2, 3, 4, -1 - rng.Int64N(50)}[rng.IntN(20)*rng.IntN(20)/90] },
		"sparse":              func() int64 { return []int64{1, 2, 99, 400}[rng.IntN(4)] },
		"far apart":           func() int64 { return rng.Int64() },
		"at the limits":       func() int64 { return []int64{math.MinInt64, math.MaxInt64}[rng.IntN(2)] },
		"at the end":          func() int64 { return math.MaxInt64 - rng.Int64N(300) },
		"growing":             nil,
	}
	for _, disabled := range []bool{false, true} {
		if disabled {
			defer eights.Disable()()
		}
		for name, value := range kinds {
			c := codes{t: query.Type{Kind: query.BigInt}, texts: &texts{}}
			for range 3 {
				c.reset()
				for batch := range 5 {
					ints := make([]int64, 1+rng.IntN(3000))
					for i := range ints {
						if value != nil {
							ints[i] = value()
						} else {
							ints[i] = int64(batch*100) + rng.Int64N(200)
						}
					}
					var out coded
					c.of(&compute.Vector{Type: c.t, Rows: len(ints), Ints: ints}, &out, len(ints))
					if len(out.runs) > 0 {
						continue
					}
					for i, code := range out.list {
						if int(code) >= out.count || c.values[code-1] != ints[i] {
							t.Fatalf("%s: row %d: found the code %d, which stands for %d, expected %d", name, i, code, c.values[code-1], ints[i])
						}
					}
				}
				different := map[int64]bool{}
				for _, v := range c.values {
					if different[v] {
						t.Fatalf("%s: %d has two codes", name, v)
					}
					different[v] = true
				}
			}
		}
	}
}
