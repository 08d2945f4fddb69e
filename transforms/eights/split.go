package eights

import "math"

// A double is split into a high part in units of 2^-HighBits, and a low part, what is left, in units of 2^-LowBits. A sum of up to 2^20 high
// or low parts has at most 62 bits and a sign.
const (
	HighBits = 22
	LowBits  = 64
	limit    = 1 << 20 // of the magnitude of doubles that are split
)

// A number plus one of these has no bits for what is less than a unit, so the sum is rounded to units, and its low bits count them.
const (
	highMagic = 1.5 * (1 << (52 - HighBits))
	lowMagic  = 1.5 / (1 << (LowBits - 52))
)

// Split splits a double. It tells whether the parts are all of it; -0, infinities and NaN have none.
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
