//go:build !unix

package objstore

import "io/fs"

// numberOf is not known on this system.
func numberOf(fs.FileInfo) string { return "" }
