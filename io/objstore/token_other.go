//go:build !linux && !darwin

package objstore

import (
	"io/fs"
	"time"
)

// numberOf is not known on this system.
func numberOf(fs.FileInfo) (number string, changed time.Time, ok bool) { return "", time.Time{}, false }
