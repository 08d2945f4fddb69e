package trip

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestFixFloatRoundsHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want int64
	}{
		{0, 0},
		{math.Copysign(0, -1), 0},
		{1, 1_000_000},
		{12.35, 12_350_000},
		{-7.1, -7_100_000},
		{0.1, 100_000},
		{0.0000014, 1},
		{0.0000016, 2},
		{-0.0000016, -2},
		{1.0 / (1 << 7) / 1e0, 7813}, // 0.0078125 is exact: a true tie goes away from zero
		{-1.0 / (1 << 7), -7813},
		{3.0 / (1 << 7), 23438},
		{1e8, 100_000_000_000_000},
		{-1e8, -100_000_000_000_000},
		{99_999_999.999999, 99_999_999_999_999},
	} {
		if got, ok := fixFloat(c.in); got != c.want || !ok {
			t.Errorf("fixFloat(%v) = %d, %v, expected %d", c.in, got, ok, c.want)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 100_000_000.1, -1e9, math.MaxFloat64} {
		if got, ok := fixFloat(v); ok {
			t.Errorf("fixFloat(%v) = %d, expected refused", v, got)
		}
	}
}

// TestFixFloatIsExactRounding compares with rational arithmetic, close to ties too.
func TestFixFloatIsExactRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	half := big.NewRat(1, 2)
	for i := range 200_000 {
		v := (rng.Float64() - 0.5) * math.Pow(10, float64(rng.IntN(9)))
		if i%2 == 0 { // next to a tie
			v = (float64(rng.Int64N(1e12)) + 0.5) / 1e6
			for range rng.IntN(3) {
				v = math.Nextafter(v, math.Inf(rng.IntN(2)*2-1))
			}
		}
		if math.Abs(v) > MaxValue {
			continue
		}
		r := new(big.Rat).SetFloat64(v)
		negative := r.Sign() < 0
		r.Mul(r.Abs(r), big.NewRat(Unit, 1)).Add(r, half)
		want := new(big.Int).Quo(r.Num(), r.Denom()).Int64()
		if negative {
			want = -want
		}
		if got, ok := fixFloat(v); got != want || !ok {
			t.Fatalf("fixFloat(%v) = %d, expected %d", v, got, want)
		}
	}
}

func TestZonesAreWholeNumbersOf32Bits(t *testing.T) {
	for in, want := range map[string]int64{"132": 132, "-5": -5, "0": 0, "132.0": 132, "2147483647": math.MaxInt32, "1e2": 100} {
		if got, is := zoneText(in); got != want || is != decimalNumber {
			t.Errorf("zoneText(%q) = %d, %v, expected %d", in, got, is, want)
		}
	}
	for in, want := range map[string]numeral{"": noNumeral, "132.5": tooLarge, "2147483648": tooLarge, "1e30": tooLarge, "NaN": noNumeral, "abc": noNumeral, "inf": noNumeral} {
		if got, is := zoneText(in); is != want {
			t.Errorf("zoneText(%q) = %d, %v, expected %v", in, got, is, want)
		}
	}
	if _, ok := zoneInt(1 << 31); ok {
		t.Error("zoneInt(2^31) is not refused")
	}
	if _, ok := zoneFloat(math.NaN()); ok {
		t.Error("zoneFloat(NaN) is not refused")
	}
}

func TestTimesComeToMicroseconds(t *testing.T) {
	for in, want := range map[int64]int64{1499: 1, 1500: 2, -1499: -1, -1500: -2, 0: 0, math.MaxInt64: math.MaxInt64/1000 + 1} {
		if got, ok := microsFromNanos(in); got != want || !ok {
			t.Errorf("microsFromNanos(%d) = %d, expected %d", in, got, want)
		}
	}
	if got, ok := microsFromMillis(-5); got != -5000 || !ok {
		t.Errorf("microsFromMillis(-5) = %d, %v", got, ok)
	}
	if _, ok := microsFromMillis(math.MaxInt64 / 999); ok {
		t.Error("microsFromMillis overflowed unseen")
	}
	for _, c := range []struct {
		nanos  int64
		julian int32
		want   int64
		ok     bool
	}{
		{0, 2_440_588, 0, true},
		{1_500, 2_440_589, microsPerDay + 2, true},
		{0, 2_440_587, -microsPerDay, true},
		{-1, 2_440_588, 0, false},
		{microsPerDay*1000 + 1, 2_440_588, 0, false},
		{0, math.MaxInt32, 0, false},
		{0, math.MinInt32, 0, false},
	} {
		if got, ok := microsFromInt96(c.nanos, c.julian); ok != c.ok || ok && got != c.want {
			t.Errorf("microsFromInt96(%d, %d) = %d, %v, expected %d, %v", c.nanos, c.julian, got, ok, c.want, c.ok)
		}
	}
}

func BenchmarkFixFloat(b *testing.B) {
	in := make([]float64, 16<<10)
	for i := range in {
		in[i], _ = strconv.ParseFloat(strconv.Itoa(i%9000)+"."+strconv.Itoa(i%100), 64)
	}
	out := make([]int64, len(in))
	b.SetBytes(int64(8 * len(in)))
	for b.Loop() {
		for i, v := range in {
			out[i], _ = fixFloat(v)
		}
	}
}
