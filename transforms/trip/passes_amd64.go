package trip

// withinMany returns how many values at the start are in [lo, lo+span), rounded down to a multiple of eight. Without AVX2 it
// returns 0.
func withinMany(values []int64, lo int64, span uint64) int {
	n := len(values) &^ 7
	if n == 0 || !hasAVX2 {
		return 0
	}
	return withinEights(&values[0], n, lo, span)
}

// subtractMany sets dst to a - b, for the first rows, a multiple of eight, and returns how many these are. signs is negative if a value of
// them is. Without AVX2 it takes no rows.
func subtractMany(dst, a, b []int64) (n int, signs int64) {
	if n = min(len(dst), len(a), len(b)) &^ 7; n == 0 || !hasAVX2 {
		return 0, 0
	}
	return n, subtractEights(&dst[0], &a[0], &b[0], n)
}

//go:noescape
func subtractEights(dst, a, b *int64, n int) (signs int64)

//go:noescape
func withinEights(values *int64, n int, lo int64, span uint64) int
