package parquetio

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/io/objstore"
	"tripstats/io/parquetio/budget"
	"tripstats/io/parquetio/pages"
	"tripstats/io/source"
	"tripstats/transforms/element"
)

// tiny reads the row groups of a small local file. It reads the file at once and decodes one column after the other, without goroutines
// and with memory that goes from file to file: there may be tens of thousands of such files, and a decoder costs more than their rows.
//
// It reads only what is usual and good. Anything else, damage too, it leaves to a decoder, which also says what is wrong.
type tiny struct {
	*tinyRoom // nil once everything is decoded, because the file may stay open for long

	file    element.Recognised
	from    objstore.Reader
	cfg     source.Config
	at, end int        // the next row group, and the one after the last
	unusual *rowGroups // reads the rest, if it is not nil
}

// tinyRoom is the memory for decoding a file. The next file uses it again.
type tinyRoom struct {
	columns []element.Column // that are read
	wide    []bool           // by column: its values have 64 bits
	table   chunkTable
	bytes   inMemory
	budget  *budget.Budget
	narrow  pages.Reader[uint32]
	broad   pages.Reader[uint64]
}

// mostTinyBytes is the largest file that is tiny.
const mostTinyBytes = tailBytes

var tinies = sync.Pool{New: func() any { return &tinyRoom{budget: newBudget(maxOwnBytes)} }}

// openTiny returns nil if a decoder must read the file.
func openTiny(f element.Recognised, r objstore.Reader, groups element.Range, cfg source.Config) *tiny {
	if f.Size > mostTinyBytes || cfg.Library || objstore.Remote(f.URI) || !pages.Native() || checkRows(f) != nil {
		return nil
	}
	for _, n := range f.UnitRows[groups.Start:groups.End] {
		if n > batchRows {
			return nil
		}
	}
	for _, c := range f.Projection {
		switch f.Columns[c].Type { // only a decoder reads these, so the file is not loaded
		case element.Decimal, element.String, element.Int96:
			return nil
		}
	}
	t := &tiny{tinies.Get().(*tinyRoom), f, r, cfg, groups.Start, groups.End, nil}
	t.columns = t.columns[:0]
	for _, c := range f.Projection {
		t.columns = append(t.columns, f.Columns[c])
	}
	t.narrow.Use(t.budget)
	t.broad.Use(t.budget)
	if !t.load(r) || !t.understand(groups) {
		t.giveBack()
		return nil
	}
	return t
}

// inMemory is the content of a file.
type inMemory struct{ content []byte }

func (m *inMemory) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(m.content)) {
		return 0, io.EOF
	}
	n := copy(p, m.content[off:])
	if n < len(p) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

// load reads the whole file.
func (t *tiny) load(r io.ReaderAt) bool {
	if int64(cap(t.bytes.content)) < t.file.Size {
		const step = 8 << 10
		t.bytes.content = make([]byte, t.file.Size, (t.file.Size+step-1)/step*step)
	}
	t.bytes.content = t.bytes.content[:t.file.Size]
	n, err := r.ReadAt(t.bytes.content, 0)
	return n == len(t.bytes.content) && (err == nil || err == io.EOF)
}

// understand reads the footer. It returns false if a decoder must read the file: the decoder then starts before its rows are needed.
func (t *tiny) understand(groups element.Range) bool {
	if err := t.table.read(t.file, &t.bytes, groups); err != nil {
		return false
	}
	t.wide = t.wide[:0]
	for i, c := range t.columns {
		width := pagesWidth(t.table.column(i).PhysicalType())
		t.wide = append(t.wide, width == 8)
		if c.Type != element.Null && (width == 0 || !t.decodes(i, groups)) {
			return false
		}
	}
	return true
}

// decodes tells whether package pages reads all column chunks of a column, if it reads the column's type.
func (t *tiny) decodes(column int, groups element.Range) bool {
	for group := groups.Start; group < groups.End; group++ {
		if _, known := t.table.forPages(group, column); !known {
			return false
		}
	}
	return true
}

// Next emits the rows of the next row group.
func (t *tiny) Next(ctx context.Context, emit func(source.Batch)) error {
	if t.unusual == nil {
		rows := t.file.UnitRows[t.at]
		b := tinyBatches.Get().(*tinyBatch)
		switch {
		case !t.decode(b, int(rows)):
			b.keep()
		case rows == 0:
			b.keep()
			t.step()
			return nil
		default:
			record := array.NewRecordBatch(sharedSchema(t.columns, b.arrays), b.arrays, rows)
			t.step()
			emit(source.Batch{Record: record, Done: b.keep})
			return nil
		}
		d, err := newDecoder(ctx, t.file, t.from, t.at, t.end, t.cfg)
		if err != nil {
			return err
		}
		t.unusual = &rowGroups{decoder: d, file: t.file, at: t.at, end: t.end}
	}
	return t.unusual.Next(ctx, emit)
}

