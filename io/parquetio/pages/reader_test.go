package pages_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"

	"tripstats/io/parquetio/pages"
)

// column has the rows of a column chunk of any type: the bits of the values, and which are null.
type column struct {
	values []uint64
	valid  []bool // nil for a required column
}

// form says how a column chunk is written.
type form struct {
	typ        arrow.DataType
	codec      compress.Compression
	dictionary bool
	v2         bool
	pageBytes  int64
	dictBytes  int64 // the largest dictionary, after which pages have plain values; 0 for the writer's default
}

func (f form) String() string {
	return fmt.Sprintf("%s/%s/dictionary=%v/v2=%v/pages of %d bytes/dictionary up to %d", f.typ, f.codec, f.dictionary, f.v2, f.pageBytes, f.dictBytes)
}

var types = []arrow.DataType{arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64}

func forms() []form {
	var all []form
	for i, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Gzip, compress.Codecs.Snappy, compress.Codecs.Zstd} {
		for j, dictionary := range []bool{true, false} {
			for k, v2 := range []bool{false, true} {
				for l, size := range []int64{300, 8 << 10, 1 << 20} {
					f := form{typ: types[(i+j+k+l)%4], codec: codec, dictionary: dictionary, v2: v2, pageBytes: size}
					if size == 300 {
						f.dictBytes = 1000
					}
					all = append(all, f)
				}
			}
		}
	}
	return all
}

// columns returns columns like those of TLC's files: columns without nulls, with a few, with long runs of nulls, and with nulls only.
func columns(rows int) map[string]column {
	r := rand.New(rand.NewPCG(3, uint64(rows)))
	few, many := make([]uint64, rows), make([]uint64, rows)
	some, runs, none, all := make([]bool, rows), make([]bool, rows), make([]bool, rows), make([]bool, rows)
	for i := range rows {
		few[i], many[i] = uint64(r.ExpFloat64()*40), uint64(r.Uint32()>>r.IntN(20))
		some[i], all[i] = r.IntN(9) > 0, true
		runs[i] = i*5/rows%2 == 0 || i%977 == 0
	}
	same := make([]uint64, rows)
	return map[string]column{
		"few values, required": {few, nil}, "many values, required": {many, nil},
		"few values, some null": {few, some}, "many values, some null": {many, some}, "few values, runs of nulls": {few, runs},
		"nothing but nulls": {few, none}, "optional without nulls": {many, all}, "one value": {same, all},
	}
}

// write makes a parquet file with one column.
func write(tb testing.TB, c column, f form) []byte {
	tb.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, f.typ)
	defer b.Release()
	for i, v := range c.values {
		if c.valid != nil && !c.valid[i] {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.Int32Builder:
			b.Append(int32(v))
		case *array.Int64Builder:
			b.Append(int64(v))
		case *array.Float32Builder:
			b.Append(float32(v))
		case *array.Float64Builder:
			b.Append(float64(v) / 100)
		}
	}
	a := b.NewArray()
	defer a.Release()
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: f.typ, Nullable: c.valid != nil}}, nil)
	rec := array.NewRecordBatch(schema, []arrow.Array{a}, int64(a.Len()))
	defer rec.Release()
	version := parquet.DataPageV1
	if f.v2 {
		version = parquet.DataPageV2
	}
	options := []parquet.WriterProperty{
		parquet.WithCompression(f.codec), parquet.WithDictionaryDefault(f.dictionary), parquet.WithDictionaryCostFallbackFor("c", false),
		parquet.WithDataPageVersion(version), parquet.WithDataPageSize(f.pageBytes), parquet.WithBatchSize(64), parquet.WithMaxRowGroupLength(1 << 30),
	}
	if f.dictBytes > 0 {
		options = append(options, parquet.WithDictionaryPageSizeLimit(f.dictBytes))
	}
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &out, parquet.NewWriterProperties(options...), pqarrow.DefaultWriterProps())
	if err != nil {
		tb.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// unlimited is a budget that counts.
type unlimited struct{ taken, left int }

func (b *unlimited) Take(n int) bool {
	if b.taken+n > b.left {
		return false
	}
	b.taken += n
	return true
}
func (b *unlimited) Give(n int) { b.taken -= n }

func chunkOf(tb testing.TB, data []byte) (pages.Chunk, parquet.Type) {
	tb.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	rg := r.MetaData().RowGroups[0]
	m := rg.Columns[0].MetaData
	c := pages.Chunk{Off: m.DataPageOffset, Size: m.TotalCompressedSize, Rows: rg.NumRows, Optional: r.MetaData().Schema.Column(0).MaxDefinitionLevel() == 1}
	if d := m.DictionaryPageOffset; d != nil && *d > 0 {
		c.Off = min(c.Off, *d)
	}
	c.Codec = codecOf(compress.Compression(m.Codec))
	return c, r.MetaData().Schema.Column(0).PhysicalType()
}

func codecOf(c compress.Compression) pages.Codec {
	switch c {
	case compress.Codecs.Gzip:
		return pages.Codec{Gzip: true}
	case compress.Codecs.Snappy:
		return pages.Codec{Decompress: func(dst, src []byte) error {
			n, err := snappy.DecodedLen(src)
			if err != nil || n != len(dst) {
				return fmt.Errorf("%d bytes, want %d: %v", n, len(dst), err)
			}
			_, err = snappy.Decode(dst, src)
			return err
		}}
	case compress.Codecs.Zstd:
		d, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic(err)
		}
		return pages.Codec{Decompress: func(dst, src []byte) error {
			out, err := d.DecodeAll(src, dst[:0:len(dst)])
			if err == nil && len(out) != len(dst) {
				err = fmt.Errorf("%d bytes, want %d", len(out), len(dst))
			}
			return err
		}}
	}
	return pages.Codec{}
}

