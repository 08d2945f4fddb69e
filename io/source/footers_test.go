package source

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
)

// TestFilesWithLongFootersAreNotReadSideBySide reads files whose footers take more memory than may be read ahead: this memory counts as read ahead.
func TestFilesWithLongFootersAreNotReadSideBySide(t *testing.T) {
	const files = 4
	for _, c := range []struct {
		units int
		most  int64
	}{{1, 3}, {20_000, 1}} {
		t.Run(fmt.Sprint(c.units, " units a file"), func(t *testing.T) {
			var open, most atomic.Int64
			f := counted{}
			f.waits = func(_ context.Context, _ string, unit int) {
				if unit == 0 {
					if n := open.Add(1); n > most.Load() {
						most.Store(n)
					}
				}
				if unit == c.units-1 {
					open.Add(-1)
				}
			}
			f = f.register(t)
			w := f.files(t, slices.Repeat([][]int64{slices.Repeat([]int64{1}, c.units)}, files)...)
			for i := range w.Pieces {
				w.Pieces[i].File.UnitBytes = slices.Repeat([]int64{sharedBytes / int64(c.units)}, c.units)
			}
			rows, err := process(t, Config{Lanes: 3, Memory: 122 << 20}, w, new(ReadFn).CreateInitialRestriction(w), noSplit)
			if err != nil || len(rows) != files*c.units {
				t.Fatalf("found %d rows and the error %v, expected all", len(rows), err)
			}
			if got := most.Load(); got > c.most {
				t.Errorf("found %d files that were read at the same time, expected at most %d", got, c.most)
			}
		})
	}
}
