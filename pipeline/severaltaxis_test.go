package main_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// TestAFileOfSeveralTaxisGivesTheTablesOfItsParts puts a yellow and a green file together, with their rows in any order, and compares
// the tables with those of the two files.
func TestAFileOfSeveralTaxisGivesTheTablesOfItsParts(t *testing.T) {
	dir := t.TempDir()
	yellow := generate(t, filepath.Join(dir, "parts"), month("yellow", 2019, 8, 40_000))
	green := generate(t, filepath.Join(dir, "parts"), month("green", 2019, 8, 9_000))
	random := rand.New(rand.NewPCG(11, 13))
	shuffled := random.Perm(49_000)
	runs := make([]int, 49_000) // a few hundred rows of one taxi follow each other
	for i := range runs {
		runs[i] = i
	}
	for range 60 {
		from := random.IntN(48_000)
		slices.Reverse(runs[from : from+1+random.IntN(1000)])
	}
	rules := []string{"taxi", "month_start", "rule", "scope", "rows"}
	for _, quality := range []string{"raw", "standard"} {
		want := filepath.Join(dir, "want-"+quality)
		parts := []string{"--input=" + yellow + "," + green, "--quality=" + quality}
		tripstats(t, append(parts, "--output="+want)...).succeeds(t)
		for name, order := range map[string][]int{"shuffled_2019-08.parquet": shuffled, "runs_2019-08.parquet": runs} {
			mixed := mix(t, filepath.Join(dir, name), yellow, green, order)
			for _, runner := range runnerNames {
				out := filepath.Join(dir, name+quality+runner)
				tripstats(t, "--input="+mixed, "--quality="+quality, "--output="+out, "--runner="+runner).succeeds(t)
				for _, table := range []string{"trip_stats", "location_stats"} {
					if got, want := readTable(t, out, table).String(), readTable(t, want, table).String(); got != want {
						t.Errorf("%s, %s, %s: table %s: found\n%s\nexpected\n%s", name, quality, runner, table, got, want)
					}
				}
				if quality == "raw" {
					continue
				}
				if got, want := readTable(t, out, "quality").cells(rules...), readTable(t, want, "quality").cells(rules...); got != want {
					t.Errorf("%s, %s: table quality: found\n%s\nexpected\n%s", name, runner, got, want)
				}
			}
		}
	}
}

// mix writes the trips of a yellow and of a green file into one, in an order of their rows. The columns that the green file has beside the
// yellow ones are left out.
func mix(t *testing.T, path, yellow, green string, order []int) string {
	t.Helper()
	a, b := arrowTable(t, yellow), arrowTable(t, green)
	places := array.NewInt64Builder(memory.DefaultAllocator)
	for _, row := range order {
		places.Append(int64(row))
	}
	at := places.NewArray()
	var columns []column
	add := func(name string, parts ...arrow.Array) {
		whole, err := array.Concatenate(parts, memory.DefaultAllocator)
		if err == nil {
			whole, err = compute.TakeArray(context.Background(), whole, at)
		}
		if err != nil {
			t.Fatal(name, err)
		}
		columns = append(columns, column{name, whole})
	}
	for i, field := range a.Schema().Fields() {
		others := b.Schema().FieldIndices(strings.Replace(field.Name, "tpep", "lpep", 1))
		if len(others) != 1 || b.Schema().Field(others[0]).Type.ID() != field.Type.ID() {
			continue
		}
		add(field.Name, append(slices.Clone(a.Column(i).Data().Chunks()), b.Column(others[0]).Data().Chunks()...)...)
	}
	colors := array.NewStringBuilder(memory.DefaultAllocator)
	for range a.NumRows() {
		colors.Append("Yellow")
	}
	for range b.NumRows() {
		colors.Append("green")
	}
	add("cab_type", colors.NewArray())
	return write(t, path, columns, parquet.WithMaxRowGroupLength(20_000))
}

func arrowTable(t *testing.T, path string) arrow.Table {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // read only
	ar, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := ar.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestRealTripsOfTwoTaxisAreTold reads a file that somebody put together. The figures are DuckDB's sums of the columns
// as DECIMAL(18,6), by color and month, over its counts.
func TestRealTripsOfTwoTaxisAreTold(t *testing.T) {
	const want = "green 2019-02-01 1 0.9 6.3 0; green 2019-03-01 999 3.3967367367367367 16.458198198198197 0.8615315315315315; " +
		"yellow 2019-03-01 5500 2.988569090909091 19.090156363636364 2.240927272727273"
	out := filepath.Join(t.TempDir(), "out")
	tripstats(t, "--input="+filepath.Join(realData(t), "wild", "two_taxis_in_one_file.parquet"), "--output="+out, "--quality=raw").succeeds(t)
	if got := readTable(t, out, "trip_stats").cells("taxi", "month_start", "trip_count", "avg_trip_distance_miles", "avg_amount", "avg_tip"); got != want {
		t.Errorf("found\n%s\nexpected\n%s", got, want)
	}
}
