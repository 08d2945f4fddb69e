package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/io/source"
	"tripstats/testdata/lines"
	"tripstats/testdata/tlcgen"
)

func init() { source.Register(lines.Format{}) }

// TestTheGraphReadsAFormatOfSomebodyElse has the whole graph read the same trips as parquet and as lines of text, in one file and
// beside each other.
func TestTheGraphReadsAFormatOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Rows: 5_000, RowGroups: 3}
	path := filepath.Join(dir, "yellow_tripdata_2019-08.parquet")
	if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}
	asLines := filepath.Join(dir, "yellow_tripdata_2019-08.lines")
	if err := toLines(t, path, asLines); err != nil {
		t.Fatal(err)
	}
	for _, runner := range []string{"direct", "prism"} {
		want, got := t.TempDir(), t.TempDir()
		publishInto(t, runner, path, want)
		publishInto(t, runner, asLines, got)
		for _, table := range []string{"trip_stats", "location_stats"} {
			if rows := readTable(t, want, table); len(rows) == 0 || !slices.Equal(rows, readTable(t, got, table)) {
				t.Errorf("%s: %s differs from that of parquet", runner, table)
			}
		}
	}
}

func toLines(t *testing.T, from, to string) error {
	pf, err := file.OpenParquetFile(from, false)
	if err != nil {
		return err
	}
	defer pf.Close() //nolint:errcheck // read only
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 1 << 20}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	batches, err := r.GetRecordReader(t.Context(), nil, nil)
	if err != nil {
		return err
	}
	defer batches.Release()
	var records []arrow.RecordBatch
	for batches.Next() {
		rec := batches.RecordBatch()
		rec.Retain()
		records = append(records, rec)
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := lines.Write(out, records...); err != nil {
		return err
	}
	return out.Close()
}
