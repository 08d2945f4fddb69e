package tlcgen

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// TestSchema checks the physical schema of files, in months around every change.
func TestSchema(t *testing.T) {
	const (
		i32, i64, dbl, null = "INT32", "INT64", "DOUBLE", "INT32 Null"
		str, ts             = "BYTE_ARRAY String", "INT64 Timestamp"
	)
	tests := []struct {
		taxi    Taxi
		month   YearMonth
		codec   string
		version string
		columns int
		types   map[string]string
		flag    string // Arrow type of store_and_fwd_flag
	}{
		{Yellow, YearMonth{2011, 1}, "GZIP", "v1.0", 19, map[string]string{
			"VendorID": i64, "tpep_pickup_datetime": ts, "tpep_dropoff_datetime": ts, "passenger_count": i64,
			"trip_distance": dbl, "RatecodeID": i64, "store_and_fwd_flag": str, "PULocationID": i64,
			"DOLocationID": i64, "payment_type": i64, "fare_amount": dbl, "extra": dbl, "mta_tax": dbl,
			"tip_amount": dbl, "tolls_amount": dbl, "improvement_surcharge": dbl, "total_amount": dbl,
			"congestion_surcharge": dbl, "airport_fee": dbl,
		}, "utf8"},
		{Yellow, YearMonth{2011, 2}, "GZIP", "v1.0", 19, map[string]string{
			"congestion_surcharge": null, "airport_fee": null,
		}, "utf8"},
		{Yellow, YearMonth{2014, 8}, "GZIP", "v1.0", 19, map[string]string{"improvement_surcharge": null}, "utf8"},
		{Yellow, YearMonth{2018, 6}, "GZIP", "v1.0", 19, map[string]string{
			"passenger_count": i64, "RatecodeID": i64, "congestion_surcharge": dbl, "airport_fee": null,
		}, "utf8"},
		{Yellow, YearMonth{2018, 7}, "GZIP", "v1.0", 19, map[string]string{
			"passenger_count": dbl, "RatecodeID": dbl, "congestion_surcharge": null,
		}, "utf8"},
		{Yellow, YearMonth{2020, 10}, "GZIP", "v1.0", 19, map[string]string{
			"congestion_surcharge": dbl, "airport_fee": null,
		}, "utf8"},
		{Yellow, YearMonth{2023, 1}, "GZIP", "v1.0", 19, map[string]string{
			"VendorID": i64, "PULocationID": i64, "passenger_count": dbl, "RatecodeID": dbl, "airport_fee": dbl,
		}, "utf8"},
		{Yellow, YearMonth{2023, 2}, "ZSTD", "v2.6", 19, map[string]string{
			"VendorID": i32, "PULocationID": i32, "DOLocationID": i32, "passenger_count": i64,
			"RatecodeID": i64, "payment_type": i64, "Airport_fee": dbl,
		}, "large_utf8"},
		{Yellow, YearMonth{2024, 12}, "ZSTD", "v2.6", 19, map[string]string{"Airport_fee": dbl}, "large_utf8"},
		{Yellow, YearMonth{2025, 1}, "ZSTD", "v2.6", 20, map[string]string{
			"Airport_fee": dbl, "cbd_congestion_fee": dbl, "store_and_fwd_flag": str,
		}, "large_utf8"},
		{Yellow, YearMonth{2026, 5}, "ZSTD", "v2.6", 20, nil, "large_utf8"},
		{Yellow, YearMonth{2026, 6}, "ZSTD", "v2.6", 21, map[string]string{
			"cbd_congestion_fee": dbl, "request_source": str,
		}, "large_utf8"},
		{Green, YearMonth{2014, 3}, "GZIP", "v1.0", 20, map[string]string{
			"lpep_pickup_datetime": ts, "lpep_dropoff_datetime": ts, "passenger_count": i64, "payment_type": i64,
			"trip_type": dbl, "ehail_fee": null, "congestion_surcharge": null,
		}, "utf8"},
		{Green, YearMonth{2022, 1}, "GZIP", "v1.0", 20, map[string]string{
			"VendorID": i64, "passenger_count": dbl, "RatecodeID": dbl, "payment_type": dbl, "trip_type": dbl,
			"ehail_fee": null, "congestion_surcharge": dbl,
		}, "utf8"},
		{Green, YearMonth{2023, 3}, "ZSTD", "v2.6", 20, map[string]string{
			"VendorID": i32, "passenger_count": i64, "payment_type": i64, "trip_type": i64, "ehail_fee": dbl,
		}, "large_utf8"},
		{Green, YearMonth{2025, 1}, "ZSTD", "v2.6", 21, map[string]string{"cbd_congestion_fee": dbl}, "large_utf8"},
		{Green, YearMonth{2026, 6}, "ZSTD", "v2.6", 22, map[string]string{"request_source": str}, "large_utf8"},
	}
	for _, tt := range tests {
		t.Run(string(tt.taxi)+" "+tt.month.String(), func(t *testing.T) {
			b, _ := makeFile(t, Options{Taxi: tt.taxi, Month: tt.month, Rows: 100})
			meta := openFile(t, b).MetaData()
			names, got := schemaOf(t, meta, tt.codec, tt.version)
			if len(names) != tt.columns {
				t.Errorf("%d columns, expected %d", len(names), tt.columns)
			}
			for name, want := range tt.types {
				if got[name] != want {
					t.Errorf("%s is %q, expected %q", name, got[name], want)
				}
			}
			if flag := arrowType(t, *meta.KeyValueMetadata().FindValue("ARROW:schema"), "store_and_fwd_flag"); flag != tt.flag {
				t.Errorf("ARROW:schema has store_and_fwd_flag %s, expected %s", flag, tt.flag)
			}
		})
	}
}

