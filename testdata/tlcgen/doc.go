// Package tlcgen makes parquet files that look like the trip records of the
// New York City Taxi and Limousine Commission (TLC): the physical schema of
// each month, the codecs, the order of the rows, the sizes and the dirt of the
// published files. No published row is in them.
//
// A file is a pure function of its [Options]: the same options give the same
// bytes on every platform and for every GOMAXPROCS. Money and distance are
// integers (cents, hundredths of a mile) until the last step, so no floating
// point operation decides what a row holds.
//
//	truth, err := tlcgen.Write(ctx, &buf, tlcgen.Options{
//		Taxi:  tlcgen.Yellow,
//		Month: tlcgen.MonthOf(2014, 3),
//		Rows:  10_000,
//	})
//
// [Write] returns what the file holds: row and dirt counts and the exact sums
// that a job over it must find. [Generate] writes whole trees of files.
//
// Where to change what:
//
//	variant.go      which columns and physical types a month has; its writer
//	coordinates.go  the same of files that have coordinates instead of zones
//	forhire.go      the same of for-hire vehicles, and how their rows are made
//	rates.go        how much dirt there is
//	plant.go        dirt in exact numbers, for tests
//	tables.go       distributions: durations, speeds, hours, zones
//	places.go       where coordinates lie
//	tariff.go       fares and surcharges by month
//	rows.go         how these become rows
//	dirt.go         what is counted as dirt
//
// Not supported: the key-value metadata that pandas adds; page indexes and
// bloom filters, which published files do not have.
package tlcgen
