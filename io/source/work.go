package source

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[worksFn]())
	register.Emitter1[element.Work]()
}

const (
	// sharedBytes is the most that several files may have that are one element: what is little work, wherever it is done.
	sharedBytes = 1 << 20
	// sharedFiles bounds how much an element says of them.
	sharedFiles = element.MostInList
)

// Works makes lists of what is to be read, for [Read]: large files are alone in theirs, small ones share one. cut tells that a
// runner deals elements out to its workers, and restrictions with them. Then a large file is cut where Read would split it, and the
// largest list comes first, so that workers that are dealt every nth have about the same bytes.
//
// Works transforms a PCollection<element.RecognisedFiles> into a PCollection<element.Work>.
func Works(s beam.Scope, cut bool, files beam.PCollection) beam.PCollection {
	s = s.Scope("source.Works")
	return beam.ParDo(s, &worksFn{Cut: cut}, files)
}

// worksFn works on a bundle. All files are in one, as one element admits them all.
type worksFn struct {
	Cut bool

	files []element.RecognisedFiles
}

func (fn *worksFn) StartBundle(func(element.Work)) { fn.files = nil }

func (fn *worksFn) ProcessElement(f element.RecognisedFiles, _ func(element.Work)) {
	fn.files = append(fn.files, f)
}

func (fn *worksFn) FinishBundle(emit func(element.Work)) {
	works := worksOf(fn.files, fn.Cut)
	fn.files = nil
	for i, w := range works {
		works[i] = element.Work{} // the runner may be done with it long before the last
		emit(w)
	}
}

// worksOf are the lists of what is to be read of all files. Without cut they are in the order of the files.
func worksOf(lists []element.RecognisedFiles, cut bool) []element.Work {
	var works []element.Work
	open := map[int]int{} // by lane: which list may take more
	room := map[int]int64{}
	add := func(f element.Recognised) {
		whole := offsetrangeOf(all(f))
		bytes := sizeOf(whole, f.UnitBytes)
		if at, ok := open[f.Lane]; ok && bytes <= room[f.Lane] && len(works[at].Pieces) < sharedFiles {
			works[at].Pieces = append(works[at].Pieces, element.Piece{File: f, Units: all(f)})
			room[f.Lane] -= bytes
			return
		}
		ranges := []element.Range{all(f)}
		if cut {
			ranges = nil
			for _, r := range split(whole, f.UnitBytes, minSplitBytes, maxSplits) {
				ranges = append(ranges, element.Range{Start: int(r.Start), End: int(r.End)})
			}
		}
		for _, r := range ranges {
			works = append(works, element.Work{Lane: f.Lane, Pieces: []element.Piece{{File: f, Units: r}}})
		}
		if bytes < sharedBytes {
			open[f.Lane], room[f.Lane] = len(works)-1, sharedBytes-bytes
		}
	}
	for _, list := range lists {
		for _, f := range list.Files {
			add(f)
		}
	}
	if cut {
		slices.SortStableFunc(works, func(a, b element.Work) int { return cmp.Compare(bytesOf(b), bytesOf(a)) })
	}
	return works
}

func bytesOf(w element.Work) int64 {
	total := int64(0)
	for _, p := range w.Pieces {
		total += sizeOf(offsetrangeOf(p.Units), p.File.UnitBytes)
	}
	return total
}

// Restrictions is into how many ranges Read splits a file.
func Restrictions(f element.Recognised) int {
	return len(split(offsetrangeOf(all(f)), f.UnitBytes, minSplitBytes, maxSplits))
}
