//go:build !amd64

package pages

// unpackMany unpacks no indices on this processor: see unpack_amd64.go.
func unpackMany([]uint16, []byte, uint) (n int, most uint64) { return 0, 0 }
