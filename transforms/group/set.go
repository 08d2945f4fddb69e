package group

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// set is the different values of a group, ascending, and how often each occurs. The body of the group has how many of its trips have no value, and
// the number of different values. Unless this number is 0, a byte follows that says how the values are written:
//
//   - 0 to 6, n: the body has the first value divided by 1000^n. If there are several different values, it has the unit divided by 1000^n: the distances
//     between all values are multiples of the unit. For each mark it has the distance of the value at the mark from the first value, in units, or two
//     such distances if the mark may be between two values. The tail has for each value but the first: the distance from the value before, in units,
//     times 2, plus 1 if the value occurs more than once; in this case its count follows. Doubles are numbers by floatOrder.
//   - 7, listed: the body has the value of each mark as its class is written, or two values if the mark may be between two. The tail has each value and
//     its count. Texts are written in this way, and sets whose values are too far apart.
type set struct {
	values []int64 // of exact and double
	keys   [][]byte
	counts []int64
	listed bool // keys are used, not values
}

const (
	mostThousands = 6
	listed        = mostThousands + 1
)

// thousands are the powers of 1000.
var thousands = [mostThousands + 1]uint64{1, 1e3, 1e6, 1e9, 1e12, 1e15, 1e18}

// thousandsOf returns how often both numbers can be divided by 1000.
func thousandsOf(first int64, unit uint64) (n int) {
	if first == 0 && unit == 0 {
		return 0
	}
	for n < mostThousands && first%1000 == 0 && unit%1000 == 0 {
		first, unit = first/1000, unit/1000
		n++
	}
	return n
}

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

// find returns the index of the value at a place. Places count from 0 and go through all values in their order, equal ones too.
func (s *set) find(place int64) int { return findPlace(s.counts, place) }

// findPlace is find for values of which counts has how often each occurs.
func findPlace[C int64 | uint32](counts []C, place int64) (i int) {
	for ; i < len(counts)-1 && place >= int64(counts[i]); i++ {
		place -= int64(counts[i])
	}
	return i
}

// append appends what a set has in the body and in the tail of a group with so many trips.
func (s *set) append(body, tail []byte, c class, list []mark, rows int64) (_, _ []byte) {
	return s.appendBy(body, tail, c, list, rows, divisorOf(1))
}

// appendBy is append for a set in which the distances between values are known to be multiples of a unit.
func (s *set) appendBy(body, tail []byte, c class, list []mark, rows int64, by divisor) (_, _ []byte) {
	total := s.total()
	body = binary.AppendUvarint(body, uint64(rows-total))
	body = binary.AppendUvarint(body, uint64(len(s.counts)))
	if len(s.counts) == 0 {
		return body, tail
	}
	s.unlist(c) // a value may have come between two that were too far apart
	if !s.listed {
		if body, tail, ok := s.appendSpaced(body, tail, list, total, by); ok {
			return body, tail
		}
		s.list(c)
	}
	body = append(body, listed)
	for i := range list {
		low, high := list[i].places(total)
		body = append(body, s.keys[s.find(low)]...)
		if list[i].between {
			body = append(body, s.keys[s.find(high)]...)
		}
	}
	for i, k := range s.keys {
		tail = append(tail, k...)
		tail = binary.AppendUvarint(tail, uint64(s.counts[i]))
	}
	return body, tail
}

// unitOf returns the largest number of units that divides all distances between values. The values ascend, and there are several.
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

// appendSpaced appends a set that is not listed. If values are too far apart, it appends nothing, and ok is false.
func (s *set) appendSpaced(body, tail []byte, list []mark, total int64, by divisor) (_, _ []byte, ok bool) {
	values, counts := s.values, s.counts
	first, unit := values[0], uint64(0)
	if len(values) > 1 {
		by = divisorOf(unitOf(values, &by) * by.unit)
		unit = by.unit
	}
	start := len(tail)
	last := first
	for i := 1; i < len(values); i++ {
		d := by.by(uint64(values[i] - last))
		if d > math.MaxInt64 {
			return body, tail[:start], false
		}
		last = values[i]
		switch n := counts[i]; {
		case n > 1:
			tail = binary.AppendUvarint(tail, d<<1|1)
			tail = binary.AppendUvarint(tail, uint64(n))
		case d < 0x40:
			tail = append(tail, byte(d<<1))
		default:
			tail = binary.AppendUvarint(tail, d<<1)
		}
	}
	body = appendSpacing(body, first, unit)
	if len(values) > 1 {
		body = appendMarked(body, list, total, func(place int64) uint64 { return by.by(uint64(values[s.find(place)] - first)) })
	}
	return body, tail, true
}

// appendSpacing appends the first value and the unit of a set, which is 0 for a single value.
func appendSpacing(body []byte, first int64, unit uint64) []byte {
	n := thousandsOf(first, unit)
	body = append(body, byte(n))
	body = binary.AppendVarint(body, first/int64(thousands[n]))
	if unit > 0 {
		body = binary.AppendUvarint(body, unit/thousands[n])
	}
	return body
}

