package element

import (
	"reflect"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "prism") } // the runner that encodes

func record() arrow.RecordBatch {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "t", Type: TimestampMicrosUTC.Arrow(), Nullable: true},
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "n", Type: arrow.Null, Nullable: true},
		{Name: "x", Type: Int96Type, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range 10 {
		for c := range schema.NumFields() {
			if (i+c)%4 == 0 || c == 3 {
				b.Field(c).AppendNull()
			} else {
				b.Field(c).AppendEmptyValue()
			}
		}
	}
	return b.NewRecordBatch()
}

func TestRejectsCoderKeepsAll(t *testing.T) {
	in := Rejects{Source: "a/b.parquet", RowGroup: 3, Refused: 7, Record: record()}
	b, err := encodeRejects(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeRejects(b)
	if err != nil || !array.RecordEqual(in.Record, out.Record) || out.Source != in.Source || out.RowGroup != in.RowGroup || out.Refused != in.Refused {
		t.Errorf("found %v, %v, expected %v", out, err, in)
	}
	for n := range len(b) / 7 {
		if _, err := decodeRejects(b[:n]); err == nil {
			t.Fatalf("no error from %d of %d bytes", n, len(b))
		}
	}
}

func TestColumnsCoderKeepsRecordAndProvenance(t *testing.T) {
	in := Columns{Source: "a/b.parquet", Taxi: "green", Variant: "v", Month: NoMonth, RowGroup: 3, FirstRow: 1 << 40, FileRow: 1 << 41, Record: record(), Skip: 1<<63 | 9, TaxiColumn: "color", Shares: recognised.Shares}
	b, err := encodeColumns(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeColumns(b)
	if err != nil {
		t.Fatal(err)
	}
	if !array.RecordEqual(in.Record, out.Record) || !in.Record.Schema().Equal(out.Record.Schema()) || in.Where(2) != out.Where(2) || in.Skip != out.Skip || in.Taxi != out.Taxi || in.Variant != out.Variant || in.Month != out.Month || in.FileRow != out.FileRow ||
		in.TaxiColumn != out.TaxiColumn || !reflect.DeepEqual(in.Shares, out.Shares) {
		t.Errorf("found %v, expected %v", out, in)
	}
	for n := range len(b) - 1 {
		if _, err := decodeColumns(b[:n/7]); err == nil {
			t.Fatalf("%d of %d bytes decode without error", n/7, len(b))
		}
	}
}

func TestColumnsOfCodesCrossAStageBoundaryAsValues(t *testing.T) {
	typ := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: TimestampMicrosUTC.Arrow()}
	b := array.NewBuilder(memory.DefaultAllocator, typ).(*array.TimestampDictionaryBuilder)
	values := array.NewBuilder(memory.DefaultAllocator, typ.ValueType).(*array.TimestampBuilder)
	for i := range 100 {
		if i%9 == 0 {
			b.AppendNull()
			values.AppendNull()
			continue
		}
		if err := b.Append(arrow.Timestamp(i % 7)); err != nil {
			t.Fatal(err)
		}
		values.Append(arrow.Timestamp(i % 7))
	}
	rec := func(typ arrow.DataType, a arrow.Array) arrow.RecordBatch {
		meta := arrow.NewMetadata([]string{"k"}, []string{"v"})
		return array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ, Nullable: true}, {Name: "n", Type: arrow.Null}}, &meta), []arrow.Array{a, array.NewNull(100)}, 100)
	}
	coded, err := encodeColumns(Columns{Source: "x", Record: rec(typ, b.NewArray())})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeColumns(coded)
	if want := rec(typ.ValueType, values.NewArray()); err != nil || !array.RecordEqual(got.Record, want) || !got.Record.Schema().Equal(want.Schema()) {
		t.Errorf("found %v, %v, expected %v", got.Record, err, want)
	}
}

func TestTableCoderKeepsNameAndRows(t *testing.T) {
	b, err := encodeTable(Table{Name: "t", Record: record()})
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeTable(b)
	if err != nil || out.Name != "t" || !array.RecordEqual(out.Record, record()) {
		t.Errorf("found %v, %v, expected the table that was coded", out, err)
	}
}

// FuzzDecodeColumns protects the coder from bytes that are not its own: an error, never a panic.
func FuzzDecodeColumns(f *testing.F) {
	b, err := encodeColumns(Columns{Source: "s", Record: record()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decodeColumns(b); err == nil && c.Record == nil {
			t.Error("found neither an error nor a record")
		}
	})
}
