package parquetio

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/io/parquetio/thrift"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
)

// replaced returns a parquet file in whose footer change has changed the column chunks.
func replaced(t *testing.T, content []byte, change func(group int, chunks []columnChunk)) []byte {
	t.Helper()
	var o *outline
	if err := withFooter(bytes.NewReader(content), int64(len(content)), func(raw []byte) (err error) {
		o, err = outlineOf(bytes.Clone(raw))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	w := o.head(nil, 256)
	w.List(footerGroups, thrift.Struct, o.groups)
	if err := o.eachGroup(func(i int, g rowGroup) error {
		change(i, g.chunks)
		w.Element(func(w *thrift.Writer) {
			w.List(groupColumns, thrift.Struct, len(g.chunks))
			for _, c := range g.chunks {
				w.Element(c.write)
			}
			w.Int(groupBytes, thrift.Int64, 0)
			w.Int(groupRows, thrift.Int64, g.rows)
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	footer := o.tail(w)
	end := len(content) - 8 - int(binary.LittleEndian.Uint32(content[len(content)-8:]))
	out := append(bytes.Clone(content[:end]), footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), "PAR1"...)
}

func TestColumnChunksInEachOthersPlaceAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "yellow_tripdata_2023-05.parquet")
	if _, err := tlcgen.WriteFile(t.Context(), path, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: 400, RowGroups: 2}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	move := func(c *columnChunk, id int, by int64) { c.numbers[id] += by }
	for name, c := range map[string]struct {
		change func(group int, chunks []columnChunk)
		want   string // in the error; "" for a file that is read
	}{
		"as written": {func(int, []columnChunk) {}, ""},
		"a dictionary in another column's place": {func(_ int, c []columnChunk) {
			c[2].numbers[metaDictionary] = c[0].numbers[metaDictionary]
		}, "within the bytes"},
		"one column's place for two": {func(_ int, c []columnChunk) {
			typ := c[2].numbers[metaType]
			c[2].numbers = c[0].numbers
			c[2].numbers[metaType] = typ
		}, "within the bytes"},
		"one row group's place for two": {func() func(int, []columnChunk) {
			var first [len(chunkNumbers)]int64
			return func(group int, c []columnChunk) {
				if group == 0 {
					first = c[0].numbers
				}
				c[0].numbers = first
			}
		}(), "within the bytes"},
		"a size that goes into the next": {func(_ int, c []columnChunk) { move(&c[0], metaBytes, 1) }, "within the bytes"},
		"a size that is too short":       {func(_ int, c []columnChunk) { move(&c[0], metaBytes, -15) }, ""},
		"a dictionary after the values": {func(_ int, c []columnChunk) {
			c[0].numbers[metaDictionary] = c[0].numbers[metaFirstPage] + 1
		}, "dictionary after its first data page"},
		"no dictionary, with 0 for its place": {func(_ int, c []columnChunk) {
			c[0].numbers[metaFirstPage], c[0].numbers[metaDictionary] = c[0].numbers[metaDictionary], 0
		}, ""},
		"a dictionary where the values begin": {func(_ int, c []columnChunk) {
			c[0].numbers[metaFirstPage] = c[0].numbers[metaDictionary]
		}, ""},
		"no values, in another's place": {func(_ int, c []columnChunk) {
			c[0].numbers[metaFirstPage], c[0].numbers[metaDictionary], c[0].numbers[metaValues] = c[2].numbers[metaFirstPage], 0, 0
		}, ""},
		"no bytes, in another's place": {func(_ int, c []columnChunk) {
			c[0].numbers[metaFirstPage], c[0].numbers[metaDictionary], c[0].numbers[metaBytes] = c[2].numbers[metaFirstPage]+1, 0, 0
		}, ""},
	} {
		_, err := tryReadBack(t, replaced(t, content, c.change))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", name, err, c.want)
		}
	}
}

// TestTheFirstPageIsTheDictionaryThatTheFooterSays has a column without a dictionary, and a footer that says it begins with one.
func TestTheFirstPageIsTheDictionaryThatTheFooterSays(t *testing.T) {
	for _, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Brotli} { // our decoder, arrow-go's
		form := pageForm{typ: testSchema.Field(0).Type, codec: codec, encoding: parquet.Encodings.Plain}
		f := readBack(t, replaced(t, form.write(t, 100, false, parquet.DataPageV1), func(_ int, c []columnChunk) {
			c[0].has |= 1 << metaDictionary
			c[0].numbers[metaDictionary] = c[0].numbers[metaFirstPage]
			c[0].numbers[metaFirstPage]++
		}))
		f.Projection = []int{0}
		for _, cfg := range []Config{{}, {Library: true}} {
			err := Scan(context.Background(), f, cfg, func(element.Columns) {})
			if err == nil || !strings.Contains(err.Error(), "the footer says that the dictionary begins") {
				t.Errorf("%s, library=%v: found %v", codec, cfg.Library, err)
			}
		}
	}
}
