//go:build !linux

package objstore

import "errors"

// renameNoReplace is not known on this system.
func renameNoReplace(_, _ string) error { return errors.ErrUnsupported }
