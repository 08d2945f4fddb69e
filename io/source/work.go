package source

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/watch"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[worksFn]())
	register.Emitter1[element.Work]()
}

const (
	// sharedBytes is the most bytes that files in one element may have together. So few bytes are little work for any worker.
	sharedBytes = 1 << 20
	// sharedFiles is the most files in one element. It limits the size of an element.
	sharedFiles = element.MostInList
)

// Works makes lists of units for [Read]. A large file has a list of its own; small files share one. cut is set for runners that
// distribute elements, and not restrictions, to their workers. Then large files are cut where Read would split them, and the largest
// list comes first, so that workers that get every nth list have about the same bytes.
//
// Works transforms a PCollection<element.RecognisedFiles> into a PCollection<element.Work>.
func Works(s beam.Scope, cfg Config, cut bool, files beam.PCollection) beam.PCollection {
	s = s.Scope("source.Works")
	return beam.ParDo(s, &worksFn{Cut: cut, Run: cfg.Run}, files)
}

// worksFn makes the lists of a bundle. All files are in one bundle, because they come from one element.
type worksFn struct {
	Cut bool
	Run string // see Config

	files []element.RecognisedFiles
}

func (fn *worksFn) StartBundle(func(element.Work)) { fn.files = nil }

func (fn *worksFn) ProcessElement(f element.RecognisedFiles, _ func(element.Work)) {
	if run := watch.Of(fn.Run); run != nil {
		for _, file := range f.Files {
			run.Due(Watched(file))
		}
	}
	fn.files = append(fn.files, f)
}

func (fn *worksFn) FinishBundle(emit func(element.Work)) {
	works := worksOf(fn.files, fn.Cut)
	fn.files = nil
	for i, w := range works {
		works[i] = element.Work{} // to free memory: the runner may finish it long before the last one
		emit(w)
	}
}

// worksOf returns the lists for all files. Without cut they are in the order of the files.
func worksOf(lists []element.RecognisedFiles, cut bool) []element.Work {
	var works []element.Work
	open := map[int]int{} // by branch: which list may take more
	room := map[int]int64{}
	add := func(f element.Recognised) {
		whole := offsetrangeOf(all(f))
		bytes := sizeOf(whole, f.UnitBytes)
		if at, ok := open[f.Branch]; ok && bytes <= room[f.Branch] && len(works[at].Pieces) < sharedFiles {
			works[at].Pieces = append(works[at].Pieces, element.Piece{File: f, Units: all(f)})
			room[f.Branch] -= bytes
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
			works = append(works, element.Work{Branch: f.Branch, Pieces: []element.Piece{{File: f, Units: r}}})
		}
		if bytes < sharedBytes {
			open[f.Branch], room[f.Branch] = len(works)-1, sharedBytes-bytes
		}
	}
	for _, list := range lists {
		for _, f := range list.Files {
			add(f)
		}
	}
	if !cut {
		inOrder(works)
	} else {
		slices.SortStableFunc(works, func(a, b element.Work) int { return cmp.Compare(bytesOf(b), bytesOf(a)) })
	}
	return works
}

// inOrder tells each work which one its reader gets next.
func inOrder(works []element.Work) {
	next := map[int][]element.Piece{} // by branch
	for i := len(works) - 1; i >= 0; i-- {
		w := &works[i]
		w.Ordered, w.Then = true, next[w.Branch]
		next[w.Branch] = w.Pieces[:1]
	}
}

func bytesOf(w element.Work) int64 {
	total := int64(0)
	for _, p := range w.Pieces {
		total += sizeOf(offsetrangeOf(p.Units), p.File.UnitBytes)
	}
	return total
}

// Restrictions returns the number of ranges into which Read splits a file.
func Restrictions(f element.Recognised) int {
	return len(split(offsetrangeOf(all(f)), f.UnitBytes, minSplitBytes, maxSplits))
}
