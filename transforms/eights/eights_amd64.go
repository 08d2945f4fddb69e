package eights

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// whole returns how many of n rows AVX2 does: a multiple of eight, 0 without AVX2.
func whole(n int) int {
	if !hasAVX2 {
		return 0
	}
	return n &^ 7
}

func sumMany(values []int64) (total, magnitudes int64, n int) {
	if n = whole(len(values)); n > 0 {
		total, magnitudes = sum(&values[0], n)
	}
	return total, magnitudes, n
}

func leastMany(best int64, values []int64) (int64, int) {
	n := whole(len(values))
	if n > 0 {
		best = least(&values[0], n, best)
	}
	return best, n
}

func mostMany(best int64, values []int64) (int64, int) {
	n := whole(len(values))
	if n > 0 {
		best = most(&values[0], n, best)
	}
	return best, n
}

// SplitMany splits doubles: see [Split].
func SplitMany(high, low []int64, floats []float64) int {
	if n := whole(min(len(high), len(low), len(floats))); n > 0 {
		return split(&high[0], &low[0], &floats[0], n)
	}
	return 0
}

// SumMany adds up the parts of doubles: see [Split].
func SumMany(floats []float64) (high, low int64, n int) {
	if n = whole(len(floats)); n > 0 {
		high, low, n = sumSplit(&floats[0], n)
	}
	return high, low, n
}

// The functions in assembly take n numbers, a multiple of eight that is not 0.

//go:noescape
func sum(values *int64, n int) (total, magnitudes int64)

//go:noescape
func least(values *int64, n int, best int64) int64

//go:noescape
func most(values *int64, n int, best int64) int64

//go:noescape
func split(high, low *int64, floats *float64, n int) int

//go:noescape
func sumSplit(floats *float64, n int) (high, low int64, done int)
