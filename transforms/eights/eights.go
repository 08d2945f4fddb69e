// Package eights has loops over slices of numbers. They process eight numbers at a time if the processor has AVX2, and one number at a time
// otherwise. The results are the same, bit for bit. The tests compare both ways.
//
// A function whose name ends with Many processes numbers from the start of a slice. It stops before eight numbers that it cannot process, and
// returns how many it has processed, a multiple of eight. The caller processes the next numbers in another way.
package eights

// Sum returns the sum of values and the OR of their magnitudes. The magnitude of a negative value is its complement. The sum wraps around on
// overflow, as int64 does.
func Sum(values []int64) (total, magnitudes int64) {
	total, magnitudes, n := sumMany(values)
	for _, v := range values[n:] {
		total += v
		magnitudes |= v ^ v>>63
	}
	return total, magnitudes
}

// Least returns the smallest of values and best.
func Least(best int64, values []int64) int64 {
	least, n := leastMany(best, values)
	for _, v := range values[n:] {
		least = min(least, v)
	}
	return least
}

// Most returns the largest of values and best.
func Most(best int64, values []int64) int64 {
	most, n := mostMany(best, values)
	for _, v := range values[n:] {
		most = max(most, v)
	}
	return most
}

// Subtract sets dst to a - b, and returns the OR of all numbers in a and b. The OR is negative if any number is negative. If it is not negative, no
// difference overflowed. All three slices have the same length.
func Subtract(dst, a, b []int64) (signs int64) {
	n, signs := subtractMany(dst, a, b)
	dst, a, b = dst[n:], a[n:], b[n:]
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
		signs |= a[i] | b[i]
	}
	return signs
}

// Within returns how many numbers at the start of a slice are at least low, and less than low plus span.
func Within(values []int64, low int64, span uint64) int {
	n := withinMany(values, low, span)
	for n < len(values) && uint64(values[n]-low) < span {
		n++
	}
	return n
}

// Relation is the relation by which numbers are compared with a constant.
type Relation byte

// The relations.
const (
	Less Relation = iota
	AtMost
	Equal
)
