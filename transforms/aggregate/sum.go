package aggregate

import (
	"math/big"
	"math/bits"

	"tripstats/transforms/eights"
	"tripstats/transforms/trip"
)

// Sum is an exact sum and the number of values in it: what an average needs. The sum is 128 bits wide, two's
// complement in Hi and Lo, so no number of rows can overflow it, and adding is associative: any split, bundle and merge
// order gives the same bits. The fields are exported because Beam's row coder drops what is not.
type Sum struct {
	Count int64
	Hi    int64
	Lo    uint64
}

// add adds v to the sum, without counting it.
func (s *Sum) add(v int64) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, uint64(v), 0)
	s.Hi += v>>63 + int64(carry)
}

// merge adds another sum.
func (s *Sum) merge(o Sum) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, o.Lo, 0)
	s.Hi += o.Hi + int64(carry)
	s.Count += o.Count
}

// big returns the sum as an integer.
func (s Sum) big() *big.Int {
	v := new(big.Int).Lsh(big.NewInt(s.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(s.Lo))
}

// dividedBy returns the sum divided by a positive divisor, rounded half away from zero.
func (s Sum) dividedBy(divisor int64) *big.Int {
	v := s.big()
	negative := v.Sign() < 0
	v.Abs(v).Lsh(v, 1).Add(v, big.NewInt(divisor)).Quo(v, big.NewInt(2*divisor))
	if negative {
		v.Neg(v)
	}
	return v
}

// average returns the sum divided by its count and by unit, rounded once to the nearest float64. ok is false where
// nothing was counted.
func (s Sum) average(unit int64) (avg float64, ok bool) {
	if s.Count == 0 {
		return 0, false
	}
	divisor := new(big.Int).Mul(big.NewInt(s.Count), big.NewInt(unit))
	avg, _ = new(big.Rat).SetFrac(s.big(), divisor).Float64()
	return avg, true
}

// addAll adds the values of rows [start, end) that are not null, and counts them.
func (s *Sum) addAll(c *trip.Column, start, end int) {
	if c.Nulls < len(c.Values) {
		s.addWide(c.Values[start:end])
		s.Count += int64(c.Set(start, end))
	}
}

// sumRows is how many values of at most 10^14 (trip.MaxValue at trip.Unit) can be added up in an int64 without overflow.
const sumRows = 1 << 16

// addWide adds values of any magnitude. Nearly all values have at most 46 bits, so the sum of sumRows values fits an int64. Otherwise the high
// and the low halves are added up separately. The sum of 2^31 halves fits an int64.
func (s *Sum) addWide(values []int64) {
	for len(values) > 0 {
		n := min(len(values), sumRows)
		if total, magnitudes := eights.Sum(values[:n]); magnitudes>>46 == 0 {
			s.add(total)
			values = values[n:]
			continue
		}
		hi, lo := int64(0), int64(0)
		for _, v := range values[:n] {
			hi += v >> 32
			lo += v & 0xffffffff
		}
		s.add(lo)
		// hi << 32, as 128 bits
		s.merge(Sum{Hi: hi >> 32, Lo: uint64(hi) << 32})
		values = values[n:]
	}
}
