package objstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// willNeed has the kernel read ahead. That it could not is no matter: what is read later tells.
func willNeed(f *os.File, off, n int64) {
	_ = unix.Fadvise(int(f.Fd()), off, n, unix.FADV_WILLNEED)
}
