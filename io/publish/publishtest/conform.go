// Package publishtest has the test that every format of package publish must pass.
package publishtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/publish"
)

// schema has a column of each type that tables have.
var schema = arrow.NewSchema([]arrow.Field{
	{Name: "taxi", Type: arrow.BinaryTypes.String},
	{Name: "year", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "month_start", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "trips", Type: arrow.PrimitiveTypes.Int64},
	{Name: "average", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "sum", Type: &arrow.Decimal128Type{Precision: 38, Scale: 6}, Nullable: true},
}, nil)

// table has the values at which formats differ.
func table() arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	row := func(taxi string, year int32, day arrow.Date32, trips int64, average float64, sum decimal128.Num) {
		b.Field(0).(*array.StringBuilder).Append(taxi)
		b.Field(1).(*array.Int32Builder).Append(year)
		b.Field(2).(*array.Date32Builder).Append(day)
		b.Field(3).(*array.Int64Builder).Append(trips)
		b.Field(4).(*array.Float64Builder).Append(average)
		b.Field(5).(*array.Decimal128Builder).Append(sum)
	}
	row("yellow", 2019, 18109, 1, 0.1, decimal128.FromI64(1))
	row("", -1, -1, 0, 1.0/3, decimal128.FromI64(0))
	row(`a "quoted", word; 'x'`, math.MaxInt32, 0, math.MaxInt64, math.MaxFloat64, decimal128.MaxDecimal128)
	row("日本 é", math.MinInt32, 30000, math.MinInt64, -math.SmallestNonzeroFloat64, decimal128.FromI64(-1_234_567))
	for i, f := range b.Fields() { // nulls, where these may be
		switch {
		case schema.Field(i).Nullable:
			f.AppendNull()
		default:
			f.AppendEmptyValue()
		}
	}
	return b.NewRecordBatch()
}

// Conform tests what [publish.Format] promises.
func Conform(t *testing.T, format publish.Format) {
	t.Helper()
	if name, ending := format.Name(), format.Ending(); name == "" || name != strings.ToLower(name) || !strings.HasPrefix(ending, ".") || strings.Contains(ending, "/") {
		t.Errorf("found the name %q and the ending %q, expected lower case, and a dot first", name, ending)
	}
	whole := table()
	for name, rec := range map[string]arrow.RecordBatch{"rows": whole, "no rows": whole.NewSlice(0, 0), "one row": whole.NewSlice(1, 2)} {
		t.Run(name, func(t *testing.T) { conform(t, format, rec) })
	}
}

var meta = []publish.Meta{{Key: "tripstats.quality", Value: "raw"}}

func conform(t *testing.T, format publish.Format, rec arrow.RecordBatch) {
	var out closable
	if err := format.Write(&out, rec, meta); err != nil {
		t.Fatal(err)
	}
	if out.closed {
		t.Error("Write closes what it writes to")
	}
	var again bytes.Buffer
	if err := format.Write(&again, rec, meta); err != nil || !bytes.Equal(again.Bytes(), out.Bytes()) {
		t.Errorf("the same table gives other bytes, %v", err)
	}
	back, err := format.Read(out.Bytes(), schema)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Release()
	if back.NumRows() != rec.NumRows() || back.NumCols() != rec.NumCols() {
		t.Fatalf("found %d rows of %d columns, expected %d of %d", back.NumRows(), back.NumCols(), rec.NumRows(), rec.NumCols())
	}
	for i, f := range schema.Fields() {
		col := back.Column(i)
		if typ := col.DataType(); col.Name() != f.Name || !arrow.TypeEqual(typ, f.Type) && typ.ID() != arrow.STRING {
			t.Errorf("found the column %s of %s, expected %s of %s or of text", col.Name(), typ, f.Name, f.Type)
		}
		row := 0
		for _, chunk := range col.Data().Chunks() {
			for k := range chunk.Len() {
				if got, want := chunk.ValueStr(k), rec.Column(i).ValueStr(row); got != want {
					t.Errorf("column %s, row %d: found %q, expected %q", f.Name, row, got, want)
				}
				row++
			}
		}
	}
	for room := 0; room < out.Len(); room += 1 + out.Len()/20 {
		if err := format.Write(&full{room}, rec, meta); !errors.Is(err, errFull) {
			t.Errorf("with room for %d of %d bytes: found %v, expected %v", room, out.Len(), err, errFull)
		}
	}
	for n := range out.Len() { // what is cut short is an error, or rows that are whole
		if err := readCut(format, out.Bytes()[:n]); err != nil {
			t.Errorf("%d of %d bytes: %v", n, out.Len(), err)
		}
	}
}

// readCut reads damaged content, and tells of a panic alone.
func readCut(format publish.Format, content []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if t, err := format.Read(content, schema); err == nil {
		t.Release()
	}
	return nil
}

type closable struct {
	bytes.Buffer
	closed bool
}

func (c *closable) Close() error { c.closed = true; return nil }

var errFull = errors.New("no room is left")

// full is a writer with room for so many bytes.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		n := f.room
		f.room = 0
		return n, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

var _ io.Closer = (*closable)(nil)
