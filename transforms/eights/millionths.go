package eights

import "math"

const (
	millionth = 1_000_000
	// MostMillionths is the largest magnitude of a number that [Millionths] converts.
	MostMillionths = 100_000_000
)

// Millionths returns v in units of 10^-6, rounded to the nearest integer, and whether that is certainly right: v is at most [MostMillionths]
// in magnitude, and not a tie. It is small enough to be inlined.
func Millionths(v float64) (n int64, certain bool) {
	// The explicit conversion prevents a fused multiply-add with the sum below.
	p := float64(v * millionth)
	// Adding 1.5 * 2^52 leaves no bits for a fraction: p is rounded to the nearest integer, ties to even.
	const magic = 3 << 51
	r := (p + magic) - magic
	return int64(r), math.Abs(v) <= MostMillionths && math.Abs(p-r) < 0.5 // false for NaN
}
