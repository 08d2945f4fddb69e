//go:build !linux && !darwin

package objstore

import (
	"io/fs"
	"time"
)

// changedAt is not known on this system.
func changedAt(fs.FileInfo) (changed time.Time, ok bool) { return time.Time{}, false }
