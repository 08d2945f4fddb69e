package parquetio

import (
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
)

// TestSmallFilesAreReadAtOnceAndAsArrowReadsThem reads small files of each codec without a decoder, and compares their values.
func TestSmallFilesAreReadAtOnceAndAsArrowReadsThem(t *testing.T) {
	for _, codec := range []tlcgen.Codec{tlcgen.GZIP, tlcgen.ZSTD, tlcgen.Snappy, tlcgen.Uncompressed} {
		for _, groups := range []int{1, 3} {
			o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 61, RowGroups: groups, Codec: codec}
			path := filepath.Join(t.TempDir(), "t_2019-08.parquet")
			if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
				t.Fatal(err)
			}
			sameByBothDecoders(t, path)
			objects, err := objstore.Access{}.Match(t.Context(), []string{path})
			if err != nil {
				t.Fatal(err)
			}
			f, err := ReadFooter(t.Context(), objstore.Access{}, Files(objects)[0])
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range f.Columns {
				if c.Type != element.Unsupported && c.Type != element.String {
					f.Projection = append(f.Projection, i)
				}
			}
			r, err := openFile(t.Context(), objstore.Access{}, f)
			if err != nil {
				t.Fatal(err)
			}
			read := openTiny(f, r, element.Range{End: len(f.UnitRows)}, Config{})
			if read == nil {
				t.Fatalf("%v, %d row groups: a decoder reads it", codec, groups)
			}
			for range f.UnitRows {
				if err := read.Next(t.Context(), func(b source.Batch) {
					b.Record.Release()
					b.Done()
				}); err != nil || read.unusual != nil {
					t.Errorf("%v, %d row groups: a decoder reads it: %v", codec, groups, err)
				}
			}
			read.Close()
			f.MetadataSum++
			if openTiny(f, r, element.Range{End: len(f.UnitRows)}, Config{}) != nil {
				t.Errorf("%v: found no difference in another footer than before", codec)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestADecoderStartsWhenASmallFileIsOpened: its columns are then decoded side by side before their rows are needed. The last file is for comparison.
func TestADecoderStartsWhenASmallFileIsOpened(t *testing.T) {
	for codec, want := range map[compress.Compression]bool{compress.Codecs.Brotli: true, compress.Codecs.Lz4Raw: true, compress.Codecs.Snappy: false} {
		f := numbersFile(t, []string{"a", "b"}, 3, codec)
		f.Projection = []int{0, 1}
		r, err := openFile(t.Context(), objstore.Access{}, f)
		if err != nil {
			t.Fatal(err)
		}
		u, err := Format{}.Open(t.Context(), f, r, element.Range{End: 1}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, decoded := u.(*rowGroups); decoded != want {
			t.Errorf("%s: found %T, expected a decoder: %v", codec, u, want)
		}
		rows := int64(0)
		if err := u.Next(t.Context(), func(b source.Batch) { rows += b.Record.NumRows(); b.Record.Release(); b.Done() }); err != nil || rows != 3 {
			t.Errorf("%s: found %d rows and the error %v, expected 3", codec, rows, err)
		}
		u.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// unread is a file that must not be read.
type unread struct {
	objstore.Reader
	t *testing.T
}

func (u unread) ReadAt([]byte, int64) (int, error) {
	u.t.Error("the file is read, although the types of its columns are enough to know")
	return 0, nil
}

// TestASmallFileIsNotReadTwice has columns that only a decoder can read. The decoder reads the file itself, so openTiny must not.
func TestASmallFileIsNotReadTwice(t *testing.T) {
	for _, typ := range []element.ValueType{element.String, element.Decimal, element.Int96} {
		f := testFile(t, 5)
		f.Projection, f.Columns[0].Type = []int{0}, typ
		if openTiny(f, unread{t: t}, element.Range{End: 1}, Config{}) != nil {
			t.Errorf("type %d: found a reader without a decoder", typ)
		}
	}
}
