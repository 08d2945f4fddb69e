package parquetio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/io/objstore"
	"tripstats/io/parquetio/pages"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
)

// sameByBothDecoders reads every readable column of a file with arrow-go's decoder and with ours, to values and to codes, and compares
// them. It returns how many column chunks our decoder left to arrow-go's.
func sameByBothDecoders(t *testing.T, path string) int64 {
	t.Helper()
	objects, err := objstore.Access{}.Match(t.Context(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadFooter(t.Context(), objstore.Access{}, Files(objects)[0])
	if err != nil {
		t.Fatal(err)
	}
	f.UnitBytes = make([]int64, len(f.UnitRows))
	for i, c := range f.Columns {
		if c.Type != element.Unsupported {
			f.Projection = append(f.Projection, i)
		}
	}
	before := gaveUp.Load()
	var want []string
	for _, cfg := range []Config{{Library: true}, {}, {Codes: true}} {
		var got []string
		fn := &readFn{Config: cfg}
		rt := fn.CreateTracker(offsetrange.Restriction{Start: 0, End: int64(len(f.UnitRows))})
		if err := fn.ProcessElement(context.Background(), rt, workOf(f), func(l element.ColumnsList) {
			for _, c := range l.List {
				got = append(got, jsonOf(t, c.Record))
			}
		}); err != nil {
			t.Fatalf("%+v: %v", cfg, err)
		}
		if cfg.Library {
			want = got
		}
		for i := range max(len(want), len(got)) {
			if i >= len(want) || i >= len(got) || got[i] != want[i] {
				t.Fatalf("%s: %+v: batch %d differs from what arrow-go reads", path, cfg, i)
			}
		}
	}
	return gaveUp.Load() - before
}

// jsonOf renders a record by its values.
func jsonOf(t *testing.T, rec arrow.RecordBatch) string {
	t.Helper()
	plain, err := element.PlainRecord(rec)
	if err != nil {
		t.Fatal(err)
	}
	text, err := plain.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFilesLikeTLCsAreReadAsArrowReadsThemAndWithoutIt(t *testing.T) {
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2009, Month: 3}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2014, Month: 5}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, RowGroups: 3},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2022, Month: 1}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2023, Month: 5}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2025, Month: 2}, Codec: tlcgen.Snappy},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2026, Month: 7}, Codec: tlcgen.Uncompressed},
	} {
		o.Rows = 40_000
		path := filepath.Join(t.TempDir(), "t_"+o.Month.String()+".parquet")
		if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
		if n := sameByBothDecoders(t, path); n != 0 {
			t.Errorf("%s %v: %d column chunks were left to arrow-go", o.Taxi, o.Month, n)
		}
	}
}

// TestAColumnIsHandedOverInTheMiddle makes our decoder give up after some batches. arrow-go's reader must continue at the next row.
func TestAColumnIsHandedOverInTheMiddle(t *testing.T) {
	for _, codes := range []bool{false, true} {
		testHandOver(t, codes)
	}
}

