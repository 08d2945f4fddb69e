package eights

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/testdata/guard"
)

// randomInt returns a random whole number. It is often one of oddInts, or close to near.
func randomInt(near int64) int64 {
	switch rand.IntN(3) {
	case 0:
		return oddInts[rand.IntN(len(oddInts))]
	case 1:
		return near + rand.Int64N(3) - 1
	}
	return rand.Int64() >> rand.IntN(64)
}

// same tells whether two doubles have the same bits or are both NaN.
func same(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

func operation(op byte, a, b float64) float64 {
	switch op {
	case '+':
		return a + b
	case '-':
		return a - b
	case '*':
		return a * b
	}
	return a / b
}

func TestManyDoublesAreComputedAsOneIs(t *testing.T) {
	for _, n := range lengths {
		to, a, b := guard.AtEnd[float64](t, n), guard.AtEnd[float64](t, n), guard.AtEnd[float64](t, n)
		for range 50 {
			for i := range a {
				a[i], b[i] = randomFloat(), randomFloat()
			}
			c := randomFloat()
			for _, op := range []byte("+-*/") {
				done := DoublesMany(op, to, a, b)
				for i, f := range to[:done] {
					if want := operation(op, a[i], b[i]); !same(f, want) {
						t.Fatalf("%g %c %g: found %g, expected %g", a[i], op, b[i], f, want)
					}
				}
				if byConst := DoublesByConstMany(op, to, a, c); byConst != done || done > n || n-done >= 8 && done > 0 {
					t.Fatalf("%d doubles: %d were computed, and %d with a constant; expected all whole eights or none", n, done, byConst)
				}
				for i, f := range to[:done] {
					if want := operation(op, a[i], c); !same(f, want) {
						t.Fatalf("%g %c %g: found %g, expected %g", a[i], op, c, f, want)
					}
				}
			}
			if DoublesMany('%', to, a, b) != 0 || DoublesByConstMany('%', to, a, c) != 0 {
				t.Fatal("found remainders, expected that nothing is computed for them")
			}
		}
	}
}

func TestQuotientsStopBeforeNumbersWithManyBits(t *testing.T) {
	for _, n := range lengths {
		to, a := guard.AtEnd[float64](t, n), guard.AtEnd[int64](t, n)
		for range 200 {
			for i := range a {
				a[i] = rand.Int64()>>rand.IntN(50)>>12 - rand.Int64()>>rand.IntN(50)>>13
			}
			if n > 0 && rand.IntN(2) == 0 {
				a[rand.IntN(n)] = randomInt(1 << 51)
			}
			unit := []float64{1, 6e7, 1e6, 3}[rand.IntN(4)]
			done := QuotientsMany(to, a, unit)
			for i, f := range to[:done] {
				if want := float64(a[i]) / unit; math.Float64bits(f) != math.Float64bits(want) {
					t.Fatalf("%d / %g: found %g, expected %g", a[i], unit, f, want)
				}
			}
			if next := a[done:]; len(next) >= 8 && QuotientsMany(to[:8], make([]int64, 8), 1) == 8 {
				large := false
				for _, v := range next[:8] {
					large = large || v < -(1<<51) || v >= 1<<51
				}
				if !large {
					t.Fatalf("%v: %d numbers were divided, expected more", a, done)
				}
			}
		}
	}
}

func TestManyAreComparedAsOneIs(t *testing.T) {
	for _, n := range lengths {
		bits, ints, floats := guard.AtEnd[byte](t, n/8), guard.AtEnd[int64](t, n), guard.AtEnd[float64](t, n)
		for range 100 {
			c, f := randomInt(0), randomFloat()
			low, span := randomInt(0), rand.Uint64()>>rand.IntN(64)
			for i := range ints {
				ints[i], floats[i] = randomInt(c), randomFloat()
				if rand.IntN(2) == 0 {
					floats[i] = f
				}
			}
			check := func(done int, what string, is func(i int) bool) {
				t.Helper()
				if done > n || n-done >= 8 && done > 0 {
					t.Fatalf("%s: %d of %d numbers were compared, expected all whole eights or none", what, done, n)
				}
				for i := range done {
					if found := bits[i/8]>>(i%8)&1 == 1; found != is(i) {
						t.Fatalf("%s, c = %d and %g, low = %d, span = %d: row %d, %d and %g: found %t", what, c, f, low, span, i, ints[i], floats[i], found)
					}
				}
			}
			check(Less.IntsMany(bits, ints, c), "less", func(i int) bool { return ints[i] < c })
			check(AtMost.IntsMany(bits, ints, c), "at most", func(i int) bool { return ints[i] <= c })
			check(Equal.IntsMany(bits, ints, c), "equal", func(i int) bool { return ints[i] == c })
			check(Less.FloatsMany(bits, floats, f), "less", func(i int) bool { return floats[i] < f })
			check(AtMost.FloatsMany(bits, floats, f), "at most", func(i int) bool { return floats[i] <= f })
			check(Equal.FloatsMany(bits, floats, f), "equal", func(i int) bool { return floats[i] == f })
			check(BetweenMany(bits, ints, low, span), "between", func(i int) bool { return uint64(ints[i]-low) <= span })
		}
	}
}

func TestManyAreChosenAsOneIs(t *testing.T) {
	for _, n := range lengths {
		ints, from, floats, others, mask := guard.AtEnd[int64](t, n), guard.AtEnd[int64](t, n), guard.AtEnd[float64](t, n), guard.AtEnd[float64](t, n), guard.AtEnd[byte](t, n/8)
		for range 100 {
			for i := range ints {
				ints[i], from[i], floats[i], others[i] = randomInt(0), randomInt(0), randomFloat(), randomFloat()
			}
			for i := range mask {
				mask[i] = byte(rand.Uint32())
			}
			c, f := randomInt(0), randomFloat()
			chosen := func(i int) bool { return mask[i/8]>>(i%8)&1 == 1 }
			before, floatsBefore := slices.Clone(ints), slices.Clone(floats)
			done := ChooseMany(ints, mask, from)
			if again := ChooseMany(floats, mask, others); again != done || done > n || n-done >= 8 && done > 0 {
				t.Fatalf("%d numbers: %d whole numbers and %d doubles were chosen, expected all whole eights or none", n, done, again)
			}
			for i := range ints {
				want, wantFloat := before[i], floatsBefore[i]
				if i < done && chosen(i) {
					want, wantFloat = from[i], others[i]
				}
				if ints[i] != want || math.Float64bits(floats[i]) != math.Float64bits(wantFloat) {
					t.Fatalf("%d numbers: found %d and %g at %d, expected %d and %g", n, ints[i], floats[i], i, want, wantFloat)
				}
			}
			copy(before, ints)
			copy(floatsBefore, floats)
			ChooseConstMany(ints, mask, c)
			ChooseConstMany(floats, mask, f)
			for i := range ints {
				want, wantFloat := before[i], floatsBefore[i]
				if i < done && chosen(i) {
					want, wantFloat = c, f
				}
				if ints[i] != want || math.Float64bits(floats[i]) != math.Float64bits(wantFloat) {
					t.Fatalf("%d numbers: found %d and %g at %d, expected %d and %g", n, ints[i], floats[i], i, want, wantFloat)
				}
			}
		}
	}
}