// appendMarked appends the distances of the values at the marks of a set of total values. distance returns that of the value at a place.
func appendMarked(body []byte, list []mark, total int64, distance func(place int64) uint64) []byte {
	for i := range list {
		low, high := list[i].places(total)
		body = binary.AppendUvarint(body, distance(low))
		if list[i].between {
			body = binary.AppendUvarint(body, distance(high))
		}
	}
	return body
}

// setHead is what the body of a group has of a set.
type setHead struct {
	total  int64 // how many values, equal ones too
	n      int   // how many different values
	listed bool
	first  int64
	unit   uint64
}

// read reads what the body of a group has of a set. It sets the values of at to the values at the marks.
func (s *setHead) read(r *groupReader, c class, list []mark, at *set) {
	*s = setHead{}
	at.reset()
	missing, n := r.number(), r.number()
	s.total, s.n = r.rows-missing, int(n)
	if r.short || s.total < n || n == 0 && s.total != 0 {
		r.fail()
		return
	}
	if n == 0 {
		return
	}
	how := r.byte()
	if s.listed = how == listed; s.listed {
		at.listed = true
		for i := range list {
			for range list[i].values() {
				k := r.value(c)
				if k[0] == absent {
					r.fail()
				}
				at.keys = append(at.keys, k)
			}
		}
		return
	}
	if how > mostThousands || c == text {
		r.fail()
		return
	}
	v, unit, power := r.varint(), uint64(0), thousands[how]
	if n > 1 {
		unit = r.uvarint()
	}
	s.first, s.unit = v*int64(power), unit*power
	if s.first/int64(power) != v || s.unit/power != unit || (unit == 0) != (n == 1) {
		r.fail()
		return
	}
	most := (uint64(math.MaxInt64) - uint64(s.first)) / max(s.unit, 1) // how many units there are from the first value to the largest int64
	for i := range list {
		for range list[i].values() {
			d := uint64(0)
			if n > 1 {
				d = r.uvarint()
			}
			if d > most {
				r.fail()
				return
			}
			at.values = append(at.values, s.first+int64(d*s.unit))
		}
	}
}

// read reads a set from the tail of a group. The keys of the set are parts of the tail.
func (s *set) read(r *groupReader, head *setHead, c class) {
	s.reset()
	n := head.n
	switch {
	case n == 0 || r.short:
		return
	case n-1 > len(r.tail.in):
		r.fail()
		return
	case head.listed:
		s.readListed(r, head, c)
		return
	}
	good := true
	s.values, s.counts = slices.Grow(s.values, n)[:n], slices.Grow(s.counts, n)[:n]
	values, counts := s.values, s.counts[:len(s.values)]
	v, unit := head.first, head.unit
	values[0] = v
	left := head.total
	// This reads bytes without a reader: its methods would write a pointer for each value.
	in, at, most := r.tail.in, 0, math.MaxUint64/max(unit, 1)
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
		// The distance and the next value must be within 64 bits.
		good = good && d > 0 && d <= most && d*unit <= uint64(math.MaxInt64)-uint64(v) && d*unit > 0
		v += int64(d * unit)
		count := int64(1)
		if token&1 != 0 {
			count = int64(next())
			good = good && count > 0
		}
		good = good && count < left
		left -= count
		values[i], counts[i] = v, count
	}
	counts[0] = left
	r.tail.in = in[at:]
	if !good {
		r.fail()
		s.reset()
	}
}

// readListed is read for a set that is listed.
func (s *set) readListed(r *groupReader, head *setHead, c class) {
	s.listed = true
	left := head.total
	for range head.n {
		k, count := r.tail.value(c), r.tail.number()
		if r.tail.short || k[0] == absent || count == 0 || count > left || len(s.keys) > 0 && bytes.Compare(s.keys[len(s.keys)-1], k) >= 0 {
			r.fail()
			s.reset()
			return
		}
		left -= count
		s.keys, s.counts = append(s.keys, k), append(s.counts, count)
	}
	if left != 0 {
		r.fail()
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
type setMerger struct {
	a, b, sum, at set
	marks         knownMarks
}

func (m *setMerger) merge(to *merger, f form, x, y *groupReader) {
	var head setHead
	list := m.marks.read(f.marks)
	head.read(x, f.class, list, &m.at)
	m.a.read(x, &head, f.class)
	head.read(y, f.class, list, &m.at)
	m.b.read(y, &head, f.class)
	if m.a.listed != m.b.listed {
		m.a.list(f.class)
		m.b.list(f.class)
	}
	m.sum.union(&m.a, &m.b)
	to.body, to.tail = m.sum.append(to.body, to.tail, f.class, list, x.rows+y.rows)
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