func testHandOver(t *testing.T, codes bool) {
	const rows = 5*batchRows + 7
	f := testFile(t, 3, rows)
	for _, failAt := range []int{0, 1, 3, 5, 6} { // 6 is the check that nothing is left
		in, err := openFile(t.Context(), objstore.Access{}, f)
		if err != nil {
			t.Fatal(err)
		}
		table := new(chunkTable)
		if err := table.read(f, in, element.Range{End: 2}); err != nil {
			t.Fatal(err)
		}
		mem := newBudget(maxDecodeBytes)
		own := ownColumn(table, 0, f.Columns[0], in, mem, codes)
		s, calls, before := newStream(f, 0, own, readAhead), 0, gaveUp.Load()
		s.library = libraryColumn{table, 0, in, f.Size, parquet.NewReaderProperties(mem)}
		decode := own.decode
		own.decode = func(buf *buffer, n int) (arrow.Array, error) {
			if calls++; calls > failAt {
				return nil, pages.ErrForm
			}
			return decode(buf, n)
		}
		go func() {
			s.run(t.Context(), 1, 2)
			close(s.out)
		}()
		next := int64(3) // testFile's ids go on from row group to row group
		for c := range s.out {
			if c.err != nil {
				t.Fatal(c.err)
			}
			plain, err := element.Plain(c.array)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range plain.(*array.Int64).Int64Values() {
				if id != next {
					t.Fatalf("gave up at batch %d: found row %d, expected %d", failAt, id, next)
				}
				next++
			}
			s.free <- c.buf
		}
		if next != 3+rows || gaveUp.Load() != before+1 {
			t.Errorf("gave up at batch %d: %d rows, handed over %d times", failAt, next-3, gaveUp.Load()-before)
		}
		s.close()
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestColumnsComeAsCodesWhereTheFileHasThem checks that a batch has the dictionary of its own row group, although the decoder is
// already in later row groups when the batch is used.
func TestColumnsComeAsCodesWhereTheFileHasThem(t *testing.T) {
	const groups, rows = 40, 2000
	schema := arrow.NewSchema([]arrow.Field{{Name: "coded", Type: arrow.PrimitiveTypes.Float64, Nullable: true}, {Name: "plain", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	value := func(i int) (float64, bool) { return float64(i/rows*1000 + i%7), i%11 > 0 }
	for i := range groups * rows {
		if v, ok := value(i); ok {
			b.Field(0).(*array.Float64Builder).Append(v)
		} else {
			b.Field(0).AppendNull()
		}
		b.Field(1).(*array.Int64Builder).Append(int64(i))
	}
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy), parquet.WithMaxRowGroupLength(rows),
		parquet.WithDictionaryFor("plain", false)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(b.NewRecordBatch()), w.Close()); err != nil {
		t.Fatal(err)
	}
	f := readBack(t, out.Bytes())
	f.Projection = []int{0, 1}
	next := 0
	if err := Scan(t.Context(), f, Config{Codes: true}, func(c element.Columns) {
		coded := c.Record.Column(0).(*array.Dictionary)
		if typ := c.Record.Schema().Field(0).Type; !arrow.TypeEqual(typ, coded.DataType()) || c.Record.Column(1).DataType().ID() != arrow.INT64 {
			t.Fatalf("batch at row %d: %s and %s", next, typ, c.Record.Column(1).DataType())
		}
		time.Sleep(time.Millisecond) // what is decoded ahead is several row groups
		for i := range coded.Len() {
			v, ok := value(next)
			if coded.IsValid(i) != ok || ok && coded.Dictionary().(*array.Float64).Value(coded.GetValueIndex(i)) != v {
				t.Fatalf("row %d: found %s, expected %v, %v", next, coded.ValueStr(i), v, ok)
			}
			next++
		}
	}); err != nil {
		t.Fatal(err)
	}
	if next != groups*rows {
		t.Errorf("%d rows, expected %d", next, groups*rows)
	}
}

// TestFilesWithLargePagesAreReadWhateverOurDecoderMayTake has pages that need more memory than our decoder may use, and less than
// arrow-go's readers may. Which columns are handed over depends on which is decoded first.
func TestFilesWithLargePagesAreReadWhateverOurDecoderMayTake(t *testing.T) {
	const rows, columns = 1_000_000, 14
	var fields []arrow.Field
	for i := range columns {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", i), Type: arrow.PrimitiveTypes.Int64})
	}
	values := make([]int64, rows)
	want := int64(0)
	for i := range values {
		values[i] = int64(i*i) % 251
		want += columns * values[i]
	}
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	a := b.NewArray()
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), slices.Repeat([]arrow.Array{a}, columns), rows)
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(rec.Schema(), &out, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Gzip), parquet.WithCompressionLevel(1),
		parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(1<<30), parquet.WithMaxRowGroupLength(1<<30)), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	f := readBack(t, out.Bytes())
	for i := range f.Columns {
		f.Projection = append(f.Projection, i)
	}
	for range 3 {
		got, before := int64(0), gaveUp.Load()
		if err := Scan(t.Context(), f, Config{}, func(c element.Columns) {
			for _, col := range c.Record.Columns() {
				for _, v := range col.(*array.Int64).Int64Values() {
					got += v
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if got != want || gaveUp.Load() == before {
			t.Errorf("found a sum of %d, expected %d; %d columns were handed over, expected some", got, want, gaveUp.Load()-before)
		}
	}
}

func TestRealFilesAreReadAsArrowReadsThemAndWithoutIt(t *testing.T) {
	root := os.Getenv("TRIPSTATS_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the real files are not at %s (TRIPSTATS_DATA)", root)
	}
	files := 0
	if err := filepath.WalkDir(filepath.Join(root, "raw_data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		files++
		if n := sameByBothDecoders(t, path); n != 0 {
			t.Errorf("%s: %d column chunks were left to arrow-go", d.Name(), n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("no files in raw_data")
	}
}
