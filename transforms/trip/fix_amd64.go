package trip

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// fixMany applies fixFast to src, eight values at a time, and writes to dst, which has the same length. It stops before eight
// values of which fixFast cannot convert one, and before the last values if they are fewer than eight. It returns how many it
// converted.
func fixMany(dst []int64, src []float64) int {
	if n := min(len(dst), len(src)) &^ 7; n > 0 && hasAVX2 {
		return fixEights(&dst[0], &src[0], n)
	}
	return 0
}

// fixEights converts n values, a multiple of eight, with AVX2. See fixMany.
//
//go:noescape
func fixEights(dst *int64, src *float64, n int) int

// addMany is fixMany, but adds the converted values to sums.
func addMany(sums []int64, src []float64) int {
	if n := min(len(sums), len(src)) &^ 7; n > 0 && hasAVX2 {
		return addEights(&sums[0], &src[0], n)
	}
	return 0
}

// addEights converts n values, a multiple of eight, and adds them, with AVX2. See addMany.
//
//go:noescape
func addEights(sums *int64, src *float64, n int) int
