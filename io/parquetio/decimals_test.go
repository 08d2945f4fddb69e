package parquetio

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tripstats/transforms/element"
)

// decimalForm is how a column of decimals is written.
type decimalForm struct {
	physical         parquet.Type
	length           int // bytes of a FIXED_LEN_BYTE_ARRAY
	precision, scale int32
	encodings        []parquet.Encoding

	padded int // of a BYTE_ARRAY: if not 0, all values have so many bytes
}

// ofFixedWidth changes the footer of a file with a column of texts that all have a length: it says that their width is fixed. Arrow-go
// cannot write such columns in parts.
func ofFixedWidth(t *testing.T, data []byte, length int) []byte {
	t.Helper()
	n := int(binary.LittleEndian.Uint32(data[len(data)-8:]))
	footer := data[len(data)-8-n : len(data)-8]
	node, chunk := []byte{0x15, 0x0c, 0x25, 0x02}, []byte{0x15, 0x0c, 0x19} // type 6 and what follows, in the schema and in a column chunk
	if bytes.Count(footer, node) != 1 || bytes.Count(footer, chunk) != 1 {
		t.Fatalf("found the footer %x, expected the type of a column twice", footer)
	}
	footer = bytes.Replace(footer, node, []byte{0x15, 0x0e, 0x15, byte(2 * length), 0x15, 0x02}, 1)
	footer = bytes.Replace(footer, chunk, []byte{0x15, 0x0e, 0x19}, 1)
	out := append(slices.Clone(data[:len(data)-8-n]), footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), "PAR1"...)
}

var decimalForms = []decimalForm{
	{parquet.Types.Int32, -1, 9, 2, []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.ByteStreamSplit}, 0},
	{parquet.Types.Int64, -1, 18, 4, []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.ByteStreamSplit}, 0},
	{parquet.Types.Int64, -1, 5, 5, []parquet.Encoding{parquet.Encodings.Plain}, 0},
	{parquet.Types.FixedLenByteArray, 3, 6, 0, []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.ByteStreamSplit, parquet.Encodings.DeltaByteArray}, 0},
	{parquet.Types.FixedLenByteArray, 16, 38, 9, []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.ByteStreamSplit, parquet.Encodings.DeltaByteArray}, 0},
	{parquet.Types.FixedLenByteArray, 17, 39, 38, []parquet.Encoding{parquet.Encodings.Plain}, 0},
	{parquet.Types.FixedLenByteArray, 32, 76, 38, []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.ByteStreamSplit}, 0},
	{parquet.Types.ByteArray, -1, 12, 2, []parquet.Encoding{parquet.Encodings.Plain, parquet.Encodings.DeltaLengthByteArray, parquet.Encodings.DeltaByteArray}, 0},
	{parquet.Types.ByteArray, -1, 50, 10, []parquet.Encoding{parquet.Encodings.Plain}, 0},
}

// value is the number in row i; every seventh row is null. Every fifth has as many digits as there are.
func (f decimalForm) value(i int) *big.Int {
	if i%7 == 3 {
		return nil
	}
	v := big.NewInt(int64(i*7919%2000 - 1000))
	if i%5 == 0 {
		v.Exp(big.NewInt(10), big.NewInt(int64(f.precision)), nil)
		v.Sub(v, big.NewInt(int64(i%100+1)))
		if i%2 == 0 {
			v.Neg(v)
		}
	}
	return v
}

