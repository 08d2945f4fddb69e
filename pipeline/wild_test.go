package main_test

import (
	"math"
	"path/filepath"
	"strconv"
	"testing"
)

// wildFact is the one month of a file as DuckDB has it. Columns that a file does not have are NULL:
//
//	SELECT strftime(date_trunc('month', pickup), '%Y-%m-%d'), count(*), avg(passenger_count::DOUBLE), avg(trip_distance::DOUBLE),
//	  avg((epoch_us(dropoff) - epoch_us(pickup)) / 60e6), avg(total_amount::DOUBLE), avg(tip_amount::DOUBLE),
//	  count(DISTINCT pickup_zone), sum(pickup_zone::INT), sum(dropoff_zone::INT)
//	FROM 'file' GROUP BY 1;
type wildFact struct {
	taxi, month, trips    string
	averages              [5]float64
	zones                 int // with pickups
	pickupSum, dropoffSum int64
}

// TestWhatBecomesOfFilesAsOthersWriteThem has every parquet file of the folder: it is read, with DuckDB's figures, or refused, with these
// words, or both, if a flag makes it readable.
func TestWhatBecomesOfFilesAsOthersWriteThem(t *testing.T) {
	dir, null := filepath.Join(realData(t), "wild"), math.NaN()
	february := &wildFact{"yellow", "2025-02-01", "5000", [5]float64{1.2753548387096774, 17.791998, 15.156043333333333, 25.104818, 2.78662}, 166, 820609, 806575}
	files := map[string]struct {
		read    *wildFact
		args    []string
		refused []string
	}{
		"yellow_2016-01_azure.parquet":          {read: &wildFact{"yellow", "2016-01-01", "5000", [5]float64{1.6556, 2.881258, 16.53756, 15.613214, 1.751742}, 0, 0, 0}},
		"yellow_2025-02_bigquery_names.parquet": {read: february},
		"yellow_2025-02_dlt_names.parquet":      {read: february},
		"yellow_2025-02_decimal.parquet":        {read: february},
		"yellow_2025-02_text_times.parquet":     {read: february},
		"yellow_2025-02_fastparquet.parquet": {
			read: february, args: []string{"--utc=wall"}, refused: []string{`"tpep_pickup_datetime"`, "timestamp[us, UTC]", "--utc=wall", "--utc=convert"},
		},
		"fhv_tripdata_2020-04.parquet":   {read: &wildFact{"fhv", "2020-04-01", "1000", [5]float64{null, null, 15.959883333333334, null, null}, 93, 160134, 140791}},
		"fhvhv_tripdata_2020-04.parquet": {read: &wildFact{"fhvhv", "2020-04-01", "1000", [5]float64{null, 4.564855, 13.55545, 19.68188, 0.51666}, 211, 129934, 136980}},
		"taxi_zone_lookup.parquet":       {refused: []string{"LocationID, Borough, Zone, service_zone", "not a TLC trip-record file this program knows"}},
		"unknown_logical_type.parquet":   {refused: []string{"column with unknown type", "not a TLC trip-record file this program knows"}},
		"two_taxis_in_one_file.parquet":  {}, // a test of its own has it, as it is of two taxis
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(files) {
		t.Errorf("found %d files, expected %d", len(found), len(files))
	}
	for _, path := range found {
		name := filepath.Base(path)
		c, known := files[name]
		if !known {
			t.Errorf("%s: what becomes of it is not said here", name)
		}
		t.Run(name, func(t *testing.T) {
			if c.refused != nil {
				refuses(t, path, "standard", c.refused...)
			}
			if c.read == nil {
				return
			}
			for _, decoder := range []string{"own", "library"} {
				output := t.TempDir()
				tripstats(t, append(c.args, "--quality=raw", "--input="+path, "--output="+output, "--decoder="+decoder)...).succeeds(t)
				c.read.holds(t, output)
			}
		})
	}
}

// holds compares with the tables of an output.
func (f wildFact) holds(t *testing.T, output string) {
	t.Helper()
	monthly, zones := readTable(t, output, "trip_stats"), readTable(t, output, "location_stats")
	if len(monthly.rows) != 1 {
		t.Fatalf("found\n%s\nexpected one month", monthly)
	}
	row := monthly.rows[0]
	if row[0] != f.taxi || row[2] != f.month || row[3] != f.trips {
		t.Errorf("found %v, expected %s, %s and %s trips", row, f.taxi, f.month, f.trips)
	}
	for i, avg := range f.averages {
		if !near(row[4+i], avg) {
			t.Errorf("%s: found %s, expected %v", monthly.schema[4+i], row[4+i], avg)
		}
	}
	count, sums := 0, [2]int64{}
	for _, row := range zones.rows {
		id, err := strconv.ParseInt(row[zones.names["location_id"]], 10, 64)
		if err != nil {
			continue // no zone
		}
		for i, end := range []string{"pickups", "dropoffs"} {
			trips, err := strconv.ParseInt(row[zones.names[end]], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if sums[i] += id * trips; i == 0 && trips > 0 {
				count++
			}
		}
	}
	if count != f.zones || sums[0] != f.pickupSum || sums[1] != f.dropoffSum {
		t.Errorf("found %d zones with pickups, and sums %v, expected %d, %d and %d", count, sums, f.zones, f.pickupSum, f.dropoffSum)
	}
}
