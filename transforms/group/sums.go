package group

import (
	"math"
	"math/big"
	"math/bits"
	"unsafe"

	"tripstats/transforms/eights"
)

// sums has exact sums of whole numbers by group, in 128 bits. Values of batches are added to near, in 64 bits. Before near could overflow, its sums
// are carried: they are added to list, and set to 0.
type sums struct {
	near []int64
	used uint64 // no sum in near has a larger magnitude
	list []int128
	wide map[uint32]*big.Int // sums of the values of more than 64 bits

	memory *chained
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

// mostNear is the largest magnitude that a sum in near may have.
const mostNear = 1 << 62

func (s *sums) reset() { s.near, s.used, s.list, s.wide = s.near[:0], 0, s.list[:0], nil }
func (s *sums) bytes() int64 {
	n := int64(cap(s.near))*8 + int64(cap(s.list))*16 + int64(len(s.wide))*100
	if s.memory != nil {
		n += int64(unsafe.Sizeof(*s.memory))
	}
	return n
}
func (s *sums) grow(groups int) { s.near = grown(s.near, groups, 0) }
func (s *sums) close(int)       {}

func (s *sums) add(ids []uint32, one bool, v values) {
	ints := v.ints[:len(ids)]
	total, magnitudes := eights.Sum(ints)
	over, bound := bits.Mul64(uint64(len(ids)), uint64(magnitudes)+1)
	if over > 0 || bound > mostNear {
		s.addFar(ids, ints)
		return
	}
	if s.used+bound > mostNear {
		s.carry()
	}
	s.used += bound
	if one {
		s.near[ids[0]] += total
		return
	}
	if s.memory == nil {
		s.memory = new(chained)
	}
	scatter(s.memory, s.near, ids, ints)
}

// addFar adds values that are so large that their sum may not fit in near.
func (s *sums) addFar(ids []uint32, ints []int64) {
	s.list = grown(s.list, len(s.near), int128{})
	for i, id := range ids {
		s.list[id].add(ints[i])
	}
}

// carry adds the sums in near to list, and sets them to 0.
func (s *sums) carry() {
	s.list = grown(s.list, len(s.near), int128{})
	for id, v := range s.near {
		s.list[id].add(v)
	}
	clear(s.near)
	s.used = 0
}

// of returns the sum of a group, without its values of more than 64 bits.
func (s *sums) of(id uint32) (total int128) {
	if int(id) < len(s.list) {
		total = s.list[id]
	}
	total.add(s.near[id])
	return total
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
	v := s.of(id)
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
//
// Nearly all doubles have even fewer bits, and are split by [eights.Split] into two parts. near has the sums of these parts by group. Before they
// could overflow, they are carried: they are added to list, and set to 0.
type floatSums struct {
	near  []halves
	added int // how many doubles of all groups were added since the last carry
	list  []words
	rest  map[uint32]*floats // its count is how many -0 were added

	memory *splitRows
}

// halves has the sum of the high parts of doubles and the sum of their low parts.
type halves struct{ high, low int64 }

// splitRows has the parts of the doubles of some rows. If there are few groups, it has the sums of the rows of each chain by group: see chains.
type splitRows struct {
	high, low [chains * inChain]int64
	few       [few][chains]halves
}

// inChain is how many rows of each chain are split at once.
const inChain = 128

// addFew adds the first rows to the sums of their chains. ids has their groups; there are as many rows in each chain.
func (m *splitRows) addFew(ids []uint32) {
	high, low := m.high[:len(ids)], m.low[:len(ids)]
	for len(ids) >= chains && len(high) >= chains && len(low) >= chains {
		p := &m.few[ids[0]%few][0]
		p.high += high[0]
		p.low += low[0]
		p = &m.few[ids[1]%few][1]
		p.high += high[1]
		p.low += low[1]
		p = &m.few[ids[2]%few][2]
		p.high += high[2]
		p.low += low[2]
		p = &m.few[ids[3]%few][3]
		p.high += high[3]
		p.low += low[3]
		ids, high, low = ids[chains:], high[chains:], low[chains:]
	}
}

// add adds the rows of each chain to the sums of their groups.
func (m *splitRows) add(near []halves, of *[chains][]uint32) {
	for i := range of[0] {
		for c := range of {
			p := &near[of[c][i]]
			p.high += m.high[c*inChain+i]
			p.low += m.low[c*inChain+i]
		}
	}
}

// words is a whole number of 192 bits in units of 2^unitExponent. The first word has the lowest bits.
type words [3]uint64

const (
	unitExponent  = -90
	leastBiased   = 1023 + unitExponent + 52 // of doubles whose last bit is not less than the unit
	firstTooLarge = 1023 + 38

	mostAdded = 1 << 20 // how many doubles are added at most between two carries
)

func (s *floatSums) reset() {
	s.near, s.added, s.list, s.rest = s.near[:0], 0, s.list[:0], nil
}

func (s *floatSums) bytes() int64 {
	n := int64(cap(s.near))*16 + int64(cap(s.list))*24 + int64(len(s.rest))*200
	if s.memory != nil {
		n += int64(unsafe.Sizeof(*s.memory))
	}
	return n
}

func (s *floatSums) grow(groups int) { s.near = grown(s.near, groups, halves{}) }
func (s *floatSums) close(int)       {}

func (s *floatSums) add(ids []uint32, one bool, v values) {
	floats := v.floats[:len(ids)]
	for len(ids) > 0 {
		n := min(len(ids), mostAdded)
		if s.added+n > mostAdded {
			s.carry()
		}
		s.added += n
		if one {
			s.addToOne(ids[0], floats[:n])
		} else {
			s.addToMany(ids[:n], floats[:n])
		}
		ids, floats = ids[n:], floats[n:]
	}
}

func (s *floatSums) addToOne(id uint32, floats []float64) {
	for len(floats) > 0 {
		high, low, n := eights.SumMany(floats)
		s.near[id].high += high
		s.near[id].low += low
		floats = floats[n:]
		for ; len(floats) > 0 && (n == 0 || n%8 != 0); n++ {
			s.addRow(id, floats[0])
			floats = floats[1:]
		}
	}
}

// addRow adds a single double.
func (s *floatSums) addRow(id uint32, f float64) {
	if high, low, whole := eights.Split(f); whole {
		s.near[id].high += high
		s.near[id].low += low
		return
	}
	s.addFar(id, f)
}

// addFar adds a double that is not the sum of its parts.
func (s *floatSums) addFar(id uint32, f float64) {
	s.list = grown(s.list, len(s.near), words{})
	if !s.list[id].add(f) {
		s.addRest(id, f)
	}
}

// addToMany adds doubles to several groups. See chains for the order in which it does so.
func (s *floatSums) addToMany(ids []uint32, floats []float64) {
	if s.memory == nil {
		s.memory = new(splitRows)
	}
	done := 0
	if areFew(len(s.near), len(ids)) {
		done = s.addToFew(ids, floats)
	} else {
		length := len(ids) / chains
		for from := 0; from < length; from += inChain {
			n := min(inChain, length-from)
			var of [chains][]uint32
			for c := range of {
				at := c*length + from
				of[c] = ids[at : at+n]
				s.split(c*inChain, of[c], floats[at:at+n])
			}
			s.memory.add(s.near, &of)
		}
		done = chains * length
	}
	for ; done < len(ids); done++ {
		s.addRow(ids[done], floats[done])
	}
}

// addToFew adds the first doubles to a few groups. It returns how many it added.
func (s *floatSums) addToFew(ids []uint32, floats []float64) (done int) {
	m := s.memory
	clear(m.few[:len(s.near)])
	for all := len(ids) &^ (chains - 1); done < all; {
		some := ids[done:min(all, done+len(m.high))]
		s.split(0, some, floats[done:done+len(some)])
		m.addFew(some)
		done += len(some)
	}
	for id := range s.near {
		for _, p := range &m.few[id] {
			s.near[id].high += p.high
			s.near[id].low += p.low
		}
	}
	return done
}

// split splits doubles, from a row of the memory on. A double that is not the sum of its parts is added at once, and its parts are set to 0.
func (s *floatSums) split(at int, ids []uint32, floats []float64) {
	high, low := s.memory.high[at:at+len(floats)], s.memory.low[at:at+len(floats)]
	for done := 0; done < len(floats); {
		done += eights.SplitMany(high[done:], low[done:], floats[done:])
		for end := min(done+8, len(floats)); done < end; done++ {
			h, l, whole := eights.Split(floats[done])
			if !whole {
				s.addFar(ids[done], floats[done])
				h, l = 0, 0
			}
			high[done], low[done] = h, l
		}
	}
}

// carry adds the sums in near to list, and sets them to 0.
func (s *floatSums) carry() {
	s.list = grown(s.list, len(s.near), words{})
	for id, p := range s.near {
		s.list[id].addParts(p)
	}
	clear(s.near)
	s.added = 0
}

// of returns the sum of a group, without the doubles in rest.
func (s *floatSums) of(id uint32) (total words) {
	if int(id) < len(s.list) {
		total = s.list[id]
	}
	total.addParts(s.near[id])
	return total
}

// addParts adds a sum of high parts and a sum of low parts.
func (w *words) addParts(p halves) {
	w.addWords(0, uint64(p.high)<<highShift, uint64(p.high>>(64-highShift)))
	w.addWords(uint64(p.low)<<lowShift, uint64(p.low>>(64-lowShift)), uint64(p.low>>63))
}

// These are the numbers of bits by which parts are shifted to the unit of words. A high part is shifted within the second and
// third word, a low part from the first word on.
const (
	highShift = -unitExponent - eights.HighBits - 64
	lowShift  = -unitExponent - eights.LowBits
)

func (w *words) addWords(a, b, c uint64) {
	var carry uint64
	w[0], carry = bits.Add64(w[0], a, 0)
	w[1], carry = bits.Add64(w[1], b, carry)
	w[2], _ = bits.Add64(w[2], c, carry)
}

// add adds a double, unless it has no place in words.
func (w *words) add(f float64) bool {
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

// addRest adds a double that has no place in words.
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
	w := s.of(id)
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
