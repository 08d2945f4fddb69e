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
			if err := r.dictionary(h, n); err != nil || r.n > 0 {
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
	end := n + int(h.packed)
	if err := r.need(end); err != nil {
		return err
	}
	if err := h.verify(r.win[r.lo+n : r.lo+end]); err != nil {
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
	dict := bytesOf(r.dict)[:h.size:h.size]
	if g := r.besideDictionary(h, end); g.count > 0 && r.need(g.end) == nil && r.load(&g, dict, r.win[r.lo+n:r.lo+end]) == nil {
		r.dict, r.hasDict = r.dict[:h.values], true
		if r.begin(&g) == nil {
			return nil
		}
	}
	if err := r.decompressOne(dict, r.win[r.lo+n:r.lo+end]); err != nil { // alone: a damaged page after it must not be its error
		return err
	}
	r.dict, r.hasDict = r.dict[:h.values], true
	r.lo += end
	return nil
}
