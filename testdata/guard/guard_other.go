//go:build !unix

package guard

import "testing"

// Pages returns zeroed memory of n bytes, here like any other.
func Pages(_ testing.TB, n int) []byte { return make([]byte, n) }