// ours reads a column chunk in batches of the given size, by codes if they are wanted and possible. coded is the number of batches
// that were read by codes.
func ours[T uint32 | uint64](data []byte, c pages.Chunk, batch int, codes bool, budget pages.Budget) (values []T, valid []bool, coded int, err error) {
	r := new(pages.Reader[T])
	r.Use(budget)
	defer r.Release()
	r.Open(bytes.NewReader(data), c)
	bitmap := make([]byte, (batch+7)/8)
	for done := int64(0); done < c.Rows; {
		n := int(min(int64(batch), c.Rows-done))
		buf, indices := make([]T, n), make([]uint16, n)
		nulls, inCodes := 0, false
		if codes {
			inCodes, nulls, err = r.ReadCodes(indices, func() []T { return buf }, bitmap)
		} else {
			nulls, err = r.Read(buf, bitmap)
		}
		if err != nil {
			return nil, nil, 0, err
		}
		var dict []T
		if inCodes {
			coded++
			dict = r.Dictionary()
		}
		seen := 0
		for i := range n {
			ok := nulls == 0 || bitmap[i>>3]>>(i&7)&1 == 1
			if !ok {
				seen++
			}
			switch {
			case inCodes && ok:
				buf[i] = dict[indices[i]]
			case inCodes && indices[i] != 0:
				return nil, nil, 0, fmt.Errorf("a null row with code %d", indices[i])
			}
			valid = append(valid, ok)
		}
		values = append(values, buf...)
		if seen != nulls {
			return nil, nil, 0, fmt.Errorf("%d nulls in the bitmap, %d were said", seen, nulls)
		}
		done += int64(n)
	}
	return values, valid, coded, r.Done()
}

// theirs reads it with arrow-go's column readers.
func theirs(data []byte) (values []uint64, valid []bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	fr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, nil, err
	}
	table, err := fr.ReadTable(context.Background())
	if err != nil {
		return nil, nil, err
	}
	defer table.Release()
	for _, a := range table.Column(0).Data().Chunks() {
		for i := range a.Len() {
			valid = append(valid, a.IsValid(i))
			v := uint64(0)
			if a.IsValid(i) {
				switch a := a.(type) {
				case *array.Int32:
					v = uint64(uint32(a.Value(i)))
				case *array.Int64:
					v = uint64(a.Value(i))
				case *array.Float32:
					v = uint64(arrow.GetData[uint32](arrow.GetBytes(a.Float32Values()))[i])
				case *array.Float64:
					v = arrow.GetData[uint64](arrow.GetBytes(a.Float64Values()))[i]
				}
			}
			values = append(values, v)
		}
	}
	return values, valid, nil
}

// both reads data with ours at the width of its type.
func both(data []byte, c pages.Chunk, typ parquet.Type, batch int, codes bool, budget pages.Budget) (values []uint64, valid []bool, coded int, err error) {
	if typ == parquet.Types.Int64 || typ == parquet.Types.Double {
		return ours[uint64](data, c, batch, codes, budget)
	}
	narrow, valid, coded, err := ours[uint32](data, c, batch, codes, budget)
	values = make([]uint64, len(narrow))
	for i, v := range narrow {
		values[i] = uint64(v)
	}
	return values, valid, coded, err
}

