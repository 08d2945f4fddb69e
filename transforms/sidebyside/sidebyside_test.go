package sidebyside

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// Calls are made side by side, whatever their number; the first error by their order is returned; a panic reaches the caller.
func TestSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for n := range 20 {
		called := make([]atomic.Int32, n)
		if err := Do(n, func(i int) error { called[i].Add(1); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range called {
			if got := called[i].Load(); got != 1 {
				t.Errorf("%d calls: found %d calls of %d, expected 1", n, got, i)
			}
		}
		if n == 0 {
			continue
		}
		err := Do(n, func(i int) error {
			if i >= n/2 {
				return fmt.Errorf("call %d", i)
			}
			return nil
		})
		if want := fmt.Sprintf("call %d", n/2); err == nil || err.Error() != want {
			t.Errorf("%d calls: found the error %v, expected %s", n, err, want)
		}
		func() {
			defer func() {
				if p := recover(); !strings.Contains(fmt.Sprint(p), "a fault of call 0") {
					t.Errorf("%d calls: found the panic %v, expected that of call 0", n, p)
				}
			}()
			Do(n, func(i int) error { //nolint:errcheck // it panics
				if i == 0 {
					panic(errors.New("a fault of call 0"))
				}
				return nil
			})
		}()
	}
}
