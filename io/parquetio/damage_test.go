package parquetio

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"tripstats/transforms/element"
)

// pageForm is how the one column of a file is written.
type pageForm struct {
	name       string
	typ        arrow.DataType
	codec      compress.Compression
	dictionary bool
	encoding   parquet.Encoding
	int96      bool
}

var pageForms = []pageForm{
	{name: "plain", typ: arrow.PrimitiveTypes.Int64, encoding: parquet.Encodings.Plain},
	{name: "plain, narrow", typ: arrow.PrimitiveTypes.Float32, codec: compress.Codecs.Gzip, encoding: parquet.Encodings.Plain},
	{name: "plain, Snappy", typ: arrow.PrimitiveTypes.Float64, codec: compress.Codecs.Snappy, encoding: parquet.Encodings.Plain},
	{name: "plain, Brotli", typ: arrow.PrimitiveTypes.Float64, codec: compress.Codecs.Brotli, encoding: parquet.Encodings.Plain},
	{name: "dictionary", typ: arrow.PrimitiveTypes.Int64, codec: compress.Codecs.Zstd, dictionary: true},
	{name: "dictionary, Brotli", typ: arrow.PrimitiveTypes.Int32, codec: compress.Codecs.Brotli, dictionary: true},
	{name: "deltas", typ: arrow.PrimitiveTypes.Int64, codec: compress.Codecs.Snappy, encoding: parquet.Encodings.DeltaBinaryPacked},
	{name: "deltas, narrow", typ: arrow.PrimitiveTypes.Int32, encoding: parquet.Encodings.DeltaBinaryPacked},
	{name: "bytes apart", typ: arrow.PrimitiveTypes.Float64, encoding: parquet.Encodings.ByteStreamSplit},
	{name: "int96", typ: &arrow.TimestampType{Unit: arrow.Microsecond}, encoding: parquet.Encodings.Plain, int96: true},
	{name: "texts", typ: arrow.BinaryTypes.String, codec: compress.Codecs.Snappy, encoding: parquet.Encodings.Plain},
	{name: "texts, dictionary", typ: arrow.BinaryTypes.String, dictionary: true},
	{name: "texts, lengths as deltas", typ: arrow.BinaryTypes.String, encoding: parquet.Encodings.DeltaLengthByteArray},
	{name: "decimals", typ: &arrow.Decimal128Type{Precision: 10, Scale: 2}, codec: compress.Codecs.Zstd, encoding: parquet.Encodings.Plain},
	{name: "decimals, dictionary", typ: &arrow.Decimal128Type{Precision: 10, Scale: 2}, codec: compress.Codecs.Snappy, dictionary: true},
	{name: "decimals, bytes apart", typ: &arrow.Decimal256Type{Precision: 40, Scale: 2}, encoding: parquet.Encodings.ByteStreamSplit},
	{name: "texts, of parts", typ: arrow.BinaryTypes.String, codec: compress.Codecs.Lz4Raw, encoding: parquet.Encodings.DeltaByteArray},
}

// write makes a file with one nullable column; if it has nulls, every tenth row is null. The last values are zeros, whose bytes look
// like padding.
func (f pageForm) write(t testing.TB, rows int, nulls bool, version parquet.DataPageVersion) []byte {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, f.typ)
	defer b.Release()
	for i := range rows {
		v := i * 7919 % 1000
		if i >= rows-3 {
			v = 0
		}
		switch {
		case nulls && i%10 == 3:
			b.AppendNull()
		default:
			if err := b.AppendValueFromString(f.text(v)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a := b.NewArray()
	defer a.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: "total_amount", Type: f.typ, Nullable: true}}, nil)
	rec := array.NewRecordBatch(schema, []arrow.Array{a}, int64(rows))
	defer rec.Release()
	options := []parquet.WriterProperty{
		parquet.WithDictionaryDefault(f.dictionary), parquet.WithCompression(f.codec), parquet.WithDataPageVersion(version), parquet.WithBatchSize(1 << 20), parquet.WithStats(false),
	}
	if !f.dictionary {
		options = append(options, parquet.WithEncoding(f.encoding))
	}
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(options...), pqarrow.NewArrowWriterProperties(pqarrow.WithDeprecatedInt96Timestamps(f.int96)))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// text returns a value of the form's type as text.
func (f pageForm) text(v int) string {
	if f.typ.ID() == arrow.TIMESTAMP {
		return fmt.Sprintf("2023-05-01 00:%02d:%02d", v/60%60, v%60)
	}
	return fmt.Sprint(v)
}

