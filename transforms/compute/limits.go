package compute

import (
	"math"
	"math/bits"

	"tripstats/transforms/query"
)

// limits are between which all values of a register are, if it has integers. They are known before any row is seen.
type limits struct{ low, high int64 }

var noLimits = limits{math.MinInt64, math.MaxInt64}

// within tells whether all values are also between other limits.
func (l limits) within(other limits) bool { return l.low >= other.low && l.high <= other.high }

// plus are the limits of sums, and tells whether no sum overflows.
func (l limits) plus(m limits) (limits, bool) {
	low, ok1 := add(l.low, m.low)
	high, ok2 := add(l.high, m.high)
	if !ok1 || !ok2 {
		return noLimits, false
	}
	return limits{low, high}, true
}

// negated are the limits of the values with the other sign.
func (l limits) negated() limits {
	if l.low == math.MinInt64 {
		return noLimits
	}
	return limits{-l.high, -l.low}
}

// times are the limits of products, and tells whether no product overflows.
func (l limits) times(m limits) (limits, bool) {
	to := limits{math.MaxInt64, math.MinInt64}
	for _, a := range []int64{l.low, l.high} {
		for _, b := range []int64{m.low, m.high} {
			p, ok := multiply(a, b)
			if !ok {
				return noLimits, false
			}
			to.low, to.high = min(to.low, p), max(to.high, p)
		}
	}
	return to, true
}

func add(a, b int64) (int64, bool) {
	v := a + b
	return v, (a^v)&(b^v) >= 0
}

func multiply(a, b int64) (int64, bool) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	high -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	return int64(low), int64(high) == int64(low)>>63
}

// mostDays is a number of days since 1970-01-01 that all dates of the dialect reach, in both directions.
const mostDays = 1<<31 - 16

// limitsOf are the limits of the values of a type in 64 bits. What exceeds them has no value, or one that only the reference computes.
func limitsOf(t query.Type) limits {
	switch {
	case t.Kind == query.Integer:
		return limits{math.MinInt32, math.MaxInt32}
	case t.Kind == query.Date:
		return limits{-mostDays, mostDays}
	case t.Kind == query.Decimal && t.Width <= maxDigits:
		return limits{1 - powersOfTen[t.Width], powersOfTen[t.Width] - 1}
	}
	return noLimits
}

// maxDigits is the number of digits of the largest power of ten in 64 bits, without its first.
const maxDigits = 18

var powersOfTen = func() (p [maxDigits + 1]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

// inside tells whether all values are between limits, of which one is not above 0 and the other not below.
func inside(values []int64, l limits) bool {
	outside := int64(0)
	for _, v := range values {
		outside |= (v - l.low) | (l.high - v) // the sign bit is set if this value is outside
	}
	return outside >= 0
}
