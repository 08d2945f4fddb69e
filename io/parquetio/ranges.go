package parquetio

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/parquet/metadata"

	"tripstats/io/objstore"
)

// How a remote file is read. The columns are decoded in parallel, each from the start of its column chunk to the end. A request
// costs a round trip, and fetched bytes that are not yet decoded cost memory. So large column chunks are fetched in pieces of
// between one and two pieceBytes, small ones that are close together in one piece, and while a piece is decoded the column's
// next piece is being fetched.
const (
	pieceBytes = 4 << 20

	// Bytes between column chunks that may be fetched for nothing, to save requests: a share of what is needed, and some
	// that even a small file may waste. With the footer's tailBytes it is at most 1.05 times what is needed and 256 KiB.
	wasteShare = 20 // one in
	wasteBytes = 256<<10 - tailBytes - 64<<10
)

// span is a range of a file's bytes.
type span struct{ off, end int64 }

func (s span) len() int64 { return s.end - s.off }

// chunkSpan says where a column chunk is.
type chunkSpan struct {
	span
	column int // its place in the projection
}

// chunkSpans are the column chunks of row groups [start, end) that the projection needs, in the order of the file.
func chunkSpans(meta *metadata.FileMetaData, projection []int, start, end int) []chunkSpan {
	var spans []chunkSpan
	for _, rg := range meta.RowGroups[start:end] {
		for i, leaf := range projection {
			m := rg.Columns[leaf].MetaData
			if at := spanOf(m.DataPageOffset, m.DictionaryPageOffset, m.TotalCompressedSize); at.len() > 0 {
				spans = append(spans, chunkSpan{at, i})
			}
		}
	}
	slices.SortStableFunc(spans, func(a, b chunkSpan) int { return cmp.Compare(a.off, b.off) })
	return spans
}

// spanOf returns where a column chunk of the given size is. Some writers give 0 as the place of a dictionary that does not exist.
func spanOf(firstPage int64, dictionary *int64, size int64) span {
	if dictionary != nil && *dictionary > 0 {
		firstPage = min(firstPage, *dictionary)
	}
	return span{firstPage, firstPage + size}
}

// planPieces splits and merges column chunks, which are in the order of the file, into the ranges to fetch.
func planPieces(chunks []chunkSpan) []span {
	var pieces []span
	needed := int64(0)
	for _, c := range chunks {
		needed += c.len()
		if c.len() < 2*pieceBytes {
			pieces = append(pieces, c.span)
			continue
		}
		n := c.len() / pieceBytes
		for i := range n {
			pieces = append(pieces, span{c.off + c.len()*i/n, c.off + c.len()*(i+1)/n})
		}
	}
	// Merge neighbours, those with the least between them first. A footer that has column chunks overlap is damaged or
	// hostile; those stay apart.
	type gap struct{ after, bytes int64 }
	var gaps []gap
	for i := range len(pieces) - 1 {
		if bytes := pieces[i+1].off - pieces[i].end; bytes >= 0 {
			gaps = append(gaps, gap{pieces[i].off, bytes})
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(a.bytes, b.bytes) })
	waste := needed/wasteShare + wasteBytes
	for _, g := range gaps {
		i := slices.IndexFunc(pieces, func(p span) bool { return p.off <= g.after && g.after < p.end })
		if i < 0 || i+1 >= len(pieces) || pieces[i+1].off < pieces[i].end {
			continue
		}
		if between := pieces[i+1].off - pieces[i].end; between <= waste && pieces[i+1].end-pieces[i].off <= 2*pieceBytes {
			waste -= between
			pieces[i].end = pieces[i+1].end
			pieces = slices.Delete(pieces, i+1, i+2)
		}
	}
	return pieces
}

// ahead is how many bytes the process has fetched before a column needs them, and mostAhead how many it may. The piece for which a
// column waits is always fetched. Both are of the process, as its memory is.
var ahead, mostAhead atomic.Int64

// SetReadAhead says how many bytes of remote files may be fetched in this process before they are needed.
func SetReadAhead(bytes int64) { mostAhead.Store(bytes) }

func init() { SetReadAhead(64 << 20) }

// fetcher has the bytes of a remote file for the columns that are being decoded. It fetches pieces in goroutines, which end with
// close, and frees a piece when every column in it has been read past it.
type fetcher struct {
	r      io.ReaderAt
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	pieces []*piece // in the order of the file
	err    error    // of the first request that failed
	free   [][]byte
}

// piece is a range to fetch.
type piece struct {
	span
	next    []*piece // what its columns need after it, fetched ahead
	readers int      // parts of column chunks in it that are not read yet
	ahead   bool     // it was fetched ahead, and counts in that budget
	started bool
	done    chan struct{}
	data    []byte
}

