package main_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realData returns the folder of real files, $TRIPSTATS_DATA or ../shared/data beside the repository, or skips the
// test. They are not part of the repository.
func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TRIPSTATS_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real files at %s; TRIPSTATS_DATA=DIR says where they are", dir)
	}
	return dir
}

// TestFilesThatOthersRewroteAreReadRight compares with DuckDB. The facts are what this says of each file:
//
//	SELECT strftime(date_trunc('month', lpep_pickup_datetime), '%Y-%m-%d'), count(*),
//	  avg(passenger_count::DOUBLE), avg(trip_distance::DOUBLE),
//	  avg((epoch_us(lpep_dropoff_datetime) - epoch_us(lpep_pickup_datetime)) / 60e6),
//	  avg(total_amount::DOUBLE), avg(tip_amount::DOUBLE)
//	FROM 'file' GROUP BY 1 ORDER BY 1;
//	SELECT count(*) FILTER (PULocationID::INT = 74), count(*) FILTER (DOLocationID::INT = 74),
//	  count(DISTINCT PULocationID), count(DISTINCT DOLocationID) FROM 'file';
func TestFilesThatOthersRewroteAreReadRight(t *testing.T) {
	dir := filepath.Join(realData(t), "odd")
	null := math.NaN()
	type fact struct {
		month    string
		trips    string
		averages [5]float64
	}
	for _, c := range []struct {
		file                 string
		facts                []fact
		pickups74, drops74   int64
		pickupZones, dropped int
	}{
		{"green_2022-01_five_columns.parquet", []fact{
			{"2009-01-01", "1", [5]float64{null, 7.52, 991.3166666666667, null, null}},
			{"2021-12-01", "3", [5]float64{null, 3.8033333333333332, 469.9666666666667, null, null}},
			{"2022-01-01", "62491", [5]float64{null, 77.76330671616726, 18.982179033780895, null, null}},
		}, 9728, 3371, 231, 240},
		{"green_2023-10_spark_int96.parquet", []fact{
			{"2023-10-01", "10", [5]float64{1.1, 1.968, 11.695, 18.932, 1.542}},
		}, 3, 1, 8, 10},
		{"green_tripdata_2021-01_string_ids.parquet", []fact{
			{"2009-01-01", "1", [5]float64{1, 0, 9, 0, 0}},
			{"2020-12-01", "1", [5]float64{1, 1.99, 7.083333333333333, 9.3, 0}},
			{"2021-01-01", "73906", [5]float64{1.1961333927121263, 42.04883054149893, 16.85281686647005, 23.14714651043227, 1.5093191351175927}},
		}, 6555, 3042, 250, 256},
	} {
		for _, runner := range runnerNames {
			t.Run(c.file+" "+runner, func(t *testing.T) {
				output := t.TempDir()
				tripstats(t, "--quality=raw", "--input="+filepath.Join(dir, c.file), "--output="+output, "--runner="+runner).succeeds(t)
				monthly := readTable(t, output, "trip_stats")
				if len(monthly.rows) != len(c.facts) {
					t.Fatalf("found\n%s\nexpected %d months", monthly, len(c.facts))
				}
				for i, want := range c.facts {
					row := monthly.rows[i]
					if row[0] != "green" || row[2] != want.month || row[3] != want.trips {
						t.Errorf("found %v, expected %v", row, want)
					}
					for j, avg := range want.averages {
						if !near(row[4+j], avg) {
							t.Errorf("%s: %s: found %s, expected %v", want.month, monthly.schema[4+j], row[4+j], avg)
						}
					}
				}
				holdsZones(t, readTable(t, output, "location_stats"), c.pickups74, c.drops74, c.pickupZones, c.dropped)
			})
		}
	}
}

