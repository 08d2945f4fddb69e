package budget

import (
	"errors"
	"testing"
)

func TestABudgetIsNotExceeded(t *testing.T) {
	beyond := errors.New("too much")
	b := New(1000, beyond)
	buf := b.Allocate(600)
	buf = b.Reallocate(900, buf)
	func() {
		defer func() {
			if r, ok := recover().(error); !ok || !errors.Is(r, beyond) {
				t.Errorf("101 bytes more: %v, expected %v", r, beyond)
			}
		}()
		b.Allocate(101)
	}()
	b.Allocate(100) // what was refused was not counted
	b.Free(buf)
	if left := b.Left(); left != 900 {
		t.Errorf("%d bytes left, expected 900", left)
	}
}
