//go:build !amd64

package csvio

func maskMany(text []byte, out []uint64) (quotes bool) { return mask(text, out) }
