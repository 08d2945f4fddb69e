package eights

import (
	"math"
	"unsafe"

	"golang.org/x/sys/cpu"
)

var hasAVX2 = cpu.X86.HasAVX2

// Disable makes the package process numbers one by one, for tests. The returned function undoes this.
func Disable() (undo func()) {
	before := hasAVX2
	hasAVX2 = false
	return func() { hasAVX2 = before }
}

// whole returns how many of n rows AVX2 can process: a multiple of eight, or 0 without AVX2.
func whole(n int) int {
	if !hasAVX2 {
		return 0
	}
	return n &^ 7
}

func sumMany(values []int64) (total, magnitudes int64, n int) {
	if n = whole(len(values)); n > 0 {
		total, magnitudes = sum(&values[0], n)
	}
	return total, magnitudes, n
}

func leastMany(best int64, values []int64) (int64, int) {
	n := whole(len(values))
	if n > 0 {
		best = least(&values[0], n, best)
	}
	return best, n
}

func mostMany(best int64, values []int64) (int64, int) {
	n := whole(len(values))
	if n > 0 {
		best = most(&values[0], n, best)
	}
	return best, n
}

func subtractMany(dst, a, b []int64) (n int, signs int64) {
	if n = whole(min(len(dst), len(a), len(b))); n > 0 {
		signs = subtractInts(&dst[0], &a[0], &b[0], n)
	}
	return n, signs
}

func withinMany(values []int64, low int64, span uint64) int {
	if n := whole(len(values)); n > 0 {
		return within(&values[0], n, low, span)
	}
	return 0
}

// MillionthsMany converts doubles, each as [Millionths] does. It stops before eight doubles if the result of any of them is not certain.
func MillionthsMany(to []int64, floats []float64) int {
	if n := whole(min(len(to), len(floats))); n > 0 {
		return millionths(&to[0], &floats[0], n)
	}
	return 0
}

// AddMillionthsMany is [MillionthsMany], but adds the converted numbers to sums.
func AddMillionthsMany(sums []int64, floats []float64) int {
	if n := whole(min(len(sums), len(floats))); n > 0 {
		return addMillionths(&sums[0], &floats[0], n)
	}
	return 0
}

// SplitMany splits doubles, each as [Split] does.
func SplitMany(high, low []int64, floats []float64) int {
	if n := whole(min(len(high), len(low), len(floats))); n > 0 {
		return split(&high[0], &low[0], &floats[0], n)
	}
	return 0
}

// SumMany adds up the parts into which [Split] splits doubles.
func SumMany(floats []float64) (high, low int64, n int) {
	if n = whole(len(floats)); n > 0 {
		high, low, n = sumSplit(&floats[0], n)
	}
	return high, low, n
}

// The functions in assembly process n numbers. n is a multiple of eight, and not 0.

//go:noescape
func sum(values *int64, n int) (total, magnitudes int64)

//go:noescape
func least(values *int64, n int, best int64) int64

//go:noescape
func most(values *int64, n int, best int64) int64

//go:noescape
func subtractInts(dst, a, b *int64, n int) (signs int64)

//go:noescape
func within(values *int64, n int, lo int64, span uint64) int

//go:noescape
func millionths(dst *int64, src *float64, n int) int

//go:noescape
func addMillionths(sums *int64, src *float64, n int) int

//go:noescape
func split(high, low *int64, floats *float64, n int) int

//go:noescape
func sumSplit(floats *float64, n int) (high, low int64, done int)

// DoublesMany sets to to a op b, where op is one of + - * /. For any other op it processes nothing.
func DoublesMany(op byte, to, a, b []float64) int {
	n := whole(min(len(to), len(a), len(b)))
	if n == 0 {
		return 0
	}
	switch op {
	case '+':
		add(&to[0], &a[0], &b[0], n)
	case '-':
		subtract(&to[0], &a[0], &b[0], n)
	case '*':
		multiply(&to[0], &a[0], &b[0], n)
	case '/':
		divide(&to[0], &a[0], &b[0], n)
	default:
		return 0
	}
	return n
}

// DoublesByConstMany is [DoublesMany] with the same b for all numbers.
func DoublesByConstMany(op byte, to, a []float64, b float64) int {
	n := whole(min(len(to), len(a)))
	if n == 0 {
		return 0
	}
	switch op {
	case '+':
		addConst(&to[0], &a[0], n, b)
	case '-':
		subtractConst(&to[0], &a[0], n, b)
	case '*':
		multiplyConst(&to[0], &a[0], n, b)
	case '/':
		divideConst(&to[0], &a[0], n, b)
	default:
		return 0
	}
	return n
}

// QuotientsMany sets to to the whole numbers in a, divided by unit. It stops before numbers of more than 51 bits.
func QuotientsMany(to []float64, a []int64, unit float64) int {
	if n := whole(min(len(to), len(a))); n > 0 {
		return quotients(&to[0], &a[0], n, unit)
	}
	return 0
}

