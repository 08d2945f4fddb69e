package trip

// withinMany counts, with AVX2, the values at the start that are less than span above lo, or eights of them. Without AVX2 it
// is 0.
func withinMany(values []int64, lo int64, span uint64) int {
	n := len(values) &^ 7
	if n == 0 || !hasAVX2 {
		return 0
	}
	return withinEights(&values[0], n, lo, span)
}

//go:noescape
func withinEights(values *int64, n int, lo int64, span uint64) int