// part is what a column chunk has of a piece.
type part struct {
	span
	piece *piece
	read  bool
}

func newFetcher(ctx context.Context, r objstore.Reader, chunks []chunkSpan) *fetcher {
	f := &fetcher{}
	f.ctx, f.cancel = context.WithCancel(ctx)
	f.r = objstore.WithContext(f.ctx, r)
	for _, s := range planPieces(chunks) {
		f.pieces = append(f.pieces, &piece{span: s, done: make(chan struct{})})
	}
	return f
}

// columnBytes reads the bytes of one column from the start to the end, in one goroutine.
type columnBytes struct {
	f     *fetcher
	parts []*part
}

// column returns the bytes of the column at a place in the projection.
func (f *fetcher) column(chunks []chunkSpan, column int) *columnBytes {
	c := &columnBytes{f: f}
	var last *piece
	for _, chunk := range chunks {
		if chunk.column != column {
			continue
		}
		for _, p := range f.pieces {
			if p.off < chunk.end && chunk.off < p.end {
				p.readers++
				c.parts = append(c.parts, &part{span: span{max(p.off, chunk.off), min(p.end, chunk.end)}, piece: p})
				if last != nil && last != p {
					last.next = append(last.next, p)
				}
				last = p
			}
		}
	}
	return c
}

// ReadAt reads from pieces, and waits for them. Bytes in no piece are read directly: if our decoder gives up a column, arrow-go's
// reader reads it a second time.
func (c *columnBytes) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		i := slices.IndexFunc(c.parts, func(p *part) bool { return p.off <= off && off < p.end })
		if i < 0 {
			m, err := c.f.r.ReadAt(b[n:], off)
			if m < len(b)-n {
				c.f.fail(err)
			}
			return n + m, err
		}
		data, err := c.f.wait(c.parts[i].piece)
		if err != nil {
			return n, err
		}
		m := copy(b[n:], data[off-c.parts[i].piece.off:c.parts[i].end-c.parts[i].piece.off])
		n, off = n+m, off+int64(m)
		passed := i
		if off == c.parts[i].end {
			passed++
		}
		c.pass(passed)
	}
	return n, nil
}

// pass says that the column will not read its first parts again.
func (c *columnBytes) pass(parts int) {
	for _, p := range c.parts[:parts] {
		c.f.release(p)
	}
	c.parts = c.parts[parts:]
}

// wait returns the bytes of a piece, and starts fetching those after it.
func (f *fetcher) wait(p *piece) ([]byte, error) {
	f.mu.Lock()
	f.start(p)
	for _, n := range p.next {
		if !n.started && ahead.Add(n.len()) <= mostAhead.Load() {
			n.ahead = true
			f.start(n)
		} else if !n.started {
			ahead.Add(-n.len())
		}
	}
	f.mu.Unlock()
	select {
	case <-p.done:
	case <-f.ctx.Done():
		return nil, f.ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return p.data, f.err
}

// start starts fetching a piece, once. The caller holds the lock.
func (f *fetcher) start(p *piece) {
	if p.started {
		return
	}
	p.started = true
	p.data = f.memory(p.len())
	f.wg.Go(func() {
		defer close(p.done)
		if _, err := f.r.ReadAt(p.data, p.off); err != nil {
			f.fail(err)
		}
	})
}

// fail records the error of a request, if it is the first.
func (f *fetcher) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

// memory returns memory, if possible that of a finished piece. The caller holds the lock.
func (f *fetcher) memory(n int64) []byte {
	for i, b := range f.free {
		if int64(cap(b)) >= n {
			f.free = slices.Delete(f.free, i, i+1)
			return b[:n]
		}
	}
	return make([]byte, n)
}

func (f *fetcher) release(p *part) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.read {
		return
	}
	p.read = true
	if p.piece.readers--; p.piece.readers > 0 || !p.piece.started {
		return
	}
	f.giveBack(p.piece)
	select {
	case <-p.piece.done:
		if len(f.free) < 4 {
			f.free = append(f.free, p.piece.data)
		}
	default: // it was skipped and is still being fetched, so its memory cannot be reused
	}
	p.piece.data = nil
}

// giveBack returns to the budget what a piece took of it. The caller holds the lock.
func (f *fetcher) giveBack(p *piece) {
	if p.ahead {
		p.ahead = false
		ahead.Add(-p.len())
	}
}

// failure returns the error of the first request that failed, or nil.
func (f *fetcher) failure() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// close ends the goroutines and waits for them.
func (f *fetcher) close() {
	f.cancel()
	f.wg.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pieces {
		f.giveBack(p)
	}
}
