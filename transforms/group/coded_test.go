package group

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRunsEndWhereTheNextValueDiffers makes lists of runs of different lengths. endsOf returns nil if there are too many runs.
func TestRunsEndWhereTheNextValueDiffers(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var memory []int
	for range 500 {
		var list []int64
		for n := 1 + rng.IntN(40); n > 0; n-- {
			list = append(list, slices.Repeat([]int64{rng.Int64N(3)}, 1+rng.IntN([]int{3, rowsInRun, 5 * rowsInRun}[rng.IntN(3)]))...)
		}
		var want []int
		for i := range list {
			if i+1 == len(list) || list[i+1] != list[i] {
				want = append(want, i+1)
			}
		}
		if len(want) > len(list)/rowsInRun+1 {
			want = nil
		}
		if found := endsOf(list, &memory); !slices.Equal(found, want) {
			t.Fatalf("%d rows: found runs that end at %v, expected %v", len(list), found, want)
		}
		codes := make([]uint32, len(list))
		for i, v := range list {
			codes[i] = uint32(v)
		}
		if found := endsOf(codes, &memory); !slices.Equal(found, want) {
			t.Fatalf("%d rows: found runs of codes that end at %v, expected %v", len(list), found, want)
		}
	}
}
