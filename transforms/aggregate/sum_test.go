package aggregate

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestSumIsExactBeyond64Bits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		want := new(big.Int)
		var whole, left, right Sum
		values := make([]int64, 1+rng.IntN(300))
		for i := range values {
			switch rng.IntN(4) {
			case 0:
				values[i] = math.MaxInt64 - rng.Int64N(3)
			case 1:
				values[i] = math.MinInt64 + rng.Int64N(3)
			default:
				values[i] = rng.Int64N(1<<40) - 1<<39
			}
			want.Add(want, big.NewInt(values[i]))
		}
		for _, v := range values {
			whole.add(v)
		}
		cut := rng.IntN(len(values))
		left.addWide(values[:cut])
		right.addWide(values[cut:])
		left.merge(right)
		if whole.big().Cmp(want) != 0 || left != whole {
			t.Fatalf("sum of %v: %v one by one, %v in two parts, expected %v", values, whole.big(), left.big(), want)
		}
	}
}

func TestTheLargestMeasuresSumExactly(t *testing.T) {
	values := make([]int64, 3*sumRows+5)
	for i := range values {
		values[i] = -100_000_000_000_000 // trip.MaxValue at trip.Unit
	}
	var s Sum
	s.addWide(values)
	want := new(big.Int).Mul(big.NewInt(int64(len(values))), big.NewInt(values[0]))
	if s.big().Cmp(want) != 0 {
		t.Errorf("found %v, expected %v", s.big(), want)
	}
}

func TestAverageIsRoundedOnce(t *testing.T) {
	for _, c := range []struct {
		sum  Sum
		unit int64
		want float64
	}{
		{Sum{Count: 3, Lo: 1_000_000}, 1_000_000, 1.0 / 3},
		{Sum{Count: 1, Hi: -1, Lo: ^uint64(0)}, 1_000_000, -0.000001},
		{Sum{Count: 2, Hi: 1}, 1, math.Exp2(63)},
		{Sum{Count: 7, Lo: 0}, 60_000_000, 0},
	} {
		if got, ok := c.sum.average(c.unit); got != c.want || !ok {
			t.Errorf("%+v / %d = %v, %v, expected %v", c.sum, c.unit, got, ok, c.want)
		}
	}
	if _, ok := (Sum{Lo: 5}).average(1); ok {
		t.Error("an average of nothing is not null")
	}
}
