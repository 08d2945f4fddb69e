package eights

import (
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"testing"

	"tripstats/testdata/guard"
)

// distanceOf returns the distance of a value from base, in units. ok is false if the distance is not a whole number of units or has more than 32 bits.
func distanceOf(value, base int64, unit uint64) (distance uint32, ok bool) {
	d := uint64(value - base)
	return uint32(d / unit), d%unit == 0 && d/unit < 1<<32
}

// TestManyDistancesAreMeasuredAsOneIs measures slices of values. Often a value in a slice has no distance.
func TestManyDistancesAreMeasuredAsOneIs(t *testing.T) {
	units := []uint64{1, 2, 3, 60, 625, 10_000, 1_000_000, 1 << 31, 1<<32 - 1, 1<<32 - 2}
	for _, n := range lengths {
		values, to := guard.AtEnd[int64](t, n), guard.AtEnd[uint32](t, n)
		for range 300 {
			unit, base := units[rand.IntN(len(units))], rand.Int64()>>rand.IntN(64)
			for i := range values {
				values[i] = base + int64(unit*uint64(rand.Uint32()>>rand.IntN(32)))
			}
			if n > 0 && rand.IntN(2) == 0 {
				odd := []int64{base - 1, base + 1, base + int64(unit)<<32, base + int64(unit<<32-unit) + 1, oddInts[rand.IntN(len(oddInts))]}
				values[rand.IntN(n)] = odd[rand.IntN(len(odd))]
			}
			testDistances(t, to, values, base, unit)
		}
	}
}

func testDistances(t *testing.T, to []uint32, values []int64, base int64, unit uint64) {
	shift := uint(bits.TrailingZeros64(unit))
	modulus := new(big.Int).Lsh(big.NewInt(1), 64)
	inverse := new(big.Int).ModInverse(new(big.Int).SetUint64(unit>>shift), modulus).Uint64()
	done := DistancesMany(to, values, base, shift, inverse)
	if done%8 != 0 || done > len(values) {
		t.Fatalf("%v: %d values were measured, expected a multiple of eight", values, done)
	}
	for i, v := range values[:done] {
		if want, ok := distanceOf(v, base, unit); !ok || to[i] != want {
			t.Fatalf("%d from %d in units of %d: found %d, expected %d; the value has a distance: %t", v, base, unit, to[i], want, ok)
		}
	}
	next := values[done:]
	if len(next) < 8 || !canMeasure() {
		return
	}
	for _, v := range next[:8] {
		if _, ok := distanceOf(v, base, unit); !ok {
			return
		}
	}
	t.Fatalf("%v: %d values were measured, expected more", values, done)
}

// canMeasure tells whether the processor measures eight values at a time.
func canMeasure() bool { return DistancesMany(make([]uint32, 8), make([]int64, 8), 0, 0, 1) == 8 }

// TestManyOrdinalsAreComputedAsOneIs looks for values among consecutive numbers. Often one of the values is not among them.
func TestManyOrdinalsAreComputedAsOneIs(t *testing.T) {
	for _, n := range lengths {
		values, to := guard.AtEnd[int64](t, n), guard.AtEnd[uint32](t, n)
		for range 300 {
			count := 1 + rand.Uint32N(600)
			first := []int64{rand.Int64() >> rand.IntN(64), -rand.Int64() >> rand.IntN(64), math.MinInt64, math.MaxInt64 - int64(count) + 1}[rand.IntN(4)]
			for i := range values {
				values[i] = first + int64(rand.Uint32N(count))
			}
			if n > 0 && rand.IntN(2) == 0 {
				odd := []int64{first - 1, first + int64(count), first + 1<<32, oddInts[rand.IntN(len(oddInts))]}
				values[rand.IntN(n)] = odd[rand.IntN(len(odd))]
			}
			testOrdinals(t, to, values, first, count)
		}
	}
}

func testOrdinals(t *testing.T, to []uint32, values []int64, first int64, count uint32) {
	done := OrdinalsMany(to, values, first, count)
	if done%8 != 0 || done > len(values) {
		t.Fatalf("%v: %d places were found, expected a multiple of eight", values, done)
	}
	for i, v := range values {
		among := uint64(v-first) < uint64(count)
		switch want := uint32(v-first) + 1; {
		case i < done && (!among || to[i] != want):
			t.Fatalf("%d among %d numbers from %d: found the place %d, expected %d; the value is among the numbers: %t", v, count, first, to[i], want, among)
		case i >= done && !among:
			return
		}
	}
	if len(values)-done >= 8 && canMeasure() {
		t.Fatalf("%v: %d places were found, expected more", values, done)
	}
}
