package trip

import (
	"slices"
	"sync/atomic"

	"tripstats/transforms/element"
)

// fromFiles are the columns of trips that are not derived from others.
var fromFiles = func() (set FieldSet) {
	for f, info := range Fields {
		if len(info.From) == 0 {
			set |= 1 << f
		}
	}
	return set
}()

// meant are the columns of trips that a column of a dataset has the values of.
func meant(k element.Known) (set FieldSet) {
	for _, m := range []element.Meaning{k.Meaning, k.Adds} {
		if f, known := fieldOf(m); m != "" && known {
			set |= 1 << f
		}
	}
	return set
}

// names lists the columns in the set, ascending.
func (s FieldSet) names() []string {
	if last := lastNames.Load(); last != nil && last.of == s {
		return last.names
	}
	var names []string
	for f, info := range Fields {
		if s.Has(Field(f)) {
			names = append(names, info.Name)
		}
	}
	names = slices.Clip(names)
	lastNames.Store(&namesOfSet{s, names})
	return names
}

// lastNames are the names of the last set. Most files have the same set and share the names, to which nobody writes.
var lastNames atomic.Pointer[namesOfSet]

type namesOfSet struct {
	of    FieldSet
	names []string
}

// nulls names those of the columns that tables in SQL name, and of the measures that other tables use and files of the dataset have, which
// a file lacks. The dataset may be nil if it is not known.
func (o Options) nulls(d *element.Dataset, lacks FieldSet) []string {
	told := FieldSet(0)
	for _, f := range (Options{Wanted: o.Named}).fields() {
		told |= 1 << f
	}
	for _, f := range (Options{Wanted: o.Used}).fields() {
		if Fields[f].Type == Measure && d != nil && len(d.Find(f.Meaning())) > 0 {
			told |= 1 << f
		}
	}
	return (told & lacks).names()
}

// Remember returns what a later run must know of a file, so that it need not open it: what [Admit] and the manifest need. All columns that
// the file lacks are in Null, because a later run may have other tables.
func Remember(f element.Recognised) element.Recognised {
	f.Null, f.Lacks = FieldSet(f.Lacks).names(), 0
	f.Units = max(f.Units, len(f.UnitRows))
	f.UnitRows, f.Columns, f.TextBytes, f.Metadata, f.MetadataSum = nil, nil, nil, nil, 0
	f.Projection, f.UnitBytes, f.Constants, f.Alone = nil, nil, nil, false
	f.Kept, f.Skip, f.Identity = false, 0, "" // another file may get the identity
	f.Shares = slices.Clone(f.Shares)
	for i := range f.Shares {
		f.Shares[i].Values, f.Shares[i].Left, f.Shares[i].Alone = nil, false, false
	}
	if len(f.Shares) > 0 {
		f.Taxi = element.TaxiList(f.Shares)
	}
	return f
}

// Recall returns a file that [Remember] returned as one whose results are all kept, for a run with some options.
func Recall(f element.Recognised, opts Options) element.Recognised {
	lacks := FieldSet(0)
	for fd, info := range Fields {
		if slices.Contains(f.Null, info.Name) {
			lacks |= 1 << fd
		}
	}
	f.Lacks, f.Kept = uint64(lacks), true
	if d, known := opts.Dataset(f.Variant, f.TaxiColumn != ""); known {
		f.Null = opts.nulls(&d, lacks)
	} else {
		f.Null = opts.nulls(nil, lacks)
	}
	return f
}

// rememberFiles emits the files that are not kept.
func rememberFiles(files []element.Recognised, emit func(element.Remembered)) error {
	for list := range slices.Chunk(files, element.MostInList) {
		rest := make([]element.Recognised, 0, len(list))
		for _, f := range list {
			if !f.Kept {
				rest = append(rest, Remember(f))
			}
		}
		if len(rest) > 0 {
			r, err := element.CompactFiles(rest)
			if err != nil {
				return err
			}
			emit(r)
		}
	}
	return nil
}

// leftUnusable returns the files that cannot be used and were left out, except files that an earlier run has recorded.
func leftUnusable(unusable []element.Unusable, left []element.LeftOut) (list []element.Unusable) {
	sources := map[string]bool{}
	for _, f := range left {
		sources[f.Source] = true
	}
	for _, f := range unusable {
		if sources[f.Source] && !f.Kept {
			f.Constants = nil
			list = append(list, f)
		}
	}
	return list
}
