//go:build !unix

// Package guard gives tests memory whose neighbours nobody may touch, on systems where package unix can.
package guard

import "testing"

// Pages returns zeroed memory of n bytes, here like any other.
func Pages(_ testing.TB, n int) []byte { return make([]byte, n) }
