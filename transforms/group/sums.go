package group

import (
	"math"
	"math/big"
	"math/bits"
)

// sums are exact sums of whole numbers, in 128 bits.
type sums struct {
	list []int128
	wide map[uint32]*big.Int // of the values of more than 64 bits
}

type int128 struct {
	low  uint64
	high int64
}

func (s *int128) add(v int64) {
	low, carry := bits.Add64(s.low, uint64(v), 0)
	s.low = low
	s.high += v>>63 + int64(carry)
}

func (s *sums) reset()          { s.list, s.wide = s.list[:0], nil }
func (s *sums) bytes() int64    { return int64(cap(s.list))*16 + int64(len(s.wide))*100 }
func (s *sums) grow(groups int) { s.list = grown(s.list, groups, int128{}) }
func (s *sums) close(int)       {}

func (s *sums) add(ids []uint32, one bool, v values) {
	if one {
		total := s.list[ids[0]]
		for _, x := range v.ints {
			total.add(x)
		}
		s.list[ids[0]] = total
		return
	}
	list, ints := s.list, v.ints[:len(ids)]
	for i, id := range ids {
		list[id].add(ints[i])
	}
}

func (s *sums) addWide(id uint32, v, _ *big.Int) {
	if s.wide == nil {
		s.wide = map[uint32]*big.Int{}
	}
	if s.wide[id] == nil {
		s.wide[id] = new(big.Int)
	}
	s.wide[id].Add(s.wide[id], v)
}

func (s *sums) append(b []byte, id uint32, _ int64) []byte {
	v := s.list[id]
	if s.wide[id] == nil && v.high == int64(v.low)>>63 {
		return appendInt(b, int64(v.low))
	}
	total := new(big.Int).Lsh(big.NewInt(v.high), 64)
	total.Add(total, new(big.Int).SetUint64(v.low))
	if w := s.wide[id]; w != nil {
		total.Add(total, w)
	}
	return appendBig(b, total)
}

// floatSums are exact sums of doubles. Each is a whole number of 192 bits in units of 2^-90, to which nearly all doubles that occur are added as
// they are. The others, whose last bit is less than the unit or which are 2^38 and more, are added to rest.
type floatSums struct {
	list []window
	rest map[uint32]*floats // its count is how many -0 were added
}

type window [3]uint64

const (
	unitExponent  = -90
	leastBiased   = 1023 + unitExponent + 52 // of doubles whose last bit is not less than the unit
	firstTooLarge = 1023 + 38
)

func (s *floatSums) reset()          { s.list, s.rest = s.list[:0], nil }
func (s *floatSums) bytes() int64    { return int64(cap(s.list))*24 + int64(len(s.rest))*200 }
func (s *floatSums) grow(groups int) { s.list = grown(s.list, groups, window{}) }
func (s *floatSums) close(int)       {}

func (s *floatSums) add(ids []uint32, one bool, v values) {
	floats := v.floats[:len(ids)]
	if one {
		w := s.list[ids[0]]
		for _, f := range floats {
			if !w.add(f) {
				s.addRest(ids[0], f)
			}
		}
		s.list[ids[0]] = w
		return
	}
	list := s.list
	for i, id := range ids {
		if f := floats[i]; !list[id].add(f) {
			s.addRest(id, f)
		}
	}
}

// add adds a double, unless it has no place in the window.
func (w *window) add(f float64) bool {
	x := math.Float64bits(f)
	shift := uint(x>>52&0x7ff) - leastBiased
	if shift >= firstTooLarge-leastBiased {
		return false
	}
	m := x&(1<<52-1) | 1<<52
	sign := uint64(int64(x) >> 63)
	low, high := m<<shift, m>>(64-shift)|m<<(shift-64)
	// A negative number is added as its complement plus 1.
	var carry uint64
	w[0], carry = bits.Add64(w[0], low^sign, sign&1)
	w[1], carry = bits.Add64(w[1], high^sign, carry)
	w[2], _ = bits.Add64(w[2], sign, carry)
	return true
}

// addRest adds a double that has no place in the window.
func (s *floatSums) addRest(id uint32, f float64) {
	if f == 0 && !math.Signbit(f) {
		return
	}
	if s.rest == nil {
		s.rest = map[uint32]*floats{}
	}
	r := s.rest[id]
	if r == nil {
		r = &floats{}
		s.rest[id] = r
	}
	if f == 0 {
		r.count++
	}
	if noteFloat(&r.flags, f) {
		m := int64(math.Float64bits(f)&(1<<52-1) | 1<<52)
		e := int(math.Float64bits(f) >> 52 & 0x7ff)
		if e == 0 { // too small to have a first bit that is not written
			m, e = m&(1<<52-1), 1
		}
		if f < 0 {
			m = -m
		}
		r.addScaled(big.NewInt(m), e-1023-52)
	}
}

func (s *floatSums) addWide(uint32, *big.Int, *big.Int) {}

// append appends what follows the count.
func (s *floatSums) append(b []byte, id uint32, count int64) []byte {
	w := s.list[id]
	total := new(big.Int).Lsh(big.NewInt(int64(w[2])), 64)
	total.Add(total, new(big.Int).SetUint64(w[1])).Lsh(total, 64)
	total.Add(total, new(big.Int).SetUint64(w[0]))
	var sum floats
	sum.addScaled(total, unitExponent)
	zeros := int64(0)
	if r := s.rest[id]; r != nil {
		zeros = r.count
		sum.flags |= r.flags
		sum.addScaled(&r.mantissa, r.exponent)
	}
	if count > zeros {
		sum.flags |= hasOthers
	}
	return sum.appendSum(b)
}