// readAll reads the first column of a file and returns its rows and values.
func readAll(t testing.TB, f element.Recognised, cfg Config) (rows int64, values []string, err error) {
	f.Projection = []int{0}
	err = Scan(t.Context(), f, cfg, func(c element.Columns) {
		rows += c.Record.NumRows()
		plain, err := element.Plain(c.Record.Column(0))
		if err != nil {
			t.Fatal(err)
		}
		for i := range plain.Len() {
			values = append(values, plain.ValueStr(i))
		}
	})
	return rows, values, err
}

var bothDecoders = map[string]Config{"own": {}, "own, codes": {Codes: true}, "library": {Library: true}}

func TestEveryEncodingIsReadWithEitherDecoder(t *testing.T) {
	for _, form := range pageForms {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			for _, rows := range []int{1, 100, 10_000} {
				for decoder, cfg := range bothDecoders {
					f := readBack(t, form.write(t, rows, true, version))
					n, values, err := readAll(t, f, cfg)
					if err != nil || n != int64(rows) {
						t.Fatalf("%s, %v, %s: %d of %d rows, %v", form.name, version, decoder, n, rows, err)
					}
					for i, got := range values {
						want := form.text(i * 7919 % 1000)
						if i >= rows-3 {
							want = form.text(0)
						}
						if i%10 == 3 {
							want = array.NullValueStr
						}
						if form.typ.ID() == arrow.TIMESTAMP {
							continue // as bytes
						}
						if got != want {
							t.Fatalf("%s, %v, %s: row %d: found %s, expected %s", form.name, version, decoder, i, got, want)
						}
					}
				}
			}
		}
	}
}

// TestAColumnThatTheFooterFalselyCallsRequiredIsDamage flips the bit in the footer that says whether a column may be null. Its pages
// have definition levels before their values, so each page has too many bytes, with or without nulls.
func TestAColumnThatTheFooterFalselyCallsRequiredIsDamage(t *testing.T) {
	for _, form := range pageForms {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			for _, rows := range []int{100, 10_000} {
				for _, nulls := range []bool{false, true} {
					data := form.write(t, rows, nulls, version)
					optional := []byte("\x02\x18\x0ctotal_amount") // the repetition type and the name of a SchemaElement
					at := bytes.LastIndex(data, optional)
					if at < 0 {
						t.Fatalf("%s: the footer has no column as it was written", form.name)
					}
					data[at] ^= 2
					f := readBack(t, data)
					for decoder, cfg := range bothDecoders {
						n, _, err := readAll(t, f, cfg)
						if err == nil || !strings.Contains(err.Error(), "the file is damaged") {
							t.Errorf("%s, %v, %d rows, nulls=%v, %s: read %d rows, %v; expected damage", form.name, version, rows, nulls, decoder, n, err)
						}
					}
				}
			}
		}
	}
}

// TestRowsAreBoundedByBytes has footers that claim many rows of a column of nulls, which needs no pages.
func TestRowsAreBoundedByBytes(t *testing.T) {
	for _, c := range []struct {
		rows []int64
		size int64
		ok   bool
	}{
		{[]int64{0, 1, 1 << 20}, 700, true},
		{[]int64{1 << 24}, 700, true},
		{[]int64{1e12}, 631, false},
		{[]int64{1 << 24, 1 << 20}, 631, false},
		{[]int64{1 << 31}, 1 << 30, true},
		{[]int64{1<<31 + 1}, 1 << 30, false},
		{[]int64{15e6, 15e6, 15e6}, 600 << 20, true},
		{[]int64{-1}, 700, false},
	} {
		if err := checkRows(element.Recognised{Described: element.Described{Found: element.Found{Size: c.size}, UnitRows: c.rows}}); (err == nil) != c.ok {
			t.Errorf("%v rows in %d bytes: %v", c.rows, c.size, err)
		}
	}
}
