package eights

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"tripstats/testdata/guard"
)

// lengths are lengths at and next to multiples of eight, because eight values are processed at a time.
var lengths = []int{0, 1, 7, 8, 9, 15, 16, 17, 64, 100}

// withAndWithoutAVX2 runs f with AVX2, if the machine has it, and without.
func withAndWithoutAVX2(t *testing.T, f func(t *testing.T)) {
	t.Run("as the processor can", f)
	undo := Disable()
	defer undo()
	t.Run("one by one", f)
}

// oddInts are whole numbers at the limits of what the loops can process.
var oddInts = []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 32, -(1 << 32), 1 << 51, -(1 << 51), 1<<51 - 1, 1<<53 + 1}

// oddFloats are doubles at the limits of what the loops can process.
var oddFloats = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, -0.1, 1e-300, 5e-324, 1 << 20, -(1 << 20), math.Nextafter(1<<20, 0), math.Ldexp(1, -12), math.Ldexp(1, -64), math.Ldexp(-1, -64),
	math.Ldexp(1, -65), math.Ldexp(1+0x1p-52, -12), math.Ldexp(1+0x1p-52, -13), 1e300, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(),
}

func TestSumsAndExtremes(t *testing.T) {
	withAndWithoutAVX2(t, func(t *testing.T) {
		for _, n := range lengths {
			values := guard.AtEnd[int64](t, n)
			for range 100 {
				total, magnitudes, least, most := int64(0), int64(0), int64(7), int64(7)
				for i := range values {
					v := rand.Int64() >> rand.IntN(64)
					if rand.IntN(8) == 0 {
						v = oddInts[rand.IntN(len(oddInts))]
					}
					values[i] = v
					total, magnitudes, least, most = total+v, magnitudes|max(v, ^v), min(least, v), max(most, v)
				}
				if a, b := Sum(values); a != total || b != magnitudes {
					t.Fatalf("%v: sum and magnitudes: found %d and %x, expected %d and %x", values, a, b, total, magnitudes)
				}
				if a, b := Least(7, values), Most(7, values); a != least || b != most {
					t.Fatalf("%v and 7: smallest and largest value: found %d and %d, expected %d and %d", values, a, b, least, most)
				}
			}
		}
	})
}

// partsOf adds up a high and a low part, in their units.
func partsOf(high, low int64) *big.Rat {
	unit := func(bits uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), bits) }
	r := new(big.Rat).SetFrac(big.NewInt(high), unit(HighBits))
	return r.Add(r, new(big.Rat).SetFrac(big.NewInt(low), unit(LowBits)))
}

func TestPartsOfADoubleAreAllOfIt(t *testing.T) {
	floats := append([]float64(nil), oddFloats...)
	for range 10_000 {
		floats = append(floats, randomFloat())
	}
	for _, f := range floats {
		high, low, whole := Split(f)
		small := math.Abs(f) < limit && (f != 0 || !math.Signbit(f))
		scaled := math.Ldexp(f, LowBits)
		if want := small && scaled == math.Trunc(scaled); whole != want {
			t.Errorf("%g: the parts are all of the double: found %t, expected %t", f, whole, want)
		}
		if whole && partsOf(high, low).Cmp(new(big.Rat).SetFloat64(f)) != 0 {
			t.Errorf("%g: found the parts %d and %d with the sum %v, expected the double as their sum", f, high, low, partsOf(high, low))
		}
		if whole && (max(high, -high) > 1<<42 || max(low, -low) > 1<<42) {
			t.Errorf("%g: found the parts %d and %d, expected at most 2^42, because up to 2^20 parts are added up", f, high, low)
		}
	}
}

func randomFloat() float64 {
	switch rand.IntN(4) {
	case 0:
		return oddFloats[rand.IntN(len(oddFloats))]
	case 1:
		return math.Float64frombits(rand.Uint64())
	}
	return math.Ldexp(rand.Float64()-0.5, rand.IntN(40)-16)
}

// TestManyAreSplitAsOneIs splits slices of doubles. Often one double in a slice cannot be split.
func TestManyAreSplitAsOneIs(t *testing.T) {
	for _, n := range lengths {
		floats, high, low := guard.AtEnd[float64](t, n), guard.AtEnd[int64](t, n), guard.AtEnd[int64](t, n)
		for range 200 {
			for i := range floats {
				floats[i] = float64(rand.IntN(1e6)) / 60
			}
			if n > 0 && rand.IntN(2) == 0 {
				floats[rand.IntN(n)] = randomFloat()
			}
			testSplit(t, floats, high, low)
		}
	}
}

func testSplit(t *testing.T, floats []float64, high, low []int64) {
	done := SplitMany(high, low, floats)
	sumHigh, sumLow, n := SumMany(floats)
	if done != n || done%8 != 0 || done > len(floats) {
		t.Fatalf("%v: %d doubles were split and %d added up, expected equal numbers, a multiple of eight", floats, done, n)
	}
	for i, f := range floats[:done] {
		h, l, whole := Split(f)
		if !whole || h != high[i] || l != low[i] {
			t.Fatalf("%v: the parts of %g: found %d and %d, expected %d and %d, all of the double: %t", floats, f, high[i], low[i], h, l, whole)
		}
		sumHigh, sumLow = sumHigh-h, sumLow-l
	}
	if sumHigh != 0 || sumLow != 0 {
		t.Fatalf("%v: the sums of the parts are off by %d and %d", floats, sumHigh, sumLow)
	}
	next := floats[done:]
	if len(next) < 8 || done == 0 && SplitMany(make([]int64, 8), make([]int64, 8), make([]float64, 8)) == 0 {
		return
	}
	for _, f := range next[:8] {
		if _, _, whole := Split(f); !whole {
			return
		}
	}
	t.Fatalf("%v: %d doubles were split, expected more", floats, done)
}

func FuzzSplit(f *testing.F) {
	for _, odd := range oddFloats {
		f.Add(math.Float64bits(odd), uint64(1))
	}
	f.Fuzz(func(t *testing.T, x, y uint64) {
		floats := make([]float64, 16)
		for i := range floats {
			floats[i] = math.Float64frombits(x + uint64(i)*y)
		}
		testSplit(t, floats, make([]int64, 16), make([]int64, 16))
	})
}
