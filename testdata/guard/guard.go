// Package guard gives tests memory whose neighbours nobody may touch: what reads or writes one byte beyond it ends the
// test program with a fault, or panics with debug.SetPanicOnFault. Code with unsafe or in assembly, which Go does not check, is
// tested in it. Where a system has no such memory, that of [Pages] is like any other.
package guard

import (
	"testing"
	"unsafe"
)

// AtEnd returns n zeroed values, right behind which nobody may touch anything until the test ends.
func AtEnd[T any](tb testing.TB, n int) []T {
	tb.Helper()
	if n == 0 {
		return nil
	}
	var zero T
	size := int(unsafe.Sizeof(zero))
	memory := Pages(tb, n*size)
	return unsafe.Slice((*T)(unsafe.Pointer(&memory[len(memory)-n*size])), n)
}
