package parquetio

import (
	"os"
	"runtime/debug"
)

const (
	// outsideHeap is about what the process has resident that Go's limit does not count: the program itself. It is that of one built
	// without the Makefile's tags, which has a dozen MiB more.
	outsideHeap = 56 << 20

	// collectAt is how much garbage there may be, in percent of what is in use. What a run needs goes round, so on direct
	// there is next to no garbage; prism encodes some batches to know their size. Of 24 months of 3 million rows, against
	// 25 percent: prism 0.93 of the CPU time and 11 MiB more, direct the same and 5; against 100 nothing, and 3 to 8 less.
	collectAt = 50

	// decoding is about what a run needs beside what it reads ahead.
	decoding = 64 << 20
)

// Memory is what a process that reads may take, in bytes; 0 leaves it as it is.
type Memory int64

// Bound holds this process to it. GOMEMLIMIT and GOGC go before: they are of the process that does the work, as the limit is. Of several
// jobs in one process the last says how much.
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
	SetReadAhead(int64(max(0, (m-outsideHeap-decoding)/3))) // a third, as the collector needs room
}
