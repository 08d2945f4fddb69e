package trip

import (
	"slices"

	"tripstats/transforms/element"
)

// FileColumns are the columns of files of which wanted columns are made, ascending. The pickup is always among them, because it is
// always read.
func FileColumns(wanted []Field) []Field { return Options{Wanted: wanted}.fields() }

// ColumnBytes returns how many bytes of a file hold each wanted column of files. The file is recognised by the same options and still
// has its columns.
func ColumnBytes(f element.Recognised, opts Options) (bytes [NumFields]int64) {
	i := slices.IndexFunc(opts.Registry, func(d element.Dataset) bool { return d.Name == f.Variant })
	if i < 0 {
		return bytes
	}
	fields := opts.fields()
	places, err := mapColumns(opts.Registry[i], namesOf(f.Columns), fields)
	if err != nil {
		return bytes // recognising the file has told
	}
	for _, fd := range fields {
		for _, c := range places[fd] {
			for _, n := range f.Columns[c].ChunkBytes {
				bytes[fd] += n
			}
		}
	}
	return bytes
}
