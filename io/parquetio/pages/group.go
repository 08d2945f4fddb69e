package pages

import (
	"errors"
	"fmt"
)

// group is not a row group, but the pages that are read together: with GZIP up to three, otherwise one. Inflating a page mostly
// waits, and inflating other pages in turns fills this time: see package inflate.
type group struct {
	count  int            // pages; their headers are in the queue
	bodies [mostPages]int // where they begin, in bytes from the current page on
	end    int            // where the page after the group begins
	values int64          // rows of all pages
	size   int64          // inflated bytes of all pages, and of the dictionary that is inflated with them
}

const (
	// mostPages is how many pages may be inflated at once.
	mostPages = 3

	// mostOfTwo is the most bytes that two pages may have together to be inflated at once. Larger pages are inflated one by one, to
	// leave memory to others. mostOfThree is the same for three pages.
	mostOfTwo   = 4 << 20
	mostOfThree = 2 << 20
)

// roomFor tells whether so many streams, which have so many inflated bytes together, may be inflated at once.
func roomFor(size int64, streams int) bool {
	if streams > 2 {
		return size <= mostOfThree
	}
	return size <= mostOfTwo
}

// add adds a page to the group, with its header of n bytes.
func (r *Reader[T]) add(g *group, h header, n int) {
	r.queue[g.count].head = h
	g.bodies[g.count] = g.end + n
	g.end += n + int(h.packed)
	g.values += h.values
	g.size += h.size
	g.count++
}

// follow adds the whole pages that follow until the group has most pages, or as many as there are or as there is room for. beside is how many
// other streams are inflated with them.
func (r *Reader[T]) follow(g *group, most, beside int) {
	for g.count < most && r.seen+g.values < r.chunk.Rows && roomFor(g.size, g.count+1+beside) {
		h, n, err := r.header(g.end)
		if err != nil || !h.holdsRows() || int64(g.end+n)+h.packed > r.left() || !roomFor(g.size+h.size, g.count+1+beside) {
			return
		}
		r.add(g, h, n)
	}
}

// atOnce returns how many pages are inflated at once from the page with the header h on: with GZIP three if pages are mostly literals, and two if they
// have many matches. A page with many matches becomes much larger when it is inflated. A third stream does not make matches faster.
func (r *Reader[T]) atOnce(h header) int {
	switch {
	case !r.chunk.Codec.Gzip:
		return 1
	case h.size*2 > h.packed*3, r.pagesLike(h) == 4: // four pages are two and two: in three and one, the single page would take too long
		return 2
	}
	return mostPages
}

// pagesLike returns how many pages are left, if all have as many rows as the page with the header h.
func (r *Reader[T]) pagesLike(h header) int64 {
	return (r.chunk.Rows - r.seen + h.values - 1) / h.values
}

// pages reads the current data page, whose header has n bytes, and with GZIP those that are inflated with it. If these cannot be read, it reads
// the page alone: damage in a page must not keep the pages before it from being read, whichever are inflated together.
func (r *Reader[T]) pages(h header, n int) error {
	var g group
	r.add(&g, h, n)
	r.follow(&g, r.atOnce(h), 0)
	if g.count > 1 {
		switch err := r.need(g.end); {
		case err == nil && r.loadAndBegin(&g) == nil:
			return nil
		case err != nil && !errors.Is(err, errBudget):
			return err
		}
		g = group{}
		r.add(&g, h, n)
	}
	err := r.loadAndBegin(&g)
	if errors.Is(err, errBudget) && r.keepOne() {
		err = r.loadAndBegin(&g)
	}
	return err
}

func (r *Reader[T]) loadAndBegin(g *group) error {
	if err := r.load(g, nil, nil); err != nil {
		return err
	}
	return r.begin(g)
}

// keepOne gives back the memory of all pages but the first, and tells whether they had any.
func (r *Reader[T]) keepOne() (had bool) {
	for i := range r.queue[1:] {
		p := &r.queue[1+i]
		had = had || cap(p.buf) > 0
		r.drop(cap(p.buf))
		p.buf = nil
	}
	return had
}

// besideDictionary returns the pages that are inflated together with a dictionary, whose page has the header h and ends at end. It returns no pages if
// it is probably faster to inflate the dictionary alone: if the dictionary is small, or if the pages fill groups without it.
func (r *Reader[T]) besideDictionary(h header, end int) (g group) {
	g.end, g.size = end, h.size
	if !r.chunk.Codec.Gzip || h.packed == 0 {
		return g
	}
	r.follow(&g, 1, 1)
	if g.count == 0 {
		return g
	}
	first := r.queue[0].head
	switch left := r.pagesLike(first); {
	case first.size*2 > first.packed*3:
		if left%2 == 0 && h.size < first.size {
			return group{}
		}
	case left == 3 || h.size < first.size/2:
		return group{}
	default:
		r.follow(&g, 2, 1)
	}
	return g
}

// load decompresses the pages of a group into their memory and, with them, a dictionary from its body into dict, unless body is nil.
func (r *Reader[T]) load(g *group, dict, body []byte) error {
	if err := r.need(g.end); err != nil {
		return err
	}
	var dst, src [mostPages][]byte
	streams := 0
	if body != nil {
		dst[0], src[0], streams = dict, body, 1
	}
	for i := range r.queue[:g.count] {
		p := &r.queue[i]
		at := r.lo + g.bodies[i]
		to, from, err := r.prepare(p, r.win[at:at+int(p.head.packed)])
		if err != nil {
			return err
		}
		if to != nil {
			dst[streams], src[streams] = to, from
			streams++
		}
	}
	together := r.chunk.Codec.Gzip
	for _, s := range src[:streams] {
		together = together && len(s) > 0
	}
	if together && streams > 1 {
		return r.gzip.Pages(dst[:streams], src[:streams])
	}
	for i := range streams {
		if err := r.decompressOne(dst[i], src[i]); err != nil {
			return err
		}
	}
	return nil
}

// prepare gives a page its memory. It returns the compressed part of the body as src, and the memory into which src is to be decompressed as dst. If dst
// is nil, nothing is to be decompressed.
func (r *Reader[T]) prepare(p *page, body []byte) (dst, src []byte, err error) {
	if err := p.head.verify(body); err != nil {
		return nil, nil, err
	}
	size := int(p.head.size)
	most, err := r.memory(p, size)
	if err != nil {
		return nil, nil, err
	}
	plain := 0
	if p.head.kind == dataPageV2 {
		plain = int(p.head.levelBytes)
		switch {
		case p.head.repeatBytes != 0: // flat columns need none, but some writers write them
			return nil, nil, fmt.Errorf("%w: repetition levels in a flat column", ErrForm)
		case int64(plain) > min(p.head.packed, p.head.size):
			return nil, nil, errHeader
		}
		copy(p.buf, body[:plain])
	}
	dst, src = p.buf[plain:size:most], body[plain:]
	if p.head.kind == dataPageV2 && p.head.uncompressed {
		if len(dst) != len(src) {
			return nil, nil, errHeader
		}
		copy(dst, src)
		return nil, nil, nil
	}
	return dst, src, nil
}

// begin finds the levels and values of the pages of a group that is loaded, and moves behind them.
func (r *Reader[T]) begin(g *group) error {
	for i := range r.queue[:g.count] {
		if err := r.queue[i].begin(r.chunk.Optional, r.chunk.Padding); err != nil {
			return err
		}
		if r.queue[i].coded && !r.hasDict {
			return errors.New("indices without a dictionary")
		}
	}
	r.lo += g.end
	r.seen += g.values
	r.n = g.count
	return nil
}