func TestEveryFormOfColumnChunkIsReadAsArrowReadsIt(t *testing.T) {
	for _, rows := range []int{1, 7, 64, 1000, 20_011} {
		for name, c := range columns(rows) {
			for _, f := range forms() {
				data := write(t, c, f)
				want, wantValid, err := theirs(data)
				if err != nil {
					t.Fatal(err)
				}
				chunk, typ := chunkOf(t, data)
				for _, batch := range []int{1, 13, 4096} {
					if batch == 1 && rows > 1000 {
						continue
					}
					for _, codes := range []bool{false, true} {
						budget := &unlimited{left: 1 << 30}
						got, valid, coded, err := both(data, chunk, typ, batch, codes, budget)
						if err != nil {
							t.Fatalf("%s, %d rows, %v, by %d, codes=%v: %v", name, rows, f, batch, codes, err)
						}
						if i := differ(got, want, valid, wantValid); i >= 0 {
							t.Fatalf("%s, %d rows, %v, by %d, codes=%v: row %d differs", name, rows, f, batch, codes, i)
						}
						if budget.taken != 0 {
							t.Fatalf("%s, %v: %d bytes of the budget were not given back", name, f, budget.taken)
						}
						everything := (rows + batch - 1) / batch
						switch many := strings.HasPrefix(name, "many"); {
						case !codes || !f.dictionary:
							everything = 0
						case f.dictBytes > 0 && rows > 10_000 && many: // until the dictionary was full, in the middle of a batch
							if coded == 0 && batch < 1000 || coded == everything {
								t.Fatalf("%s, %d rows, %v, by %d: %d of %d batches came as codes, expected some", name, rows, f, batch, coded, everything)
							}
							continue
						case f.dictBytes > 0 && rows > 64:
							continue
						}
						if coded != everything {
							t.Fatalf("%s, %d rows, %v, by %d: %d batches came as codes, expected %d", name, rows, f, batch, coded, everything)
						}
					}
				}
			}
		}
	}
}

// differ returns the first row that does, or -1.
func differ(a, b []uint64, validA, validB []bool) int {
	if len(a) != len(b) || len(validA) != len(validB) {
		return min(len(a), len(b))
	}
	for i := range a {
		if validA[i] != validB[i] || a[i] != b[i] {
			return i
		}
	}
	return -1
}

func TestMemoryBeyondTheBudgetIsAnError(t *testing.T) {
	data := write(t, columns(50_000)["many values, required"], form{typ: types[1], codec: compress.Codecs.Gzip, dictionary: false, pageBytes: 1 << 20})
	chunk, typ := chunkOf(t, data)
	budget := &unlimited{left: 100_000}
	if _, _, _, err := both(data, chunk, typ, 4096, false, budget); err == nil || budget.taken != 0 {
		t.Errorf("error %v, %d bytes still taken", err, budget.taken)
	}
}

func TestAReaderIsUsedAgainWithinEachBudget(t *testing.T) {
	data := write(t, columns(50_000)["many values, required"], form{typ: types[1], codec: compress.Codecs.Gzip, dictionary: false, pageBytes: 1 << 20})
	chunk, _ := chunkOf(t, data)
	r := new(pages.Reader[uint64])
	values, bitmap := make([]uint64, 50_000), make([]byte, 50_000/8)
	for _, left := range []int{1 << 30, 100, 1 << 30, 1 << 30} {
		budget := &unlimited{left: left}
		r.Use(budget)
		r.Open(bytes.NewReader(data), chunk)
		if _, err := r.Read(values, bitmap); (err != nil) != (left == 100) {
			t.Errorf("with a budget of %d bytes: error %v", left, err)
		}
		if budget.taken > left {
			t.Errorf("took %d bytes of %d", budget.taken, left)
		}
		r.Release()
		if budget.taken != 0 {
			t.Errorf("%d bytes were not given back", budget.taken)
		}
	}
}

