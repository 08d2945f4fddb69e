package eights

import "math"

// A double is split into a high part in units of 2^-HighBits, and a low part in units of 2^-LowBits, which is the remainder. A sum of up to
// 2^20 high parts or low parts has at most 62 bits and a sign.
const (
	HighBits = 22
	LowBits  = 64
	limit    = 1 << 20 // only doubles of a smaller magnitude are split
)

// A number is added to one of these constants to round it: the last bit of the sum stands for one unit, so the low bits of the sum are the
// number of units.
const (
	highMagic = 1.5 * (1 << (52 - HighBits))
	lowMagic  = 1.5 / (1 << (LowBits - 52))
)

// Split splits a double. whole tells whether the sum of the parts is the double. It is false for -0, infinities and NaN, which have no parts.
func Split(f float64) (high, low int64, whole bool) {
	if !(math.Abs(f) < limit) || math.Float64bits(f) == 1<<63 {
		return 0, 0, false
	}
	t := f + highMagic
	rest := f - (t - highMagic)
	u := rest + lowMagic
	high = int64(math.Float64bits(t) - math.Float64bits(highMagic))
	low = int64(math.Float64bits(u) - math.Float64bits(lowMagic))
	return high, low, u-lowMagic == rest
}
