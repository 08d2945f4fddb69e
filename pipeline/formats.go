package main

import (
	"tripstats/io/parquetio"
	"tripstats/io/source"
)

// The formats in which files are read. A file that no format knows is read, and refused, by the first.
func init() {
	source.Register(parquetio.Format{})
}
