package source

import (
	"math/rand/v2"
	"testing"

	"tripstats/transforms/element"
)

// TestFilesInTheirCompactFormAreCutAsPiecesAre cuts random restrictions, because any range of the units may be a restriction.
func TestFilesInTheirCompactFormAreCutAsPiecesAre(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		var pieces, whole element.Work
		units := 0
		for i := range rng.IntN(4) {
			var files []element.Recognised
			for k := range rng.IntN(6) {
				var sizes []int64
				for range rng.IntN(4) {
					sizes = append(sizes, rng.Int64N(8<<20>>rng.IntN(20)))
				}
				f := fileOf(10*i+k, sizes...)
				files, units = append(files, f), units+len(sizes)
				pieces.Pieces = append(pieces.Pieces, element.Piece{File: f, Units: all(f)})
			}
			w, err := wholeFiles(element.RecognisedFiles{}, files)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				whole.Pieces = pieces.Pieces
			} else {
				whole.Files = append(whole.Files, w)
			}
		}
		start := rng.IntN(units + 1)
		r := element.Range{Start: start, End: start + rng.IntN(units-start+1)}
		c := newCutter(whole, r)
		next := int64(r.Start)
		for c.more() {
			for _, p := range c.next(1+rng.IntN(8), rng.Int64N(4<<20)) {
				if p.first() != next || p.units.End <= p.units.Start || p.units.End > len(p.file.UnitRows) {
					t.Fatalf("found units %+v of %s as unit %d, expected unit %d", p.units, p.file.Source, p.first(), next)
				}
				next += int64(p.units.End - p.units.Start)
			}
		}
		if next != int64(r.End) || c.err != nil {
			t.Fatalf("the segments end at unit %d, %v, expected %d", next, c.err, r.End)
		}
		if sum := newCutter(pieces, element.Range{End: units}).left; newCutter(whole, element.Range{End: units}).left > sum+fileBytes*64 {
			t.Fatalf("found %d bytes of all units, expected about %d", newCutter(whole, element.Range{End: units}).left, sum)
		}
	}
}

func TestFilesThatCannotBeDecodedAreAnError(t *testing.T) {
	w := element.Work{Files: []element.WholeFiles{{Compact: []byte{200}, Count: 1, UnitBytes: []int64{1}}}}
	if _, err := read(t.Context(), Config{Lanes: AllCores}, w, element.Range{End: 1}, func(int64) bool { return true }, func([]element.Columns) {}); err == nil {
		t.Error("found no error")
	}
}
