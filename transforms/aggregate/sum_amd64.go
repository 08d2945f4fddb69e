package aggregate

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2

// sumMany adds up the values at the start, and ORs their magnitudes: of a negative value its complement. It returns how
// many it took.
func sumMany(values []int64) (total, magnitudes int64, n int) {
	if n = len(values) &^ 7; n == 0 || !hasAVX2 {
		return 0, 0, 0
	}
	total, magnitudes = sumEights(&values[0], n)
	return total, magnitudes, n
}

// sumEights is sumMany for n values, a multiple of eight, with AVX2.
//
//go:noescape
func sumEights(values *int64, n int) (total, magnitudes int64)
