package element

import "sync/atomic"

// Groups is about how many bytes the groups take that the tables of this process are adding up. If they take much, the reader gives batches of
// one file alone, so that the file ends: then its groups take less.
var Groups atomic.Int64
