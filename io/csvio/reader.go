package csvio

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
)

// perBlock is roughly how many bytes of memory a block and its rows take for each byte of text.
const perBlock = 3

// reader reads the units of a range. One goroutine makes blocks of lines, in order. Each block has a goroutine that cuts it.
type reader struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	file   element.Recognised
	in     objstore.Reader
	layout layout
	wanted []int // the numbers of the needed cells
	schema *arrow.Schema

	blockBytes int64

	blocks chan *block   // in order; closed at the end
	slots  chan struct{} // has one for each block in progress
	taken  int64         // how many bytes of ahead this reader holds
}

// spare has blocks that are not in use.
var spare = sync.Pool{New: func() any { return new(block) }}

func newReader(ctx context.Context, f element.Recognised, in objstore.Reader, units element.Range, l layout, wanted []int, size int64) *reader {
	u := &reader{file: f, layout: l, wanted: wanted}
	u.ctx, u.cancel = context.WithCancel(ctx)
	u.in = objstore.WithContext(u.ctx, in)
	fields := make([]arrow.Field, len(f.Projection))
	for i, c := range f.Projection {
		fields[i] = arrow.Field{Name: f.Columns[c].Name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	u.schema = arrow.NewSchema(fields, nil)
	if u.blockBytes = size; objstore.Remote(f.URI) && !l.packed {
		u.blockBytes = slices.Max(f.UnitBytes) // each block is a request
	}
	n := u.take(perBlock*u.blockBytes, runtime.GOMAXPROCS(0)+1)
	u.slots, u.blocks = make(chan struct{}, n), make(chan *block, n)
	u.wg.Go(func() {
		defer close(u.blocks)
		if l.packed {
			u.unpack()
			return
		}
		u.divide(units)
	})
	return u
}

// take reserves memory for at most most blocks. It returns for how many blocks there is memory, which is at least one.
func (u *reader) take(bytes int64, most int) int {
	n := 1
	for n < most {
		if ahead.Add(bytes) > mostAhead.Load() {
			ahead.Add(-bytes)
			break
		}
		u.taken += bytes
		n++
	}
	return n
}

// Close ends all goroutines.
func (u *reader) Close() {
	u.cancel()
	u.wg.Wait()
	ahead.Add(-u.taken)
	u.taken = 0
}

// slot waits until another block may be in progress, and returns the block. It returns nil if the reader is closed.
func (u *reader) slot() *block {
	select {
	case u.slots <- struct{}{}:
	case <-u.ctx.Done():
		return nil
	}
	b := spare.Get().(*block)
	b.cells, b.wanted = u.layout.cells, u.wanted
	b.done, b.err, b.last, b.counts = make(chan struct{}), nil, false, element.TextCounts{}
	return b
}

// start runs f on a block in a new goroutine.
func (u *reader) start(b *block, f func() error) {
	u.wg.Go(func() {
		defer close(b.done)
		b.err = f()
	})
	u.blocks <- b // there is room, as there is a slot
}

// divide makes blocks of units of a plain file.
func (u *reader) divide(units element.Range) {
	at := int64(0)
	for _, n := range u.file.UnitBytes[:units.Start] {
		at += n
	}
	for _, n := range u.file.UnitBytes[units.Start:units.End] {
		for end := at + n; at < end; {
			b := u.slot()
			if b == nil {
				return
			}
			b.from, b.to = at, min(at+u.blockBytes, end)
			b.last = b.to == end
			at = b.to
			u.start(b, func() error {
				if err := b.fill(u.in, u.file.Size); err != nil {
					return err
				}
				return b.work(u.layout)
			})
		}
	}
}

// Next emits the rows of the next unit. A block is used again when all its rows are given back.
func (u *reader) Next(ctx context.Context, emit func(source.Batch)) error {
	var counts element.TextCounts // the counts that no batch has yet
	for last := false; !last; {
		b, err := u.next(ctx)
		if err != nil {
			return err
		}
		last = b.last
		counts = counts.Plus(b.counts)
		done := func() {
			spare.Put(b)
			<-u.slots
		}
		list := b.list[:b.used]
		for len(list) > 0 && len(list[len(list)-1].starts) == 0 { // only the last one may have no rows
			list = list[:len(list)-1]
		}
		for i, r := range list {
			text := &element.Text{FileBytes: u.file.Size, Starts: r.starts, Malformed: r.malformed, Lines: r.lines, Finder: u}
			batch := source.Batch{Record: r.record(u.schema), Text: text}
			if i+1 == len(list) { // whoever has the counts has all rows of the block
				text.Counts, counts = counts, element.TextCounts{}
				batch.Done = done
			}
			emit(batch)
		}
		if len(list) == 0 {
			done()
		}
	}
	if counts != (element.TextCounts{}) {
		emit(source.Batch{Record: emptyRecord(u.schema), Text: &element.Text{Counts: counts, FileBytes: u.file.Size, Finder: u}})
	}
	return nil
}

func emptyRecord(schema *arrow.Schema) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	return b.NewRecordBatch()
}

// next waits for the next block.
func (u *reader) next(ctx context.Context) (b *block, err error) {
	var ok bool
	select {
	case b, ok = <-u.blocks:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !ok {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return nil, errors.New("found its end, expected another unit")
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if long := (errLong{}); errors.As(b.err, &long) {
		line, err := u.LineAt(long.at)
		if err == nil {
			return nil, fmt.Errorf("line %d: %w", line, long)
		}
	}
	if b.err != nil {
		return nil, objstore.Reason(b.err)
	}
	return b, nil
}
