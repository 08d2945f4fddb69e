package element

import "sync/atomic"

// Groups is about how many bytes the groups take that the tables of this process are adding up. If they take much, the reader gives batches of
// one file alone, so that the file ends: then its groups take less.
var Groups atomic.Int64

// GroupsHeld is about how many bytes the groups take of the files that have ended. They are held until the tables are made.
var GroupsHeld atomic.Int64

// GroupsOfFile is about how many bytes the groups of a file take when all of its trips are added, judged by the last files; 0 if that is not known
// yet. The reader opens only as many files as have room.
var GroupsOfFile atomic.Int64
