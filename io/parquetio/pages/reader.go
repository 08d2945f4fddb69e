// Package pages decodes column chunks of parquet files into values and a validity bitmap: those of flat columns of
// INT32, INT64, FLOAT and DOUBLE, required or optional, of data pages of either version, PLAIN or by dictionary, not
// compressed or with GZIP, ZSTD or SNAPPY. That is all that TLC's files have in the columns of this program. Another form is
// [ErrForm], and the caller has arrow-go's readers for it, whose pages [Body.Check] looks at. Any other error is damage: a page
// with bytes left after its last value too, and one with too few.
//
// What it does to be fast: a page's bytes are read once into memory that is used again, GZIP pages are inflated two at a
// time (see package inflate), definition levels are taken run by run, so that a page without nulls costs one look, and
// values go from the page to where they belong in one step.
//
// It never allocates by what the data says without asking its Budget, and never reads or writes outside its buffers: the
// fuzz tests compare it with arrow-go's column readers on damaged column chunks. Fuzzed on one core, guided by coverage: the
// last 5.2 million damaged chunks (69 minutes), of which 4.2 million by codes too, without a finding; before, 6 million,
// with some that were mended.
package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"tripstats/io/inflate"
)

// Codec is how pages are compressed.
type Codec struct {
	// Gzip says that they are GZIP. Otherwise Decompress does it, nil for pages that are not compressed: it must fill dst, and
	// may write nothing beyond.
	Gzip       bool
	Decompress func(dst, src []byte) error
}

// Chunk is what the footer says of a column chunk.
type Chunk struct {
	Off, Size int64 // bytes of the file
	Rows      int64
	Optional  bool // values may be null: the maximum definition level is 1, else 0
	Dict      bool // it begins with a dictionary
	Padding   int  // zeros that the writer may have put after a page's values, bytes
	Codec     Codec
}

// Budget says whether more bytes of memory may be used.
type Budget interface {
	Take(bytes int) bool
	Give(bytes int)
}

// Native tells whether this machine has numbers in memory as parquet has them in files. On others nothing is read here.
func Native() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// Reader reads column chunks, one after the other. T is as wide as the values; what they mean is the caller's. The zero
// value is ready for [Reader.Use].
type Reader[T uint32 | uint64] struct {
	budget Budget
	taken  int

	src   io.ReaderAt
	ahead announcer // src, if it is one
	chunk Chunk
	off   int64  // of the chunk's next byte that is not in window yet
	seen  int64  // rows of the pages begun
	win   []byte // what is read ahead: win[lo:hi], and slack
	lo    int
	hi    int

	announced int64 // to where ahead knows

	queue   [2]page
	at, n   int // the page at hand, and how many there are
	dict    []T
	hasDict bool
	gzip    inflate.Pair
}

// page is a data page that is decompressed.
type page struct {
	buf    []byte // its memory, with slack
	head   header
	rows   int    // that are not read yet
	levels hybrid // of width 1
	all    bool   // no row is null
	coded  bool   // by dictionary
	codes  hybrid
	values []byte // else
	pad    int    // zeros that may follow those, bytes
}

// mostKept is how much memory a Reader may keep for the next file: more than TLC's pages ask for.
const mostKept = 8 << 20

// Use says of which budget the memory is taken from now on: what the reader has already, too.
func (r *Reader[T]) Use(budget Budget) {
	r.budget = budget
	if !budget.Take(r.taken) {
		*r = Reader[T]{budget: budget}
	}
}

// Release gives the memory back to the budget. The reader keeps it for its next [Reader.Use], unless it is much.
func (r *Reader[T]) Release() {
	r.budget.Give(r.taken)
	r.budget, r.src, r.ahead = nil, nil, nil
	if r.taken > mostKept {
		*r = Reader[T]{}
	}
}

// Open begins with a column chunk of src. If src has a method WillNeed(off, n int64) it is told what will be read.
func (r *Reader[T]) Open(src io.ReaderAt, c Chunk) {
	r.src, r.chunk, r.off = src, c, c.Off
	r.ahead, _ = src.(announcer)
	r.announced = r.off
	r.lo, r.hi, r.at, r.n, r.seen, r.hasDict = 0, 0, 0, 0, 0, false
}

// ErrForm says that a column chunk, damaged or not, has a form that is not read here.
var ErrForm = errors.New("a form that is not read here")

var errMore = errors.New("the column chunk has more values than the row group has rows")

// Done returns an error unless all that was begun has been read.
func (r *Reader[T]) Done() error {
	if r.at < r.n && r.queue[r.at].rows > 0 || r.at+1 < r.n || r.seen != r.chunk.Rows {
		return errMore
	}
	return nil
}

// Read reads the next rows into values, as many as it has, nulls as 0. It returns how many are null; if any are, valid,
// which has a bit for every row at least, tells which are not.
func (r *Reader[T]) Read(values []T, valid []byte) (nulls int, err error) {
	_, nulls, err = r.read(len(values), output[T]{values: values}, nil, valid)
	return nulls, err
}

// ReadCodes is Read for callers that can do with codes: where all rows have one, of a dictionary of at most [MaxCodes]
// values that is no longer than the column chunk, it fills codes, nulls as 0, and [Reader.Dictionary] tells what they
// mean. Else it fills what room returns, which must have as many rows, as Read does.
func (r *Reader[T]) ReadCodes(codes []uint16, room func() []T, valid []byte) (coded bool, nulls int, err error) {
	return r.read(len(codes), output[T]{codes: codes}, room, valid)
}

