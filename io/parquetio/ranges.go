package parquetio

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"tripstats/io/objstore"
)

// How a remote file is read. The columns are decoded in parallel, each from the start of its column chunk to the end. A request
// costs a round trip, and fetched bytes that are not yet decoded cost memory. So a large column chunk is fetched by several
// requests, each of one to two times requestBytes. Small column chunks that are close together share one request. While the
// bytes of one request are decoded, the column's next request is under way.
const (
	requestBytes = 4 << 20

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

// spans returns where the column chunks of the table are, in the order of the file, without empty ones.
func (t *chunkTable) spans() []chunkSpan {
	var spans []chunkSpan
	for i := range t.chunks {
		if at := t.chunks[i].span(); at.len() > 0 {
			spans = append(spans, chunkSpan{at, i % len(t.leaves)})
		}
	}
	slices.SortStableFunc(spans, func(a, b chunkSpan) int { return cmp.Compare(a.off, b.off) })
	return spans
}

// spanOf returns where a column chunk of the given size is. Some writers give 0 as the place of a dictionary that does not exist.
func spanOf(firstPage, dictionary, size int64) span {
	if dictionary > 0 {
		firstPage = min(firstPage, dictionary)
	}
	return span{firstPage, firstPage + size}
}

// planRequests splits and merges column chunks, which are in the order of the file, into the ranges that requests fetch.
func planRequests(chunks []chunkSpan) []span {
	var requests []span
	needed := int64(0)
	for _, c := range chunks {
		needed += c.len()
		if c.len() < 2*requestBytes {
			requests = append(requests, c.span)
			continue
		}
		n := c.len() / requestBytes
		for i := range n {
			requests = append(requests, span{c.off + c.len()*i/n, c.off + c.len()*(i+1)/n})
		}
	}
	// Merge neighbours, those with the least between them first. A footer that has column chunks overlap is damaged or
	// hostile; those stay apart.
	type gap struct{ after, bytes int64 }
	var gaps []gap
	for i := range len(requests) - 1 {
		if bytes := requests[i+1].off - requests[i].end; bytes >= 0 {
			gaps = append(gaps, gap{requests[i].off, bytes})
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(a.bytes, b.bytes) })
	waste := needed/wasteShare + wasteBytes
	for _, g := range gaps {
		i := slices.IndexFunc(requests, func(p span) bool { return p.off <= g.after && g.after < p.end })
		if i < 0 || i+1 >= len(requests) || requests[i+1].off < requests[i].end {
			continue
		}
		if between := requests[i+1].off - requests[i].end; between <= waste && requests[i+1].end-requests[i].off <= 2*requestBytes {
			waste -= between
			requests[i].end = requests[i+1].end
			requests = slices.Delete(requests, i+1, i+2)
		}
	}
	return requests
}

// ahead is how many bytes the process has fetched before a column needs them, and mostAhead how many it may. A request
// for which a column waits is always made. Both are of the process, because memory is.
var ahead, mostAhead atomic.Int64

// SetReadAhead says how many bytes of remote files may be fetched in this process before they are needed.
func SetReadAhead(bytes int64) { mostAhead.Store(bytes) }

func init() { SetReadAhead(64 << 20) }

// fetcher has the bytes of a remote file for the columns that are being decoded. It makes requests in goroutines, which end with
// close, and frees the bytes of a request when every column has read past them.
type fetcher struct {
	r      io.ReaderAt
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	requests []*request // in the order of the file
	err      error      // of the first request that failed
	free     [][]byte
}

// request fetches a range of bytes.
type request struct {
	span
	next    []*request // what its columns need after it, fetched ahead
	readers int        // parts of column chunks in it that are not read yet
	ahead   bool       // it was fetched ahead, and counts in that budget
	started bool
	done    chan struct{}
	data    []byte
}

// part is the bytes of a column chunk in a request.
type part struct {
	span
	request *request
	read    bool
}

func newFetcher(ctx context.Context, r objstore.Reader, chunks []chunkSpan) *fetcher {
	f := &fetcher{}
	f.ctx, f.cancel = context.WithCancel(ctx)
	f.r = objstore.WithContext(f.ctx, r)
	for _, s := range planRequests(chunks) {
		f.requests = append(f.requests, &request{span: s, done: make(chan struct{})})
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
	var last *request
	for _, chunk := range chunks {
		if chunk.column != column {
			continue
		}
		for _, p := range f.requests {
			if p.off < chunk.end && chunk.off < p.end {
				p.readers++
				c.parts = append(c.parts, &part{span: span{max(p.off, chunk.off), min(p.end, chunk.end)}, request: p})
				if last != nil && last != p {
					last.next = append(last.next, p)
				}
				last = p
			}
		}
	}
	return c
}

// ReadAt reads what requests have fetched, and waits for them. Bytes of no request are read directly: if our decoder gives up a
// column, arrow-go's reader reads it a second time.
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
		data, err := c.f.wait(c.parts[i].request)
		if err != nil {
			return n, err
		}
		m := copy(b[n:], data[off-c.parts[i].request.off:c.parts[i].end-c.parts[i].request.off])
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

// wait returns the bytes of a request, and starts the requests after it.
func (f *fetcher) wait(p *request) ([]byte, error) {
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

// start starts a request, once. The caller holds the lock.
func (f *fetcher) start(p *request) {
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

// memory returns memory, if possible that of a finished request. The caller holds the lock.
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
	if p.request.readers--; p.request.readers > 0 || !p.request.started {
		return
	}
	f.giveBack(p.request)
	select {
	case <-p.request.done:
		if len(f.free) < 4 {
			f.free = append(f.free, p.request.data)
		}
	default: // it was skipped and is still being fetched, so its memory cannot be reused
	}
	p.request.data = nil
}

// giveBack returns to the budget what a request took of it. The caller holds the lock.
func (f *fetcher) giveBack(p *request) {
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
	for _, p := range f.requests {
		f.giveBack(p)
	}
}
