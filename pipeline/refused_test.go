package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"

	"tripstats/testdata/tlcgen"
)

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

// TestAFileThatCannotBeUnderstoodIsRefused has files whose footers are refused. No rows of such a file are read.
func TestAFileThatCannotBeUnderstoodIsRefused(t *testing.T) {
	decimal := &arrow.Decimal128Type{Precision: 9, Scale: 2}
	nested := array.NewStructBuilder(memory.DefaultAllocator, arrow.StructOf(arrow.Field{Name: "id", Type: ints, Nullable: true}))
	defer nested.Release()
	list := array.NewListBuilder(memory.DefaultAllocator, ints)
	defer list.Release()
	for range 2 {
		nested.Append(true)
		nested.FieldBuilder(0).(*array.Int64Builder).Append(7)
		list.Append(true)
		list.ValueBuilder().(*array.Int64Builder).Append(7)
	}
	nestedIDs, listedIDs := nested.NewArray(), list.NewArray()

	for _, c := range []struct {
		name    string
		columns []column
		words   []string
	}{
		{"zone column missing", with(trips(t), "DOLocationID"), []string{"DOLocationID", "PULocationID", "trip_distance"}},
		{"dropoff time missing", with(trips(t), "tpep_dropoff_datetime"), []string{"tpep_dropoff_datetime"}},
		{"pickup time missing", with(trips(t), "tpep_pickup_datetime"), []string{"tpep_pickup_datetime", "lpep_pickup_datetime"}},
		{"both taxis", append(trips(t), column{"LPEP_Pickup_Datetime", of(t, wallMicros, "- -")}), []string{"tpep_pickup_datetime", "lpep_pickup_datetime", "both"}},
		{"one name in two cases", append(trips(t), column{"pulocationid", of(t, ints, "1 2")}), []string{`"PULocationID"`, `"pulocationid"`}},
		{"optional name in two cases", append(trips(t), column{"Tip_Amount", of(t, doubles, "1 2")}), []string{`"tip_amount"`, `"Tip_Amount"`}},
		{"zone nested in a struct", with(trips(t), "PULocationID", column{"PULocationID", nestedIDs}), []string{"PULocationID"}},
		{"zone as a list", with(trips(t), "PULocationID", column{"PULocationID", listedIDs}), []string{"PULocationID"}},
		{"distance nested in a struct", with(trips(t), "trip_distance", column{"trip_distance", nestedIDs}), []string{"trip_distance"}},
		{"decimal amount", with(trips(t), "total_amount", column{"total_amount", of(t, decimal, "10.25 20.50")}), []string{"total_amount", "decimal(9,2)", "an integer or a floating-point number"}},
		{"decimal zone", with(trips(t), "PULocationID", column{"PULocationID", of(t, decimal, "132 7")}), []string{"PULocationID", "decimal(9,2)", "a whole number"}},
		{"time as text", with(trips(t), "tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, arrow.BinaryTypes.String, "a b")}), []string{"tpep_pickup_datetime", "timestamp"}},
		{"time as a number", with(trips(t), "tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, ints, "1 2")}), []string{"tpep_pickup_datetime", "timestamp"}},
		{"time as a date", with(trips(t), "tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, arrow.FixedWidthTypes.Date32, "2019-08-01 2019-08-02")}), []string{"tpep_pickup_datetime"}},
		{"zone as a time", with(trips(t), "PULocationID", column{"PULocationID", of(t, wallMicros, "2019-08-01 2019-08-02")}), []string{"PULocationID"}},
		{"amount as a boolean", with(trips(t), "total_amount", column{"total_amount", of(t, arrow.FixedWidthTypes.Boolean, "true false")}), []string{"total_amount"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := write(t, filepath.Join(dir, "x_2019-08.parquet"), c.columns, parquet.WithStoreDecimalAsInteger(true))
			refuses(t, path, "standard", c.words...)
			tripstats(t, "--input="+path, "--plan").fails(t, 3, c.words...)
		})
	}
}

// TestAValueThatCannotBeRepresentedIsRefusedWithItsPlace has files with one bad value, in the third row of the second row group.
// Messages call it row 2, because rows count from 0.
func TestAValueThatCannotBeRepresentedIsRefusedWithItsPlace(t *testing.T) {
	text := arrow.BinaryTypes.String
	for _, c := range []struct {
		name, column string
		typ          arrow.DataType
		good, bad    string
	}{
		{"NaN", "total_amount", doubles, "1", "NaN"},
		{"infinity", "tip_amount", doubles, "1", "+Inf"},
		{"minus infinity", "trip_distance", doubles, "1", "-Inf"},
		{"a billion dollars", "total_amount", doubles, "1", "1e9"},
		{"just beyond the limit", "total_amount", doubles, "-100000000", "100000000.000001"},
		{"NaN passengers", "passenger_count", doubles, "1", "NaN"},
		{"a billion passengers", "passenger_count", ints, "1", "1000000000"},
		{"float infinity", "tip_amount", arrow.PrimitiveTypes.Float32, "1", "Inf"},
		{"zone with a fraction", "PULocationID", doubles, "132", "132.5"},
		{"zone NaN", "DOLocationID", doubles, "7", "NaN"},
		{"zone beyond 32 bits", "PULocationID", ints, "132", "4294967296"},
		{"zone that is no number", "DOLocationID", text, "7", "airport"},
		{"amount that is no number", "total_amount", text, "7.5", "free"},
		{"empty amount", "total_amount", text, "7.5", `""`},
		{"time beyond microseconds", "tpep_dropoff_datetime", &arrow.TimestampType{Unit: arrow.Millisecond}, "2019-08-01", "9223372036854775807"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "x.parquet"), sixRows(t, c.column, c.typ, c.good, c.bad), parquet.WithMaxRowGroupLength(3))
			refuses(t, path, "raw", "row group 1: row 2", c.column, "expected")
		})
	}
}

// sixRows returns six trips with bad as the last value of a column.
func sixRows(t *testing.T, name string, typ arrow.DataType, good, bad string) []column {
	t.Helper()
	var columns []column
	for _, c := range trips(t) {
		first := strings.ReplaceAll(c.values.ValueStr(0), " ", "T")
		columns = append(columns, column{c.name, of(t, c.values.DataType(), strings.Repeat(first+" ", 6))})
	}
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	defer b.Release()
	for i := range 6 {
		value := good
		if i == 5 {
			value = bad
		}
		if err := appendText(b, value); err != nil {
			t.Fatal(err)
		}
	}
	return with(columns, name, column{name, b.NewArray()})
}

// appendText appends a value of any type. "" is the empty text, and times may be counts of their unit.
func appendText(b array.Builder, value string) error {
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(strings.Trim(value, `"`))
		return nil
	case *array.TimestampBuilder:
		if value == "9223372036854775807" {
			b.Append(1<<63 - 1)
			return nil
		}
	}
	return b.AppendValueFromString(value)
}

func TestARefusedValueInALaterFileLeavesNoOutput(t *testing.T) {
	dir := t.TempDir()
	generate(t, filepath.Join(dir, "raw"), month(tlcgen.Yellow, 2019, 8, 20_000))
	bad := month(tlcgen.Yellow, 2019, 9, 20_000)
	bad.RowGroups, bad.Plant.NaN = 2, 1
	generate(t, filepath.Join(dir, "raw"), bad)
	for _, runner := range runnerNames {
		runOnce(t, command{args: []string{"--quality=raw", "--input=raw/*", "--output=out", "--runner=" + runner}, dir: dir}).
			fails(t, 3, "yellow_tripdata_2019-09.parquet", "row group ", "row ", "NaN")
		if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
			t.Errorf("%s: an output folder was made", runner)
		}
	}
}

// TestAFileThatIsNotParquetIsRefused has other things whose names end in .parquet.
func TestAFileThatIsNotParquetIsRefused(t *testing.T) {
	whole := generated(t, month(tlcgen.Green, 2019, 8, 200))
	for name, content := range map[string]string{
		"empty.parquet":       "",
		"short.parquet":       "PAR1",
		"magic.parquet":       "PAR1PAR1",
		"html.parquet":        "<!DOCTYPE html><html><body>404</body></html>",
		"gz.parquet":          "\x1f\x8b\x08\x00 and so on",
		"encrypted.parquet":   "PARE 1234567890 \x04\x00\x00\x00PARE",
		"cut.parquet":         string(whole[:len(whole)/2]),
		"cut_start.parquet":   string(whole[len(whole)/2:]),
		"cut_end.parquet":     string(whole[:len(whole)-1]),
		"long_footer.parquet": string(whole[:len(whole)-8]) + "\xff\xff\xff\x7fPAR1",
		"zero_footer.parquet": string(whole[:len(whole)-8]) + "\x00\x00\x00\x00PAR1",
		"zeros.parquet":       "PAR1" + strings.Repeat("\x00", 5000) + "\x10\x00\x00\x00PAR1",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
			refuses(t, path, "standard")
		})
	}
}

func TestAFileThatMayNotBeReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.parquet")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	refuses(t, pipe, "standard", "not a regular file")
	runOnce(t, command{args: []string{"--input=*.parquet", "--output=out"}, dir: dir}).fails(t, 3, "pipe.parquet", "not a regular file")
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.parquet")); err != nil {
		t.Fatal(err)
	}
	runOnce(t, command{args: []string{"--input=dangling.parquet", "--output=out"}, dir: dir}).fails(t, 4, "dangling.parquet")
	if os.Geteuid() == 0 {
		return // root may read everything
	}
	path := generate(t, dir, month(tlcgen.Green, 2019, 8, 200))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	refuses(t, path, "standard", "permission")
}

func TestVerboseTellsMoreAndEndsWithTheSameLine(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.parquet"), []byte("nothing"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, runner := range runnerNames {
		args := []string{"--input=bad.parquet", "--output=out", "--runner=" + runner}
		short := runOnce(t, command{args: args, dir: dir})
		short.fails(t, 3, "not a parquet file")
		long := runOnce(t, command{args: append(args, "--verbose"), dir: dir})
		if lines := short.lines(); long.code != 3 || long.stdout != "" || !strings.HasSuffix(long.stderr, lines[len(lines)-1]+"\n") {
			t.Errorf("%s: exit code %d, stderr:\n%s\nexpected it to end with %q", runner, long.code, long.stderr, lines)
		}
		if len(long.stderr) <= len(short.stderr) {
			t.Errorf("%s: --verbose tells no more than\n%s", runner, short.stderr)
		}
	}
}
