package group

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
		if err := SideBySide(n, func(i int) error { called[i].Add(1); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range called {
			if got := called[i].Load(); got != 1 {
				t.Errorf("%d tables: found %d calls of table %d, expected 1", n, got, i)
			}
		}
		if n == 0 {
			continue
		}
		err := SideBySide(n, func(i int) error {
			if i >= n/2 {
				return fmt.Errorf("table %d", i)
			}
			return nil
		})
		if want := fmt.Sprintf("table %d", n/2); err == nil || err.Error() != want {
			t.Errorf("%d tables: found the error %v, expected %s", n, err, want)
		}
		func() {
			defer func() {
				if p := recover(); !strings.Contains(fmt.Sprint(p), "a fault of table 0") {
					t.Errorf("%d tables: found the panic %v, expected that of table 0", n, p)
				}
			}()
			SideBySide(n, func(i int) error { //nolint:errcheck // it panics
				if i == 0 {
					panic(errors.New("a fault of table 0"))
				}
				return nil
			})
		}()
	}
}
