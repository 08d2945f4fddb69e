//go:build !amd64

package pages

// withoutAVX2 runs f, as there is none.
func withoutAVX2(f func()) { f() }
