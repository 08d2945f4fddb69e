package group

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"

	"tripstats/transforms/query"
)

// kind is what a part of a state is.
type kind uint8

// The kinds, and how each is written. A state that holds the same is written the same.
const (
	count    kind = 1 + iota // how many trips of the group do not count
	sum                      // how many values, their sum
	floatSum                 // how many values, their sum as doubles
	least                    // a value, or NULL
	most                     // a value, or NULL
	leastBy                  // the least value of by, or NULL, and the least value of those that have it
	mostBy                   // the largest value of by, or NULL, and the least value of those that have it
	valueSet                 // values and how often each occurs: see set.go. Most of it is in the tail
	value                    // of a finished group: the value of an aggregate
)

// form says how a part is written.
type form struct {
	kind      kind
	class, by class
	marks     marks // of a set
}

func (f form) known() bool {
	needsClass, needsBy := f.kind >= least, f.kind == leastBy || f.kind == mostBy
	return f.kind >= count && f.kind <= value && f.class <= text && f.by <= text && (f.class > 0 || !needsClass) && (f.by > 0 || !needsBy) && f.marks.known()
}

// part reads a part from both and appends what they add up to.
func (m *merger) part(f form, x, y *groupReader) {
	switch f.kind {
	case count:
		m.body = binary.AppendUvarint(m.body, uint64(x.number())+uint64(y.number()))
	case sum:
		m.body = binary.AppendUvarint(m.body, uint64(x.number())+uint64(y.number()))
		a, b := x.value(exact), y.value(exact)
		i, ok := int64Of(a)
		j, ok2 := int64Of(b)
		if s := i + j; ok && ok2 && (i^s)&(j^s) >= 0 {
			m.body = appendInt(m.body, s)
			return
		}
		if a[0] == absent || b[0] == absent {
			x.fail()
			return
		}
		s := bigOf(a)
		if s = s.Add(s, bigOf(b)); (s.BitLen()+7)/8 > longest {
			x.fail()
			return
		}
		m.body = appendBig(m.body, s)
	case floatSum:
		a, b := readFloats(&x.reader), readFloats(&y.reader)
		a.merge(&b)
		m.body = a.append(m.body)
	case least, most:
		a, b := x.value(f.class), y.value(f.class)
		m.body = append(m.body, better(f.kind == most, a, b)...)
	case leastBy, mostBy:
		a, b := x.value(f.by), y.value(f.by)
		i, j := x.value(f.class), y.value(f.class)
		switch c := bytes.Compare(a, b); {
		case c == 0:
			m.body = append(append(m.body, a...), better(false, i, j)...)
		case b[0] == absent || a[0] != absent && (c < 0) == (f.kind == leastBy):
			m.body = append(append(m.body, a...), i...)
		default:
			m.body = append(append(m.body, b...), j...)
		}
	case valueSet:
		m.set.merge(m, f, x, y)
	}
}

// better returns the value that comes first, or last, of those that are not NULL.
func better(last bool, a, b []byte) []byte {
	switch {
	case a[0] == absent:
		return b
	case b[0] == absent:
		return a
	case (bytes.Compare(a, b) > 0) == last:
		return a
	}
	return b
}

// floats is an exact sum of doubles: mantissa by 2^exponent, and what no number is.
type floats struct {
	count    int64
	flags    byte
	mantissa big.Int
	exponent int
}

// The flags of floats.
const (
	hasNaN = 1 << iota
	hasAbove
	hasBelow
	hasOthers  // anything but -0
	isNegative // the sum
	isNumber   // the sum is not 0: mantissa and exponent are written
)

// The exponents that a sum of doubles can have, and the bytes of its mantissa: those of 2^63 of the largest double.
const (
	leastExponent = -1074
	mostExponent  = 1024 + 63
	mostMantissa  = (mostExponent - leastExponent + 7) / 8
)

// noteFloat sets the flags that a double has. It tells whether the double can be added as a number.
func noteFloat(flags *byte, f float64) bool {
	switch {
	case math.IsNaN(f):
		*flags |= hasNaN
	case f > math.MaxFloat64:
		*flags |= hasAbove
	case f < -math.MaxFloat64:
		*flags |= hasBelow
	case f == 0 && math.Signbit(f):
		return false
	default:
		*flags |= hasOthers
		return true
	}
	*flags |= hasOthers
	return false
}

