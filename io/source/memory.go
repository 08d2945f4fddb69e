package source

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

const (
	// outsideHeap is roughly the memory that Go's limit does not count: the program itself, if built without the Makefile's tags.
	outsideHeap = 56 << 20

	// collectAt is how much garbage there may be, in percent of the memory in use. Memory is reused, so direct makes almost no
	// garbage; prism encodes some batches to know their size. A lower percentage costs CPU time, a higher one only memory.
	collectAt = 40

	// firstAt is the percentage until the first collection. The runtime starts with a heap of 4 MiB times it. All that a run reuses
	// is allocated in its first moments: with collectAt the heap would be collected each time it grows by half.
	firstAt = 500

	// smallHeap is the size up to which the heap may grow without a collection, but by at most mostAt percent. A collection has a fixed cost, which
	// is large compared with a small heap. A run over many small files has little in use for most of the time.
	smallHeap = 48 << 20
	mostAt    = 300

	// decoding is roughly the memory that a run needs in addition to what it reads ahead.
	decoding = 64 << 20
)

// Memory is what a process that reads may take, in bytes; 0 leaves it as it is.
type Memory int64

// late makes the late first collection happen once in a process. Every worker that reads calls Bound.
var late sync.Once

// collectLate lets the heap grow by firstAt percent before the first collection. After each collection it lets the heap grow as percentOf says.
func collectLate() {
	debug.SetGCPercent(-1) // this waits for a collection that runs: what is allocated meanwhile outlives it
	at := firstAt
	afterEach(func(live int64) {
		if now := percentOf(live); now != at {
			at = now
			debug.SetGCPercent(at)
		}
	})
	debug.SetGCPercent(firstAt)
}

// percentOf returns how much garbage there may be, in percent of the bytes in use. It rounds to steps, because each change of
// the percentage stops the process for a moment.
func percentOf(live int64) int {
	const step = 20
	room := (smallHeap - live) * 100 / max(1, live)
	return int(min(mostAt, max(collectAt, room/step*step)))
}

// afterEach calls f after each collection, with the bytes that are in use.
func afterEach(f func(live int64)) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var arm func()
	arm = func() {
		// The pointer keeps the object out of the runtime's blocks of tiny objects, which may live longer.
		runtime.AddCleanup(&struct{ _ *byte }{}, func(struct{}) {
			live := int64(0)
			if metrics.Read(sample); sample[0].Value.Kind() == metrics.KindUint64 {
				live = int64(sample[0].Value.Uint64())
			}
			f(live)
			arm()
		}, struct{}{})
	}
	arm()
}

// loosen makes the process loosen its limit, once, however many jobs and workers it has.
var loosen sync.Once

// goal is the memory limit of the last job. loosenAt is the percentage of the limit that may be in use after a collection; if more is in use,
// the limit is raised.
var goal, loosenAt atomic.Int64

// mostInUse is loosenAt for a run in which this number of tables hold groups. With a higher percentage the collector would run all the time
// and free almost nothing: the run would take several times as long and need the same memory. It is higher with many tables, because their
// groups are bytes that the collector does not scan, and because adding to many tables takes longer than collecting.
func mostInUse(tables int) int64 {
	if tables > 2 {
		return 90
	}
	return 80
}

// limitAfter returns the memory limit after a collection. live is how many bytes this collection left in use, and before how many the collection before
// it left. The smaller number counts: what is needed only for a moment, such as the state of a file while it is written, must not raise the limit.
func limitAfter(goal, before, live, percent int64) int64 {
	return max(goal, min(before, live)/percent*100)
}

// loosenAfterEach raises the limit after collections that left too much in use, and takes it back to the goal later.
func loosenAfterEach() {
	before := int64(0)
	afterEach(func(live int64) {
		limit := limitAfter(goal.Load(), before, live, loosenAt.Load())
		before = live
		if limit != debug.SetMemoryLimit(-1) {
			debug.SetMemoryLimit(limit)
		}
	})
}

// Bound makes this process keep to the limit, in a run in which tables is the number of tables that hold groups. GOMEMLIMIT and GOGC take
// precedence. If one process runs several jobs, the limit of the last one counts.
func (m Memory) Bound(tables int) {
	if m == 0 {
		return
	}
	if os.Getenv("GOGC") == "" {
		late.Do(collectLate)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		limit := int64(max(m-outsideHeap, 32<<20))
		debug.SetMemoryLimit(limit)
		goal.Store(limit)
		loosenAt.Store(mostInUse(tables))
		loosen.Do(loosenAfterEach)
	}
	for _, f := range formats {
		f.ReadAhead(m.readAhead())
	}
}

// readAhead is how many bytes may be read before they are needed.
func (m Memory) readAhead() int64 {
	if m == 0 {
		return 64 << 20
	}
	return int64(max(0, (m-outsideHeap-decoding)/3)) // a third, as the collector needs room
}

// groups is how many bytes the groups of tables may take with which batches of several files are mixed.
func (m Memory) groups() int64 { return m.readAhead() }

// room is how many bytes open files and the groups of tables may take together, in addition to what is read ahead. A quarter of the heap is left to the
// collector.
func (m Memory) room() int64 {
	if m == 0 {
		return 2 * m.readAhead()
	}
	return max(0, int64(m-outsideHeap)/4*3-m.readAhead()-decoding/2)
}
