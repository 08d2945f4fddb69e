package parquetio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"

	"tripstats/io/objstore"
	"tripstats/io/parquetio/pages"
	"tripstats/io/source"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// BatchRows is the number of rows of a batch, unless its row group ends before.
const BatchRows = batchRows

const (
	// batchRows is the size of a batch. Eight columns of 16,384 eight-byte values are 1 MiB, what a core's second-level
	// cache has, while Beam's cost per element is spread over enough rows.
	batchRows = 16 << 10

	// readAhead is how many decoded batches of a column may wait for the slower columns. Two pages of TLC's timestamps, which are
	// inflated at once, give so many. With fewer, a core would wait for the column that is being inflated.
	readAhead = 16

	// fewColumns is up to how many columns are decoded further ahead. Cores then wait less for one another, and this takes no more memory
	// than the columns of the standing tables take.
	fewColumns = 7
	// fewBatches is how many batches of all columns may wait if there are few columns.
	fewBatches = 128

	// leastAhead is how many decoded batches of a column may wait however little memory there is.
	leastAhead = 3

	// bufferBytes is how many bytes are read at once from a column chunk. By default arrow-go reads the whole chunk, and TLC's row
	// groups are large.
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
func newDecoder(ctx context.Context, f element.Recognised, r objstore.Reader, start, end int, cfg source.Config) (_ *decoder, err error) {
	defer recoverDamage(&err, "%s: footer", f.Source)
	if err := checkRows(f); err != nil {
		return nil, fault.Inputf("%s: %v", f.Source, err)
	}
	table := new(chunkTable)
	if err := table.read(f, r, element.Range{Start: start, End: end}); err != nil {
		return nil, fault.Inputf("%s: footer: %v", f.Source, err)
	}
	mem, ownMem := newBudget(maxDecodeBytes), newBudget(maxOwnBytes)
	props := parquet.NewReaderProperties(mem)
	props.BufferedStreamEnabled = true
	props.BufferSize = bufferBytes
	props.MaxCompressedPageSize = maxPageBytes
	props.MaxUncompressedPageSize = maxPageBytes
	ctx, cancel := context.WithCancel(ctx)
	d := &decoder{source: f.Source, cancel: cancel}
	var chunks []chunkSpan
	if objstore.Remote(f.URI) {
		chunks = table.spans()
		d.fetch = newFetcher(ctx, r, chunks)
	}
	for i, c := range f.Projection {
		bytes := io.ReaderAt(r)
		if d.fetch != nil {
			bytes = d.fetch.column(chunks, i)
		}
		var own *ownReader
		if !cfg.Library {
			own = ownColumn(table, i, f.Columns[c], bytes, ownMem, cfg.Codes)
		}
		s := newStream(f, c, own, readAheadOf(len(f.Projection), cfg.Ahead))
		s.fetch, s.library = d.fetch, libraryColumn{table, i, bytes, f.Size, props}
		d.streams = append(d.streams, s)
	}
	for _, s := range d.streams {
		d.running.Go(func() {
			s.run(ctx, start, end)
			s.ended()
		})
	}
	return d, nil
}

// readAheadOf is how many decoded batches of a column may wait if so many columns are decoded. most is as many as there is memory for, or 0.
func readAheadOf(columns, most int) int {
	n := readAhead
	if columns <= fewColumns {
		n = min(4*readAhead, fewBatches/max(1, columns))
	}
	if most > 0 {
		n = min(n, max(leastAhead, most))
	}
	return n
}

// next returns the next n rows of every column, in the order of the projection, and the memory that they are in.
func (d *decoder) next(ctx context.Context, n int) ([]arrow.Array, []*buffer, error) {
	arrays, buffers := make([]arrow.Array, len(d.streams)), make([]*buffer, len(d.streams))
	for i, s := range d.streams {
		select {
		case c := <-s.out:
			if c.err == nil && c.array.Len() != n {
				c.err = fault.New(fault.Failed, "%s: column %q: decoded %d rows where %d were due", d.source, s.name, c.array.Len(), n)
			}
			if c.err != nil {
				return nil, nil, c.err
			}
			arrays[i], buffers[i] = c.array, c.buf
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	return arrays, buffers, nil
}

// recycle takes the memory of a batch back, one batch at a time.
func (d *decoder) recycle(buffers []*buffer) {
	for i, s := range d.streams {
		s.recycle(buffers[i])
	}
}

// Close ends the goroutines and waits for them. What was decoded ahead is dropped.
func (d *decoder) Close() {
	d.cancel()
	d.running.Wait()
	for _, s := range d.streams {
		s.close()
	}
	if d.fetch != nil {
		d.fetch.close()
	}
}

// stream is one column on its way through the row groups.
type stream struct {
	source string
	name   string
	typ    element.ValueType
	arrow  arrow.DataType
	rows   []int64 // by row group of the file
	fetch  *fetcher
	own    *ownReader // nil where arrow-go reads

	library libraryColumn

	out  chan chunk
	free chan *buffer
	all  []*buffer
	done atomic.Bool // nothing more is decoded
}

// chunk is a decoded batch of one column, or the error that ended the stream.
type chunk struct {
	array arrow.Array
	buf   *buffer
	err   error
}

func newStream(f element.Recognised, col int, own *ownReader, ahead int) *stream {
	c := f.Columns[col]
	s := &stream{
		source: f.Source, name: c.Name, typ: c.Type, arrow: c.Arrow(), rows: f.UnitRows, own: own,
		out: make(chan chunk, ahead),
	}
	batches := int64(2) // one that is decoded and one that is handed out
	for _, n := range f.UnitRows {
		batches += (n + batchRows - 1) / batchRows
	}
	s.free = make(chan *buffer, min(batches, int64(ahead)+2)) // a small file takes little memory
	for range cap(s.free) {
		b := &buffer{}
		if own != nil {
			b = buffers.Get().(*buffer)
		}
		s.all = append(s.all, b)
		s.free <- b
	}
	return s
}

// ended gives what decoding took to other streams.
func (s *stream) ended() {
	if s.own != nil {
		s.own.close()
		s.done.Store(true)
	}
}

// close gives the rest of the memory to the next streams, when nobody decodes and nobody reads what was decoded.
func (s *stream) close() {
	if s.own == nil {
		return
	}
	s.own.close()
	for _, b := range s.all {
		b.keep()
	}
}

// recycle takes back a buffer that was handed out. Once the stream has decoded everything, other streams may use the memory of the values.
func (s *stream) recycle(b *buffer) {
	if s.done.Load() {
		b.keepValues()
	}
	s.free <- b
}

// run decodes row groups [start, end) in batches into s.out, until done, cancelled or broken.
func (s *stream) run(ctx context.Context, start, end int) {
	for rg := start; rg < end; rg++ {
		if err := s.rowGroup(ctx, rg); err != nil {
			select {
			case s.out <- chunk{err: err}:
			case <-ctx.Done():
			}
			return
		}
	}
}

func (s *stream) rowGroup(ctx context.Context, rg int) (err error) {
	defer recoverDamage(&err, "%s: row group %d: column %q", s.source, rg, s.name)
	if s.rows[rg] == 0 {
		return nil
	}
	decode, library := decodeFunc(decodeNull), libraryReader{}
	defer func() {
		if closeErr := library.close(); closeErr != nil {
			err = errors.Join(err, s.fault(rg, s.rows[rg], closeErr))
		}
	}()
	open := func() (err error) { // arrow-go's reader
		library, err = openLibrary(s.library, rg, s.arrow)
		decode = library.decode
		return err
	}
	own := s.own != nil && s.own.open(rg)
	switch {
	case own:
		decode = s.own.decode
	case s.typ != element.Null: // of that nothing is to be read: the type says that every value is null
		if err := open(); err != nil {
			return s.fault(rg, 0, err)
		}
	}
	// decodeOrAsk decodes the next n rows after done. Where our own decoder finds a form that it does not know, arrow-go's readers go
	// on. Damage is final: they do not see all that it sees.
	decodeOrAsk := func(buf *buffer, done int64, n int) (arrow.Array, error) {
		a, err := decode(buf, n)
		if err == nil || !own || ctx.Err() != nil || s.fetch.failure() != nil || !errors.Is(err, pages.ErrForm) {
			return a, err
		}
		own = false
		s.own.giveUp()
		if err := open(); err != nil {
			return nil, err
		}
		if buf == nil {
			buf = &buffer{}
		}
		for skip := done; skip > 0; skip -= min(skip, batchRows) {
			a, err := decode(buf, int(min(skip, batchRows)))
			if err != nil {
				return nil, err
			}
			a.Release()
		}
		return decode(buf, n)
	}
	for done := int64(0); done < s.rows[rg]; {
		var buf *buffer
		select {
		case buf = <-s.free:
		case <-ctx.Done():
			return nil
		}
		n := min(batchRows, s.rows[rg]-done)
		a, err := decodeOrAsk(buf, done, int(n))
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
		// The goroutine that waits for the batch goes first. Otherwise columns are decoded until there is no room, and then one core is idle
		// while the batches are used.
		runtime.Gosched()
	}
	// One more row than the footer says shows only now.
	if _, err := decodeOrAsk(nil, s.rows[rg], 0); err != nil && ctx.Err() == nil {
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

// withAdvice says what to do about an error of a footer or of the decoder.
func withAdvice(err error) error {
	if form := (notRead{}); errors.Is(err, errTooLarge) || errors.Is(err, errTooWide) || errors.As(err, &form) {
		return err
	}
	return fmt.Errorf("%w; the file is damaged: fetch it again", err)
}
