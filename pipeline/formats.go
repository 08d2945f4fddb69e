package main

import (
	"tripstats/io/parquetio"
	"tripstats/io/publish"
	"tripstats/io/source"
)

// The formats in which files are read, and those in which tables are written. A file that no format knows is read, and refused, by
// the first; the first for tables is that of a run that names none.
func init() {
	source.Register(parquetio.Format{})

	publish.Register(publish.Parquet{})
}
