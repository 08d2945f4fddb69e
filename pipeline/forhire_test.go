package main_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRealTripsForHireAgreeWithTLCsIndicators reads 1,000 trips of 2020-04, drawn at random from TLC's file. TLC's own average of all trips
// of the month is within 1.5 minutes of theirs.
func TestRealTripsForHireAgreeWithTLCsIndicators(t *testing.T) {
	data := realData(t)
	file := filepath.Join(data, "wild", "fhvhv_tripdata_2020-04.parquet")
	want := indicator(t, filepath.Join(data, "reference", "tlc_monthly_indicators.csv"), "2020-04", "FHV - High Volume", "Avg Minutes Per Trip")
	for _, runner := range runnerNames {
		out := t.TempDir()
		tripstats(t, "--input="+file, "--output="+out, "--runner="+runner).succeeds(t)
		monthly := readTable(t, out, "trip_stats")
		if len(monthly.rows) != 1 || monthly.rows[0][monthly.names["taxi"]] != "fhvhv" || monthly.rows[0][monthly.names["trip_count"]] != "1000" {
			t.Fatalf("%s: found\n%s\nexpected 1000 trips of fhvhv", runner, monthly)
		}
		minutes, err := strconv.ParseFloat(monthly.rows[0][monthly.names["avg_trip_duration_minutes"]], 64)
		if err != nil || math.Abs(minutes-want) > 1.5 {
			t.Errorf("%s: found %v minutes on average (%v), TLC has %v", runner, minutes, err, want)
		}
	}
}

// indicator returns a figure of TLC's monthly indicators.
func indicator(t *testing.T, path, month, class, column string) float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range lines[0] {
		at[strings.TrimSpace(name)] = i
	}
	for _, line := range lines[1:] {
		if line[at["Month/Year"]] == month && line[at["License Class"]] == class {
			v, err := strconv.ParseFloat(line[at[column]], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("%s: found no line of %s in %s", path, class, month)
	return 0
}
