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

//go:noescape
func withinEights(values *int64, n int, lo int64, span uint64) int
