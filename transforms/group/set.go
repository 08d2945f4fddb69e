package group

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// set is the different values of a group, ascending, and how often each occurs. It is written as the number of values; unless that is 0, a byte
// that says how, then:
//
//   - spaced: the first value, the unit by which all differ if there are several, the first count; then for each value the distance from the
//     one before in units, times 2, plus 1 if the value occurs more than once, in which case the count follows. Doubles are numbers by floatOrder.
//   - listed: each value as class has it, and its count. So are texts written, and what does not fit otherwise.
type set struct {
	values []int64 // of exact and double
	keys   [][]byte
	counts []int64
	listed bool // keys are used, not values
}

const (
	spaced = 0
	listed = 1
)

func (s *set) reset() {
	s.values, s.keys, s.counts, s.listed = s.values[:0], s.keys[:0], s.counts[:0], false
}

func (s *set) bytes() int64 { return int64(cap(s.values)+cap(s.counts))*8 + int64(cap(s.keys))*24 }

// total is how many values there are, those that are equal as often as they occur.
func (s *set) total() int64 {
	n := int64(0)
	for _, c := range s.counts {
		n += c
	}
	return n
}

func (s *set) append(b []byte, c class) []byte { return s.appendBy(b, c, divisorOf(1)) }

// appendBy is append where all values are known to be apart by multiples of a unit.
func (s *set) appendBy(b []byte, c class, by divisor) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.counts)))
	if len(s.counts) == 0 {
		return b
	}
	s.unlist(c) // a value may have come between two that were too far apart
	if !s.listed {
		if b, ok := appendSpaced(b, s.values, s.counts, by); ok {
			return b
		}
		s.list(c)
	}
	b = append(b, listed)
	for i, k := range s.keys {
		b = append(b, k...)
		b = binary.AppendUvarint(b, uint64(s.counts[i]))
	}
	return b
}

// unitOf returns the largest number of units by which all values are apart. They ascend, and there are several.
func unitOf(values []int64, by *divisor) uint64 {
	last, unit := values[0], uint64(0)
	for _, v := range values[1:] {
		d := by.by(uint64(v - last))
		last = v
		if unit = gcd(d, unit); unit == 1 {
			break
		}
	}
	return unit
}

// appendSpaced is not ok, and appends nothing, if values are too far apart.
func appendSpaced(b []byte, values, counts []int64, by divisor) (_ []byte, ok bool) {
	start := len(b)
	b = append(b, spaced)
	b = binary.AppendVarint(b, values[0])
	if len(values) > 1 {
		by = divisorOf(unitOf(values, &by) * by.unit)
		b = binary.AppendUvarint(b, by.unit)
	}
	b = binary.AppendUvarint(b, uint64(counts[0]))
	last := values[0]
	for i := 1; i < len(values); i++ {
		d := by.by(uint64(values[i] - last))
		if d > math.MaxInt64 {
			return b[:start], false
		}
		last = values[i]
		switch n := counts[i]; {
		case n > 1:
			b = binary.AppendUvarint(b, d<<1|1)
			b = binary.AppendUvarint(b, uint64(n))
		case d < 0x40:
			b = append(b, byte(d<<1))
		default:
			b = binary.AppendUvarint(b, d<<1)
		}
	}
	return b, true
}

