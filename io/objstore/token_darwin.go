package objstore

import (
	"io/fs"
	"syscall"
	"time"
)

// changedAt returns when the content or the times of a file changed last. Nobody can set that time.
func changedAt(info fs.FileInfo) (changed time.Time, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(int64(s.Ctimespec.Sec), int64(s.Ctimespec.Nsec)), true
}