// Dictionary returns a copy of that of the column chunk at hand, once a row of it was read by its code. The copy has no more
// values than the chunk has rows, while the reader's own memory is as large as the largest dictionary page was.
func (r *Reader[T]) Dictionary() []T { return slices.Clone(r.dict) }

// MaxCodes is how many values a dictionary may have for its codes to be handed out.
const MaxCodes = 1 << 16

// codable tells whether the codes of the dictionary are handed out. One that is longer than its column chunk would keep
// more memory than the values.
func (r *Reader[T]) codable() bool { return int64(len(r.dict)) <= min(MaxCodes, r.chunk.Rows) }

// read reads the next rows into out: codes, if it has room for them and as long as there are any.
func (r *Reader[T]) read(rows int, out output[T], room func() []T, valid []byte) (coded bool, nulls int, err error) {
	for done := 0; done < rows; {
		p := &r.queue[r.at]
		if r.at >= r.n || p.rows == 0 {
			if err := r.next(); err != nil {
				return false, 0, err
			}
			continue
		}
		if out.codes != nil && !(p.coded && r.codable()) {
			values := room()
			decode(values, r.dict, out.codes[:done], nulls, valid)
			out = output[T]{values: values}
		}
		n := min(p.rows, rows-done)
		if p.all {
			if err := r.fill(p, out, done, n); err != nil {
				return false, 0, err
			}
			if nulls > 0 {
				setBits(valid, done, done+n)
			}
		} else {
			if err := p.levels.run(); err != nil {
				return false, 0, err
			}
			n = min(n, p.levels.left)
			more, err := r.run(p, out, valid, done, n, nulls > 0)
			if err != nil {
				return false, 0, err
			}
			nulls += more
			p.levels.left -= n
		}
		done += n
		if p.rows -= n; p.rows == 0 && !p.spent() {
			return false, 0, errLeft
		}
	}
	return out.codes != nil, nulls, nil
}

var errLeft = errors.New("a page has more bytes than its values need")

// spent tells whether nothing is left of a page of which all rows are read.
func (p *page) spent() bool {
	if p.coded && !p.codes.spent() || !p.coded && !padding(p.values, p.pad) {
		return false
	}
	return p.all || p.levels.spent()
}

// run reads rows [at, at+n), which are within one run of definition levels, and returns how many are null. mapped tells
// whether valid has the rows before them.
func (r *Reader[T]) run(p *page, out output[T], valid []byte, at, n int, mapped bool) (nulls int, err error) {
	l := &p.levels
	switch {
	case !l.packed && l.value > 1:
		return 0, fmt.Errorf("a definition level of %d, expected at most 1", l.value)
	case !l.packed && l.value == 1:
		if mapped {
			setBits(valid, at, at+n)
		}
		return 0, r.fill(p, out, at, n)
	case !l.packed:
		if !mapped {
			setBits(valid, 0, at)
		}
		out.clear(at, n)
		clearBits(valid, at, at+n)
		return n, nil
	}
	bit := l.bit
	l.bit += n
	set := countBits(l.data, bit, n)
	if err := r.fill(p, out, at, set); err != nil {
		return 0, err
	}
	if set == n {
		if mapped {
			setBits(valid, at, at+n)
		}
		return 0, nil
	}
	if !mapped {
		setBits(valid, 0, at)
	}
	copyBits(valid, at, l.data, bit, n)
	out.spread(at, n, set, l.data, bit)
	return n - set, nil
}

var errValues = errors.New("a page has fewer values than its header says")

// fill reads rows [at, at+n), none of them null.
func (r *Reader[T]) fill(p *page, out output[T], at, n int) error {
	if out.codes != nil {
		return unpack(&p.codes, out.codes[at:at+n], len(r.dict))
	}
	dst := out.values[at : at+n]
	if p.coded {
		return lookup(&p.codes, dst, r.dict)
	}
	var zero T
	size := len(dst) * int(unsafe.Sizeof(zero))
	if size > len(p.values) {
		return errValues
	}
	copy(bytesOf(dst), p.values[:size])
	p.values = p.values[size:]
	return nil
}

// bytesOf is the memory of values.
func bytesOf[T uint32 | uint64](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
}

// next makes the next page that of queue[at].
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

// ErrNoDictionary is of a column chunk that begins with another page than its footer says.
var ErrNoDictionary = errors.New("found another page where the footer says that the dictionary begins")

// mostOfTwo is how many bytes two pages may have together to be inflated at once. Memory for two large ones may be what
// is missing elsewhere.
const mostOfTwo = 4 << 20

// pages reads the data page at hand, whose header has n bytes, and with GZIP the next one too.
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
		if err := r.grow(&p.buf, 0, int(p.head.size)+slack); err != nil {
			return err
		}
		p.buf = p.buf[:int(p.head.size)+slack]
		plain := 0
		if p.head.kind == dataPageV2 {
			plain = int(p.head.levelBytes)
			switch {
			case p.head.repeatBytes != 0: // needless, but some writers have them
				return fmt.Errorf("%w: repetition levels in a flat column", ErrForm)
			case int64(plain) > min(p.head.packed, p.head.size):
				return errHeader
			}
			copy(p.buf, body[:plain])
		}
		dst[i], bodies[i] = p.buf[plain:p.head.size:p.head.size], body[plain:]
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

func (r *Reader[T]) decompressOne(dst, src []byte) error {
	switch {
	case len(dst) == 0 && len(src) == 0: // the values of a page of nulls: some writers compress nothing to nothing
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

// begin finds a page's levels and values.
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
		if start == len(body) { // nothing but nulls
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

// dictionary reads the dictionary page at hand, whose header has n bytes.
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
