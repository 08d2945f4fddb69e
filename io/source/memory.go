package source

import (
	"os"
	"runtime/debug"
)

const (
	// outsideHeap is roughly the memory that Go's limit does not count: the program itself, if built without the Makefile's tags.
	outsideHeap = 56 << 20

	// collectAt is how much garbage there may be, in percent of the memory in use. Memory is reused, so direct makes almost no
	// garbage; prism encodes some batches to know their size. A lower percentage costs CPU time, a higher one only memory.
	collectAt = 50

	// decoding is roughly the memory that a run needs in addition to what it reads ahead.
	decoding = 64 << 20
)

// Memory is what a process that reads may take, in bytes; 0 leaves it as it is.
type Memory int64

// Bound holds this process to it. GOMEMLIMIT and GOGC take precedence. Of several jobs in one process, the last one says how much.
func (m Memory) Bound() {
	if m == 0 {
		return
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(max(m-outsideHeap, 32<<20)))
	}
	for _, f := range formats {
		f.ReadAhead(int64(max(0, (m-outsideHeap-decoding)/3))) // a third, as the collector needs room
	}
}
