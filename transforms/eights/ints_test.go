package eights

import (
	"math"
	"math/rand/v2"
	"testing"

	"tripstats/testdata/guard"
)

func TestSubtractTellsOfANegativeValue(t *testing.T) {
	withAndWithoutAVX2(t, func(t *testing.T) {
		for _, n := range lengths {
			a, b, dst := guard.AtEnd[int64](t, n), guard.AtEnd[int64](t, n), guard.AtEnd[int64](t, n)
			for i := range a {
				a[i], b[i] = rand.Int64(), rand.Int64()
			}
			if Subtract(dst, a, b) < 0 {
				t.Errorf("%d rows: a negative value where there is none", n)
			}
			for i := range dst {
				if dst[i] != a[i]-b[i] {
					t.Fatalf("%d rows: row %d: got %d, want %d", n, i, dst[i], a[i]-b[i])
				}
				was, of := a[i], b[i]
				for _, values := range [][2]int64{{math.MinInt64, 1}, {math.MaxInt64, -1}, {0, math.MinInt64}, {-2, math.MaxInt64}, {-1, -1}} {
					if a[i], b[i] = values[0], values[1]; Subtract(dst, a, b) >= 0 {
						t.Errorf("%d rows: row %d: of %d and %d none was found negative", n, i, a[i], b[i])
					}
				}
				a[i], b[i] = was, of
			}
		}
	})
}

func TestWithinEndsAtTheFirstValueOutside(t *testing.T) {
	const lo, hi = -5, 1000
	withAndWithoutAVX2(t, func(t *testing.T) {
		for _, n := range lengths {
			values := guard.AtEnd[int64](t, n)
			for i := range values {
				values[i] = lo + rand.Int64N(hi-lo)
			}
			if got := Within(values, lo, hi-lo); got != n {
				t.Errorf("%d values: got %d", n, got)
			}
			if got := Within(values, lo, 0); got != 0 {
				t.Errorf("%d values in an empty month: got %d", n, got)
			}
			for i := range values {
				was := values[i]
				for _, outside := range []int64{lo - 1, hi, math.MinInt64, math.MaxInt64} {
					values[i] = outside
					if got := Within(values, lo, hi-lo); got != i {
						t.Errorf("%d values, %d at %d: got %d", n, outside, i, got)
					}
				}
				for _, inside := range []int64{lo, hi - 1} {
					values[i] = inside
					if got := Within(values, lo, hi-lo); got != n {
						t.Errorf("%d values, %d at %d: got %d", n, inside, i, got)
					}
				}
				values[i] = was
			}
		}
	})
}