// read reads a set. Keys are parts of what is read.
func (s *set) read(r *reader, c class) {
	s.reset()
	n := r.size()
	if n == 0 {
		return
	}
	if how := r.byte(); how != spaced {
		s.listed = true
		for range n {
			k, count := r.value(c), r.number()
			if r.short || how != listed || k[0] == absent || count == 0 || len(s.keys) > 0 && bytes.Compare(s.keys[len(s.keys)-1], k) >= 0 {
				r.fail()
				s.reset()
				return
			}
			s.keys, s.counts = append(s.keys, k), append(s.counts, count)
		}
		return
	}
	v, unit := r.varint(), uint64(1)
	if n > 1 {
		unit = r.uvarint()
	}
	count := r.number()
	good := count > 0 && c != text
	s.values, s.counts = slices.Grow(s.values, n)[:n], slices.Grow(s.counts, n)[:n]
	values, counts := s.values, s.counts[:len(s.values)]
	values[0], counts[0] = v, count
	// This reads bytes without a reader: its methods would write a pointer for each value.
	in, at, most := r.in, 0, math.MaxUint64/max(unit, 1)
	next := func() uint64 {
		token, size := binary.Uvarint(in[at:])
		if size <= 0 {
			good, size = false, 0
		}
		at += size
		return token
	}
	for i := 1; i < len(values) && good; i++ {
		var token uint64
		if at < len(in) && in[at] < 0x80 {
			token = uint64(in[at])
			at++
		} else {
			token = next()
		}
		d := token >> 1
		// The distance is within 64 bits, and the next value too.
		good = good && d > 0 && d <= most && d*unit <= uint64(math.MaxInt64)-uint64(v) && d*unit > 0
		v += int64(d * unit)
		count = 1
		if token&1 != 0 {
			count = int64(next())
			good = good && count > 0
		}
		values[i], counts[i] = v, count
	}
	r.in = in[at:]
	if !good || r.short {
		r.fail()
		s.reset()
	}
}

// list turns values into keys.
func (s *set) list(c class) {
	if s.listed {
		return
	}
	s.listed = true
	for _, v := range s.values {
		if c == double {
			s.keys = append(s.keys, appendDouble(nil, orderFloat(v)))
		} else {
			s.keys = append(s.keys, appendInt(nil, v))
		}
	}
	s.values = s.values[:0]
}

// unlist turns keys into values if all fit.
func (s *set) unlist(c class) {
	if !s.listed || c == text {
		return
	}
	for _, k := range s.keys {
		v, ok := int64Of(k)
		if c == double {
			v, ok = int64(binary.BigEndian.Uint64(k[1:])^1<<63), true
		}
		if !ok {
			s.values = s.values[:0]
			return
		}
		s.values = append(s.values, v)
	}
	s.keys, s.listed = s.keys[:0], false
}

// setMerger merges sets. It keeps its memory.
type setMerger struct{ a, b, sum set }

func (m *setMerger) merge(to *merger, c class, x, y *reader) {
	m.a.read(x, c)
	m.b.read(y, c)
	if m.a.listed != m.b.listed {
		m.a.list(c)
		m.b.list(c)
	}
	m.sum.union(&m.a, &m.b)
	to.out = m.sum.append(to.out, c)
}

// union makes s the values of both, which are both listed or both not.
func (s *set) union(a, b *set) {
	s.reset()
	s.listed = a.listed || b.listed
	n := len(a.counts) + len(b.counts)
	s.counts = slices.Grow(s.counts, n)
	if s.listed {
		s.unionKeys(a, b)
		return
	}
	s.values = slices.Grow(s.values, n)
	values, counts := s.values[:n], s.counts[:n]
	i, j, k := 0, 0, 0
	for i < len(a.values) && j < len(b.values) {
		v, w := a.values[i], b.values[j]
		switch {
		case v < w:
			values[k], counts[k] = v, a.counts[i]
			i++
		case v > w:
			values[k], counts[k] = w, b.counts[j]
			j++
		default:
			values[k], counts[k] = v, a.counts[i]+b.counts[j]
			i++
			j++
		}
		k++
	}
	copy(counts[k:], a.counts[i:])
	k += copy(values[k:], a.values[i:])
	copy(counts[k:], b.counts[j:])
	k += copy(values[k:], b.values[j:])
	s.values, s.counts = values[:k], counts[:k]
}

func (s *set) unionKeys(a, b *set) {
	i, j := 0, 0
	for i < len(a.keys) || j < len(b.keys) {
		c := 0
		switch {
		case j == len(b.keys):
			c = -1
		case i == len(a.keys):
			c = 1
		default:
			c = bytes.Compare(a.keys[i], b.keys[j])
		}
		n, k := int64(0), []byte(nil)
		if c >= 0 {
			n, k = b.counts[j], b.keys[j]
			j++
		}
		if c <= 0 {
			n, k = n+a.counts[i], a.keys[i]
			i++
		}
		s.keys, s.counts = append(s.keys, k), append(s.counts, n)
	}
}
