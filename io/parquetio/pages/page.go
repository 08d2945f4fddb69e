package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"
)

// page is a decompressed data page.
type page struct {
	buf    []byte // its memory, with slack
	head   header
	rows   int    // rows that are not read yet
	levels hybrid // of width 1
	all    bool   // no row is null
	coded  bool   // dictionary-encoded
	codes  hybrid
	values []byte // PLAIN values, if the page is not coded
	pad    int    // how many zero bytes may follow them
}

var errLeft = errors.New("a page has more bytes than its values need")

// spent tells whether a page has no bytes left after its last row.
func (p *page) spent() bool {
	if p.coded && !p.codes.spent() || !p.coded && !padding(p.values, p.pad) {
		return false
	}
	return p.all || p.levels.spent()
}

// next moves to the next page, in queue[at].
func (r *Reader[T]) next() error {
	if r.at++; r.at < r.n {
		return nil
	}
	r.at, r.n = 0, 0
	for {
		if r.seen >= r.chunk.Rows {
			return errors.New("the column chunk ends before the row group does")
		}
		h, n, err := r.header(0)
		if err != nil {
			return err
		}
		if r.chunk.Dict && !r.hasDict && h.kind != dictionaryPage {
			return ErrNoDictionary
		}
		switch h.kind {
		case dictionaryPage:
			if err := r.dictionary(h, n); err != nil {
				return err
			}
		default:
			if h.holdsRows() {
				return r.pages(h, n)
			}
			if err := r.need(n + int(h.packed)); err != nil {
				return err
			}
			r.lo += n + int(h.packed)
		}
	}
}

// ErrNoDictionary says that a column chunk should begin with a dictionary page, by its footer, and does not.
var ErrNoDictionary = errors.New("found another page where the footer says that the dictionary begins")

// mostOfTwo is the most bytes that two pages may have together to be inflated at once. Larger pages are inflated one by one, to
// leave memory to others.
const mostOfTwo = 4 << 20

// pages reads the current data page, whose header has n bytes, and with GZIP the next one too.
func (r *Reader[T]) pages(h header, n int) error {
	size := n + int(h.packed)
	r.queue[0].head = h
	r.seen += h.values
	count := 1
	var second int // bytes of the second header
	if r.chunk.Codec.Gzip && r.seen < r.chunk.Rows && h.size <= mostOfTwo {
		h2, n2, err := r.header(size)
		if err == nil && h2.holdsRows() && h.size+h2.size <= mostOfTwo {
			r.queue[1].head, second, count = h2, n2, 2
			r.seen += h2.values
		}
	}
	total := size
	if count == 2 {
		total += second + int(r.queue[1].head.packed)
	}
	if err := r.need(total); err != nil {
		return err
	}
	bodies := [2][]byte{r.win[r.lo+n : r.lo+size]}
	if count == 2 {
		bodies[1] = r.win[r.lo+size+second : r.lo+total]
	}
	if err := r.decompress(bodies, count); err != nil {
		return err
	}
	r.lo += total
	for i := range r.queue[:count] {
		if err := r.queue[i].begin(r.chunk.Optional, r.chunk.Padding); err != nil {
			return err
		}
		if r.queue[i].coded && !r.hasDict {
			return errors.New("indices without a dictionary")
		}
	}
	r.n = count
	return nil
}

// decompress puts the bodies of the queue's first pages into their memory.
func (r *Reader[T]) decompress(bodies [2][]byte, count int) error {
	var dst [2][]byte
	for i := range r.queue[:count] {
		p, body := &r.queue[i], bodies[i]
		if err := p.head.verify(body); err != nil {
			return err
		}
		size := int(p.head.size)
		most, err := r.memory(p, size)
		if err != nil {
			return err
		}
		plain := 0
		if p.head.kind == dataPageV2 {
			plain = int(p.head.levelBytes)
			switch {
			case p.head.repeatBytes != 0: // flat columns need none, but some writers write them
				return fmt.Errorf("%w: repetition levels in a flat column", ErrForm)
			case int64(plain) > min(p.head.packed, p.head.size):
				return errHeader
			}
			copy(p.buf, body[:plain])
		}
		dst[i], bodies[i] = p.buf[plain:size:most], body[plain:]
		if p.head.kind == dataPageV2 && p.head.uncompressed {
			if len(dst[i]) != len(bodies[i]) {
				return errHeader
			}
			copy(dst[i], bodies[i])
			dst[i], bodies[i] = nil, nil // done
		}
	}
	for i := range r.queue[:count] {
		if dst[i] == nil {
			continue
		}
		if r.chunk.Codec.Gzip && i+1 < count && dst[i+1] != nil {
			if len(bodies[i]) > 0 && len(bodies[i+1]) > 0 {
				return r.gzip.Pages(dst[0], bodies[0], dst[1], bodies[1])
			}
		}
		if err := r.decompressOne(dst[i], bodies[i]); err != nil {
			return err
		}
	}
	return nil
}

