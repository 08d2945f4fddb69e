//go:build !amd64

package eights

// Nothing is done eight at a time on this processor: see eights_amd64.go.

func sumMany([]int64) (total, magnitudes int64, n int) { return 0, 0, 0 }

func leastMany(best int64, _ []int64) (int64, int) { return best, 0 }

func mostMany(best int64, _ []int64) (int64, int) { return best, 0 }

// SplitMany splits no doubles on this processor.
func SplitMany(_, _ []int64, _ []float64) int { return 0 }

// SumMany adds up no doubles on this processor.
func SumMany([]float64) (high, low int64, n int) { return 0, 0, 0 }
