package pages

import (
	"errors"
	"fmt"

	"tripstats/io/parquetio/thrift"
)

// header parses the page header that begins skip bytes after the current page.
func (r *Reader[T]) header(skip int) (header, int, error) {
	for want := 64; ; want *= 4 {
		left := r.left()
		have := int(min(int64(skip+want), left))
		if have < skip {
			return header{}, 0, thrift.ErrShort
		}
		if err := r.need(have); err != nil {
			return header{}, 0, err
		}
		h, n, err := parseHeader(r.win[r.lo+skip : r.lo+have])
		if err != thrift.ErrShort || int64(have) == left || want >= MaxHeaderBytes {
			return h, n, err
		}
	}
}

// left is how many bytes of the chunk follow from the current page on.
func (r *Reader[T]) left() int64 { return int64(r.hi-r.lo) + r.chunk.Off + r.chunk.Size - r.off }

// readBytes is the least number of bytes that are read at once.
const readBytes = 256 << 10

// need reads until the next n bytes of the chunk are in win, from win[lo] on.
func (r *Reader[T]) need(n int) error {
	have := r.hi - r.lo
	if n <= have {
		return nil
	}
	left := r.chunk.Off + r.chunk.Size - r.off
	if int64(n-have) > left {
		return errors.New("the column chunk breaks off")
	}
	copy(r.win, r.win[r.lo:r.hi])
	r.lo, r.hi = 0, have
	size := int(min(int64(max(n, readBytes)), int64(have)+left))
	if err := r.grow(&r.win, have, size+slack); err != nil {
		return err
	}
	r.announce()
	if _, err := r.src.ReadAt(r.win[have:size], r.off); err != nil {
		return err
	}
	r.hi = size
	r.off += int64(size - have)
	return nil
}

// announcedBytes is how far ahead a file is told what will be read. Several columns are read in turn, a few bytes at a time; the
// operating system does not recognise that as sequential reading, and would not read ahead by itself.
const announcedBytes = 2 << 20

// announcer is a file that can be told what will be read of it.
type announcer interface{ WillNeed(off, n int64) }

// announce tells the file which bytes come next, if half of the bytes it was told of are read.
func (r *Reader[T]) announce() {
	end := r.chunk.Off + r.chunk.Size
	if r.ahead == nil || r.announced >= end || r.announced-r.off > announcedBytes/2 {
		return
	}
	from := max(r.announced, r.off)
	r.announced = min(r.off+announcedBytes, end)
	r.ahead.WillNeed(from, r.announced-from)
}

var errBudget = fmt.Errorf("%w: its pages need more memory at once than they may have", ErrForm)

// usual is the page size up to which some spare memory is allowed: twice the size of TLC's pages.
const usual = 2 << 20

// grow makes b at least n bytes long, keeping the first of what is in it.
func (r *Reader[T]) grow(b *[]byte, keep, n int) error {
	if n <= cap(*b) {
		*b = (*b)[:cap(*b)]
		return nil
	}
	kept := (*b)[:keep]
	if keep == 0 { // free the old memory before allocating the new
		r.drop(cap(*b))
		*b, kept = nil, nil
	}
	// Page sizes differ a little: with a quarter more, the next page seldom needs to grow again.
	size := n
	if n <= usual {
		size += n / 4
	}
	if err := r.take(size); err != nil {
		size = n
		if err := r.take(size); err != nil {
			return err
		}
	}
	grown := make([]byte, size)
	copy(grown, kept)
	r.drop(cap(kept))
	*b = grown
	return nil
}

// drop returns bytes to the budget.
func (r *Reader[T]) drop(bytes int) {
	r.budget.Give(bytes)
	r.taken -= bytes
}

func (r *Reader[T]) take(bytes int) error {
	if !r.budget.Take(bytes) {
		return errBudget
	}
	r.taken += bytes
	return nil
}
