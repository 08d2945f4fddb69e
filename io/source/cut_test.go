package source

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// segments cuts all of a work, or some units of it.
func segments(w element.Work, units element.Range, lanes int, least int64) (out [][]part) {
	for c := newCutter(w, units); c.more(); {
		out = append(out, c.next(lanes, least))
	}
	return out
}

func TestSegmentsCoverEveryUnitOnceInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for range 2000 {
		var w element.Work
		units := 0
		for i := range rng.IntN(9) {
			var sizes []int64
			for range rng.IntN(9) {
				sizes = append(sizes, rng.Int64N(8<<20>>rng.IntN(20)))
			}
			f := fileOf(i, sizes...)
			p := element.Piece{File: f, Units: all(f)}
			if len(sizes) > 0 { // a piece may be a part of a file
				p.Units.Start = rng.IntN(len(sizes))
				p.Units.End = p.Units.Start + rng.IntN(len(sizes)-p.Units.Start+1)
			}
			w.Pieces, units = append(w.Pieces, p), units+p.Units.End-p.Units.Start
		}
		start := rng.IntN(units + 1)
		r := element.Range{Start: start, End: start + rng.IntN(units-start+1)}
		next := int64(r.Start)
		for _, parts := range segments(w, r, 1+rng.IntN(8), rng.Int64N(4<<20)) {
			if len(parts) == 0 {
				t.Fatal("found a segment of nothing")
			}
			for _, p := range parts {
				if p.first() != next || p.units.End <= p.units.Start || p.units.End > len(p.file.UnitRows) {
					t.Fatalf("found units %+v of %s as unit %d, expected unit %d", p.units, p.file.Source, p.first(), next)
				}
				next += int64(p.units.End - p.units.Start)
			}
		}
		if next != int64(r.End) {
			t.Fatalf("the segments end at unit %d, expected %d", next, r.End)
		}
	}
}

func TestWhatASegmentIs(t *testing.T) {
	const mb = 1 << 20
	many := func(n int, units ...int64) (files [][]int64) { return slices.Repeat([][]int64{units}, n) }
	for name, c := range map[string]struct {
		files [][]int64
		lanes int
		want  string
	}{
		"one lane: whole files":                    {many(2, 40*mb, 40*mb), 1, "[0:0-2] [1:0-2]"},
		"a file is small beside what is left":      {append(many(1, 2*mb, 2*mb), many(20, 40*mb)...), 2, "[0:0-2] [1:0-1]"},
		"a large file is cut, the end of it finer": {many(1, 8*mb, 8*mb, 8*mb, 8*mb, 8*mb, 8*mb, 8*mb, 8*mb), 2, "[0:0-3] [0:3-5] [0:5-6] [0:6-7] [0:7-8]"},
		"one unit cannot be cut":                   {many(1, 80*mb), 8, "[0:0-1]"},
		"small files are one segment":              {many(100, 1000), 1, "[0:0-1 1:0-1 2:0-1 3:0-1 4:0-1 5:0-1 6:0-1 7:0-1 8:0-1 9:0-1 10:0-1 11:0-1 12:0-1 13:0-1 14:0-1]"},
		"few small files are for all lanes":        {many(4, 1000), 2, "[0:0-1] [1:0-1] [2:0-1] [3:0-1]"},
	} {
		var w element.Work
		units := 0
		for i, sizes := range c.files {
			f := fileOf(i, sizes...)
			w.Pieces, units = append(w.Pieces, element.Piece{File: f, Units: all(f)}), units+len(sizes)
		}
		found := ""
		for _, parts := range segments(w, element.Range{End: units}, c.lanes, 2*mb) {
			text := ""
			for _, p := range parts {
				text += fmt.Sprintf(" %s:%d-%d", p.file.Source, p.units.Start, p.units.End)
			}
			if found += " [" + text[1:] + "]"; len(found) > len(c.want) {
				break
			}
		}
		if found = found[1:]; len(found) < len(c.want) || found[:len(c.want)] != c.want {
			t.Errorf("%s: found %s, expected %s", name, found, c.want)
		}
	}
}
