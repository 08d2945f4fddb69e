package source

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// TestTheFirstCollectionIsLate says that a small heap is not collected at each step of its growth, and that garbage is bounded from the
// first collection on.
func TestTheFirstCollectionIsLate(t *testing.T) {
	percent := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before := debug.SetGCPercent(-1) // no collection comes between
	defer debug.SetGCPercent(before)
	collectLate()
	if got := percent(); got != firstAt {
		t.Errorf("at the start: found %d percent, expected %d", got, firstAt)
	}
	for percent() == firstAt { // the runtime calls cleanups some time after a collection
		runtime.GC()
	}
	if got := percent(); got < collectAt || got > mostAt {
		t.Errorf("after a collection: found %d percent, expected %d to %d", got, collectAt, mostAt)
	}
}

// TestASmallHeapMayGrowWithoutACollection checks how much garbage there may be in addition to what is in use.
func TestASmallHeapMayGrowWithoutACollection(t *testing.T) {
	for _, c := range []struct{ live, percent int64 }{
		{0, mostAt}, {4, mostAt}, {12, mostAt}, {16, 200}, {24, 100}, {30, 60}, {34, collectAt}, {48, collectAt}, {500, collectAt},
	} {
		got := int64(percentOf(c.live << 20))
		if got != c.percent {
			t.Errorf("%d MiB in use: found %d percent, expected %d", c.live, got, c.percent)
		}
		if heap := (c.live << 20) * (100 + got) / 100; heap > max(smallHeap, (c.live<<20)*(100+collectAt)/100) {
			t.Errorf("%d MiB in use: the heap may have %d bytes, expected at most %d", c.live, heap, smallHeap)
		}
	}
}
