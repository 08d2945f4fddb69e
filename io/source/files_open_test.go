package source

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// TestFewFilesAreOpenBeforeTheirBatchesAreTaken, however few rows they have: files without rows wait for nothing else.
func TestFewFilesAreOpenBeforeTheirBatchesAreTaken(t *testing.T) {
	const files = 1000
	f := counted{}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{0}}, files)...)
	for _, n := range someLanes {
		l := newLanes(t.Context(), Config{Lanes: n}, w, element.Range{End: files}, func(int64) bool { return true })
		for { // until no further segment is opened unless something is taken
			l.mu.Lock()
			running := slices.ContainsFunc(l.open, func(s *segment) bool { return !s.ended })
			l.mu.Unlock()
			if !running {
				break
			}
			<-l.wake
		}
		if open := f.open.Load(); open < mostDecoded || open > 2*mostDecoded {
			t.Errorf("%d lanes: found %d files open, expected about %d", n, open, mostDecoded)
		}
		if list, err := l.next(); len(list) > 0 || err != nil || l.short {
			t.Errorf("%d lanes: found %d batches, %v, expected the end of all files", n, len(list), err)
		}
		l.close()
	}
}
