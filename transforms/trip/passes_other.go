//go:build !amd64

package trip

// The pass takes no rows: see passes_amd64.go.

func withinMany([]int64, int64, uint64) int { return 0 }
