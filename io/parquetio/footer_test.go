package parquetio

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func TestFooterFaultsSayWhatWasFound(t *testing.T) {
	good, err := os.ReadFile(testFile(t, 10, 20).URI)
	if err != nil {
		t.Fatal(err)
	}
	huge := bytes.Clone(good)
	copy(huge[len(huge)-8:], "\xff\xff\xff\x7f")
	encrypted := bytes.Clone(good)
	copy(encrypted[len(encrypted)-4:], "PARE")
	zeroed := bytes.Clone(good)
	for i := len(zeroed) - 60; i < len(zeroed)-8; i++ {
		zeroed[i] = 0xff
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"empty":      {nil, "the file is empty"},
		"xml":        {[]byte("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"), "XML answer"},
		"pointer":    {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n"), "git-lfs pointer"},
		"cut short":  {good[:len(good)/2], "cut short"},
		"other":      {[]byte("col1,col2\n1,2\n"), "expected the magic bytes PAR1"},
		"length":     {huge, "cut short or damaged"},
		"encrypted":  {encrypted, "encrypted"},
		"bad thrift": {zeroed, "footer"},
	} {
		_, err := tryReadBack(t, c.bytes)
		f := fault.Find(err)
		if f == nil || f.Code != fault.Input || !strings.Contains(f.Message, c.want) || !strings.HasPrefix(f.Message, "t_2020-01.parquet: ") {
			t.Errorf("%s: found %v, expected exit 3 with %q", name, err, c.want)
		}
	}
}

func TestFooterDescribesRowGroupsAndColumns(t *testing.T) {
	f := testFile(t, 10, 0, 25)
	if f.Rows != 35 || len(f.UnitRows) != 3 || f.UnitRows[2] != 25 {
		t.Errorf("rows %d in row groups %v, expected 35 in [10 0 25]", f.Rows, f.UnitRows)
	}
	want := []element.ValueType{element.Int64, element.String, element.Float64, element.String, element.Int32, element.Null}
	for i, c := range f.Columns {
		if c.Name != testSchema.Field(i).Name || c.Type != want[i] || c.ChunkBytes[0] <= 0 {
			t.Errorf("column %d: %+v, expected %s of type %d", i, c, testSchema.Field(i).Name, want[i])
		}
	}
}

func TestKindOfTakesPhysicalAndLogicalTypeTogether(t *testing.T) {
	ts := func(utc bool, u schema.TimeUnitType) schema.LogicalType {
		return schema.NewTimestampLogicalType(utc, u)
	}
	legacy := schema.NewTimestampLogicalTypeWithOpts(schema.WithTSTimeUnitType(schema.TimeUnitMicros), schema.WithTSIsAdjustedToUTC(), schema.WithTSFromConverted())
	for _, c := range []struct {
		physical parquet.Type
		logical  schema.LogicalType
		want     element.ValueType
	}{
		{parquet.Types.Int64, nil, element.Int64},
		{parquet.Types.Int64, schema.NewIntLogicalType(64, true), element.Int64},
		{parquet.Types.Int64, schema.NewIntLogicalType(64, false), element.Uint64},
		{parquet.Types.Int32, schema.NewIntLogicalType(16, true), element.Int32},
		{parquet.Types.Int32, schema.NewIntLogicalType(32, false), element.Uint32},
		{parquet.Types.Int32, schema.DateLogicalType{}, element.Unsupported},
		{parquet.Types.Int32, schema.NullLogicalType{}, element.Null},
		{parquet.Types.Int64, schema.NewDecimalLogicalType(10, 2), element.Decimal},
		{parquet.Types.Int64, ts(false, schema.TimeUnitMillis), element.TimestampMillis},
		{parquet.Types.Int64, ts(false, schema.TimeUnitMicros), element.TimestampMicros},
		{parquet.Types.Int64, ts(false, schema.TimeUnitNanos), element.TimestampNanos},
		{parquet.Types.Int64, ts(true, schema.TimeUnitMicros), element.TimestampMicrosUTC},
		{parquet.Types.Int64, legacy, element.TimestampMicros},
		{parquet.Types.Int96, nil, element.Int96},
		{parquet.Types.Double, nil, element.Float64},
		{parquet.Types.Float, nil, element.Float32},
		{parquet.Types.ByteArray, schema.StringLogicalType{}, element.String},
		{parquet.Types.ByteArray, nil, element.String},
		{parquet.Types.ByteArray, schema.JSONLogicalType{}, element.Unsupported},
		{parquet.Types.ByteArray, schema.NewDecimalLogicalType(10, 2), element.Decimal},
		{parquet.Types.Boolean, nil, element.Unsupported},
		{parquet.Types.FixedLenByteArray, nil, element.Unsupported},
	} {
		if got := valueTypeOf(c.physical, c.logical); got != c.want {
			t.Errorf("%v %v: type %d, expected %d", c.physical, c.logical, got, c.want)
		}
	}
}

// TestATypeIsNamedInAWord keeps messages and reports short. They must still have the unit and UTC, which decide whether a file is read.
func TestATypeIsNamedInAWord(t *testing.T) {
	legacy := schema.NewTimestampLogicalTypeWithOpts(schema.WithTSTimeUnitType(schema.TimeUnitMicros), schema.WithTSIsAdjustedToUTC(), schema.WithTSFromConverted())
	for _, c := range []struct {
		physical parquet.Type
		length   int
		logical  schema.LogicalType
		want     string
	}{
		{parquet.Types.Int64, -1, nil, "int64"},
		{parquet.Types.Int32, -1, nil, "int32"},
		{parquet.Types.Int32, -1, schema.NewIntLogicalType(8, true), "int8"},
		{parquet.Types.Int64, -1, schema.NewIntLogicalType(64, false), "uint64"},
		{parquet.Types.Float, -1, nil, "float"},
		{parquet.Types.Double, -1, nil, "double"},
		{parquet.Types.Boolean, -1, nil, "boolean"},
		{parquet.Types.Int96, -1, nil, "int96"},
		{parquet.Types.ByteArray, -1, nil, "binary"},
		{parquet.Types.ByteArray, -1, schema.StringLogicalType{}, "string"},
		{parquet.Types.ByteArray, -1, schema.JSONLogicalType{}, "json"},
		{parquet.Types.FixedLenByteArray, 7, nil, "binary[7]"},
		{parquet.Types.FixedLenByteArray, 16, schema.UUIDLogicalType{}, "uuid"},
		{parquet.Types.Int32, -1, schema.NullLogicalType{}, "null"},
		{parquet.Types.Int32, -1, schema.DateLogicalType{}, "date"},
		{parquet.Types.Int32, -1, schema.NewTimeLogicalType(false, schema.TimeUnitMillis), "time[ms]"},
		{parquet.Types.Int64, -1, schema.NewDecimalLogicalType(18, 2), "decimal(18,2)"},
		{parquet.Types.Int64, -1, schema.NewTimestampLogicalType(false, schema.TimeUnitMicros), "timestamp[us]"},
		{parquet.Types.Int64, -1, schema.NewTimestampLogicalType(false, schema.TimeUnitNanos), "timestamp[ns]"},
		{parquet.Types.Int64, -1, schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), "timestamp[ms, UTC]"},
		{parquet.Types.Int64, -1, legacy, "timestamp[us]"},
	} {
		node, err := schema.NewPrimitiveNodeLogical("x", parquet.Repetitions.Optional, c.logical, c.physical, c.length, -1)
		if err != nil {
			t.Fatal(err)
		}
		if got := column(schema.NewColumn(node, 1, 0), false).Found; got != c.want {
			t.Errorf("%v %v: found %s, expected %s", c.physical, c.logical, got, c.want)
		}
	}
	list := schema.MustPrimitive(schema.NewPrimitiveNode("x", parquet.Repetitions.Repeated, parquet.Types.Int64, -1, -1))
	if got := column(schema.NewColumn(list, 1, 1), false).Found; got != "int64 (nested)" {
		t.Errorf("found %s", got)
	}
}

// FuzzFooter reads any bytes as a footer. The result must be a fault with exit code 3 or a consistent description, never a panic.
func FuzzFooter(f *testing.F) {
	good, err := os.ReadFile(testFile(f, 10, 20).URI)
	if err != nil {
		f.Fatal(err)
	}
	n := int(good[len(good)-8]) | int(good[len(good)-7])<<8
	f.Add(good[len(good)-8-n : len(good)-8])
	f.Add([]byte{0x15})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, footer []byte) {
		b := append([]byte("PAR1"), footer...)
		b = append(b, byte(len(footer)), byte(len(footer)>>8), byte(len(footer)>>16), 0)
		b = append(b, "PAR1"...)
		path := filepath.Join(dir, "f.parquet")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := ReadFooter(t.Context(), objstore.Access{}, element.Found{URI: path, Source: "f", Size: int64(len(b))})
		if err != nil {
			if g := fault.Find(err); g == nil || g.Code != fault.Input {
				t.Errorf("not a fault of the input: %v", err)
			}
			return
		}
		rows := int64(0)
		for _, n := range file.UnitRows {
			rows += n
		}
		if rows != file.Rows {
			t.Errorf("%d rows, row groups %v", file.Rows, file.UnitRows)
		}
	})
}
