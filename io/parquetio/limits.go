package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Limits on what a file may make the reader allocate, beyond those on its footer's bytes and its pages'. A file is
// damaged or hostile long before it reaches one: TLC's have 20 columns, footers of some 2,000 values and pages of 1 MiB.
const (
	// maxFooterValues bounds the numbers, texts and lists in a footer: each becomes some 20 bytes of memory, or 200
	// with those around it. 1,500 row groups of 20 columns have 700,000.
	maxFooterValues = 2 << 20

	// maxSchemaProduct bounds the values in a schema times its bytes. Arrow-go keeps the path of every leaf, and where
	// columns nest, each path may be nearly the whole schema. 900 columns that do not nest are within it.
	maxSchemaProduct = 192 << 20

	// maxFooterDepth is how deep Thrift structs and lists may nest. The format's own nest to 7.
	maxFooterDepth = 32

	// maxDecodeBytes bounds the pages and dictionaries of all columns of a file together, while it is read. One page of
	// 2 million rows in each of eight columns, as some tools write them, still fits.
	maxDecodeBytes = 192 << 20

	// maxOwnBytes bounds what our own decoder may take of a file's pages, beside maxDecodeBytes: a column that needs more is
	// left to arrow-go's readers, which have those to themselves. What they read alone they read then, too.
	maxOwnBytes = 96 << 20

	// maxTextBytes bounds a number or id written as text.
	maxTextBytes = 256
)

// checkFooter walks over a footer's Thrift values before arrow-go makes objects of them. The Thrift library allocates
// for as many elements as a list claims to have; here each is there.
func checkFooter(raw []byte) error {
	return (&thriftWalk{b: raw}).structure(0)
}

// thriftWalk is a position in a value of Thrift's compact protocol.
type thriftWalk struct {
	b      []byte
	at     int
	values int
}

var errThrift = errors.New("its Thrift structure breaks off or contradicts itself")

func (w *thriftWalk) structure(depth int) error {
	for id := int64(0); ; {
		head, err := w.byte()
		if err != nil || head == 0 {
			return err
		}
		if delta := int64(head >> 4); delta > 0 {
			id += delta
		} else {
			n, err := w.uvarint()
			if err != nil {
				return err
			}
			id = int64(n>>1) ^ -int64(n&1)
		}
		start, counted := w.at, w.values
		if err := w.value(head&0x0f, false, depth+1); err != nil {
			return err
		}
		const schema = 2 // the field of FileMetaData
		if depth == 0 && id == schema {
			if n := w.values - counted; n*(w.at-start) > maxSchemaProduct {
				return fmt.Errorf("a schema of %d bytes, more than are read", w.at-start)
			}
		}
	}
}

// value walks over a value of one of the compact protocol's types.
func (w *thriftWalk) value(typ byte, inList bool, depth int) error {
	if w.values++; w.values > maxFooterValues {
		return fmt.Errorf("more than %d values in it", maxFooterValues)
	}
	if depth > maxFooterDepth {
		return errThrift
	}
	switch typ {
	case 1, 2: // true, false: in a struct the type is the value
		if inList {
			return w.skip(1)
		}
		return nil
	case 3: // byte
		return w.skip(1)
	case 4, 5, 6: // integers
		_, err := w.uvarint()
		return err
	case 7: // double
		return w.skip(8)
	case 8: // binary
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case 9, 10: // list, set
		return w.list(depth)
	case 12:
		return w.structure(depth)
	case 13: // UUID
		return w.skip(16)
	}
	return errThrift // maps are not in the format
}

func (w *thriftWalk) list(depth int) error {
	head, err := w.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = w.uvarint(); err != nil {
			return err
		}
	}
	if n > uint64(len(w.b)-w.at) { // an element takes a byte at least
		return errThrift
	}
	for range n {
		if err := w.value(head&0x0f, true, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *thriftWalk) byte() (byte, error) {
	if w.at >= len(w.b) {
		return 0, errThrift
	}
	w.at++
	return w.b[w.at-1], nil
}

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return errThrift
	}
	w.at += int(n)
	return nil
}

func (w *thriftWalk) uvarint() (uint64, error) {
	n, size := binary.Uvarint(w.b[w.at:])
	if size <= 0 {
		return 0, errThrift
	}
	w.at += size
	return n, nil
}

// errTooLarge says that a file needs more memory at once than it may have. The file need not be damaged.
var errTooLarge = fmt.Errorf("its pages need more than %d MiB of memory at once; rewrite it with pages of 1 MiB, as most tools write them", maxDecodeBytes>>20)

// budget is an allocator with a limit. An allocation beyond it panics with errTooLarge, as allocators cannot fail
// otherwise.
type budget struct {
	memory.Allocator
	left atomic.Int64
}

func newBudget(bytes int64) *budget {
	b := &budget{Allocator: memory.NewGoAllocator()}
	b.left.Store(bytes)
	return b
}

// Take takes bytes of the budget, if it has so many left.
func (b *budget) Take(bytes int) bool {
	if b.left.Add(-int64(bytes)) < 0 {
		b.left.Add(int64(bytes))
		return false
	}
	return true
}

// Give gives back what was taken.
func (b *budget) Give(bytes int) { b.left.Add(int64(bytes)) }

func (b *budget) take(bytes int) {
	if !b.Take(bytes) {
		panic(errTooLarge)
	}
}

func (b *budget) Allocate(size int) []byte {
	b.take(size)
	return b.Allocator.Allocate(size)
}

func (b *budget) Reallocate(size int, old []byte) []byte {
	b.take(size - len(old))
	return b.Allocator.Reallocate(size, old)
}

func (b *budget) Free(old []byte) {
	b.Give(len(old))
	b.Allocator.Free(old)
}
