package source

import "testing"

func TestTheCollectorHasMoreRoomWithFewTables(t *testing.T) {
	for tables, want := range map[int]int64{0: 80, 1: 80, 2: 80, 3: 90, 10: 90} {
		if found := mostInUse(tables); found != want {
			t.Errorf("%d tables: found %d %%, expected %d", tables, found, want)
		}
	}
}

func TestTheLimitFollowsWhatStaysInUse(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct{ before, live, percent, want int64 }{
		"little is in use":             {50, 60, 80, 100},
		"the first collection":         {0, 200, 80, 100},
		"much stays in use":            {160, 180, 80, 200},
		"much is in use for a moment":  {60, 180, 80, 100},
		"much was in use for a moment": {180, 60, 80, 100},
		"many tables":                  {180, 190, 90, 200},
	} {
		if found := limitAfter(100*mib, c.before*mib, c.live*mib, c.percent); found/mib != c.want && found/mib != c.want-1 {
			t.Errorf("%s: found a limit of %d MiB, expected %d", name, found/mib, c.want)
		}
	}
}

// With more memory there is room for more files. The room, together with what is read ahead, never exceeds the heap.
func TestTheRoomForFilesGrowsWithTheMemory(t *testing.T) {
	const mib = 1 << 20
	last := int64(-1)
	for _, m := range []Memory{64 * mib, 168 * mib, 228 * mib, 308 * mib, 2048 * mib} {
		room, heap := m.room(), int64(max(0, m-outsideHeap))
		if room < last || room < 0 || room+m.readAhead() > heap {
			t.Errorf("%d MiB: found room for %d MiB of files, expected more than with less memory, and at most the heap of %d MiB", m>>20, room>>20, heap>>20)
		}
		last = room
	}
}