// bigEndian is v in two's complement: as many bytes as it needs, or length.
func bigEndian(v *big.Int, length int) []byte {
	n := length
	if n < 0 {
		n = v.BitLen()/8 + 1
	}
	if v.Sign() < 0 {
		v = new(big.Int).Add(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	return v.FillBytes(make([]byte, n))
}

func writeBatch[T any](t *testing.T, w interface {
	WriteBatch(values []T, defLevels, repLevels []int16) (int64, error)
}, f decimalForm, rows int, of func(*big.Int) T,
) {
	t.Helper()
	var values []T
	defs := make([]int16, rows)
	for i := range rows {
		if v := f.value(i); v != nil {
			values, defs[i] = append(values, of(v)), 1
		}
	}
	if _, err := w.WriteBatch(values, defs, nil); err != nil {
		t.Fatal(err)
	}
}

func (f decimalForm) write(t *testing.T, rows int, options ...parquet.WriterProperty) []byte {
	t.Helper()
	node, err := schema.NewPrimitiveNodeLogical("total_amount", parquet.Repetitions.Optional, schema.NewDecimalLogicalType(f.precision, f.scale), f.physical, f.length, -1)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := file.NewParquetWriter(&buf, schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{node}, -1)),
		file.WithWriterProps(parquet.NewWriterProperties(append(options, parquet.WithDataPageSize(2000), parquet.WithBatchSize(100))...)))
	group, err := w.AppendRowGroupChecked()
	if err != nil {
		t.Fatal(err)
	}
	c, err := group.NextColumn()
	if err != nil {
		t.Fatal(err)
	}
	switch c := c.(type) {
	case *file.Int32ColumnChunkWriter:
		writeBatch(t, c, f, rows, func(v *big.Int) int32 { return int32(v.Int64()) })
	case *file.Int64ColumnChunkWriter:
		writeBatch(t, c, f, rows, func(v *big.Int) int64 { return v.Int64() })
	case *file.FixedLenByteArrayColumnChunkWriter:
		writeBatch(t, c, f, rows, func(v *big.Int) parquet.FixedLenByteArray { return bigEndian(v, f.length) })
	case *file.ByteArrayColumnChunkWriter:
		writeBatch(t, c, f, rows, func(v *big.Int) parquet.ByteArray { return bigEndian(v, cmp.Or(f.padded, -1)) })
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestDecimalsAreReadExactlyInEveryForm has each physical type, encoding and version of pages, read by both decoders.
func TestDecimalsAreReadExactlyInEveryForm(t *testing.T) {
	const rows = batchRows + 500
	for _, form := range decimalForms {
		for _, encoding := range append(form.encodings, parquet.Encodings.RLEDict) {
			for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
				name := fmt.Sprintf("%s decimal(%d,%d) %s, version %d", form.physical, form.precision, form.scale, encoding, version)
				options := []parquet.WriterProperty{parquet.WithDictionaryDefault(false), parquet.WithEncoding(encoding), parquet.WithDataPageVersion(version), parquet.WithCompression(compress.Codecs.Snappy)}
				if encoding == parquet.Encodings.RLEDict {
					options = []parquet.WriterProperty{parquet.WithDictionaryDefault(true), parquet.WithDataPageVersion(version), parquet.WithCompression(compress.Codecs.Zstd)}
				}
				var data []byte
				if encoding == parquet.Encodings.DeltaByteArray && form.physical == parquet.Types.FixedLenByteArray {
					texts := form
					texts.physical, texts.padded = parquet.Types.ByteArray, form.length
					data = ofFixedWidth(t, texts.write(t, rows, options...), form.length)
				} else {
					data = form.write(t, rows, options...)
				}
				f := readBack(t, data)
				f.Projection, f.UnitBytes = []int{0}, []int64{1}
				c := f.Columns[0]
				if c.Type != element.Decimal || c.Precision != form.precision || c.Scale != form.scale {
					t.Fatalf("%s: found a column of type %d with %d digits and scale %d", name, c.Type, c.Precision, c.Scale)
				}
				for _, cfg := range []Config{{}, {Codes: true}, {Library: true}} {
					row := 0
					err := Scan(context.Background(), f, cfg, func(b element.Columns) {
						a, err := element.Plain(b.Record.Column(0))
						if err != nil {
							t.Fatal(err)
						}
						for i := range a.Len() {
							want := form.value(row)
							if a.IsNull(i) != (want == nil) {
								t.Fatalf("%s, %+v: row %d is null: %v", name, cfg, row, a.IsNull(i))
							}
							if want == nil {
								row++
								continue
							}
							var got *big.Int
							switch a := a.(type) {
							case *array.Decimal128:
								got = a.Value(i).BigInt()
							case *array.Decimal256:
								got = a.Value(i).BigInt()
							}
							if got == nil || got.Cmp(want) != 0 {
								t.Fatalf("%s, %+v: row %d is %v, expected %v", name, cfg, row, got, want)
							}
							row++
						}
					})
					if err != nil || row != rows {
						t.Errorf("%s, %+v: read %d rows, %v, expected %d", name, cfg, row, err, rows)
					}
				}
			}
		}
	}
}

// TestABigEndianNumberFitsOrIsRefused compares with big integers.
func TestABigEndianNumberFitsOrIsRefused(t *testing.T) {
	for _, c := range []struct {
		src  []byte
		fits bool
	}{
		{[]byte{0}, true},
		{[]byte{0xff}, true},
		{[]byte{0x80}, true},
		{[]byte{0x7f, 0xff}, true},
		{bigEndian(big.NewInt(-1), 30), true},
		{bigEndian(new(big.Int).Lsh(big.NewInt(1), 126), 30), true},
		{bigEndian(new(big.Int).Lsh(big.NewInt(-1), 127), 30), true},
		{bigEndian(new(big.Int).Lsh(big.NewInt(1), 127), 30), false},
		{bigEndian(new(big.Int).Lsh(big.NewInt(-3), 127), 30), false},
		{nil, false},
	} {
		var dst [16]byte
		fits := putBigEndian(dst[:], c.src)
		if fits != c.fits {
			t.Errorf("%x fits: %v, expected %v", c.src, fits, c.fits)
		}
		if !fits {
			continue
		}
		got := slices.Clone(dst[:])
		slices.Reverse(got)
		if want := signedInt(c.src); signedInt(got).Cmp(want) != 0 {
			t.Errorf("%x: found %x, expected %v", c.src, got, want)
		}
	}
}

// signedInt is the number in b, most significant byte first.
func signedInt(b []byte) *big.Int {
	v := new(big.Int).SetBytes(b)
	if b[0] > 0x7f {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v
}