// schemaOf returns the names of a file's columns, in order, and their types. It
// checks what is the same for all columns.
func schemaOf(t *testing.T, meta *metadata.FileMetaData, codec, version string) (names []string, types map[string]string) {
	t.Helper()
	if v := meta.Version().String(); v != version {
		t.Errorf("format %s, expected %s", v, version)
	}
	types = map[string]string{}
	for i := range meta.Schema.NumColumns() {
		c := meta.Schema.Column(i)
		typ := c.PhysicalType().String()
		if l, _, _ := strings.Cut(c.LogicalType().String(), "("); l != "None" {
			typ += " " + l
		}
		names, types[c.Name()] = append(names, c.Name()), typ
		if c.SchemaNode().RepetitionType() != parquet.Repetitions.Optional {
			t.Errorf("%s is not optional", c.Name())
		}
		chunk, err := meta.RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Compression().String() != codec {
			t.Errorf("%s is %v, expected %s", c.Name(), chunk.Compression(), codec)
		}
	}
	return names, types
}

func arrowType(t *testing.T, metadata, name string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(metadata)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	fields, _ := r.Schema().FieldsByName(name)
	if len(fields) != 1 {
		t.Fatalf("ARROW:schema has %d fields %s", len(fields), name)
	}
	if ts, ok := fields[0].Type.(*arrow.TimestampType); ok && ts.TimeZone != "" {
		t.Errorf("%s has time zone %s", name, ts.TimeZone)
	}
	return fields[0].Type.Name()
}

// TestTimestampsAreLocal checks that timestamps are not marked as UTC.
func TestTimestampsAreLocal(t *testing.T) {
	b, _ := makeFile(t, Options{Taxi: Yellow, Month: YearMonth{2023, 5}, Rows: 1})
	want := "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds"
	if got := openFile(t, b).MetaData().Schema.Column(1).LogicalType().String(); !strings.HasPrefix(got, want) {
		t.Errorf("logical type %s, expected %s...", got, want)
	}
}

// TestStatistics checks that the files of 2023-02 to 2024-12 have none.
func TestStatistics(t *testing.T) {
	for month, want := range map[YearMonth]bool{
		{2023, 1}: true, {2023, 2}: false, {2024, 12}: false, {2025, 1}: true,
	} {
		b, _ := makeFile(t, Options{Taxi: Yellow, Month: month, Rows: 100})
		chunk, err := openFile(t, b).MetaData().RowGroup(0).ColumnChunk(1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := chunk.StatsSet(); err != nil || got != want {
			t.Errorf("%v: statistics %v (%v), expected %v", month, got, err, want)
		}
	}
}

// TestVariantsInOrder checks the order on which variantOf relies.
func TestVariantsInOrder(t *testing.T) {
	for _, table := range [][]variant{variants, coordinateVariants} {
		for i := 1; i < len(table); i++ {
			a, b := table[i-1], table[i]
			if a.taxi == b.taxi && !a.from.Before(b.from) {
				t.Errorf("%s: %v does not come before %v", a.taxi, a.from, b.from)
			}
		}
	}
	for _, n := range nullColumns {
		if _, err := variantOf(n.taxi, n.from); err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
	}
}

func TestMonthsThatCannotBeMade(t *testing.T) {
	for _, tt := range []struct {
		taxi  Taxi
		month YearMonth
		want  string
	}{
		{Yellow, YearMonth{2008, 12}, "the first is 2009-01"},
		{Green, YearMonth{2013, 7}, "the first is 2013-08"},
		{"boat", YearMonth{2020, 1}, "none of [yellow green fhvhv fhv]"},
		{FHV, YearMonth{2014, 12}, "the first is 2015-01"},
	} {
		if _, err := Columns(tt.taxi, tt.month); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: error %v, expected %q", tt.taxi, tt.month, err, tt.want)
		}
	}
}
