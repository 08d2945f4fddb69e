package parquetio

import (
	"cmp"
	"slices"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
)

// Files turns matched objects into the elements that [Footers] takes, spread over lanes so that each has about the
// same bytes: the largest file first, each to the lane that has least.
func Files(objects []objstore.Object, lanes int) []element.File {
	files := make([]element.File, len(objects))
	for i, o := range objects {
		month, ok := tlc.MonthOf(o.Name)
		if !ok {
			month = element.NoMonth
		}
		files[i] = element.File{URI: o.URI, Source: o.Name, Size: o.Size, Version: o.Version, Month: month}
	}
	largest := make([]*element.File, len(files))
	for i := range files {
		largest[i] = &files[i]
	}
	slices.SortStableFunc(largest, func(a, b *element.File) int { return cmp.Compare(b.Size, a.Size) })
	load := make([]int64, max(1, lanes))
	for _, f := range largest {
		f.Lane = slices.Index(load, slices.Min(load))
		load[f.Lane] += f.Size
	}
	return files
}
