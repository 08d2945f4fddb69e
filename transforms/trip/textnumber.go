package trip

import (
	"math"
	"math/bits"
)

// numeral says whether a text is a number, and whether it is too large.
type numeral uint8

const (
	noNumeral     numeral = iota // not a decimal number
	tooLarge                     // a decimal number beyond maxWide
	decimalNumber                // a decimal number that can be represented
)

// readDecimal returns the decimal number in s in units of 10^-6, rounded half away from zero. A decimal number is digits with an optional
// sign, point and decimal exponent. All forms are read exactly. It refuses forms that only some programs accept as numbers: 1_000, 0x1p4,
// inf, 1,000.
func readDecimal(s string) (int64, numeral) {
	if x, ok := plainDecimal(s); ok {
		return x, decimalNumber
	}
	return anyDecimal(s)
}

// scales[n] is how many units of 10^-6 the last digit of a number with n decimals has.
var scales = [...]int64{1_000_000, 100_000, 10_000, 1000, 100, 10, 1}

const (
	eightZeros = 0x3030303030303030 // "00000000"
	eightDots  = 0x2E2E2E2E2E2E2E2E
	eightOnes  = 0x0101010101010101
	eightOver9 = 0x0606060606060606 // added to a digit, it carries into the upper half of a byte that is more than 9
	upperHalfs = 0xF0F0F0F0F0F0F0F0
	upperBits  = 0x8080808080808080
)

// plainDecimal is a fast [readDecimal] for nearly all texts in files: at most eight characters after the sign, at most six of them after
// the point, and no exponent. It reads all characters at once. It returns false for any other text.
func plainDecimal(s string) (int64, bool) {
	negative := len(s) > 0 && s[0] == '-'
	if negative {
		s = s[1:]
	}
	n := uint(len(s))
	if n-1 > 7 {
		return 0, false
	}
	x := load(s)
	scale := int64(Unit)
	if dot := x ^ eightDots; (dot-eightOnes)&^dot&upperBits != 0 {
		at := uint(bits.TrailingZeros64((dot-eightOnes)&^dot&upperBits)) >> 3
		before := uint64(1)<<(8*at) - 1
		x = x&before | x>>8&^before
		n--
		if n == 0 || n-at >= uint(len(scales)) {
			return 0, false
		}
		scale = scales[n-at]
	}
	shift := 8 * (8 - n)
	x = x<<shift ^ eightZeros<<shift // the digits are in the highest bytes, and those below are 0
	if (x|(x+eightOver9))&upperHalfs != 0 {
		return 0, false
	}
	x = x*10 + x>>8 // each digit and the next one
	x = ((x&0x000000FF000000FF)*(100+1_000_000<<32) + (x>>16&0x000000FF000000FF)*(1+10_000<<32)) >> 32
	v := int64(x) * scale
	if negative {
		v = -v
	}
	return v, true
}

// load returns the bytes of s, one to eight, as a number. The first byte is in the lowest bits.
func load(s string) uint64 {
	switch n := len(s); {
	case n == 8:
		return load8(s)
	case n >= 4:
		return uint64(load4(s)) | uint64(load4(s[n-4:]))<<(8*uint(n-4))
	case n >= 2:
		return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[n-1])<<(8*uint(n-1))
	}
	return uint64(s[0])
}

func load4(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// anyDecimal is [readDecimal] for any text.
func anyDecimal(s string) (int64, numeral) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	// The mantissa is digits, with the decimal point after the first point of them.
	mantissa, digits, point := s, 0, -1
	exponent := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
			continue
		case c == '.' && point < 0:
			point = digits
			continue
		case c == 'e' || c == 'E':
			var ok bool
			if exponent, ok = readExponent(s[i+1:]); !ok {
				return 0, noNumeral
			}
			mantissa = s[:i]
		default:
			return 0, noNumeral
		}
		break
	}
	if digits == 0 {
		return 0, noNumeral
	}
	if point < 0 {
		point = digits
	}
	// place is the power of ten of the next digit.
	place, v, roundUp := point-1+exponent, int64(0), false
	for i := range len(mantissa) {
		if mantissa[i] == '.' {
			continue
		}
		d := int64(mantissa[i] - '0')
		switch {
		case place < -7:
		case place == -7:
			roundUp = d >= 5
		case place > 12:
			if d > 0 {
				return 0, tooLarge
			}
		default:
			if v > (maxWide*Unit-d)/10 {
				return 0, tooLarge
			}
			v = v*10 + d
		}
		place--
	}
	for ; place >= -6 && v > 0; place-- { // zeros that the text does not have
		if v > maxWide*Unit/10 {
			return 0, tooLarge
		}
		v *= 10
	}
	if roundUp {
		v++
	}
	switch {
	case v > maxWide*Unit:
		return 0, tooLarge
	case negative:
		v = -v
	}
	return v, decimalNumber
}

// mostExponent replaces any larger exponent. No text has so many digits that the difference matters.
const mostExponent = math.MaxInt32

// readExponent reads what follows the e of a number.
func readExponent(s string) (int, bool) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	v := 0
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		v = min(v*10+int(c), mostExponent)
	}
	if negative {
		v = -v
	}
	return v, s != ""
}

// zoneText returns the zone in s, and whether it is one. Both 132 and 132.0 are zones, because pandas writes a column of ids that has
// nulls with decimals.
func zoneText(s string) (int64, numeral) {
	x, is := readDecimal(s)
	switch {
	case is != decimalNumber:
		return 0, is
	case x%Unit != 0 || int64(int32(x/Unit)) != x/Unit:
		return 0, tooLarge
	}
	return x / Unit, is
}
