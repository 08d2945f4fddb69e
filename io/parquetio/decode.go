package parquetio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

const (
	// batchRows is the size of a batch. Eight columns of 16,384 eight-byte values are 1 MiB: they stay in a core's
	// second-level cache from decode to aggregation, while Beam's cost per element is spread over enough rows.
	batchRows = 16 << 10

	// readAhead is how many batches of a column may wait, decoded, for the slower columns.
	readAhead = 4

	// bufferBytes is read at once from a column chunk. The default of arrow-go is the whole chunk, which for one row
	// group of 14 million rows is half a gigabyte over eight columns.
	bufferBytes = 256 << 10

	// maxPageBytes bounds what one page header may ask for. Writers make pages of about 1 MiB.
	maxPageBytes = 64 << 20
)

// decoder decodes the projected columns of consecutive row groups, each column in a goroutine of its own and ahead of
// the caller. What it hands out is valid until the next call.
type decoder struct {
	source  string
	streams []*stream
	fetch   *fetcher // of a remote file, else nil
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// seekableAt gives arrow-go the Seek and Read that its constructor asks for. Only ReadAt is used, from all columns at once.
type seekableAt struct{ *io.SectionReader }

// newDecoder starts decoding row groups [start, end) of f from r. The caller must Close it.
func newDecoder(ctx context.Context, f element.File, r objstore.Reader, start, end int) (_ *decoder, err error) {
	defer recoverDamage(&err, "%s: footer", f.Source)
	meta, err := parseFooter(f.Footer)
	if err != nil {
		return nil, fault.Inputf("%s: footer: %v", f.Source, err)
	}
	meta.SetSourceFileSize(f.Size)
	mem := newBudget(maxDecodeBytes)
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true
	props.BufferSize = bufferBytes
	props.MaxCompressedPageSize = maxPageBytes
	props.MaxUncompressedPageSize = maxPageBytes
	ctx, cancel := context.WithCancel(ctx)
	d := &decoder{source: f.Source, cancel: cancel}
	var chunks []chunkSpan
	if objstore.Remote(f.URI) {
		chunks = chunkSpans(meta, f.Projection, start, end)
		d.fetch = newFetcher(ctx, r, chunks)
	}
	var readers []*file.Reader
	for i, c := range f.Projection {
		bytes := io.ReaderAt(r)
		if d.fetch != nil {
			bytes = d.fetch.column(chunks, i)
		}
		pf, err := file.NewParquetReader(seekableAt{io.NewSectionReader(bytes, 0, f.Size)}, file.WithReadProps(props), file.WithMetadata(meta))
		if err != nil {
			d.Close()
			return nil, fault.Inputf("%s: footer: %v", f.Source, err)
		}
		s := newStream(f, c)
		s.fetch = d.fetch
		d.streams, readers = append(d.streams, s), append(readers, pf)
	}
	for i, s := range d.streams {
		d.running.Go(func() { s.run(ctx, readers[i], mem, start, end) })
	}
	return d, nil
}

// next returns the next n rows of every column, in the order of the projection.
func (d *decoder) next(ctx context.Context, n int) ([]arrow.Array, error) {
	arrays := make([]arrow.Array, len(d.streams))
	for i, s := range d.streams {
		s.recycle()
		select {
		case c := <-s.out:
			if c.err == nil && c.array.Len() != n {
				c.err = fault.New(fault.Failed, "%s: column %q: decoded %d rows where %d were due", d.source, s.name, c.array.Len(), n)
			}
			if c.err != nil {
				return nil, c.err
			}
			s.current, arrays[i] = c.buf, c.array
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return arrays, nil
}

// Close ends the goroutines and waits for them. What was decoded ahead is dropped.
func (d *decoder) Close() {
	d.cancel()
	d.running.Wait()
	if d.fetch != nil {
		d.fetch.close()
	}
}

// stream is one column on its way through the row groups.
type stream struct {
	source string
	name   string
	leaf   int
	kind   element.Kind
	rows   []int64 // by row group of the file
	fetch  *fetcher

	out     chan chunk
	free    chan *buffer
	current *buffer // handed out last
}

// chunk is a decoded batch of one column, or the error that ended the stream.
type chunk struct {
	array arrow.Array
	buf   *buffer
	err   error
}

// buffer is memory for one batch of one column. It goes round: stream, caller, stream.
type buffer struct {
	values any // []T of the column's physical type
	bitmap []byte
}

func newStream(f element.File, col int) *stream {
	c := f.Columns[col]
	s := &stream{
		source: f.Source, name: c.Name, leaf: col, kind: c.Kind, rows: f.RowGroupRows,
		out:  make(chan chunk, readAhead),
		free: make(chan *buffer, readAhead+2),
	}
	for range cap(s.free) {
		s.free <- &buffer{}
	}
	return s
}

func (s *stream) recycle() {
	if s.current != nil {
		s.free <- s.current
		s.current = nil
	}
}

// run decodes row groups [start, end) in batches into s.out, until done, cancelled or broken.
func (s *stream) run(ctx context.Context, pf *file.Reader, mem memory.Allocator, start, end int) {
	for rg := start; rg < end; rg++ {
		if err := s.rowGroup(ctx, pf, mem, rg); err != nil {
			select {
			case s.out <- chunk{err: err}:
			case <-ctx.Done():
			}
			return
		}
	}
}

func (s *stream) rowGroup(ctx context.Context, pf *file.Reader, mem memory.Allocator, rg int) (err error) {
	defer recoverDamage(&err, "%s: row group %d: column %q", s.source, rg, s.name)
	if s.rows[rg] == 0 {
		return nil
	}
	var decode decodeFunc
	if s.kind == element.Null {
		decode = decodeNull // nothing to read: the type says that every value is null
	} else {
		r, err := columnReader(pf, rg, s.leaf, mem)
		if err != nil {
			return s.fault(rg, 0, err)
		}
		defer func() {
			if closeErr := r.Close(); closeErr != nil {
				err = errors.Join(err, s.fault(rg, s.rows[rg], closeErr))
			}
		}()
		if decode, err = decoderOf(r, s.kind); err != nil {
			return s.fault(rg, 0, err)
		}
	}
	for done := int64(0); done < s.rows[rg]; {
		var buf *buffer
		select {
		case buf = <-s.free:
		case <-ctx.Done():
			return nil
		}
		n := min(batchRows, s.rows[rg]-done)
		a, err := decode(buf, int(n))
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return s.fault(rg, done, err)
		}
		done += n
		select {
		case s.out <- chunk{array: a, buf: buf}:
		case <-ctx.Done():
			return nil
		}
	}
	// One more row than the footer says shows only now.
	if _, err := decode(nil, 0); err != nil && ctx.Err() == nil {
		return s.fault(rg, s.rows[rg], err)
	}
	return nil
}

// recoverDamage turns a panic of the calling goroutine into a fault at *err. Arrow-go panics on some bytes that make no
// sense; format and args say where those are.
func recoverDamage(err *error, format string, args ...any) {
	if r := recover(); r != nil {
		*err = errors.Join(*err, fault.Inputf("%s: %v", fmt.Sprintf(format, args...), withAdvice(damage(r))))
	}
}

// damage is what a panic of arrow-go means to a user. A runtime error tells of the library's code, not of the file.
func damage(r any) error {
	switch r := r.(type) {
	case runtime.Error:
		return errors.New("found bytes that make no sense")
	case error:
		return r
	}
	return fmt.Errorf("%v", r)
}

func (s *stream) fault(rg int, row int64, err error) error {
	if failure := s.fetch.failure(); failure != nil { // not what the decoder made of it
		return fault.Inputf("%s: column %q: %v", element.Where(s.source, rg, row), s.name, objstore.Reason(failure))
	}
	return fault.Inputf("%s: column %q: %v", element.Where(s.source, rg, row), s.name, withAdvice(err))
}

// withAdvice says what to do about an error of the decoder.
func withAdvice(err error) error {
	if errors.Is(err, errTooLarge) {
		return err
	}
	return fmt.Errorf("%w; the file is damaged: fetch it again", err)
}

// decodeFunc decodes the next n rows into an array over buf's memory. With n = 0 it checks that no rows are left.
type decodeFunc func(buf *buffer, n int) (arrow.Array, error)

func decodeNull(_ *buffer, n int) (arrow.Array, error) { return array.NewNull(n), nil }

func decoderOf(r file.ColumnChunkReader, kind element.Kind) (decodeFunc, error) {
	typ := kind.Arrow()
	switch r := r.(type) {
	case *file.Int32ColumnChunkReader:
		return fixed(r, typ, arrow.Int32Traits.CastToBytes), nil
	case *file.Int64ColumnChunkReader:
		return fixed(r, typ, arrow.Int64Traits.CastToBytes), nil
	case *file.Float32ColumnChunkReader:
		return fixed(r, typ, arrow.Float32Traits.CastToBytes), nil
	case *file.Float64ColumnChunkReader:
		return fixed(r, typ, arrow.Float64Traits.CastToBytes), nil
	case *file.Int96ColumnChunkReader:
		return fixed(r, typ, parquet.Int96Traits.CastToBytes), nil
	case *file.ByteArrayColumnChunkReader:
		return byteArrays(r), nil
	}
	return nil, fmt.Errorf("no decoder for physical type %s", r.Type())
}

// typedReader is what arrow-go's column chunk readers have in common, each for its own T.
type typedReader[T any] interface {
	HasNext() bool
	Err() error
	ReadBatch(batchSize int64, values []T, defLvls, repLvls []int16) (total int64, valuesRead int, err error)
}

// levels reads n rows of a column that is optional or required at the top level (definition level 1 or none): values
// without gaps, and their definition levels.
type levels[T any] struct {
	r    typedReader[T]
	defs []int16
}

// read fills values with the n next rows' values, without gaps. It returns how many there are and the definition
// levels, nil where no row is null.
func (l *levels[T]) read(values []T, n int) (int, []int16, error) {
	if n == 0 {
		if l.r.HasNext() {
			return 0, nil, errors.New("the column chunk has more values than the row group has rows")
		}
		return 0, nil, l.r.Err()
	}
	rows, read, defs, err := l.readSome(values, n)
	if err == nil && rows != n {
		err = l.early(rows, n)
	}
	return read, defs, err
}

// early says why a column chunk gave fewer rows than were due.
func (l *levels[T]) early(rows, due int) error {
	if err := l.r.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the column chunk ends after %d of the next %d rows", rows, due)
}

// readSome is read for as many rows as the reader gives at once.
func (l *levels[T]) readSome(values []T, n int) (rows, read int, _ []int16, err error) {
	if len(l.defs) < n {
		l.defs = make([]int16, n)
		for i := range l.defs {
			l.defs[i] = 1 // what a required column leaves untouched
		}
	}
	defs := l.defs[:n]
	total, read, err := l.r.ReadBatch(int64(n), values[:n], defs, nil)
	rows = int(total)
	if err != nil || read == rows {
		return rows, read, nil, err
	}
	set := 0
	for _, d := range defs[:rows] {
		set += int(d)
	}
	if set != read {
		return 0, 0, nil, fmt.Errorf("%d values for %d rows that are not null", read, set)
	}
	return rows, read, defs[:rows], nil
}

// fixed decodes values of fixed width.
func fixed[T any, R typedReader[T]](r R, typ arrow.DataType, toBytes func([]T) []byte) decodeFunc {
	l := &levels[T]{r: r}
	return func(buf *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			_, _, err := l.read(nil, 0)
			return nil, err
		}
		values, _ := buf.values.([]T)
		if len(values) < n {
			values = make([]T, n)
			buf.values = values
		}
		values = values[:n]
		read, defs, err := l.read(values, n)
		if err != nil {
			return nil, err
		}
		var bitmap *memory.Buffer
		if defs != nil {
			spread(values, read, defs)
			bitmap = memory.NewBufferBytes(buf.validity(defs))
		}
		data := array.NewData(typ, n, []*memory.Buffer{bitmap, memory.NewBufferBytes(toBytes(values))}, nil, n-read, 0)
		defer data.Release()
		return array.MakeFromData(data), nil
	}
}

// spread moves the read values, which lie without gaps at the start, to their rows, and sets null rows to zero.
func spread[T any](values []T, read int, defs []int16) {
	var zero T
	j := read - 1
	for i := len(defs) - 1; i >= 0; i-- {
		if defs[i] != 0 {
			values[i] = values[j]
			j--
		} else {
			values[i] = zero
		}
	}
}

// validity packs definition levels of 0 and 1 into buf's bitmap.
func (b *buffer) validity(defs []int16) []byte {
	n := int(bitutil.BytesForBits(int64(len(defs))))
	if cap(b.bitmap) < n {
		b.bitmap = make([]byte, n, batchRows/8)
	}
	bitmap := b.bitmap[:n]
	clear(bitmap)
	for i, d := range defs {
		bitmap[i>>3] |= byte(d&1) << (i & 7)
	}
	return bitmap
}

// byteArrays decodes BYTE_ARRAY values. Ids come as strings only from other people's tools, so this path is kept simple. It
// reads page by page, as only then arrow-go hands out values without a copy of each: a dictionary may hold one text of
// 60 MiB, and every row refer to it.
func byteArrays(r *file.ByteArrayColumnChunkReader) decodeFunc {
	l := &levels[parquet.ByteArray]{r: pagewise{r}}
	values := make([]parquet.ByteArray, batchRows)
	return func(_ *buffer, n int) (arrow.Array, error) {
		if n == 0 {
			_, _, err := l.read(nil, 0)
			return nil, err
		}
		b := array.NewStringBuilder(memory.DefaultAllocator)
		defer b.Release()
		b.Reserve(n)
		for done := 0; done < n; {
			rows, read, defs, err := l.readSome(values, n-done)
			if err != nil {
				return nil, err
			}
			if rows == 0 {
				return nil, l.early(done, n)
			}
			if err := appendTexts(b, values[:read], rows, defs); err != nil {
				return nil, err
			}
			done += rows
		}
		return b.NewArray(), nil
	}
}

// pagewise reads no further than to the end of a page.
type pagewise struct {
	*file.ByteArrayColumnChunkReader
}

func (p pagewise) ReadBatch(n int64, values []parquet.ByteArray, defs, reps []int16) (int64, int, error) {
	return p.ReadBatchInPage(n, values, defs, reps)
}

// appendTexts appends rows, whose values lie in values without gaps.
func appendTexts(b *array.StringBuilder, values []parquet.ByteArray, rows int, defs []int16) error {
	next := 0
	for i := range rows {
		if defs != nil && defs[i] == 0 {
			b.AppendNull()
			continue
		}
		if n := len(values[next]); n > maxTextBytes {
			return fmt.Errorf("found a text of %d bytes, expected a number", n)
		}
		b.BinaryBuilder.Append(values[next])
		next++
	}
	return nil
}
