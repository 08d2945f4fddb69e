package element

import "sync/atomic"

// Groups is about how many bytes the groups take that the tables of this process are adding up. If they take much, the reader gives batches of
// one file alone, so that the file ends: then its groups take less.
var Groups atomic.Int64

// GroupsHeld is about how many bytes the groups of files that have ended take. They are held until the tables are made.
var GroupsHeld atomic.Int64

// GroupsOfFile is about how many bytes the groups of a file take when all of its trips are added. It is estimated from the last file; 0 if it is not known
// yet. The reader opens only as many files as have room for their groups.
var GroupsOfFile atomic.Int64
