package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
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

// TestColumnsAreReadInWhateverTypeTheyCome replaces columns of a file by columns of other types with the same values.
func TestColumnsAreReadInWhateverTypeTheyCome(t *testing.T) {
	i32, u32, u64, f32 := arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Float32
	text, large := arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString
	ids := func(typ arrow.DataType, pickup, dropoff string) func([]column) []column {
		return func(c []column) []column {
			c = with(c, "PULocationID", column{"PULocationID", of(t, typ, pickup)})
			return with(c, "DOLocationID", column{"DOLocationID", of(t, typ, dropoff)})
		}
	}
	times := func(unit arrow.TimeUnit, fraction string) func([]column) []column {
		typ := &arrow.TimestampType{Unit: unit}
		return func(c []column) []column {
			c = with(c, "tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, typ, "2019-08-01T10:00:00"+fraction+" 2019-08-02T10:00:00")})
			return with(c, "tpep_dropoff_datetime", column{"tpep_dropoff_datetime", of(t, typ, "2019-08-01T10:15:00"+fraction+" 2019-08-02T10:30:00")})
		}
	}
	one := func(name string, typ arrow.DataType, words string) func([]column) []column {
		return func(c []column) []column { return with(c, name, column{name, of(t, typ, words)}) }
	}
	for _, c := range []struct {
		name   string
		change func([]column) []column
		props  []parquet.WriterProperty
	}{
		{name: "as TLC has them"},
		{name: "ids int32", change: ids(i32, "132 7", "7 7")},
		{name: "ids uint32", change: ids(u32, "132 7", "7 7")},
		{name: "ids uint64", change: ids(u64, "132 7", "7 7")},
		{name: "ids double", change: ids(doubles, "132 7", "7 7")},
		{name: "ids float", change: ids(f32, "132 7", "7 7")},
		{name: "ids string", change: ids(text, "132 7", "7 7")},
		{name: "ids large_string", change: ids(large, "132 7", "7 7")},
		{name: "ids of pandas with nulls", change: ids(text, "132.0 7.0", "7.0 7")},
		{name: "times in milliseconds", change: times(arrow.Millisecond, ".250")},
		{name: "times in microseconds", change: times(arrow.Microsecond, ".999999")},
		{name: "times in nanoseconds", change: times(arrow.Nanosecond, ".123456789")},
		{name: "counts int64", change: one("passenger_count", ints, "1 2")},
		{name: "counts int32", change: one("passenger_count", i32, "1 2")},
		{name: "counts string", change: one("passenger_count", text, "1 2.0")},
		{name: "amount float", change: one("total_amount", f32, "10.25 20.5")},
		{name: "amount string", change: one("total_amount", text, "10.25 2.05e1")},
		{name: "without a dictionary", props: []parquet.WriterProperty{parquet.WithDictionaryDefault(false)}},
		{name: "pages of version 2", props: []parquet.WriterProperty{parquet.WithDataPageVersion(parquet.DataPageV2)}},
		{name: "a page a row", props: []parquet.WriterProperty{parquet.WithDataPageSize(1), parquet.WithBatchSize(1)}},
		{name: "a row group a row", props: []parquet.WriterProperty{parquet.WithMaxRowGroupLength(1)}},
		{name: "gzip", props: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Gzip)}},
		{name: "zstd", props: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Zstd)}},
		{name: "snappy", props: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Snappy)}},
		{name: "brotli", props: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Brotli)}},
		{name: "lz4", props: []parquet.WriterProperty{parquet.WithCompression(compress.Codecs.Lz4Raw)}},
		{name: "delta", props: []parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("PULocationID", parquet.Encodings.DeltaBinaryPacked)}},
		{name: "other case and order", change: func(c []column) []column {
			var out []column
			for _, c := range c {
				out = append([]column{{strings.ToUpper(c.name), c.values}}, out...)
			}
			return out
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			columns := trips(t)
			if c.change != nil {
				columns = c.change(columns)
			}
			readsAs(t, write(t, filepath.Join(t.TempDir(), "x.parquet"), columns, c.props...), tripsMonthly, tripsZones)
		})
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

func TestInt96TimesAreWallClock(t *testing.T) {
	path := writeArrow(t, filepath.Join(t.TempDir(), "x.parquet"), trips(t),
		pqarrow.NewArrowWriterProperties(pqarrow.WithDeprecatedInt96Timestamps(true)))
	readsAs(t, path, tripsMonthly, tripsZones)
}

func TestDictionaryEncodedAndPlainColumnsAreTheSame(t *testing.T) {
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	b := array.NewDictionaryBuilder(memory.DefaultAllocator, typ).(*array.BinaryDictionaryBuilder)
	defer b.Release()
	for _, id := range []string{"132", "7"} {
		if err := b.AppendString(id); err != nil {
			t.Fatal(err)
		}
	}
	columns := with(trips(t), "PULocationID", column{"PULocationID", b.NewArray()})
	readsAs(t, write(t, filepath.Join(t.TempDir(), "x.parquet"), columns), tripsMonthly, tripsZones)
}

