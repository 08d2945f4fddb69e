// Package eights passes over slices of numbers, eight numbers at a time where the processor can do that with AVX2, and one by one
// elsewhere. The results are the same, bit for bit. The tests compare both ways.
//
// A function whose name ends with Many stops before eight numbers that it cannot do and returns how many it did, a multiple of eight. The
// caller does the next ones in another way.
package eights

// Sum adds up values, and ORs their magnitudes: of a negative value its complement. The sum overflows like one of int64.
func Sum(values []int64) (total, magnitudes int64) {
	total, magnitudes, n := sumMany(values)
	for _, v := range values[n:] {
		total += v
		magnitudes |= v ^ v>>63
	}
	return total, magnitudes
}

// Least returns the least of values and best.
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

// Relation is how numbers are compared with another.
type Relation byte

// The relations.
const (
	Less Relation = iota
	AtMost
	Equal
)
