package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// The expected tables for the two trips of trips.
const (
	tripsMonthly = "yellow 2019-08-01 2 1.5 2 22.5 15.375 2"
	tripsZones   = "yellow 2019-08-01 7 1 2; yellow 2019-08-01 132 1 0"
)

// readsAs reads one file with each runner and compares both tables.
func readsAs(t *testing.T, path, monthly, zones string, args ...string) {
	t.Helper()
	for _, runner := range runnerNames {
		output := t.TempDir()
		tripstats(t, append(args, "--quality=raw", "--input="+path, "--output="+output, "--runner="+runner)...).succeeds(t)
		if got := readTable(t, output, "trip_stats").cells(monthlyColumns...); got != monthly {
			t.Errorf("%s: trip_stats: found\n%s\nexpected\n%s", runner, got, monthly)
		}
		if got := readTable(t, output, "location_stats").cells(zoneColumns...); got != zones {
			t.Errorf("%s: location_stats: found\n%s\nexpected\n%s", runner, got, zones)
		}
	}
}

// TestRowGroupsWithoutRowsAreNothing has empty row groups before, between and after those with the two trips.
func TestRowGroupsWithoutRowsAreNothing(t *testing.T) {
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range trips(t) {
		fields = append(fields, arrow.Field{Name: c.name, Type: c.values.DataType(), Nullable: true})
		arrays = append(arrays, c.values)
	}
	all := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, 2)
	defer all.Release()
	path := filepath.Join(t.TempDir(), "x.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(all.Schema(), f, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range [][2]int64{{0, 0}, {0, 1}, {1, 1}, {1, 2}, {2, 2}} {
		w.NewBufferedRowGroup()
		part := all.NewSlice(span[0], span[1])
		if err := w.WriteBuffered(part); err != nil {
			t.Fatal(err)
		}
		part.Release()
	}
	if err := w.Close(); err != nil { // closes f too
		t.Fatal(err)
	}
	readsAs(t, path, tripsMonthly, tripsZones)
	if plan := tripstats(t, "--input="+path, "--plan").succeeds(t).stdout; !strings.Contains(plan, "yellow     2           5 ") {
		t.Errorf("the file should have 2 rows in 5 row groups:\n%s", plan)
	}
}
