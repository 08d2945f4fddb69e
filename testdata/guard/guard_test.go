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
	values := AtEnd[int64](t, 3)
	values[2] = 1
	end := unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 24)
	for _, access := range []func(*byte){func(p *byte) { sink = *p }, func(p *byte) { *p = 1 }} {
		if !faults(b, -1, access) || !faults(b, len(b), access) || !faults(end, 24, access) {
			t.Error("a byte beyond could be read or written")
		}
	}
}

// faults tells whether reading a byte of b without a bounds check is a fault.
func faults(b []byte, at int, access func(*byte)) (faulted bool) {
	defer func() { faulted = recover() != nil }()
	access((*byte)(unsafe.Add(unsafe.Pointer(&b[0]), at)))
	return false
}

var sink byte
