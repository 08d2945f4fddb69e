package trip

// The passes over a batch's columns, for the first rows, a multiple of eight, with AVX2. Each returns how many it took, 0
// without AVX2.

// subtractMany sets dst to a - b. overflow is negative if any difference overflowed.
func subtractMany(dst, a, b []int64) (n int, overflow int64) {
	if n = min(len(dst), len(a), len(b)) &^ 7; n == 0 || !hasAVX2 {
		return 0, 0
	}
	return n, subtractEights(&dst[0], &a[0], &b[0], n)
}

// withinMany counts the values at the start that are less than span above lo, or eights of them.
func withinMany(values []int64, lo int64, span uint64) int {
	n := len(values) &^ 7
	if n == 0 || !hasAVX2 {
		return 0
	}
	return withinEights(&values[0], n, lo, span)
}

//go:noescape
func subtractEights(dst, a, b *int64, n int) (overflow int64)

//go:noescape
func withinEights(values *int64, n int, lo int64, span uint64) int
