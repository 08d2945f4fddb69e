package trip

import (
	"errors"
	"fmt"
	"math"
	"math/big"

	"tripstats/transforms/eights"
)

// errValue says what a value was expected to be. The caller adds the place and what was found.
var (
	errMeasure  = fmt.Errorf("a number from %d to %d", -MaxValue, MaxValue)
	errZone     = errors.New("a whole number of 32 bits")
	errTimeText = errors.New("a time such as 2009-01-04 02:52:00")
	errOffset   = errors.New("a time without an offset, as TLC writes New York wall clock; say --utc=wall if it is wall clock all the same, or --utc=convert if the offset is right")
	errTime     = errors.New("a time of 64 bits in microseconds")
)

// fixFloat returns v in units of 10^-6, rounded half away from zero, and whether it can be represented.
func fixFloat(v float64) (int64, bool) {
	if !(math.Abs(v) <= MaxValue) { // NaN too
		return 0, false
	}
	if r, certain := eights.Millionths(v); certain {
		return r, true
	}
	return fixTie(v, float64(v*Unit)), true
}

// maxWide is the largest magnitude, in whole units, that fits 64 bits in units of 10^-6.
const maxWide = 9_000_000_000_000

// fixWide is fixFloat for values up to maxWide. A batch cannot add these up in an int64; a rule must leave them out first.
func fixWide(v float64) (int64, bool) {
	if x, ok := fixFloat(v); ok {
		return x, true
	}
	if !(math.Abs(v) <= maxWide) {
		return 0, false
	}
	// v * 10^6 may have more bits than a float64. Twice as many are enough.
	r := new(big.Rat).SetFloat64(math.Abs(v))
	r.Mul(r, big.NewRat(2*Unit, 1))
	n := new(big.Int).Quo(r.Num(), r.Denom())
	x := n.Add(n, big.NewInt(1)).Rsh(n, 1).Int64()
	if v < 0 {
		x = -x
	}
	return x, true
}

// fixTie rounds if the product p = v * 10^6 is exactly between two integers. p itself was rounded. A fused multiply-add gives the
// error of that rounding exactly, which tells on which side of the tie the true product is.
func fixTie(v, p float64) int64 {
	down := math.Floor(p)
	switch e := math.FMA(v, Unit, -p); {
	case e < 0 || e == 0 && p < 0:
		return int64(down)
	}
	return int64(down) + 1
}

// fixInt returns v in units of 10^-6 and whether it can be represented.
func fixInt(v int64) (int64, bool) {
	if v < -MaxValue || v > MaxValue {
		return 0, false
	}
	return v * Unit, true
}

// zoneInt and zoneFloat return a zone id and whether it can be represented.
func zoneInt(v int64) (int64, bool) { return v, int64(int32(v)) == v }

func zoneFloat(v float64) (int64, bool) {
	if !(v >= math.MinInt32 && v <= math.MaxInt32) || v != math.Trunc(v) {
		return 0, false
	}
	return int64(v), true
}

// microsFromMillis returns v milliseconds as µs, and whether they fit.
func microsFromMillis(v int64) (int64, bool) {
	return v * 1000, v >= math.MinInt64/1000 && v <= math.MaxInt64/1000
}

// microsFromNanos rounds half away from zero.
func microsFromNanos(v int64) (int64, bool) {
	q, r := v/1000, v%1000
	switch {
	case r >= 500:
		q++
	case r <= -500:
		q--
	}
	return q, true
}

// microsFromInt96 reads the timestamp of Impala and Spark: nanoseconds of the day in the first eight bytes, the
// Julian day in the last four. Julian day 2,440,588 begins 1970-01-01.
func microsFromInt96(nanos int64, julian int32) (int64, bool) {
	if nanos < 0 || nanos > microsPerDay*1000 {
		return 0, false
	}
	days := int64(julian) - 2_440_588
	if days < math.MinInt64/microsPerDay+1 || days > math.MaxInt64/microsPerDay-1 {
		return 0, false
	}
	return days*microsPerDay + roundNanos(nanos, days < 0), true
}

// roundNanos converts nanoseconds since the start of a day or second to µs. A tie is rounded away from 1970: down for times before it.
func roundNanos(nanos int64, before1970 bool) int64 {
	if before1970 {
		return (nanos + 499) / 1000
	}
	return (nanos + 500) / 1000
}