// step goes to the next row group.
func (t *tiny) step() {
	if t.at++; t.at == t.end {
		t.giveBack()
	}
}

// decode decodes the next row group into b. It returns false if a decoder has to do it.
func (t *tiny) decode(b *tinyBatch, rows int) (done bool) {
	if rows == 0 {
		return true
	}
	defer func() {
		if recover() != nil {
			done = false
		}
	}()
	b.reset(rows, t.wide)
	for i, c := range t.columns {
		a, err := arrow.Array(nil), error(nil)
		bitmap := b.bytes((rows + 7) / 8)
		chunk, _ := t.table.forPages(t.at, i) // it is known, unless the column has nothing but nulls
		switch {
		case c.Type == element.Null:
			a = array.NewNull(rows)
		case t.wide[i]:
			a, err = decodeTiny(&t.broad, &t.bytes, chunk, c.Arrow(), roomOf[uint64](b, rows), bitmap)
		default:
			a, err = decodeTiny(&t.narrow, &t.bytes, chunk, c.Arrow(), roomOf[uint32](b, rows), bitmap)
		}
		if err != nil {
			return false
		}
		b.arrays = append(b.arrays, a)
	}
	return true
}

func decodeTiny[T uint32 | uint64](r *pages.Reader[T], src io.ReaderAt, c pages.Chunk, typ arrow.DataType, values []T, bitmap []byte) (arrow.Array, error) {
	r.Open(src, c)
	nulls, err := r.Read(values, bitmap)
	if err == nil {
		err = r.Done()
	}
	if err != nil {
		return nil, err
	}
	return newArray(typ, len(values), bytesOf(values), bitmap, nulls), nil
}

// bytesOf is the memory of values, which are at least one.
func bytesOf[T uint32 | uint64](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
}

// tinyBatch is the rows of a row group and their memory, which goes from batch to batch.
type tinyBatch struct {
	arrays []arrow.Array
	words  []uint64
	used   int // of words
}

var tinyBatches = sync.Pool{New: func() any { return new(tinyBatch) }}

// reset makes room for rows of columns, of which wide tells the width.
func (b *tinyBatch) reset(rows int, wide []bool) {
	need := 0
	for _, w := range wide {
		need += (rows+63)/64 + (rows+1)/2
		if w {
			need += rows / 2
		}
	}
	if len(b.words) < need {
		b.words = make([]uint64, need+need/4)
	}
	b.used = 0
}

// bytes returns room for n bytes.
func (b *tinyBatch) bytes(n int) []byte {
	words := (n + 7) / 8
	b.used += words
	return bytesOf(b.words[b.used-words : b.used])[:n]
}

// roomOf returns room for values, at least one.
func roomOf[T uint32 | uint64](b *tinyBatch, n int) []T {
	var zero T
	room := b.bytes(n * int(unsafe.Sizeof(zero)))
	return unsafe.Slice((*T)(unsafe.Pointer(&room[0])), n)
}

// mostKeptWords is how much memory of a batch may wait for the next one.
const mostKeptWords = 64 << 10

// keep gives the memory to another batch. Nobody reads the arrays any more.
func (b *tinyBatch) keep() {
	for i, a := range b.arrays {
		a.Release()
		b.arrays[i] = nil
	}
	b.arrays = b.arrays[:0]
	if len(b.words) <= mostKeptWords {
		tinyBatches.Put(b)
	}
}

// Close ends all reading.
func (t *tiny) Close() {
	if t.unusual != nil {
		t.unusual.Close()
	}
	t.giveBack()
}

// giveBack makes the memory available to the next file.
func (t *tiny) giveBack() {
	if t.tinyRoom == nil {
		return
	}
	t.narrow.Release()
	t.broad.Release()
	clear(t.columns)
	t.table.rows, t.table.understood = nil, nil
	tinies.Put(t.tinyRoom)
	t.tinyRoom = nil
}

// lastSchema is the Arrow schema of the last tiny file. Most files have the same columns.
var lastSchema atomic.Pointer[columnsSchema]

type columnsSchema struct {
	of     []element.Column
	schema *arrow.Schema
}

// sharedSchema returns the Arrow schema of columns. None of them is a decimal.
func sharedSchema(columns []element.Column, arrays []arrow.Array) *arrow.Schema {
	last := lastSchema.Load()
	if last != nil && slices.EqualFunc(last.of, columns, sameColumn) {
		return last.schema
	}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrays[i].DataType(), Nullable: true}
	}
	last = &columnsSchema{slices.Clone(columns), arrow.NewSchema(fields, nil)}
	lastSchema.Store(last)
	return last.schema
}
