package group

import "math/bits"

// divisor divides by a unit without a division. Its zero value divides by 1.
type divisor struct {
	inverse, most uint64 // of the odd part of the unit: its inverse modulo 2^64, the largest quotient
	shift         uint   // the rest of the unit is 2^shift
	unit          uint64
}

func divisorOf(unit uint64) divisor {
	unit = max(unit, 1)
	shift := uint(bits.TrailingZeros64(unit))
	odd := unit >> shift
	inverse := odd // right in its last three bits; each step doubles them
	for range 5 {
		inverse *= 2 - odd*inverse
	}
	return divisor{inverse, (1<<64 - 1) / odd, shift, unit}
}

// by returns d by the unit, of which d is a multiple.
func (v *divisor) by(d uint64) uint64 { return d >> v.shift * v.inverse }

// divides tells whether d is a multiple of the unit.
func (v *divisor) divides(d uint64) bool {
	return d>>v.shift<<v.shift == d && v.by(d) <= v.most
}

// gcd is the largest number that divides both; the other one if one is 0.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// unitFrom returns the largest number that divides a unit, unless it is 0, and the distance of each value from base.
func unitFrom(unit uint64, base int64, values []int64) uint64 {
	v := divisorOf(unit)
	for _, x := range values {
		if unit == 1 {
			break
		}
		if d := uint64(x - base); unit == 0 || !v.divides(d) {
			unit = gcd(d, unit)
			v = divisorOf(unit)
		}
	}
	return unit
}

const digitBits = 11

// sortKeys sorts numbers of width bits by their bits from the bit from on. Numbers that are equal in these bits keep their order. It
// returns one of the two slices, which have the same length.
func sortKeys(keys, spare []uint64, from, width int) []uint64 {
	const mask = 1<<digitBits - 1
	var starts [1 << digitBits]uint32
	for shift := from; shift < width; shift += digitBits {
		clear(starts[:])
		for _, k := range keys {
			starts[k>>shift&mask]++
		}
		if starts[keys[0]>>shift&mask] == uint32(len(keys)) {
			continue
		}
		sum := uint32(0)
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, k := range keys {
			at := &starts[k>>shift&mask]
			spare[*at] = k
			*at++
		}
		keys, spare = spare, keys
	}
	return keys
}

// sortDistances sorts more than one number. It returns one of the slices, which have one length.
func sortDistances(list, spare []uint32) []uint32 {
	const most = 8 // bits of a digit: a few numbers are sorted with few counts
	low, high := list[0], list[0]
	for _, d := range list {
		low, high = min(low, d), max(high, d)
	}
	width := bits.Len32(high - low)
	passes := (width + most - 1) / most
	for pass := range passes {
		digit := (width + passes - 1) / passes
		shift, mask := pass*digit, uint32(1)<<digit-1
		var counts [1 << most]uint32
		starts := counts[:mask+1]
		for _, d := range list {
			starts[(d-low)>>shift&mask]++
		}
		sum := uint32(0)
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, d := range list {
			at := &starts[(d-low)>>shift&mask]
			spare[*at] = d
			*at++
		}
		list, spare = spare, list
	}
	return list
}
