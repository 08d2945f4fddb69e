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
	if got := percent(); got != collectAt {
		t.Errorf("after a collection: found %d percent, expected %d", got, collectAt)
	}
}
