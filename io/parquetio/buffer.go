package parquetio

import (
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// buffer is memory for one batch of one column. It goes round: stream, caller, stream.
type buffer struct {
	values any      // []T of the column's physical type, once there are any
	wide   []byte   // of decimals, once there are any
	codes  []uint16 // once there are any
	bitmap []byte
}

// The buffers that our decoder fills are used again for other files and row groups, because they are most of a file's garbage. Values
// and codes go apart, because a column of codes has fewer bytes, and only its pages show which it is.
var (
	buffers                      = sync.Pool{New: func() any { return new(buffer) }}
	slices16, slices32, slices64 sync.Pool
)

// fromPool returns room for the rows of a batch.
func fromPool[T uint16 | uint32 | uint64](pool *sync.Pool) []T {
	if kept, ok := pool.Get().(*[batchRows]T); ok {
		return kept[:]
	}
	return make([]T, batchRows)
}

// keep gives b to the pools.
func (b *buffer) keep() {
	if b.codes != nil {
		slices16.Put((*[batchRows]uint16)(b.codes))
	}
	switch v := b.values.(type) {
	case []uint32:
		slices32.Put((*[batchRows]uint32)(v))
	case []uint64:
		slices64.Put((*[batchRows]uint64)(v))
	}
	b.values, b.codes, b.wide = nil, nil, nil
	buffers.Put(b)
}

// roomIn returns room for n values in b, as it is or from pool.
func roomIn[T uint32 | uint64](b *buffer, pool *sync.Pool, n int) []T {
	values, ok := b.values.([]T)
	if !ok {
		values = fromPool[T](pool)
		b.values = values
	}
	return values[:n]
}

// wideIn returns room for n values of width bytes in b.
func wideIn(b *buffer, n, width int) []byte {
	if len(b.wide) < n*width {
		b.wide = make([]byte, n*width)
	}
	return b.wide[:n*width]
}

// codesIn returns room for n codes in b.
func codesIn(b *buffer, n int) []uint16 {
	if b.codes == nil {
		b.codes = fromPool[uint16](&slices16)
	}
	return b.codes[:n]
}

// bits returns b's bitmap, for the rows of a batch.
func (b *buffer) bits() []byte {
	if b.bitmap == nil {
		b.bitmap = make([]byte, batchRows/8)
	}
	return b.bitmap
}

// newArray is an array of rows over values, and over bitmap if any row is null.
func newArray(typ arrow.DataType, rows int, values, bitmap []byte, nulls int) arrow.Array {
	data := array.NewData(typ, rows, buffersOf(values, bitmap, nulls), nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// newCoded is an array of rows over codes of a dictionary, and over bitmap if any row is null.
func newCoded(typ arrow.DataType, rows int, codes []uint16, bitmap []byte, nulls int, dictionary arrow.ArrayData) arrow.Array {
	values := arrow.Uint16Traits.CastToBytes(codes)
	data := array.NewDataWithDictionary(typ, rows, buffersOf(values, bitmap, nulls), nulls, 0, dictionary.(*array.Data))
	defer data.Release()
	return array.NewDictionaryData(data)
}

func buffersOf(values, bitmap []byte, nulls int) []*memory.Buffer {
	var valid *memory.Buffer
	if nulls > 0 {
		valid = memory.NewBufferBytes(bitmap)
	}
	return []*memory.Buffer{valid, memory.NewBufferBytes(values)}
}
