package parquetio

import (
	"fmt"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/io/parquetio/budget"
	"tripstats/io/parquetio/pages"
	"tripstats/transforms/element"
)

// gaveUp counts the column chunks in this process that the decoder of package pages began and arrow-go's readers took
// over. Tests look at it: on files like TLC's there are none.
var gaveUp atomic.Int64

// ownReader decodes one column with the decoder of package pages.
type ownReader struct {
	table  *chunkTable
	column int // its place in the projection
	src    io.ReaderAt
	begin  func(io.ReaderAt, pages.Chunk)
	decode decodeFunc

	gone bool // it gave up: what one row group has, the next has too, and its memory is with arrow-go's reader

	release func() // gives back what decoding took
	close   func() // and keeps it for another column
}

// What reading a column needs goes round too: it is some megabytes. A reader has the memory of the largest pages that it has read, so it goes
// to columns of about the same size: otherwise each reader would in time have memory for the largest column. The pools are by size.
var readers32, readers64 [33]sync.Pool

// poolOf returns the pool for a column: one for all sizes up to four times the smallest of them.
func poolOf(pools *[33]sync.Pool, table *chunkTable, column int) *sync.Pool {
	if len(table.chunks) == 0 {
		return &pools[0]
	}
	return &pools[bits.Len64(uint64(max(0, table.chunks[column].size)))/2]
}

// ownColumn returns the reader of a column, or nil if its values are not of a type that package pages reads. With codes it
// gives codes of a dictionary where it can.
func ownColumn(table *chunkTable, column int, c element.Column, src io.ReaderAt, mem *budget.Budget, codes bool) *ownReader {
	if c.Type == element.Null || !pages.Native() {
		return nil
	}
	o := &ownReader{table: table, column: column, src: src}
	switch pagesWidth(table.column(column).PhysicalType()) {
	case 4:
		setUp(o, poolOf(&readers32, table, column), &slices32, c, mem, codes, arrow.Uint32Traits.CastToBytes, func(v uint32) int64 { return int64(int32(v)) })
	case 8:
		setUp(o, poolOf(&readers64, table, column), &slices64, c, mem, codes, arrow.Uint64Traits.CastToBytes, func(v uint64) int64 { return int64(v) })
	default:
		return nil
	}
	return o
}

// pagesWidth is how many bytes a value of a physical type takes, if package pages reads that type; otherwise 0.
func pagesWidth(physical parquet.Type) int {
	switch physical {
	case parquet.Types.Int32, parquet.Types.Float:
		return 4
	case parquet.Types.Int64, parquet.Types.Double:
		return 8
	}
	return 0
}

// setUp gives o a decoder of values as wide as T. signed is for those that are decimals.
func setUp[T uint32 | uint64](o *ownReader, readers, slices *sync.Pool, c element.Column, mem *budget.Budget, codes bool, castToBytes func([]T) []byte, signed func(T) int64) {
	typ := c.Arrow()
	toBytes := func(_ *buffer, values []T) []byte { return castToBytes(values) }
	if c.Type == element.Decimal {
		toBytes = widener(typ, signed)
	}
	r, ok := readers.Get().(*pages.Reader[T])
	if !ok {
		r = new(pages.Reader[T])
	}
	r.Use(mem)
	var dict arrow.ArrayData // of the column chunk at hand, once needed: one object for all its arrays
	o.begin = func(src io.ReaderAt, c pages.Chunk) {
		dict = nil
		r.Open(src, c)
	}
	o.release = func() {
		if r != nil {
			r.Release()
			r, o.begin = nil, nil
		}
	}
	o.close = func() {
		if kept := r; kept != nil {
			o.release()
			readers.Put(kept)
		}
	}
	coded := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint16, ValueType: typ}
	var buf *buffer // at hand
	var rows int    // to be read
	room := func() []T { return roomIn[T](buf, slices, rows) }
	if c.Type == element.Decimal { // they are copied at once
		var narrow []T
		room = func() []T {
			if narrow == nil {
				narrow = make([]T, batchRows)
			}
			return narrow[:rows]
		}
	}
	o.decode = func(b *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			return nil, r.Done()
		}
		buf, rows = b, n
		bitmap := buf.bits()
		if !codes {
			values := room()
			nulls, err := r.Read(values, bitmap)
			if err != nil {
				return nil, err
			}
			return newArray(typ, n, toBytes(buf, values), bitmap[:(n+7)/8], nulls), nil
		}
		indices := codesIn(buf, n)
		inCodes, nulls, err := r.ReadCodes(indices, room, bitmap)
		switch {
		case err != nil:
			return nil, err
		case !inCodes:
			return newArray(typ, n, toBytes(buf, room()), bitmap[:(n+7)/8], nulls), nil
		case dict == nil:
			values := r.Dictionary()
			dict = array.NewData(typ, len(values), []*memory.Buffer{nil, memory.NewBufferBytes(toBytes(&buffer{}, values))}, nil, 0, 0)
		}
		return newCoded(coded, n, indices, bitmap[:(n+7)/8], nulls, dict), nil
	}
}

// open begins with the column chunk of a row group, if package pages reads it.
func (o *ownReader) open(rowGroup int) bool {
	if o.gone {
		return false
	}
	c, known := o.table.forPages(rowGroup, o.column)
	if known {
		o.begin(o.src, c)
	}
	return known
}

// pageCodec returns the codec for package pages. It returns false if that package does not read it.
func pageCodec(codec compress.Compression) (c pages.Codec, known bool) {
	switch codec {
	case compress.Codecs.Uncompressed:
	case compress.Codecs.Gzip:
		c.Gzip = true
	case compress.Codecs.Snappy:
		c.Decompress = wholeSnappy
	case compress.Codecs.Zstd:
		c.Decompress, c.Room = wholeZstd, zstdRoom
	default:
		return c, false
	}
	return c, true
}

var wholeSnappy, wholeZstd = whole(decodeSnappy), whole(decodeZstd)

// giveUp lets go of the memory, as arrow-go's reader needs some now. It reads the column from here on.
func (o *ownReader) giveUp() {
	gaveUp.Add(1)
	o.gone = true
	o.release()
}

// whole makes of a codec one that fills dst.
func whole(decode func(dst, src []byte) ([]byte, error)) func(dst, src []byte) error {
	return func(dst, src []byte) error {
		out, err := decode(dst, src)
		if err != nil {
			return err
		}
		if len(out) != len(dst) || len(out) > 0 && &out[0] != &dst[0] {
			return fmt.Errorf("a page of %d bytes, %d were declared", len(out), len(dst))
		}
		return nil
	}
}