func TestNanosecondsAreRoundedHalfAwayFromZero(t *testing.T) {
	nanos := &arrow.TimestampType{Unit: arrow.Nanosecond}
	columns := with(trips(t), "tpep_pickup_datetime",
		column{"tpep_pickup_datetime", of(t, nanos, "2019-08-01T00:00:00.000000499 2019-07-31T23:59:59.999999500")})
	columns = with(columns, "tpep_dropoff_datetime",
		column{"tpep_dropoff_datetime", of(t, nanos, "2019-08-01T00:01:00.000000500 2019-08-01T00:01:00.000000")})
	// 60.000001 s and 60 s. The second pickup is rounded into August.
	readsAs(t, write(t, filepath.Join(t.TempDir(), "x.parquet"), columns),
		"yellow 2019-08-01 2 1.5 2 1.0000000083333334 15.375 2", tripsZones)
}

func TestNullsAreGroupsOfTheirOwnAndNotAveraged(t *testing.T) {
	columns := with(trips(t), "tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, wallMicros, "2019-08-01T10:00:00 -")})
	columns = with(columns, "DOLocationID", column{"DOLocationID", of(t, ints, "- -")})
	columns = with(columns, "passenger_count", column{"passenger_count", of(t, doubles, "- 2")})
	readsAs(t, write(t, filepath.Join(t.TempDir(), "x.parquet"), columns),
		"yellow 2019-08-01 1 - 1.5 15 10.25 1; yellow - 1 2 2.5 - 20.5 3",
		"yellow 2019-08-01 132 1 0; yellow 2019-08-01 - 0 1; yellow - 7 1 0; yellow - - 0 1")
}

func TestNullTypedAndMissingOptionalColumnsAreNull(t *testing.T) {
	nulls := array.NewNull(2)
	const monthly, zones = "yellow 2019-08-01 2 - - 22.5 15.375 -", tripsZones
	columns := with(with(trips(t), "passenger_count", column{"passenger_count", nulls}), "trip_distance")
	columns = with(columns, "tip_amount")
	readsAs(t, write(t, filepath.Join(t.TempDir(), "x.parquet"), columns), monthly, zones)

	// A zone column of the null type has no zone in any row.
	columns = with(trips(t), "PULocationID", column{"PULocationID", nulls})
	readsAs(t, write(t, filepath.Join(t.TempDir(), "x.parquet"), columns), tripsMonthly,
		"yellow 2019-08-01 7 0 2; yellow 2019-08-01 - 2 0")
}

func TestGreenIsRecognisedByItsColumns(t *testing.T) {
	var columns []column
	for _, c := range trips(t) {
		columns = append(columns, column{strings.Replace(c.name, "tpep", "lpep", 1), c.values})
	}
	readsAs(t, write(t, filepath.Join(t.TempDir(), "yellow_tripdata_2019-08.parquet"), columns),
		strings.ReplaceAll(tripsMonthly, "yellow", "green"), strings.ReplaceAll(tripsZones, "yellow", "green"))
}

// TestTimesAdjustedToUTC is about the night of 2019-11-03, when clocks in New York went back from 2 to 1 at 06:00 UTC.
func TestTimesAdjustedToUTC(t *testing.T) {
	for _, unit := range []arrow.TimeUnit{arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond} {
		utc := &arrow.TimestampType{Unit: unit, TimeZone: "UTC"}
		columns := with(trips(t), "tpep_pickup_datetime",
			column{"tpep_pickup_datetime", of(t, utc, "2019-11-01T02:00:00Z 2019-11-03T05:30:00Z")}) // Oct 31 22:00, Nov 3 01:30
		columns = with(columns, "tpep_dropoff_datetime",
			column{"tpep_dropoff_datetime", of(t, utc, "2019-11-01T02:30:00Z 2019-11-03T06:40:00Z")}) // Oct 31 22:30, Nov 3 01:40
		path := write(t, filepath.Join(t.TempDir(), "x.parquet"), columns)

		for _, runner := range runnerNames {
			tripstats(t, "--input="+path, "--output=out", "--runner="+runner).
				fails(t, 3, "x.parquet", "tpep_pickup_datetime", "--utc=wall", "--utc=convert")
		}
		tripstats(t, "--input="+path, "--plan").fails(t, 3, "x.parquet", "tpep_pickup_datetime")
		readsAs(t, path, "yellow 2019-11-01 2 1.5 2 50 15.375 2",
			strings.ReplaceAll(tripsZones, "2019-08", "2019-11"), "--utc=wall")
		readsAs(t, path, "yellow 2019-10-01 1 1 1.5 30 10.25 1; yellow 2019-11-01 1 2 2.5 10 20.5 3",
			"yellow 2019-10-01 7 0 1; yellow 2019-10-01 132 1 0; yellow 2019-11-01 7 1 1", "--utc=convert")
	}
}

// TestUTCFlagsLeaveWallClockAlone reads a file with TLC's types with each value of --utc.
func TestUTCFlagsLeaveWallClockAlone(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x.parquet"), trips(t))
	for _, choice := range []string{"--utc=wall", "--utc=convert"} {
		readsAs(t, path, tripsMonthly, tripsZones, choice)
	}
}
