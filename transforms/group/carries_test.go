package group

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCountsOfMoreThanEightBitsAreExact counts values that occur up to some thousand times, some of them a multiple of 256 times.
func TestCountsOfMoreThanEightBitsAreExact(t *testing.T) {
	const groups, different = 5, 300
	rng := rand.New(rand.NewPCG(5, 5))
	s := &sets{class: exact, texts: &texts{}}
	for range 3 {
		s.reset()
		var ids []uint32
		var ints []int64
		want := map[entry]int64{}
		for g := range uint32(groups) {
			for v := range int64(different) {
				n := []int{0, 1, 255, 256, 257, 512, 768, rng.IntN(1000)}[rng.IntN(8)]
				for range n {
					ids, ints = append(ids, g), append(ints, 100*v)
				}
				if n > 0 {
					want[entry{value: 100 * v, group: g}] = int64(n)
				}
			}
		}
		rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j], ints[i], ints[j] = ids[j], ids[i], ints[j], ints[i] })
		for len(ids) > 0 {
			n := min(len(ids), 1<<14)
			s.grow(groups)
			s.add(ids[:n], false, values{ints: ints[:n]})
			ids, ints = ids[n:], ints[n:]
		}
		if s.packed.width == 0 || len(s.packed.carries) == 0 {
			t.Fatalf("found a table of width %d with %d carries, expected more than 0 of both", s.packed.width, len(s.packed.carries))
		}
		s.close(groups)
		compareSets(t, s, groups, want)
	}
}

// TestWhatIsFullBecomesARun adds values to a set that holds as many values or carries as it may.
func TestWhatIsFullBecomesARun(t *testing.T) {
	const rows, value = 1 << 15, 700
	ids, ints := make([]uint32, rows), make([]int64, rows)
	for i := range ints {
		ints[i] = value + int64(i%2)
	}
	for name, fill := range map[string]func(p *packed) (more int64){
		"carries": func(p *packed) int64 {
			p.carries = append(p.carries, slices.Repeat(p.carries[:1], mostCarries)...)
			p.added += mostCarries << 8
			return mostCarries << 8
		},
		"values": func(p *packed) int64 {
			p.added = math.MaxUint32 - rows + 1
			return 0
		},
	} {
		s := &sets{class: exact, texts: &texts{}}
		s.grow(1)
		s.add(ids, false, values{ints: ints})
		s.add(ids, false, values{ints: ints}) // in the table, because the first ones made it
		if len(s.packed.carries) == 0 {
			t.Fatalf("%s: found no carries", name)
		}
		want := map[int64]int64{value: rows, value + 1: rows}
		first := s.packed.base + int64(s.packed.low) + int64(s.packed.carries[0])
		want[first] += fill(&s.packed)
		if least := int64(len(s.packed.carries)) * 4; s.bytes() < least {
			t.Errorf("%s: found %d bytes of memory, expected at least those of the carries, %d", name, s.bytes(), least)
		}
		for v := range want {
			want[v] += rows / 2
		}
		s.add(ids, false, values{ints: ints})
		if len(s.runs) != 1 {
			t.Errorf("%s: found %d runs, expected one", name, len(s.runs))
		}
		s.close(1)
		var found set
		s.fill(&s.filler, &found, 0)
		for i, v := range found.values {
			if found.counts[i] != want[v] {
				t.Errorf("%s: found %d of %d, expected %d", name, found.counts[i], v, want[v])
			}
		}
		if len(found.values) != len(want) {
			t.Errorf("%s: found %d values, expected %d", name, len(found.values), len(want))
		}
	}
}
