package group

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// The values of a group are the same and lie at the same place in the order of the groups, however many goroutines sort the log: with a last slab that
// is not full, with numbers of slabs that do not divide, and with groups without values.
func TestHoweverManyCoresSortALogItsValuesAreExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, slabSize, 51*slabSize + 77} {
		for _, groups := range []int{1, 3000} {
			var p packed
			p.began, p.unit = true, divisorOf(1)
			ids, distances := make([]uint32, n), make([]uint32, n)
			want := make([][]uint32, groups+5) // the last five have no values
			for i := range ids {
				ids[i], distances[i] = uint32(rng.IntN(groups)), uint32(rng.IntN(50))
				want[ids[i]] = append(want[ids[i]], distances[i])
			}
			for _, list := range want {
				slices.Sort(list)
			}
			p.log(ids, distances)
			shuffled := make([]uint32, len(want))
			for i, g := range rng.Perm(len(want)) {
				shuffled[i] = uint32(g)
			}
			inOrder := slices.Sorted(slices.Values(shuffled))
			for _, cores := range []int{1, 2, 3, 8} {
				for name, order := range map[string][]uint32{"in order": inOrder, "shuffled": shuffled} {
					t.Run(fmt.Sprintf("%d values of %d groups on %d cores %s", n, groups, cores, name), func(t *testing.T) {
						defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
						if shares := p.sorters(len(want)); n > 50*slabSize && groups == 3000 && shares != min(cores, 3) {
							t.Errorf("found %d goroutines, expected %d", shares, min(cores, 3))
						}
						p.close(len(want), order)
						end := uint32(0)
						for _, g := range order {
							if p.starts[g] != end {
								t.Fatalf("group %d begins at %d, expected %d", g, p.starts[g], end)
							}
							end = p.ends[g]
							if got := slices.Sorted(slices.Values(p.spread[p.starts[g]:end])); !slices.Equal(got, want[g]) {
								t.Fatalf("group %d: found %d values %v, expected %d", g, len(got), got[:min(len(got), 9)], len(want[g]))
							}
						}
					})
				}
			}
		}
	}
}

// What a set with many groups takes is compared with --max-memory. It must not grow with the cores, or the same files fail on another machine.
func TestTheMemoryOfASortedLogHardlyDependsOnTheCores(t *testing.T) {
	const groups = 900_000
	var p packed
	p.began, p.unit = true, divisorOf(1)
	rng := rand.New(rand.NewPCG(1, 2))
	ids, distances := make([]uint32, 1<<14), make([]uint32, 1<<14)
	for range 60 {
		for i := range ids {
			ids[i], distances[i] = uint32(rng.IntN(groups)), rng.Uint32N(5000)
		}
		p.log(ids, distances)
	}
	taken := map[int]int64{}
	for _, cores := range []int{1, 8} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		p.starts = nil
		p.close(groups, nil)
		taken[cores] = p.bytes()
	}
	if taken[8] > taken[1]*11/10 {
		t.Errorf("found %d bytes on 8 cores and %d on one, expected a tenth more at most", taken[8], taken[1])
	}
}
