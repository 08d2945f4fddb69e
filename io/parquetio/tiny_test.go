package parquetio

import (
	"path/filepath"
	"testing"

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
