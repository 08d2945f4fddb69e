package main

import (
	"os"
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/library"
)

// mostKept is how many bytes the results of a file may take, for the standing tables.
const mostKept = 10_000

// TestTheStatesOfTheStandingTablesAreSmall packs the results of months of trips, as they are published and as they are made.
func TestTheStatesOfTheStandingTablesAreSmall(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, "yellow_tripdata_2019-03.parquet")
	if _, err := tlcgen.WriteFile(t.Context(), made, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 3), Rows: 300_000, RowGroups: 2}); err != nil {
		t.Fatal(err)
	}
	patterns := []string{made}
	if data := filepath.Join(os.Getenv("TRIPSTATS_DATA"), "raw_data"); os.Getenv("TRIPSTATS_DATA") != "" {
		if _, err := os.Stat(data); err == nil {
			patterns = append(patterns, data+"/**")
		}
	}
	for _, pattern := range patterns {
		for _, judged := range []bool{true, false} {
			for name, tables := range map[string][]*aggregate.Spec{"standing": aggregate.Tables(judged), "library": libraryTables(judged)} {
				p := planOf(t, judged, "", pattern, tables...)
				p.admission.MergeSameMonth = true
				g := mustGather(t, "direct", p)
				largest, total, size := 0, 0, int64(0)
				kept := map[string]int{}
				for _, r := range g.remembered.Results {
					largest, total = max(largest, len(r.Bytes)), total+len(r.Bytes)
					for _, table := range r.Tables {
						kept[table.Name]++
					}
				}
				for _, f := range g.files {
					size += f.Size
				}
				t.Logf("%s, judged %t, %s tables: %d results of %d bytes, at most %d, of files of %d bytes; kept: %v", pattern, judged, name, len(g.remembered.Results), total, largest, size, kept)
				if name == "standing" && (largest > mostKept || largest == 0) {
					t.Errorf("found %d bytes, expected at most %d", largest, mostKept)
				}
			}
		}
	}
}

func libraryTables(judged bool) (tables []*aggregate.Spec) {
	for _, table := range library.Tables() {
		tables = append(tables, aggregate.Declared(table.Query, aggregate.Bounds{Groups: 1_000_000, Bytes: 1 << 30}, judged))
	}
	return tables
}
