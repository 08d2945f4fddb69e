package source

import (
	"cmp"
	"slices"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
)

// Files turns matched objects into the elements that [Found] takes. It gives each file a branch, so that all branches read
// about the same number of bytes: the largest file first, each to the branch with the fewest bytes so far. For a part of a
// data set the folder's name has the month.
func Files(objects []objstore.Object, branches int) []element.Found {
	files := make([]element.Found, len(objects))
	for i, o := range objects {
		files[i] = element.Found{URI: o.URI, Source: o.Name, Dataset: o.Dataset, Size: o.Size, Version: o.Version, Wild: o.Wild, Identity: o.Identity}
		f := &files[i]
		month, ok := tlc.MonthOf(f.Whole())
		if own, isMonth := tlc.MonthOf(f.Source); !ok && isMonth { // a folder of months, whatever it is named
			month, ok, f.Dataset = own, true, ""
		}
		if f.Month = month; !ok {
			f.Month = element.NoMonth
		}
		f.NameTaxi = tlc.TaxiOf(f.Whole())
		if o.Refused != "" {
			f.Refused = o.Name + ": " + o.Refused
		}
	}
	largest := make([]*element.Found, len(files))
	for i := range files {
		largest[i] = &files[i]
	}
	slices.SortStableFunc(largest, func(a, b *element.Found) int { return cmp.Compare(b.Size, a.Size) })
	load := make([]int64, max(1, branches))
	for _, f := range largest {
		f.Branch = slices.Index(load, slices.Min(load))
		load[f.Branch] += f.Size
	}
	return files
}