// TestADictionaryThatIsHandedOutHasNoMoreMemoryThanItsValues limits the memory of waiting batches: a reader's own memory for dictionaries
// is as large as the largest dictionary page that it has read, in any file.
func TestADictionaryThatIsHandedOutHasNoMoreMemoryThanItsValues(t *testing.T) {
	r := new(pages.Reader[uint64])
	r.Use(&unlimited{left: 1 << 30})
	f := form{typ: types[1], codec: compress.Codecs.Snappy, dictionary: true, pageBytes: 1 << 20}
	var first []uint64
	for i, c := range []column{columns(20_000)["many values, required"], {values: make([]uint64, 10)}} {
		data := write(t, c, f)
		chunk, _ := chunkOf(t, data)
		r.Open(bytes.NewReader(data), chunk)
		codes, bitmap := make([]uint16, len(c.values)), make([]byte, len(c.values)/8+1)
		if coded, _, err := r.ReadCodes(codes, nil, bitmap); !coded || err != nil {
			t.Fatalf("chunk %d: codes %v, %v", i, coded, err)
		}
		dict := r.Dictionary()
		if cap(dict) > len(c.values)+len(c.values)/4+8 {
			t.Errorf("chunk %d: a dictionary of %d values with room for %d", i, len(dict), cap(dict))
		}
		if i == 0 {
			first = dict
		}
	}
	for i, code := range []int{0, 1, 2} {
		if want := columns(20_000)["many values, required"].values[i]; first[code] != want {
			t.Errorf("value %d of the first dictionary is %d since the second was read, expected %d", i, first[code], want)
		}
	}
}

func TestAChunkWithMoreOrFewerRowsThanPromisedIsAnError(t *testing.T) {
	for _, f := range forms() {
		data := write(t, columns(1000)["few values, some null"], f)
		chunk, typ := chunkOf(t, data)
		for _, off := range []int64{-1, 1, -999, -500} {
			c := chunk
			c.Rows += off
			for _, codes := range []bool{false, true} {
				if _, _, _, err := both(data, c, typ, 100, codes, &unlimited{left: 1 << 30}); err == nil {
					t.Errorf("%v: %d rows passed for 1000, codes=%v", f, c.Rows, codes)
				}
			}
		}
	}
}

// TestADamagedPageWithAChecksumIsNamedAsSuch checks that a wrong checksum is reported as damage, not as an unknown form: arrow-go's
// readers ignore checksums, so they must not get the page.
func TestADamagedPageWithAChecksumIsNamedAsSuch(t *testing.T) {
	// A data page by hand: 4 plain INT32 values, its checksum in field 4 of the header.
	body := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0}
	sum := int64(int32(crc32.ChecksumIEEE(body)))
	page := []byte{0x15, 0, 0x15, 32, 0x15, 32, 0x15}
	page = binary.AppendVarint(page, sum)
	page = append(page, 0x1c, 0x15, 8, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0)
	start := len(page)
	page = append(page, body...)
	chunk := pages.Chunk{Size: int64(len(page)), Rows: 4}
	values, _, _, err := ours[uint32](page, chunk, 4, false, &unlimited{left: 1 << 20})
	if err != nil || !slices.Equal(values, []uint32{1, 2, 3, 4}) {
		t.Fatalf("found %v, %v", values, err)
	}
	for i := start; i < len(page); i++ {
		damaged := bytes.Clone(page)
		damaged[i] ^= 1
		if _, _, _, err := ours[uint32](damaged, chunk, 4, false, &unlimited{left: 1 << 20}); !errors.Is(err, pages.ErrChecksum) {
			t.Errorf("byte %d: %v, expected %v", i-start, err, pages.ErrChecksum)
		}
	}
}

func TestNumbersOfAPageHeaderThatNoPageHasAreRefused(t *testing.T) {
	for _, values := range []int64{1 << 61, 1<<31 + 1, -1} { // as a count of values, times their width, they would be small
		for kind := range int64(4) {
			head := []byte{0x15}
			head = binary.AppendVarint(head, kind)
			head = append(head, 0x15, 32, 0x15, 32)
			field := byte(0x2c) // of a data page: 5, two after the last
			if kind == 2 {
				field = 0x4c
			}
			head = append(head, field, 0x15)
			head = binary.AppendVarint(head, values)
			head = append(head, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0)
			page := append(head, make([]byte, 16)...)
			if _, _, _, err := ours[uint64](page, pages.Chunk{Size: int64(len(page)), Rows: 2}, 2, false, &unlimited{left: 1 << 20}); err == nil {
				t.Errorf("%d values in a page of kind %d passed", values, kind)
			}
		}
	}
}
