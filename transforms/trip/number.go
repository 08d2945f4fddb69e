package trip

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// errValue says what a value was expected to be. The caller adds the place and what was found.
var (
	errMeasure  = fmt.Errorf("a number from %d to %d", -MaxValue, MaxValue)
	errZone     = errors.New("a whole number of 32 bits")
	errTimeText = errors.New("a time such as 2009-01-04 02:52:00")
	errTime     = errors.New("a time of 64 bits in microseconds")
)

// fixFast returns v in units of 10^-6, rounded to the nearest integer, and whether that is certainly right: v can be represented
// and is not a tie. It is small enough to be inlined. If the result is not certain, the caller uses fixFloat.
func fixFast(v float64) (int64, bool) {
	// The explicit conversion prevents a fused multiply-add with the sum below.
	p := float64(v * Unit)
	// Adding 1.5 * 2^52 leaves no bits for a fraction: p is rounded to the nearest integer, ties to even.
	const magic = 3 << 51
	r := (p + magic) - magic
	return int64(r), math.Abs(v) <= MaxValue && math.Abs(p-r) < 0.5 // false for NaN
}

// fixFloat returns v in units of 10^-6, rounded half away from zero, and whether it can be represented.
func fixFloat(v float64) (int64, bool) {
	if !(math.Abs(v) <= MaxValue) { // NaN too
		return 0, false
	}
	if r, certain := fixFast(v); certain {
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

// fixText returns the decimal number in s in units of 10^-6, rounded half away from zero, and whether it can be represented.
// Numbers without an exponent are read exactly, digit by digit; those with an exponent go through a float64.
func fixText(s string) (int64, bool) {
	rest, negative := s, false
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		negative, rest = rest[0] == '-', rest[1:]
	}
	v, digits, fraction := int64(0), 0, -1 // fraction: decimals read, -1 before the point
	roundUp := false
	for i := range len(rest) {
		c := rest[i]
		switch {
		case c == '.' && fraction < 0:
			fraction = 0
		case c < '0' || c > '9':
			f, ok := decimal(s)
			if !ok {
				return 0, false
			}
			return fixFloat(f)
		case fraction < 6:
			digits++
			if v = v*10 + int64(c-'0'); v > MaxValue*Unit {
				return 0, false
			}
			if fraction >= 0 {
				fraction++
			}
		default: // the seventh decimal decides how to round
			if digits++; fraction == 6 {
				roundUp = c >= '5'
			}
			fraction++
		}
	}
	if digits == 0 {
		return 0, false
	}
	for fraction = max(fraction, 0); fraction < 6; fraction++ {
		if v *= 10; v > MaxValue*Unit {
			return 0, false
		}
	}
	if roundUp {
		if v++; v > MaxValue*Unit {
			return 0, false
		}
	}
	if negative {
		v = -v
	}
	return v, true
}

// zoneInt, zoneFloat and zoneText return a zone id and whether it can be represented.
func zoneInt(v int64) (int64, bool) { return v, int64(int32(v)) == v }

func zoneFloat(v float64) (int64, bool) {
	if !(v >= math.MinInt32 && v <= math.MaxInt32) || v != math.Trunc(v) {
		return 0, false
	}
	return int64(v), true
}

func zoneText(s string) (int64, bool) {
	if v, err := strconv.ParseInt(s, 10, 32); err == nil {
		return v, true
	}
	f, ok := decimal(s) // "132.0", as pandas writes ids of a column with nulls
	if !ok {
		return 0, false
	}
	return zoneFloat(f)
}

// decimal returns the number in s: digits with an optional sign, point and decimal exponent. It refuses forms that only Go reads as
// numbers: 1_000, 0x1p4, inf.
func decimal(s string) (float64, bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// microsOf returns v in units of 10^-9 * nanos seconds as µs, rounded half away from zero, and whether it fits.
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

// microsFromText reads a time as in files of 2009 and 2010: 2009-01-04 02:52:00, with or without a fraction.
func microsFromText(s string) (int64, bool) {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil || strings.IndexByte(s, ',') >= 0 { // Go takes a comma for a point
		return 0, false
	}
	return t.Unix()*microsPerSecond + roundNanos(int64(t.Nanosecond()), t.Unix() < 0), true
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
