package objstore

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"
)

// numberOf returns what tells a file from all others of this machine, and when its content or its times changed last. Nobody can set that
// time.
func numberOf(info fs.FileInfo) (number string, changed time.Time, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Ino == 0 {
		return "", time.Time{}, false
	}
	return fmt.Sprintf("%d-%d", s.Dev, s.Ino), time.Unix(int64(s.Ctimespec.Sec), int64(s.Ctimespec.Nsec)), true
}