func readFloats(r *reader) (s floats) {
	s.count, s.flags = r.number(), r.byte()
	if s.flags&isNumber != 0 {
		s.mantissa.SetBytes(r.bytes(r.size()))
		e := r.varint()
		if s.exponent = int(e); e < leastExponent || e > mostExponent || s.mantissa.BitLen() > mostMantissa*8 {
			r.fail()
			return floats{}
		}
		if s.flags&isNegative != 0 {
			s.mantissa.Neg(&s.mantissa)
		}
	}
	return s
}

// addScaled adds v by 2^exponent.
func (s *floats) addScaled(v *big.Int, exponent int) {
	switch {
	case v.Sign() == 0:
	case s.mantissa.Sign() == 0:
		s.mantissa.Set(v)
		s.exponent = exponent
	case exponent >= s.exponent:
		s.mantissa.Add(&s.mantissa, new(big.Int).Lsh(v, uint(exponent-s.exponent)))
	default:
		s.mantissa.Lsh(&s.mantissa, uint(s.exponent-exponent))
		s.mantissa.Add(&s.mantissa, v)
		s.exponent = exponent
	}
}

func (s *floats) merge(o *floats) {
	s.count += o.count
	s.flags |= o.flags
	s.addScaled(&o.mantissa, o.exponent)
}

func (s *floats) append(b []byte) []byte {
	return s.appendSum(binary.AppendUvarint(b, uint64(s.count)))
}

// appendSum appends what follows the count.
func (s *floats) appendSum(b []byte) []byte {
	flags := s.flags &^ (isNegative | isNumber)
	if s.mantissa.Sign() == 0 {
		return append(b, flags)
	}
	if flags |= isNumber; s.mantissa.Sign() < 0 {
		flags |= isNegative
	}
	zeros := s.mantissa.TrailingZeroBits()
	bytes := new(big.Int).Rsh(new(big.Int).Abs(&s.mantissa), zeros).Bytes()
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(len(bytes)))
	b = append(b, bytes...)
	return binary.AppendVarint(b, int64(s.exponent+int(zeros)))
}

// by returns the double that is nearest to the sum divided by n.
func (s *floats) by(n int64) float64 {
	switch {
	case s.flags&hasNaN != 0 || s.flags&(hasAbove|hasBelow) == hasAbove|hasBelow:
		return math.NaN()
	case s.flags&hasAbove != 0:
		return math.Inf(1)
	case s.flags&hasBelow != 0:
		return math.Inf(-1)
	case s.flags&hasOthers == 0:
		return math.Copysign(0, -1)
	}
	return nearest(&s.mantissa, s.exponent, big.NewInt(n))
}

// nearest returns the double that is nearest to v by 2^exponent / n, for n > 0. It rounds once.
func nearest(v *big.Int, exponent int, n *big.Int) float64 {
	if v.Sign() == 0 {
		return 0
	}
	const enough = 66 // bits of a quotient, of which a double keeps at most 53; the last one stands for the remainder
	q := new(big.Int).Abs(v)
	if shift := enough + n.BitLen() - q.BitLen(); shift > 0 {
		q.Lsh(q, uint(shift))
		exponent -= shift
	}
	r := new(big.Int)
	q.QuoRem(q, n, r)
	q.Lsh(q, 1)
	if r.Sign() != 0 {
		q.SetBit(q, 0, 1)
	}
	f := new(big.Float).SetInt(q) // of as many bits as q has
	f.SetMantExp(f, exponent-1)
	if v.Sign() < 0 {
		f.Neg(f)
	}
	d, _ := f.Float64()
	return d
}

// average returns the double that is nearest to the average of exact values.
func average(t query.Type, total *big.Int, n int64) float64 {
	if t.Scale == 0 && total.IsInt64() {
		if v := total.Int64(); v <= 1<<53 && v >= -1<<53 && n <= 1<<53 { // both are doubles, so that the division rounds once
			return float64(v) / float64(n)
		}
	}
	return nearest(total, 0, new(big.Int).Mul(query.Power(t.Scale), big.NewInt(n)))
}
