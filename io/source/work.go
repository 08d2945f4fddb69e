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

	whole []element.WholeFiles   // if this process reads all files
	files [][]element.Recognised // if workers read them
}

func (fn *worksFn) StartBundle(func(element.Work)) { fn.whole, fn.files = nil, nil }

func (fn *worksFn) ProcessElement(list element.RecognisedFiles, _ func(element.Work)) error {
	files, err := list.All()
	if err != nil {
		return err
	}
	if run := watch.Of(fn.Run); run != nil {
		for _, file := range files {
			run.Due(Watched(file))
		}
	}
	if fn.Dealt {
		fn.files = append(fn.files, files)
		return nil
	}
	whole, err := wholeFiles(list, files)
	fn.whole = append(fn.whole, whole)
	return err
}

func (fn *worksFn) FinishBundle(emit func(element.Work)) {
	works := worksOf(fn.whole)
	if fn.Dealt {
		works = dealt(fn.files)
	}
	fn.whole, fn.files = nil, nil
	for i, w := range works {
		works[i] = element.Work{} // to free memory: the runner may finish it long before the last one
		emit(w)
	}
}

// wholeFiles returns the compact form of the files of a list.
func wholeFiles(list element.RecognisedFiles, files []element.Recognised) (w element.WholeFiles, err error) {
	if w.Compact = list.Compact; len(list.Files) > 0 || list.Compact == nil {
		w.Compact, err = element.CompactList(files)
	}
	w.Count = len(files)
	for _, f := range files {
		for unit := range f.UnitRows {
			w.UnitBytes = append(w.UnitBytes, bytesOfUnit(f, unit))
		}
	}
	w.UnitBytes = slices.Clip(w.UnitBytes)
	return w, err
}

// worksOf returns works with all files, in their order. There is one work, unless it would be too large for an element.
func worksOf(files []element.WholeFiles) []element.Work {
	var works []element.Work
	room := 0
	for _, f := range files {
		size := len(f.Compact) + 8*len(f.UnitBytes)
		if len(works) == 0 || size > room {
			works, room = append(works, element.Work{}), codedBytes
		}
		w := &works[len(works)-1]
		w.Files = append(w.Files, f)
		room -= size
	}
	return works
}

// dealt returns lists for workers, the largest first.
func dealt(lists [][]element.Recognised) []element.Work {
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
		for _, f := range list {
			add(f)
		}
	}
	slices.SortStableFunc(works, func(a, b element.Work) int { return cmp.Compare(bytesOf(b), bytesOf(a)) })
	return works
}

// bytesOf is the number of bytes of all pieces of a work.
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
