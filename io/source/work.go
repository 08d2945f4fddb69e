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
	// sharedBytes is the most bytes that small files which are read together may have. So few bytes are little work for any worker.
	sharedBytes = 1 << 20
	// sharedFiles is the most files in one element that is dealt out. It limits the size of an element.
	sharedFiles = element.MostInList
	// codedBytes is the most that an element for this process may take in its coded form. prism codes all elements.
	codedBytes = 16 << 20
)

// Works makes lists of units for [Read]: one of all files, which this process reads, or lists that are dealt out to workers. A worker gets
// elements, and not restrictions: so a large file is cut where Read would split it, small files share a list, and the largest list comes
// first, so that workers that get every nth list have about the same bytes.
//
// Works transforms a PCollection<element.RecognisedFiles> into a PCollection<element.Work>.
func Works(s beam.Scope, cfg Config, dealt bool, files beam.PCollection) beam.PCollection {
	s = s.Scope("source.Works")
	return beam.ParDo(s, &worksFn{Dealt: dealt, Run: cfg.Run}, files)
}

// worksFn makes the lists of a bundle. All files are in one bundle, because they come from one element.
type worksFn struct {
	Dealt bool
	Run   string // see Config

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
	works := worksOf(fn.files)
	if fn.Dealt {
		works = dealt(fn.files)
	}
	fn.files = nil
	for i, w := range works {
		works[i] = element.Work{} // to free memory: the runner may finish it long before the last one
		emit(w)
	}
}

// worksOf returns lists of all files, in their order. It is one list, unless there are so many files that the element would be large.
func worksOf(lists []element.RecognisedFiles) []element.Work {
	var works []element.Work
	room := 0
	for _, list := range lists {
		for _, f := range list.Files {
			size := codedSize(f)
			if len(works) == 0 || size > room {
				works, room = append(works, element.Work{}), codedBytes
			}
			w := &works[len(works)-1]
			w.Pieces = append(w.Pieces, element.Piece{File: f, Units: all(f)})
			room -= size
		}
	}
	return works
}

// codedSize is about what a file takes in the coded form of a work.
func codedSize(f element.Recognised) int { return 512 + len(f.Metadata) + 16*len(f.UnitRows) }

// dealt returns lists for workers, the largest first.
func dealt(lists []element.RecognisedFiles) []element.Work {
	var works []element.Work
	open, room := 0, int64(0) // which list may take more
	add := func(f element.Recognised) {
		whole := offsetrangeOf(all(f))
		bytes := sizeOf(whole, f.UnitBytes)
		if open < len(works) && bytes <= room && len(works[open].Pieces) < sharedFiles {
			works[open].Pieces = append(works[open].Pieces, element.Piece{File: f, Units: all(f)})
			room -= bytes
			return
		}
		for _, r := range split(whole, f.UnitBytes, minSplitBytes, maxSplits) {
			works = append(works, element.Work{Pieces: []element.Piece{{File: f, Units: element.Range{Start: int(r.Start), End: int(r.End)}}}})
		}
		if bytes < sharedBytes {
			open, room = len(works)-1, sharedBytes-bytes
		}
	}
	for _, list := range lists {
		for _, f := range list.Files {
			add(f)
		}
	}
	slices.SortStableFunc(works, func(a, b element.Work) int { return cmp.Compare(bytesOf(b), bytesOf(a)) })
	return works
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
