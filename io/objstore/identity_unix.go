//go:build unix

package objstore

import (
	"fmt"
	"io/fs"
	"syscall"
)

// numberOf returns what tells a file from all other files of this machine, or "" if the file system does not number its files.
func numberOf(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Ino == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%d", s.Dev, s.Ino)
}
