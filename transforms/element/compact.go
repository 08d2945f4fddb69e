package element

import (
	"cmp"
	"slices"
)

// CompactFiles returns some files as one element of remembered files that takes little memory.
func CompactFiles(files []Recognised) (Remembered, error) {
	b, err := CompactList(files)
	r := Remembered{Compact: b}
	if len(files) > 0 {
		r.First, r.Last = slices.MinFunc(files, bySource).Source, slices.MaxFunc(files, bySource).Source
	}
	return r, err
}

func bySource(a, b Recognised) int { return cmp.Compare(a.Source, b.Source) }

// AllFiles returns the files of r, those too that [CompactFiles] took.
func (r Remembered) AllFiles() ([]Recognised, error) { return withCompact(r.Files, r.Compact) }

// EachInOrder calls do with the files of lists, in the order of their sources. It expands lists together only if their files are mixed.
func EachInOrder(lists []Remembered, do func(Recognised) error) error {
	lists = slices.Clone(lists)
	for i, l := range lists {
		if len(l.Files) > 0 {
			lists[i].First, lists[i].Last = min(cmp.Or(l.First, l.Files[0].Source), slices.MinFunc(l.Files, bySource).Source), max(l.Last, slices.MaxFunc(l.Files, bySource).Source)
		}
	}
	slices.SortFunc(lists, func(a, b Remembered) int { return cmp.Compare(a.First, b.First) })
	for len(lists) > 0 {
		files, last, n := []Recognised(nil), lists[0].Last, 0
		for ; n < len(lists) && (n == 0 || lists[n].First <= last); n++ {
			list, err := lists[n].AllFiles()
			if err != nil {
				return err
			}
			files, last = append(files, list...), max(last, lists[n].Last)
		}
		lists = lists[n:]
		slices.SortFunc(files, bySource)
		for _, f := range files {
			if err := do(f); err != nil {
				return err
			}
		}
	}
	return nil
}
