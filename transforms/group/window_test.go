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
