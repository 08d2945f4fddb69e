//go:build !amd64

package aggregate

// sumMany takes no value: see sum_amd64.go.
func sumMany([]int64) (total, magnitudes int64, n int) { return 0, 0, 0 }
