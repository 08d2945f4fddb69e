//go:build !linux

package objstore

import "os"

// willNeed does nothing: see ahead_linux.go.
func willNeed(*os.File, int64, int64) {}
