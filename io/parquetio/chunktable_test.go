package parquetio

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/transforms/element"
)

// numbersFile returns a file with columns of the given names. The values of column i are 1000 i, 1000 i + 1 and so on. Its projection has no columns.
func numbersFile(t testing.TB, names []string, rows int, codec compress.Compression, more ...parquet.WriterProperty) element.Recognised {
	t.Helper()
	var fields []arrow.Field
	for _, name := range names {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64})
	}
	schema := arrow.NewSchema(fields, nil)
	var buf bytes.Buffer
	more = append(more, parquet.WithStats(false), parquet.WithDictionaryDefault(false), parquet.WithCompression(codec))
	w, err := pqarrow.NewFileWriter(schema, &buf, parquet.NewWriterProperties(more...), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range names {
		for row := range rows {
			b.Field(i).(*array.Int64Builder).Append(int64(1000*i + row))
		}
	}
	record := b.NewRecordBatch()
	defer record.Release()
	if err := w.Write(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return readBack(t, buf.Bytes())
}

// narrowedTo narrows the footer of f to the given columns. It returns the file and its content.
func narrowedTo(t testing.TB, f element.Recognised, columns ...int) (element.Recognised, *bytes.Reader) {
	t.Helper()
	f.Projection, f.UnitBytes = columns, f.Columns[columns[0]].ChunkBytes
	f, err := Narrow(f)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(f.URI)
	if err != nil {
		t.Fatal(err)
	}
	return f, bytes.NewReader(content)
}

// TestAnOpenFileKeepsTheSchemaOfItsColumnsAlone has schemas that are too long to be shared by files.
func TestAnOpenFileKeepsTheSchemaOfItsColumnsAlone(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	var many []string
	for i := range 800 {
		many = append(many, fmt.Sprintf("some_column_%05d", i))
	}
	for name, f := range map[string]element.Recognised{
		"a long name of another column": numbersFile(t, []string{"a", long, "b"}, 3, compress.Codecs.Uncompressed),
		"a long name of the schema":     numbersFile(t, []string{"a", "b"}, 3, compress.Codecs.Uncompressed, parquet.WithRootName(long)),
		"many columns":                  numbersFile(t, many, 3, compress.Codecs.Uncompressed),
	} {
		last := len(f.Columns) - 1
		f, content := narrowedTo(t, f, last, 0)
		tables := make([]chunkTable, 8)
		before := inUse()
		for i := range tables {
			if err := tables[i].read(f, content, element.Range{End: 1}); err != nil {
				t.Fatal(err)
			}
		}
		const most = 256 << 10
		if took := inUse() - before; took > most {
			t.Errorf("%s: %d open files take %d bytes, expected at most %d", name, len(tables), took, most)
		}
		if got := tables[1].column(0).Name(); got != f.Columns[0].Name {
			t.Errorf("%s: found column %q, expected %q", name, got, f.Columns[0].Name)
		}
		runtime.KeepAlive(tables)
		for _, library := range []bool{false, true} {
			var rows []string
			err := Scan(t.Context(), f, Config{Library: library}, func(c element.Columns) {
				rows = append(rows, fmt.Sprint(c.Record.Column(0), c.Record.Column(1)))
			})
			want := []string{fmt.Sprintf("[%d %d %d] [0 1 2]", 1000*last, 1000*last+1, 1000*last+2)}
			if err != nil || !slices.Equal(rows, want) {
				t.Errorf("%s: found %s and the error %v, expected %s", name, rows, err, want)
			}
		}
	}
}

// TestAFooterOfTooFewRowGroupsIsRefused reads a kept footer. Nothing else compares a kept footer with what was described.
func TestAFooterOfTooFewRowGroupsIsRefused(t *testing.T) {
	f := testFile(t, 10, 20)
	content, err := os.ReadFile(f.URI)
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata, err = wholeFooter(bytes.NewReader(content), f.Size); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]int64{nil, {20}, {0, 0}} {
		file := f
		file.UnitRows = append(slices.Clone(f.UnitRows), more...)
		err := new(chunkTable).read(file, nil, element.Range{Start: 1, End: len(file.UnitRows)})
		if (err != nil) != (len(more) > 0) {
			t.Errorf("a footer of 2 row groups for a file of %d: found the error %v", len(file.UnitRows), err)
		}
	}
}

// TestWhatArrowGetsOfAColumnDoesNotGrowWithTheOtherColumns matters for files of many row groups: arrow-go gets a footer for each column
// chunk.
func TestWhatArrowGetsOfAColumnDoesNotGrowWithTheOtherColumns(t *testing.T) {
	var names []string
	for i := range 800 {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	f, content := narrowedTo(t, numbersFile(t, names, 3, compress.Codecs.Uncompressed), len(names)-1)
	var table chunkTable
	if err := table.read(f, content, element.Range{End: 1}); err != nil {
		t.Fatal(err)
	}
	const times, most = 10, 40 << 10
	took := allocated(func() {
		for range times {
			if meta, err := table.forLibrary(0, 0); err != nil || meta.Schema.Column(0).Name() != f.Columns[0].Name {
				t.Fatalf("found %v, %v", meta, err)
			}
		}
	})
	if took /= times; took > most {
		t.Errorf("found %d bytes for a column chunk, expected at most %d", took, most)
	} else {
		t.Logf("%d bytes for a column chunk", took)
	}
}

// TestAColumnChunkTakesFewBytesWhileAFileIsRead keeps the estimate of package source true: a file may have a hundred thousand column chunks.
func TestAColumnChunkTakesFewBytesWhileAFileIsRead(t *testing.T) {
	const most = 40 // source.chunkBytes
	if size := unsafe.Sizeof(neededChunk{}); size > most {
		t.Errorf("found %d bytes, expected at most %d", size, most)
	}
}

// TestAColumnChunkTakesFewBytesWhileItIsFetched is about remote files: a column chunk may have a request of its own.
func TestAColumnChunkTakesFewBytesWhileItIsFetched(t *testing.T) {
	const (
		most     = 256                           // source.fetchedBytes
		channel  = 96                            // of the request
		pointers = 4 * unsafe.Sizeof(uintptr(0)) // to the request and to the part
	)
	if size := unsafe.Sizeof(request{}) + unsafe.Sizeof(part{}) + channel + pointers; size > most {
		t.Errorf("found %d bytes, expected at most %d", size, most)
	} else {
		t.Logf("%d bytes", size)
	}
}

// TestOnlyColumnsThatAreJoinedFromPartsAreReadAsTexts has lists of encodings as footers have them.
func TestOnlyColumnsThatAreJoinedFromPartsAreReadAsTexts(t *testing.T) {
	const plain, rle, packed, parts = 0 << 1, 3 << 1, 4 << 1, 7 << 1
	for _, c := range []struct {
		encodings []byte
		want      bool
	}{
		{[]byte{0x15, parts}, true},
		{[]byte{0x35, rle, parts, packed}, true},
		{[]byte{0x25, parts, plain}, false},
		{[]byte{0x15, rle}, false},
		{[]byte{0x05}, false},
		{[]byte{0x25, parts}, false}, // it is cut off
		{nil, false},
	} {
		if got := partsOnly(c.encodings); got != c.want {
			t.Errorf("%x: found %v, expected %v", c.encodings, got, c.want)
		}
	}
}
