package group

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// A set that is written from a window has the same bytes as a set that is written without one, wherever its values lie, and whatever marks it has.
func TestSetsFromAWindowAreTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	q := sql(t, "SELECT quantile_disc(total_amount, 0.9) AS a, median(total_amount) AS b, min(total_amount) AS c, max(total_amount) AS d, quantile_disc(total_amount, 0) AS e FROM trips")
	list := planOf(q).parts[0].marks
	if len(list) != 4 {
		t.Fatalf("found %d marks, expected 4: min and quantile 0 have one", len(list))
	}
	used := 0
	for range 300 {
		const groups = 20
		s := &sets{class: exact, marks: list, texts: &texts{}}
		unit, spread, far := 1+rng.Int64N(3)*999, 1+rng.Int64N(6000), rng.IntN(3)*50
		base := rng.Int64N(1<<40) - 1<<39
		var ids []uint32
		var ints []int64
		counts := make([]map[int64]int64, groups)
		for i := range 2000 {
			g := uint32(rng.IntN(groups) * rng.IntN(groups) / groups)
			v := base + rng.Int64N(spread)*unit
			if far > 0 && rng.IntN(far) == 0 {
				v += (rng.Int64N(1<<20) - 1<<19) * unit
			}
			if i%7 == 0 && len(ints) > 0 {
				v = ints[len(ints)-1]
			}
			switch g {
			case 1: // its values are all equal
				v = base
			case 2: // its values are apart by more than one unit
				v = base + (v-base)/unit/3*3*unit
			}
			if counts[g] == nil {
				counts[g] = map[int64]int64{}
			}
			counts[g][v]++
			ids, ints = append(ids, g), append(ints, v)
		}
		s.add(ids, false, values{ints: ints})
		s.close(groups)
		if s.packed.window.width > 0 {
			used++
		}
		var f filler
		for g := range uint32(groups) {
			var want set
			for v := range counts[g] {
				want.values = append(want.values, v)
			}
			slices.Sort(want.values)
			for _, v := range want.values {
				want.counts = append(want.counts, counts[g][v])
			}
			wantBody, wantTail := want.append(nil, nil, exact, list, 5000)
			body, tail := s.appendSet(&f, nil, nil, g, 5000)
			if !bytes.Equal(body, wantBody) || !bytes.Equal(tail, wantTail) {
				t.Fatalf("unit %d, spread %d, group %d: found %x %x, expected %x %x", unit, spread, g, body, tail, wantBody, wantTail)
			}
		}
	}
	if used < 50 {
		t.Errorf("a window was used %d times, expected 50 or more", used)
	}
}

// A distance in a log has 32 bits, and so has the one from a value far below the window to the first value in the window. The bit that tells of a count
// comes in addition.
func TestAValueFarBelowTheWindowKeepsItsDistance(t *testing.T) {
	s := &sets{class: exact, texts: &texts{}}
	const high = 1<<31 - 100
	add := func(ids []uint32, ints []int64) {
		s.grow(2)
		s.add(ids, false, values{ints: ints})
	}
	add([]uint32{1, 0, 0}, []int64{0, high, high + 1}) // the base is 2^30 units below the least value
	ids, ints := []uint32{0}, []int64{-1 << 30}
	for i := range int64(3000) {
		ids, ints = append(ids, 0), append(ints, high+i%40)
	}
	add(ids, ints)
	s.close(2)
	if s.packed.window.width == 0 {
		t.Fatal("found no window, expected one")
	}
	var f filler
	var want set
	s.fill(&f, &want, 0)
	wantBody, wantTail := want.append(nil, nil, exact, nil, 5000)
	if body, tail := s.appendSet(&f, nil, nil, 0, 5000); !bytes.Equal(body, wantBody) || !bytes.Equal(tail, wantTail) {
		t.Errorf("found %x %x, expected %x %x", body, tail, wantBody, wantTail)
	}
}
