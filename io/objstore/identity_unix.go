//go:build unix

package objstore

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity is equal for two names of one local file, and differs for two files. It includes the version, because some network
// file systems do not number their files reliably.
func identity(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Ino == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%d-%s", s.Dev, s.Ino, localVersion(info))
}
