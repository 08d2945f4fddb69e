package eights

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/testdata/guard"
)

// TestManyAreConvertedAsOne puts values of every kind at every place among eight.
func TestManyAreConvertedAsOne(t *testing.T) {
	if MillionthsMany(make([]int64, 8), make([]float64, 8)) == 0 {
		t.Skip("this machine has no instructions to convert many at once")
	}
	rng := rand.New(rand.NewPCG(8, 8))
	odd := []float64{
		0, math.Copysign(0, -1), 0.5e-6, 1.5e-6, -0.5e-6, 1.0 / (1 << 7), -1.0 / (1 << 7), 0.0000014, -0.0000016, 1e8, -1e8, 99_999_999.999999,
		math.Nextafter(1e8, 2e8), -1e9, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), -math.NaN(), math.Inf(1), math.Inf(-1),
	}
	ins, outs := guard.AtEnd[float64](t, 40), guard.AtEnd[int64](t, 40)
	for i := range 200_000 {
		from := len(ins) - 8 - rng.IntN(30)
		src, dst := ins[from:], outs[from:]
		clear(dst)
		for k := range src {
			src[k] = math.Round((rng.Float64()-0.3)*math.Pow(10, float64(rng.IntN(7)))) / 100
		}
		if i%3 > 0 {
			src[rng.IntN(len(src))] = odd[i%len(odd)]
		}
		n := MillionthsMany(dst, src)
		for k, v := range src {
			want, certain := Millionths(v)
			switch {
			case k < n && (!certain || dst[k] != want):
				t.Fatalf("%v became %d, expected %d, certain: %v", v, dst[k], want, certain)
			case k >= n && dst[k] != 0:
				t.Fatalf("wrote %d at %d, after %d were converted", dst[k], k, n)
			}
		}
		uncertain := slices.IndexFunc(src, func(v float64) bool { _, certain := Millionths(v); return !certain })
		want := len(src) &^ 7
		if uncertain >= 0 {
			want = min(want, uncertain&^7)
		}
		if n != want {
			t.Fatalf("%d of %v were converted, expected %d", n, src, want)
		}
	}
}

func TestAddMillionthsManyAddsWhatMillionthsManyConverts(t *testing.T) {
	withAndWithoutAVX2(t, func(t *testing.T) {
		for _, n := range lengths {
			sums, src := guard.AtEnd[int64](t, n), guard.AtEnd[float64](t, n)
			for i := range src {
				sums[i], src[i] = rand.Int64N(1e15), float64(rand.Int64N(2e7)-1e7)/100
			}
			before := slices.Clone(sums)
			done := AddMillionthsMany(sums, src)
			for i := range sums {
				want := before[i]
				if i < done {
					x, _ := Millionths(src[i])
					want += x
				}
				if sums[i] != want {
					t.Fatalf("%d values, %d added: row %d: got %d, want %d", n, done, i, sums[i], want)
				}
			}
			for i := range src { // AddMillionthsMany leaves eight values alone if it is not certain of one of them
				was := src[i]
				src[i] = math.NaN()
				copy(sums, before)
				if done := AddMillionthsMany(sums, src); done > i || !slices.Equal(sums[done:], before[done:]) {
					t.Fatalf("%d values, NaN at %d: %d were added", n, i, done)
				}
				src[i] = was
			}
		}
	})
}

func BenchmarkMillionthsMany(b *testing.B) {
	in, out := make([]float64, 16<<10), make([]int64, 16<<10)
	for i := range in {
		in[i] = float64(i%9000) + float64(i%100)/100
	}
	b.SetBytes(int64(8 * len(in)))
	for b.Loop() {
		MillionthsMany(out, in)
	}
}
