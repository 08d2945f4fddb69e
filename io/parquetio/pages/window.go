package pages

import (
	"errors"
	"fmt"

	"tripstats/io/parquetio/thrift"
)

// header parses the page header that is skip bytes on from the page at hand.
func (r *Reader[T]) header(skip int) (header, int, error) {
	for want := 64; ; want *= 4 {
		left := int64(r.hi-r.lo) + r.chunk.Off + r.chunk.Size - r.off
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

// readBytes is what is read at once at least.
const readBytes = 256 << 10

// need makes the next n bytes of the chunk those from win[lo] on.
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

// announcedBytes is how far ahead of what is read a file is told of it. Reading goes from column to column in small pieces, which
// an operating system does not see through: from a disk, 24 months on 2 cores took a tenth to a seventh less time with 1 to 4 MiB,
// and no more from the page cache.
const announcedBytes = 2 << 20

// announcer is a file that can be told what will be read of it.
type announcer interface{ WillNeed(off, n int64) }

// announce tells the file of the next bytes, if half of those it knows of are read.
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

// usual is the size of pages up to which a little memory more is no matter: twice that of TLC's.
const usual = 2 << 20

// grow makes b at least n bytes long, keeping the first of what is in it.
func (r *Reader[T]) grow(b *[]byte, keep, n int) error {
	if n <= cap(*b) {
		*b = (*b)[:cap(*b)]
		return nil
	}
	kept := (*b)[:keep]
	if keep == 0 { // old and new must not be there at once
		r.drop(cap(*b))
		*b, kept = nil, nil
	}
	// Pages of the usual size differ a little; a quarter more saves the next one from growing again.
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

// drop gives back bytes of memory that is let go.
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
