package objstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// willNeed asks the kernel to read ahead. It ignores errors: if the file cannot be read, a later read says so.
func willNeed(f *os.File, off, n int64) {
	_ = unix.Fadvise(int(f.Fd()), off, n, unix.FADV_WILLNEED)
}
