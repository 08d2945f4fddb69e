package source

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// fileOf is a file with units of so many bytes.
func fileOf(i int, units ...int64) element.Recognised {
	var f element.Recognised
	f.Source = fmt.Sprint(i)
	for _, bytes := range units {
		f.UnitRows, f.UnitBytes = append(f.UnitRows, 1), append(f.UnitBytes, bytes)
	}
	return f
}

func TestWorksCoverEveryUnitOnceLargestFirst(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var files []element.Recognised
		groups := 0
		for i := range 1 + rng.IntN(5) {
			f := fileOf(i)
			for range rng.IntN(40) {
				f.UnitRows = append(f.UnitRows, 1)
				f.UnitBytes = append(f.UnitBytes, rng.Int64N(2*minSplitBytes>>rng.IntN(8)))
				groups++
			}
			files = append(files, f)
		}
		seen := map[string]bool{}
		last := int64(-1)
		for _, w := range dealt([][]element.Recognised{files}) {
			if n := bytesOf(w); last >= 0 && n > last {
				t.Fatalf("works: found one of %d bytes after one of %d, expected the largest first", n, last)
			} else {
				last = n
			}
			for _, p := range w.Pieces {
				for unit := p.Units.Start; unit < p.Units.End; unit++ {
					key := fmt.Sprint(p.File.Source, "/", unit)
					if seen[key] {
						t.Fatalf("unit %s is in two works", key)
					}
					seen[key] = true
				}
			}
		}
		if len(seen) != groups {
			t.Fatalf("found %d units in works, expected %d", len(seen), groups)
		}
	}
}

// TestEveryNthWorkIsAFairShare protects the balance over workers that are dealt the works in turn.
func TestEveryNthWorkIsAFairShare(t *testing.T) {
	var files []element.Recognised
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 120 {
		files = append(files, fileOf(i, 50e6+rng.Int64N(100e6)))
	}
	for _, n := range []int{2, 4, 8} {
		share := make([]int64, n)
		total := int64(0)
		for i, p := range dealt([][]element.Recognised{files}) {
			share[i%n] += bytesOf(p)
			total += bytesOf(p)
		}
		for _, s := range share {
			if s*int64(n) < total*95/100 {
				t.Errorf("%d workers: found a share of %d bytes of %d", n, s, total)
			}
		}
	}
}

// TestSmallFilesShareOneElement: what a file costs is what its bytes cost. A large file is alone.
func TestSmallFilesShareOneElement(t *testing.T) {
	var files []element.Recognised
	for i := range 2 * sharedFiles {
		files = append(files, fileOf(i, 1000))
	}
	files = append(files, fileOf(-1, sharedBytes, 5), fileOf(-2, sharedBytes-1000*sharedFiles), fileOf(-3, 1))
	var found []string
	for _, w := range dealt([][]element.Recognised{files}) {
		found = append(found, fmt.Sprintf("%d files of %d bytes", len(w.Pieces), bytesOf(w)))
	}
	want := []string{"1 files of 1048581 bytes", "2 files of 792577 bytes", "256 files of 256000 bytes", "256 files of 256000 bytes"}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, expected %q", found, want)
	}
}

// TestThisProcessGetsAllFilesInOneElement, so that the end of one file is read beside the next.
func TestThisProcessGetsAllFilesInOneElement(t *testing.T) {
	var files []element.Recognised
	for i := range 3000 {
		files = append(files, fileOf(i, 1000, 2000))
	}
	works := func(lists ...element.RecognisedFiles) (works []element.Work) {
		fn := &worksFn{}
		for _, l := range lists {
			if err := fn.ProcessElement(l, nil); err != nil {
				t.Fatal(err)
			}
		}
		fn.FinishBundle(func(w element.Work) { works = append(works, w) })
		return works
	}
	compact, err := element.CompactList(files[1000:])
	if err != nil {
		t.Fatal(err)
	}
	all := works(element.RecognisedFiles{Files: files[:1000]}, element.RecognisedFiles{Compact: compact})
	if len(all) != 1 || all[0].Files[0].Count+all[0].Files[1].Count != 3000 {
		t.Fatalf("found %d elements, expected one with all files", len(all))
	}
	fn := &ReadFn{}
	if r := fn.CreateInitialRestriction(all[0]); r.End != 6000 || fn.RestrictionSize(all[0], r) != 9_000_000 {
		t.Errorf("found %d units of %v bytes, expected 6000 units of 9000000 bytes", r.End, fn.RestrictionSize(all[0], r))
	}
	large := files[0]
	large.Metadata = make([]byte, 2*codedBytes)
	if works := works(element.RecognisedFiles{Files: []element.Recognised{large}}, element.RecognisedFiles{Files: files}); len(works) != 2 || works[0].Files[0].Count != 1 {
		t.Errorf("found %d elements, expected a large one and one of the other files", len(works))
	}
	if works := works(); len(works) != 0 {
		t.Errorf("found %d elements of no files, expected none", len(works))
	}
}
