package compute

import (
	"math/rand/v2"
	"testing"
)

// TestDivisor compares quotients by a multiplication with those by a division.
func TestDivisor(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, by := range append(powersOfTen[1:], microsPerDay, microsPerHour, microsPerMinute, 2, 3, 7, 1<<62, 1<<62+1, 1<<63-1) {
		d := divisorOf(by)
		for range 1000 {
			n := rng.Uint64() >> (1 + rng.IntN(63))
			multiple := n / d.by * d.by
			for _, n := range []uint64{n, multiple, max(multiple, 1) - 1, 1<<63 - 1, 0} {
				if got, want := d.of(n), n/d.by; got != want {
					t.Fatalf("%d by %d: found %d, expected %d", n, by, got, want)
				}
			}
		}
	}
}

// TestLimitsHoldAllResults compares the limits of sums and products with those of all pairs of values.
func TestLimitsHoldAllResults(t *testing.T) {
	for _, a := range []limits{{-3, 5}, {0, 2}, {-7, -2}, {4, 4}} {
		for _, b := range []limits{{-2, 2}, {1, 3}, {-5, -4}} {
			sum, _ := a.plus(b)
			product, _ := a.times(b)
			for x := a.low; x <= a.high; x++ {
				for y := b.low; y <= b.high; y++ {
					if s, p := (limits{x + y, x + y}), (limits{x * y, x * y}); !s.within(sum) || !p.within(product) || !(limits{-x, -x}).within(a.negated()) {
						t.Errorf("%d and %d are not within the limits of %v and %v", x, y, a, b)
					}
				}
			}
		}
	}
	if _, ok := noLimits.plus(limits{0, 1}); ok {
		t.Error("found that no sum overflows")
	}
	if _, ok := (limits{0, 1 << 40}).times(limits{0, 1 << 40}); ok {
		t.Error("found that no product overflows")
	}
}
