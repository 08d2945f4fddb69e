package sourcetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/io/parquetio"
	"tripstats/io/source/sourcetest"
	"tripstats/testdata/lines"
)

// rows are made-up rows with nulls, and the same as text.
func rows(n int) (arrow.RecordBatch, sourcetest.File) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
		{Name: "amount", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "word", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	var want sourcetest.File
	for _, f := range schema.Fields() {
		want.Columns = append(want.Columns, f.Name)
	}
	for i := range n {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		b.Field(1).(*array.TimestampBuilder).Append(arrow.Timestamp(i % 7 * 1e6))
		b.Field(3).(*array.StringBuilder).Append(fmt.Sprint("w", i%11))
		if i%5 == 0 {
			b.Field(2).AppendNull()
		} else {
			b.Field(2).(*array.Float64Builder).Append(float64(i%9) / 4)
		}
	}
	rec := b.NewRecordBatch()
	for i := range n {
		var row []string
		for _, c := range rec.Columns() {
			row = append(row, c.ValueStr(i))
		}
		want.Rows = append(want.Rows, row)
	}
	return rec, want
}

func TestParquet(t *testing.T) {
	var files []sourcetest.File
	for name, groups := range map[string]int64{"one.parquet": 50_000, "many.parquet": 700, "name without an ending": 900} {
		rec, want := rows(3_000)
		want.Path = filepath.Join(t.TempDir(), name)
		f, err := os.Create(want.Path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := pqarrow.NewFileWriter(rec.Schema(), f, parquet.NewWriterProperties(parquet.WithMaxRowGroupLength(groups)), pqarrow.DefaultWriterProps())
		if err == nil {
			err = w.Write(rec)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, want)
	}
	sourcetest.Conform(t, parquetio.Format{}, files...)
}

// TestAFormatOfSomebodyElse has a format pass that is not the program's.
func TestAFormatOfSomebodyElse(t *testing.T) {
	var files []sourcetest.File
	for _, n := range []int{0, 1, lines.UnitRows, 3*lines.UnitRows + 7} {
		rec, want := rows(n)
		want.Path = filepath.Join(t.TempDir(), fmt.Sprintf("%d.lines", n))
		f, err := os.Create(want.Path)
		if err == nil {
			err = lines.Write(f, rec)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, want)
	}
	sourcetest.Conform(t, lines.Format{}, files...)
}
