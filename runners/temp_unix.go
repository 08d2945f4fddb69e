//go:build unix

package runners

import (
	"os"
	"syscall"
)

// noFollow is added where a symbolic link in the place of a folder is not to be followed.
const noFollow = syscall.O_NOFOLLOW

// isOwn tells whether a folder belongs to the user who runs the program.
func isOwn(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil {
		return false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}
