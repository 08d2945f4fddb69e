//go:build unix

package guard

import (
	"runtime/debug"
	"testing"
	"unsafe"
)

func TestAByteBeyondEitherEndIsAFault(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	b := Pages(t, 10_000)
	if len(b) < 10_000 {
		t.Fatalf("%d bytes", len(b))
	}
	b[0], b[len(b)-1] = 1, 1
	for _, at := range []int{-1, len(b)} {
		if !faults(b, at) {
			t.Errorf("byte %d of %d could be read", at, len(b))
		}
	}
}

// faults tells whether reading a byte of b without a look at its bounds is a fault.
func faults(b []byte, at int) (faulted bool) {
	defer func() { faulted = recover() != nil }()
	sink = *(*byte)(unsafe.Add(unsafe.Pointer(&b[0]), at))
	return false
}

var sink byte
