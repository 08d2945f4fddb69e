// Package testdata holds a small sample of made-up TLC trip records, for tests
// and for a first run without any download. Package testdata/tlcgen makes it;
// README.md says how.
package testdata

import "embed"

// Sample holds, under sample/, eight parquet files: yellow and green of
// 2014-03, 2019-08, 2023-05 and 2025-02, named like
// sample/yellow_tripdata_2014-03.parquet. Each is in the schema and codec of
// the published file of its month, with one row group of 12,000 (yellow) or
// 2,500 (green) rows.
//
//go:embed sample/*.parquet
var Sample embed.FS
