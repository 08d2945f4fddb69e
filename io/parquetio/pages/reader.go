// Package pages decodes column chunks of parquet files into values and a validity bitmap. It decodes flat columns of INT32,
// INT64, FLOAT and DOUBLE, required or optional, in data pages of either version, PLAIN or dictionary-encoded, uncompressed
// or with GZIP, ZSTD or SNAPPY. TLC's files have nothing else in the columns of this program. For any other form the package
// returns [ErrForm]; the caller then uses arrow-go's readers, and [Body.Check] checks their pages. Any other error is damage;
// a page with too few bytes for its values, or with bytes left after them, is damage too.
//
// Three things make it fast. A page is read once, into memory that is reused. Two or three GZIP pages are inflated at a time (see
// package inflate). Definition levels are read run by run, so that a page without nulls has one run, and values go from the
// page to their place in one step.
//
// It asks its Budget before it allocates as much as the data says, and never reads or writes outside its buffers. The fuzz
// tests compare it with arrow-go's column readers on damaged column chunks.
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

// Codec says how pages are compressed.
type Codec struct {
	// Gzip is true for GZIP. For other codecs Decompress must fill dst and write nothing beyond its capacity; it is nil for
	// uncompressed pages.
	Gzip       bool
	Decompress func(dst, src []byte) error

	// Room is how much more capacity than length dst should have, so that Decompress is fast; nil for none.
	Room func(length int) int
}

// Chunk has what the footer says about a column chunk.
type Chunk struct {
	Off, Size int64 // bytes of the file
	Rows      int64
	Optional  bool // values may be null: the maximum definition level is 1, else 0
	Dict      bool // it begins with a dictionary
	Padding   int  // how many zero bytes the writer may have put after a page's values
	Codec     Codec
}

// Budget says whether more bytes of memory may be used.
type Budget interface {
	Take(bytes int) bool
	Give(bytes int)
}

// Native tells whether numbers have the same bytes in this machine's memory as in parquet files. On other machines this package
// reads nothing.
func Native() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// Reader reads column chunks, one after the other. T has the width of the values; the caller knows what they mean. The zero
// value is ready for [Reader.Use].
type Reader[T uint32 | uint64] struct {
	budget Budget
	taken  int

	src   io.ReaderAt
	ahead announcer // src, if it is one
	chunk Chunk
	off   int64  // offset of the chunk's next byte that is not in the window yet
	seen  int64  // rows of all pages that were begun
	win   []byte // the window: win[lo:hi] has the bytes that were read ahead, and slack follows
	lo    int
	hi    int

	announced int64 // ahead was told of the bytes up to this offset

	queue   [mostPages]page
	at, n   int // index of the current page, and number of pages
	dict    []T
	hasDict bool
	gzip    inflate.Pair
}

// mostKept is how much memory a Reader may keep for the next file. TLC's pages need less.
const mostKept = 8 << 20

// Use sets the budget from which memory is taken. The memory that the reader already has is taken from it too.
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

// Open starts reading a column chunk of src. If src has a method WillNeed(off, n int64), Open and Read tell it what they will read.
func (r *Reader[T]) Open(src io.ReaderAt, c Chunk) {
	r.src, r.chunk, r.off = src, c, c.Off
	r.ahead, _ = src.(announcer)
	r.announced = r.off
	r.lo, r.hi, r.at, r.n, r.seen, r.hasDict = 0, 0, 0, 0, 0, false
}

// ErrForm says that a column chunk, damaged or not, has a form that this package does not read.
var ErrForm = errors.New("a form that is not read here")

var errMore = errors.New("the column chunk has more values than the row group has rows")

// Done returns an error unless the current column chunk was read to its end.
func (r *Reader[T]) Done() error {
	if r.at < r.n && r.queue[r.at].rows > 0 || r.at+1 < r.n || r.seen != r.chunk.Rows {
		return errMore
	}
	return nil
}

// Read fills values with the next rows; a null becomes 0. It returns how many rows are null. If any are, the bits of valid, which
// needs at least one for each row, tell which are not.
func (r *Reader[T]) Read(values []T, valid []byte) (nulls int, err error) {
	_, nulls, err = r.read(len(values), output[T]{values: values}, nil, valid)
	return nulls, err
}

// ReadCodes is Read for callers that can use codes. If all rows have a code of a dictionary with at most [MaxCodes] values,
// and the dictionary is no longer than the column chunk, ReadCodes fills codes; a null becomes 0, and [Reader.Dictionary]
// returns the values of the codes. Otherwise it fills the slice that room returns, which must have as many rows, like Read.
func (r *Reader[T]) ReadCodes(codes []uint16, room func() []T, valid []byte) (coded bool, nulls int, err error) {
	return r.read(len(codes), output[T]{codes: codes}, room, valid)
}

// Dictionary returns a copy of the current column chunk's dictionary. A row must have been read by its code before. The copy
// has no more values than the chunk has rows; the reader's own memory may be as large as the largest dictionary page so far.
func (r *Reader[T]) Dictionary() []T { return slices.Clone(r.dict) }

// MaxCodes is the largest number of values in a dictionary whose codes [Reader.ReadCodes] gives.
const MaxCodes = 1 << 16

// codable tells whether ReadCodes may give codes of the dictionary. A dictionary that is longer than its column chunk would keep
// more memory in use than the values.
func (r *Reader[T]) codable() bool { return int64(len(r.dict)) <= min(MaxCodes, r.chunk.Rows) }

// read reads the next rows into out: as codes, if out has room for codes and the pages have them.
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

// run reads rows [at, at+n), which are within one run of definition levels, and returns how many are null. mapped tells
// whether the bits of valid are set for the rows before them.
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
