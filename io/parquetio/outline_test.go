package parquetio

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/parquetio/thrift"
	"tripstats/transforms/element"
)

// madeFile returns a file with one INT64 column and no rows. change changes the column's schema element.
func madeFile(t *testing.T, groups []byte, element func(w *thrift.Writer)) []byte {
	t.Helper()
	text := func(s string) []byte { return append(binary.AppendUvarint(nil, uint64(len(s))), s...) }
	w := thrift.Writer{}
	w.Int(footerVersion, thrift.Int32, 1)
	w.List(footerSchema, thrift.Struct, 2)
	w.Element(func(w *thrift.Writer) {
		w.Raw(4, thrift.Binary, text("schema"))
		w.Int(nodeChildren, thrift.Int32, 1)
	})
	w.Element(func(w *thrift.Writer) {
		w.Int(1, thrift.Int32, 2)
		w.Int(3, thrift.Int32, 1)
		w.Raw(4, thrift.Binary, text("a"))
		element(w)
	})
	w.Int(footerRows, thrift.Int64, 0)
	w.Raw(footerGroups, thrift.List, groups)
	footer := append(w.Bytes, 0)
	out := append([]byte("PAR1"), footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), "PAR1"...)
}

func TestAFooterIsReadAsFarAsItIsUnderstood(t *testing.T) {
	typed := []byte{0x0c} // an empty list of structs
	logical := func(id int64, contents func(*thrift.Writer)) func(*thrift.Writer) {
		return func(w *thrift.Writer) {
			w.Struct(nodeLogical, func(w *thrift.Writer) { w.Struct(id, contents) })
		}
	}
	nothing := func(*thrift.Writer) {}
	for name, c := range map[string]struct {
		file []byte
		typ  element.ValueType
	}{
		"an empty list without a type": {madeFile(t, []byte{0x00}, nothing), element.Int64},
		"a logical type of the future": {madeFile(t, typed, logical(30, nothing)), element.Unsupported},
		"an integer of 65 bits":        {madeFile(t, typed, logical(10, func(w *thrift.Writer) { w.Raw(1, 3, []byte{65}); w.Raw(2, thrift.True, nil) })), element.Unsupported},
		"a timestamp in a future unit": {madeFile(t, typed, logical(8, func(w *thrift.Writer) {
			w.Raw(1, thrift.True, nil)
			w.Struct(2, func(w *thrift.Writer) { w.Struct(9, nothing) })
		})), element.Unsupported},
		"a null type":                       {madeFile(t, typed, logical(11, nothing)), element.Null},
		"an integer that became null":       {madeFile(t, typed, logical(11, func(w *thrift.Writer) { w.Raw(1, 3, []byte{64}) })), element.Unsupported},
		"a field of the future":             {madeFile(t, typed, func(w *thrift.Writer) { w.Struct(40, nothing) }), element.Int64},
		"a map of the future in an element": {madeFile(t, typed, func(w *thrift.Writer) { w.Raw(41, 11, []byte{1, 0x55, 2, 2}) }), element.Int64},
	} {
		f, err := tryReadBack(t, c.file)
		if err != nil || len(f.Columns) != 1 || f.Columns[0].Type != c.typ {
			t.Errorf("%s: found %v, %v, expected type %v", name, f.Columns, err, c.typ)
		}
	}
}

// TestFilesOfOtherWritersAreDescribed reads real files that a stricter reader refuses.
func TestFilesOfOtherWritersAreDescribed(t *testing.T) {
	dir := os.Getenv("TRIPSTATS_DATA")
	if dir == "" {
		t.Skip("no real data: TRIPSTATS_DATA is not set")
	}
	for name, want := range map[string]struct {
		rows    int64
		columns int
	}{
		"wild/yellow_2025-02_fastparquet.parquet": {5000, 20},
		"wild/unknown_logical_type.parquet":       {3, 2},
	} {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Skipf("no real data: %v", err)
		}
		f, err := tryReadBack(t, content)
		if err != nil || f.Rows != want.rows || len(f.Columns) != want.columns {
			t.Errorf("%s: found %d rows, %d columns, %v, expected %+v", name, f.Rows, len(f.Columns), err, want)
		}
	}
}

// TestNarrowKeepsWhatIsRead reads a footer before it is narrowed, one that is narrowed and kept, and one that is read again. What arrow-go gets of a column
// chunk is what it makes of the whole footer.
func TestNarrowKeepsWhatIsRead(t *testing.T) {
	f := testFile(t, 10, 20)
	f.Projection = []int{0, 2}
	narrowed, err := Narrow(f)
	if err != nil {
		t.Fatal(err)
	}
	if narrowed.Metadata != nil || len(narrowed.Columns) != 2 || narrowed.Columns[1].Name != f.Columns[2].Name || narrowed.Columns[1].ChunkBytes != nil {
		t.Errorf("a local file keeps a footer of %d bytes and columns %+v", len(narrowed.Metadata), narrowed.Columns)
	}
	content, err := os.ReadFile(f.URI)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := wholeFooter(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	far := f
	far.URI, far.Metadata = "https://example.com/x.parquet", whole
	if far, err = Narrow(far); err != nil || len(far.Metadata) == 0 || len(far.Metadata) >= len(whole) {
		t.Errorf("a remote file keeps %d of %d bytes, %v", len(far.Metadata), len(whole), err)
	}
	parsedWhole, err := parsed(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]element.Recognised{"read again": narrowed, "kept": far, "not narrowed": f} {
		for start := range len(f.UnitRows) {
			table, groups := new(chunkTable), element.Range{Start: start, End: len(f.UnitRows)}
			if err := table.read(file, bytes.NewReader(content), groups); err != nil || len(table.chunks) != 2*(groups.End-start) {
				t.Fatalf("%s: found %d column chunks, %v", name, len(table.chunks), err)
			}
			for g := start; g < groups.End; g++ {
				for column, leaf := range f.Projection {
					meta, err := table.forLibrary(g, column)
					if err != nil || meta.Schema.Column(0).Name() != f.Columns[leaf].Name || meta.NumRows != f.UnitRows[g] || meta.GetCreatedBy() != parsedWhole.GetCreatedBy() {
						t.Fatalf("%s: row group %d, column %d: found %v, %v", name, g, column, meta, err)
					}
					a, b := parsedWhole.RowGroups[g].Columns[leaf].MetaData, meta.RowGroups[0].Columns[0].MetaData
					if a.Type != b.Type || a.DataPageOffset != b.DataPageOffset || a.GetDictionaryPageOffset() != b.GetDictionaryPageOffset() ||
						a.TotalCompressedSize != b.TotalCompressedSize || a.NumValues != b.NumValues || a.Codec != b.Codec {
						t.Errorf("%s: row group %d, column %d: found %v, expected %v", name, g, column, b, a)
					}
				}
			}
		}
	}
	narrowed.MetadataSum++
	if err := new(chunkTable).read(narrowed, bytes.NewReader(content), element.Range{End: 2}); err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Errorf("another footer than before: found %v", err)
	}
}

// wholeFooter returns what a remote file keeps of its footer before it is narrowed.
func wholeFooter(r io.ReaderAt, size int64) (kept []byte, err error) {
	err = withFooter(r, size, func(raw []byte) error {
		o, err := outlineOf(raw)
		if err == nil {
			kept, err = o.footer(nil)
		}
		return err
	})
	return kept, err
}
