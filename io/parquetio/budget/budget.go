// Package budget has an allocator with a limit, for readers of files that may be damaged or hostile.
package budget

import (
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Budget is an allocator with a limit. An allocation beyond the limit panics with an error, because an allocator cannot return one.
type Budget struct {
	memory.Allocator
	left   atomic.Int64
	beyond error
}

// New returns a budget of some bytes. beyond is the error of an allocation beyond it.
func New(bytes int64, beyond error) *Budget {
	b := &Budget{Allocator: memory.NewGoAllocator(), beyond: beyond}
	b.left.Store(bytes)
	return b
}

// Left is how many bytes are left.
func (b *Budget) Left() int64 { return b.left.Load() }

// Take takes bytes of the budget, if it has so many left.
func (b *Budget) Take(bytes int) bool {
	if b.left.Add(-int64(bytes)) < 0 {
		b.left.Add(int64(bytes))
		return false
	}
	return true
}

// Give gives back what was taken.
func (b *Budget) Give(bytes int) { b.left.Add(int64(bytes)) }

func (b *Budget) take(bytes int) {
	if !b.Take(bytes) {
		panic(b.beyond)
	}
}

// Allocate allocates memory.
func (b *Budget) Allocate(size int) []byte {
	b.take(size)
	return b.Allocator.Allocate(size)
}

// Reallocate returns memory of another size with the content of the old memory.
func (b *Budget) Reallocate(size int, old []byte) []byte {
	b.take(size - len(old))
	return b.Allocator.Reallocate(size, old)
}

// Free gives memory back.
func (b *Budget) Free(old []byte) {
	b.Give(len(old))
	b.Allocator.Free(old)
}