// holdsZones checks the trips of zone 74 over all months, and how many zones have pickups and dropoffs.
func holdsZones(t *testing.T, zones table, pickups74, dropoffs74 int64, pickupZones, dropoffZones int) {
	t.Helper()
	of74 := table{names: zones.names}
	from, to := map[string]bool{}, map[string]bool{}
	for _, row := range zones.rows {
		id := row[zones.names["location_id"]]
		if id == "74" {
			of74.rows = append(of74.rows, row)
		}
		if row[zones.names["pickups"]] != "0" {
			from[id] = true
		}
		if row[zones.names["dropoffs"]] != "0" {
			to[id] = true
		}
	}
	if p, d := of74.sum(t, "pickups"), of74.sum(t, "dropoffs"); p != pickups74 || d != dropoffs74 {
		t.Errorf("zone 74: found %d pickups and %d dropoffs, expected %d and %d", p, d, pickups74, dropoffs74)
	}
	if len(from) != pickupZones || len(to) != dropoffZones {
		t.Errorf("found %d zones with pickups and %d with dropoffs, expected %d and %d", len(from), len(to), pickupZones, dropoffZones)
	}
}

func TestFilesFoundInTheWildThatCannotBeReadAreRefused(t *testing.T) {
	dir := realData(t)
	words := map[string][]string{
		"yellow_2016_not_tlc_schema.parquet":                {"PULocationID", "pickup_zip"},
		"yellow_tripdata_2020-04_lfs_pointer.parquet":       {"not a parquet file", "git-lfs pointer"},
		"yellow_tripdata_2024-01_access_denied_xml.parquet": {"not a parquet file", "XML"},
		"ARROW-GH-43605.parquet":                            {"min_fl", "tpep_pickup_datetime", "lpep_pickup_datetime"}, // valid, but without trips
		"ARROW-RS-GH-6229-DICTHEADER.parquet":               {"footer", "damaged"},
	}
	paths := []string{filepath.Join(dir, "odd", "yellow_2016_not_tlc_schema.parquet")}
	for _, pattern := range []string{"broken/*.parquet", "broken/*/*.parquet"} {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) < 5 {
		t.Fatalf("found only %v", paths)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".parquet"), func(t *testing.T) {
			refuses(t, path, "standard", words[filepath.Base(path)]...)
		})
	}
}

// TestRealMonthsAddUp reads all real months, complete ones and samples: each row is one trip, one pickup and one dropoff, and both
// runners give the same bytes.
func TestRealMonthsAddUp(t *testing.T) {
	input := "--input=" + filepath.Join(realData(t), "raw_data", "**", "*.parquet")
	var first tree
	for _, runner := range runnerNames {
		output := t.TempDir()
		tripstats(t, "--quality=raw", input, "--output="+output, "--runner="+runner).succeeds(t)
		rows := readManifest(t, output).Rows
		monthly, zones := readTable(t, output, "trip_stats"), readTable(t, output, "location_stats")
		for what, sum := range map[string]int64{
			"trip_count": monthly.sum(t, "trip_count"), "pickups": zones.sum(t, "pickups"), "dropoffs": zones.sum(t, "dropoffs"),
		} {
			if sum != rows || rows == 0 {
				t.Errorf("%s: %s add up to %d, expected the %d rows of all files", runner, what, sum, rows)
			}
		}
		got := treeOf(t, output).tableFiles()
		if first == nil {
			first = got
		}
		for path, sum := range got {
			if first[path] != sum {
				t.Errorf("%s: %s is not what %s made", runner, path, runnerNames[0])
			}
		}
	}
}

// refuses reads one file with each runner. It expects exit code 3, one line with the given words, and no output.
func refuses(t *testing.T, path, quality string, words ...string) {
	t.Helper()
	words = append(words, filepath.Base(path))
	for _, runner := range runnerNames {
		dir := t.TempDir()
		runOnce(t, command{args: []string{"--quality=" + quality, "--input=" + path, "--output=out", "--runner=" + runner}, dir: dir}).fails(t, 3, words...)
		if got := treeOf(t, dir); len(got) != 0 {
			t.Errorf("%s: refused, but wrote %v", runner, got)
		}
	}
}