// memory gives a page memory for a body of so many bytes, and returns up to where a codec may write in it.
func (r *Reader[T]) memory(p *page, size int) (most int, err error) {
	most = size
	if r.chunk.Codec.Room != nil {
		most += r.chunk.Codec.Room(size)
	}
	if err = r.grow(&p.buf, 0, max(most, size+slack)); err != nil && most > size { // the codec is slower, then
		most = size
		err = r.grow(&p.buf, 0, size+slack)
	}
	if err == nil {
		p.buf = p.buf[:size+slack]
	}
	return most, err
}

func (r *Reader[T]) decompressOne(dst, src []byte) error {
	switch {
	case len(dst) == 0 && len(src) == 0: // a page of nulls: some writers compress no values to no bytes
		return nil
	case r.chunk.Codec.Gzip:
		return r.gzip.Page(dst, src)
	case r.chunk.Codec.Decompress != nil:
		return r.chunk.Codec.Decompress(dst, src)
	}
	if len(dst) != len(src) {
		return errHeader
	}
	copy(dst, src)
	return nil
}

var errLevels = errors.New("a page of a column without nulls has definition levels")

// begin finds the levels and values in a page.
func (p *page) begin(optional bool, pad int) error {
	h := p.head
	body := p.buf[:len(p.buf)-slack]
	p.rows, p.all = int(h.values), !optional
	start := 0
	if h.kind == dataPageV2 {
		start = int(h.levelBytes)
		switch {
		case optional:
			p.levels = newHybrid(p.buf[:start+slack], 1)
		case start > 0:
			return errLevels
		}
	} else if optional {
		if h.levels != rle {
			return fmt.Errorf("%w: definition levels of encoding %d", ErrForm, h.levels)
		}
		if len(body) < 4 {
			return errRuns
		}
		n := binary.LittleEndian.Uint32(body)
		if uint64(n) > uint64(len(body)-4) {
			return errRuns
		}
		start = 4 + int(n)
		p.levels = newHybrid(p.buf[4:start+slack], 1)
	}
	p.levels.pad = pad
	if optional {
		if err := p.levels.run(); err != nil {
			return err
		}
		p.all = !p.levels.packed && p.levels.value == 1 && p.levels.left == p.rows && p.levels.pos == p.levels.end
	}
	switch h.encoding {
	case plain:
		p.coded, p.values, p.pad = false, body[start:], pad
	case plainDictionary, rleDictionary:
		p.coded = true
		if start == len(body) { // all rows are null
			p.codes = newHybrid(p.buf[start:], 0)
			return nil
		}
		width := uint(body[start])
		if width > 32 {
			return fmt.Errorf("indices of %d bits", width)
		}
		p.codes = newHybrid(p.buf[start+1:], width)
		p.codes.pad = pad
	default:
		return fmt.Errorf("%w: encoding %d", ErrForm, h.encoding)
	}
	return nil
}

// dictionary reads the current page, which is a dictionary page and whose header has n bytes.
func (r *Reader[T]) dictionary(h header, n int) error {
	if h.encoding != plain && h.encoding != plainDictionary {
		return fmt.Errorf("%w: a dictionary of encoding %d", ErrForm, h.encoding)
	}
	if r.hasDict {
		return errors.New("a second dictionary")
	}
	var zero T
	if h.values*int64(unsafe.Sizeof(zero)) != h.size {
		return dictionarySize(h.size, h.values)
	}
	if err := r.need(n + int(h.packed)); err != nil {
		return err
	}
	body := r.win[r.lo+n : r.lo+n+int(h.packed)]
	if err := h.verify(body); err != nil {
		return err
	}
	width := int(unsafe.Sizeof(zero))
	if room := (int(h.size) + width - 1) / width; room > cap(r.dict) {
		r.drop(cap(r.dict) * width)
		r.dict = nil
		if err := r.take(room * width); err != nil {
			return err
		}
		r.dict = make([]T, room)
	}
	r.dict = r.dict[:cap(r.dict)]
	if err := r.decompressOne(bytesOf(r.dict)[:h.size:h.size], body); err != nil {
		return err
	}
	r.dict = r.dict[:h.values]
	r.lo += n + int(h.packed)
	r.hasDict = true
	return nil
}
