package main

import (
	"tripstats/io/csvio"
	"tripstats/io/parquetio"
	"tripstats/io/publish"
	"tripstats/io/source"
)

// tableFormats are the names of the formats in which tables are written. --format chooses from them; the first is the default.
var tableFormats = registerFormats()

// registerFormats registers the formats in which files are read, and those in which tables are written. A file that no format knows
// is read, and refused, by the first.
func registerFormats() []string {
	source.Register(parquetio.Format{})
	source.Register(csvio.Format{})

	publish.Register(publish.Parquet{})
	publish.Register(publish.Delta{})
	return publish.Formats()
}