// IntsMany sets the bits of to: 1 for a number that has the relation to c, otherwise 0.
func (r Relation) IntsMany(to []byte, a []int64, c int64) int {
	n := whole(min(8*len(to), len(a)))
	if n == 0 {
		return 0
	}
	switch r {
	case Less:
		lessInt(&to[0], &a[0], n, c)
	case AtMost:
		if c == 1<<63-1 {
			return 0
		}
		lessInt(&to[0], &a[0], n, c+1)
	default:
		equalInt(&to[0], &a[0], n, c)
	}
	return n
}

// FloatsMany is IntsMany for doubles. NaN has no relation to any number.
func (r Relation) FloatsMany(to []byte, a []float64, c float64) int {
	n := whole(min(8*len(to), len(a)))
	if n == 0 {
		return 0
	}
	switch r {
	case Less:
		lessFloat(&to[0], &a[0], n, c)
	case AtMost:
		atMostFloat(&to[0], &a[0], n, c)
	default:
		equalFloat(&to[0], &a[0], n, c)
	}
	return n
}

// BetweenMany sets the bits of to: 1 for a number from low to low plus span, otherwise 0.
func BetweenMany(to []byte, a []int64, low int64, span uint64) int {
	n := whole(min(8*len(to), len(a)))
	if n > 0 {
		between(&to[0], &a[0], n, low, span)
	}
	return n
}

//go:noescape
func add(to, a, b *float64, n int)

//go:noescape
func subtract(to, a, b *float64, n int)

//go:noescape
func multiply(to, a, b *float64, n int)

//go:noescape
func divide(to, a, b *float64, n int)

//go:noescape
func addConst(to, a *float64, n int, c float64)

//go:noescape
func subtractConst(to, a *float64, n int, c float64)

//go:noescape
func multiplyConst(to, a *float64, n int, c float64)

//go:noescape
func divideConst(to, a *float64, n int, c float64)

//go:noescape
func quotients(to *float64, a *int64, n int, unit float64) int

//go:noescape
func lessInt(to *byte, a *int64, n int, c int64)

//go:noescape
func equalInt(to *byte, a *int64, n int, c int64)

//go:noescape
func lessFloat(to *byte, a *float64, n int, c float64)

//go:noescape
func atMostFloat(to *byte, a *float64, n int, c float64)

//go:noescape
func equalFloat(to *byte, a *float64, n int, c float64)

//go:noescape
func between(to *byte, a *int64, n int, low int64, span uint64)

// ChooseMany copies to to the numbers of from whose bits in mask are 1.
func ChooseMany[T int64 | float64](to []T, mask []byte, from []T) int {
	n := whole(min(len(to), 8*len(mask), len(from)))
	if n > 0 {
		choose(words(to), &mask[0], words(from), n)
	}
	return n
}

// ChooseConstMany sets the numbers of to whose bits in mask are 1 to c.
func ChooseConstMany[T int64 | float64](to []T, mask []byte, c T) int {
	n := whole(min(len(to), 8*len(mask)))
	if n > 0 {
		chooseConst(words(to), &mask[0], n, *words([]T{c}))
	}
	return n
}

// words returns the address of the bits of numbers. There must be at least one number.
func words[T int64 | float64](of []T) *int64 { return (*int64)(unsafe.Pointer(&of[0])) }

//go:noescape
func choose(to *int64, mask *byte, from *int64, n int)

//go:noescape
func chooseConst(to *int64, mask *byte, n int, c int64)

// HoursMany sets to to the hours, 0 to 23, of times in µs since 1970-01-01. It stops before times of more than 51 bits, which are more than
// 70 years away from 1970.
func HoursMany(to, times []int64) int {
	if n := whole(min(len(to), len(times))); n > 0 {
		return hoursOf(&to[0], &times[0], n)
	}
	return 0
}

// DaysMany is [HoursMany] for the days since 1970-01-01.
func DaysMany(to, times []int64) int {
	if n := whole(min(len(to), len(times))); n > 0 {
		return daysOf(&to[0], &times[0], n)
	}
	return 0
}

//go:noescape
func hoursOf(to, times *int64, n int) int

//go:noescape
func daysOf(to, times *int64, n int) int

// DistancesMany fills the slice to with the distances of values from base, in units. The unit has at most 32 bits. It is 2^shift times an odd number, and
// inverse is the inverse of the odd number modulo 2^64. It stops before eight values if the distance of any of them is not a whole number of units or has
// more than 32 bits.
func DistancesMany(to []uint32, values []int64, base int64, shift uint, inverse uint64) int {
	if n := whole(min(len(to), len(values))); n > 0 {
		return distances(&to[0], &values[0], n, base, shift, inverse)
	}
	return 0
}

//go:noescape
func distances(to *uint32, values *int64, n int, base int64, shift uint, inverse uint64) int

// OrdinalsMany fills the slice to with the places of values among count consecutive numbers. The first number is first, and has the place 1. It stops
// before eight values if any of them is not among the numbers.
func OrdinalsMany(to []uint32, values []int64, first int64, count uint32) int {
	if n := whole(min(len(to), len(values))); n > 0 && count > 0 {
		return ordinals(&to[0], &values[0], n, first+math.MinInt64, int64(count-1)+math.MinInt64)
	}
	return 0
}

//go:noescape
func ordinals(to *uint32, values *int64, n int, bias, last int64) int
