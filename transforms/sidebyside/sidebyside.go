// Package sidebyside does several things at once on the cores that the process may use.
package sidebyside

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Do calls f for 0 to n-1 on as many goroutines as the process may use, and returns when all calls have. The error is that of
// the least number, whatever the order of the calls.
//
// A single call is made on the calling goroutine, and Do allocates nothing for it. A stage makes its f once, and not for each list of batches.
//
// If f panics, Do panics on the calling goroutine, where the runner reports it. On another goroutine a panic would end the process.
func Do(n int, f func(int) error) error {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers < 2 {
		for i := range n {
			if err := f(i); err != nil {
				return err
			}
		}
		return nil
	}
	errs := make([]error, n)
	var next atomic.Int64
	var panicked atomic.Pointer[string]
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				text := fmt.Sprintf("%v\n%s", p, debug.Stack())
				panicked.CompareAndSwap(nil, &text)
			}
		}()
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			errs[i] = f(int(i))
		}
	}
	var others sync.WaitGroup
	for range workers - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	if text := panicked.Load(); text != nil {
		panic(*text)
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
