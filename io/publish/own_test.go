package publish

import "testing"

// TestWildcardsLeaveOutWhatAnOutputHas has paths below an output.
func TestWildcardsLeaveOutWhatAnOutputHas(t *testing.T) {
	for below, want := range map[string]bool{
		"trip_stats/trip_stats.parquet":                          true,
		"trip_stats/trip_stats.csv":                              true,
		".tripstats/v/1-x/trip_stats.parquet.table":              true,
		".tripstats/v/1-x/kept.bin":                              true,
		".tripstats/lock":                                        true,
		"README.txt":                                             true,
		"raw/README.txt":                                         false,
		"raw/yellow_tripdata_2019-08.parquet":                    false,
		"yellow_tripdata_2019-08.parquet":                        false,
		"deep/.tripstats/v/1-x/trip_stats.parquet.table":         false, // of another output, whose manifest is there
		"tripstats/v/1-x/trip_stats.parquet.table":               false,
		"trip_stats/trip_stats/trip_stats.parquet/other.parquet": false,
	} {
		if got := Own.Written(below); got != want {
			t.Errorf("%s: found %v, expected %v", below, got, want)
		}
	}
}
