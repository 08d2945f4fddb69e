//go:build !amd64

package pages

// withoutAVX2 runs f: there is no AVX2 here.
func withoutAVX2(f func()) { f() }
