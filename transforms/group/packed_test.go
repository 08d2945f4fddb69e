package group

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Values are counted exactly whatever they are: in the table, in the log, in runs, of another unit than those before, and too far apart to
// be packed; and again after a reset.
func TestPackedValuesAreExact(t *testing.T) {
	const batch = 1 << 14
	kinds := []struct {
		name    string
		batches int
		groups  int
		value   func(rng *rand.Rand, batch int) int64
		expect  func(s *sets) bool // of how the values are held
	}{
		{"few values, some far away", 40, 30, func(rng *rand.Rand, _ int) int64 {
			if rng.IntN(100) == 0 {
				return 1e6 * (rng.Int64N(4e6) - 2e6)
			}
			return 1e6 * rng.Int64N(500)
		}, func(s *sets) bool { return s.packed.width > 0 && s.packed.logged > 0 && len(s.runs) == 0 }},
		{
			"many groups", 20, 50_000, func(rng *rand.Rand, _ int) int64 { return rng.Int64N(5000) - 2500 },
			func(s *sets) bool { return s.packed.width == 0 && len(s.runs) == 0 },
		},
		{
			"more than a log", 300, 9_000, func(rng *rand.Rand, _ int) int64 { return 100 * rng.Int64N(700) },
			func(s *sets) bool { return len(s.runs) > 0 },
		},
		{"a smaller unit", 30, 100, func(rng *rand.Rand, batch int) int64 {
			if batch == 0 {
				return 500_000 * rng.Int64N(100)
			}
			return 10_000*rng.Int64N(5000) + 3
		}, func(s *sets) bool { return !s.sparse && s.packed.begins > 1 }},
		{
			"always another base", 30, 3, func(rng *rand.Rand, batch int) int64 { return int64(batch)<<40 + rng.Int64N(100) },
			func(s *sets) bool { return s.sparse },
		},
		{
			"far apart", 10, 3, func(rng *rand.Rand, _ int) int64 { return int64(rng.Uint64()) },
			func(s *sets) bool { return s.sparse },
		},
		{"one value in all", 3, 1, func(*rand.Rand, int) int64 { return math.MinInt64 }, nil},
		{"the largest, then the least", 3, 3, func(rng *rand.Rand, batch int) int64 {
			if batch > 0 && rng.IntN(100) == 0 {
				return math.MinInt64 + rng.Int64N(3)
			}
			return math.MaxInt64 - rng.Int64N(500)
		}, func(s *sets) bool { return s.packed.began && s.used > 0 }},
		{"a large unit, then the least", 3, 3, func(rng *rand.Rand, batch int) int64 {
			const unit = 3_600_000_000
			if batch > 0 && rng.IntN(100) == 0 {
				return math.MinInt64 + rng.Int64N(1<<50)*2
			}
			return unit * (1<<30 + rng.Int64N(500))
		}, func(s *sets) bool { return s.packed.began && s.used > 0 }},
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			s := &sets{class: exact, texts: &texts{}}
			ids, ints := make([]uint32, batch), make([]int64, batch)
			for again := range 2 {
				s.reset()
				want := map[entry]int64{}
				for b := range k.batches {
					if again == 1 && b > 3 {
						break
					}
					for i := range ids {
						ids[i], ints[i] = uint32(rng.IntN(k.groups)), k.value(rng, b)
						want[entry{value: ints[i], group: ids[i]}]++
					}
					s.grow(k.groups)
					s.add(ids, false, values{ints: ints})
				}
				if k.expect != nil && again == 0 && !k.expect(s) {
					t.Errorf("the values are not held as expected: %d begins, sparse %t, a table of width %d, %d logged, %d runs",
						s.packed.begins, s.sparse, s.packed.width, s.packed.logged, len(s.runs))
				}
				s.close(k.groups)
				compareSets(t, s, k.groups, want)
			}
		})
	}
}

// compareSets compares the sets of all groups with the values that they should have, and how often each should occur. The sets are closed.
func compareSets(t *testing.T, s *sets, groups int, want map[entry]int64) {
	t.Helper()
	different := 0
	for g := range uint32(groups) {
		var found set
		s.fill(&s.filler, &found, g)
		for i, v := range found.values {
			if i > 0 && found.values[i-1] >= v {
				t.Fatalf("group %d: found %d after %d, expected ascending values", g, v, found.values[i-1])
			}
			if n := want[entry{value: v, group: g}]; found.counts[i] != n {
				t.Fatalf("group %d: found %d of %d, expected %d", g, found.counts[i], v, n)
			}
		}
		different += len(found.values)
	}
	if different != len(want) {
		t.Fatalf("found %d values in all groups, expected %d", different, len(want))
	}
}
