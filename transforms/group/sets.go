package group

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/big"
	"slices"
)

// sets are the values of all groups and how often each occurs. New values are counted in a hash table of a bounded size. When it is full
// it becomes a run, in which a value takes two or three bytes.
type sets struct {
	class class
	texts *texts

	slots []entry
	used  int
	shift uint
	runs  []valueRun
	wide  map[uint32]map[string]int64 // values of more than 64 bits, as written

	sorted []entry // memory
	starts []uint32
	pieces []entry
	set    set
}

type entry struct {
	value int64
	group uint32
	count uint32 // 0 if the slot is free
}

const (
	fewestSlots = 1 << 10
	mostSlots   = 1 << 18
	mostRuns    = 32
)

func (s *sets) reset() {
	if s.used > 0 {
		clear(s.slots)
	}
	s.used, s.runs, s.wide = 0, nil, nil
}

func (s *sets) bytes() int64 {
	n := int64(cap(s.slots)+cap(s.sorted)+cap(s.pieces))*16 + int64(cap(s.starts))*4 + int64(len(s.wide))*200
	for i := range s.runs {
		n += int64(cap(s.runs[i].bytes)) + int64(cap(s.runs[i].ends))*4
	}
	return n
}

func (s *sets) grow(int) {}

func (s *sets) add(ids []uint32, _ bool, v values) {
	ints := v.ints[:len(ids)]
	for len(ids) > 0 {
		if s.used*4 >= len(s.slots)*3 {
			s.makeRoom()
		}
		n := s.fill(ids, ints, len(s.slots)*3/4-s.used)
		ids, ints = ids[n:], ints[n:]
	}
}

// fill adds values until room new ones were added. It returns how many were added in all.
func (s *sets) fill(ids []uint32, ints []int64, room int) int {
	slots, last, shift := s.slots, uint64(len(s.slots)-1), s.shift
	limit := s.used + room
	for k, value := range ints {
		id := ids[k]
		for i := hashOf(value, id) >> shift; ; i++ {
			e := &slots[i&last]
			if e.count == 0 {
				if s.used == limit {
					return k
				}
				s.used++
				*e = entry{value, id, 1}
				break
			}
			if e.value == value && e.group == id && e.count != 1<<32-1 {
				e.count++
				break
			}
		}
	}
	return len(ints)
}

func hashOf(value int64, id uint32) uint64 {
	return (uint64(value) ^ uint64(id)*0xd6e8feb86659fd93) * mix
}

func (s *sets) makeRoom() {
	if len(s.slots) >= mostSlots {
		s.flush()
		return
	}
	old := s.slots
	s.slots = make([]entry, max(fewestSlots, 4*len(old)))
	for s.shift = 64; 1<<(64-s.shift) < len(s.slots); s.shift-- {
	}
	last := uint64(len(s.slots) - 1)
	for _, e := range old {
		if e.count == 0 {
			continue
		}
		i := hashOf(e.value, e.group) >> s.shift
		for s.slots[i&last].count != 0 {
			i++
		}
		s.slots[i&last] = e
	}
}

func (s *sets) addWide(id uint32, v, _ *big.Int) {
	if v.IsInt64() {
		s.add([]uint32{id}, false, values{ints: []int64{v.Int64()}})
		return
	}
	if s.wide == nil {
		s.wide = map[uint32]map[string]int64{}
	}
	if s.wide[id] == nil {
		s.wide[id] = map[string]int64{}
	}
	s.wide[id][string(appendBig(nil, v))]++
}

// valueRun is the values of all groups, ascending by group and value: for each group the first value by unit, its count, and for each other value the
// distance from the one before by unit, times 2, plus 1 if the count follows.
type valueRun struct {
	unit  uint64
	bytes []byte
	ends  []uint32 // by group
}

// farAway stands for a distance that has no place beside the bit; it follows.
const farAway = 1 << 63

// flush turns the hash table into a run.
func (s *sets) flush() {
	if s.used == 0 {
		return
	}
	groups := uint32(0)
	for i := range s.slots {
		if s.slots[i].count > 0 {
			groups = max(groups, s.slots[i].group+1)
		}
	}
	s.starts = slices.Grow(s.starts[:0], int(groups)+1)[:groups+1]
	clear(s.starts)
	unit := uint64(0)
	for i := range s.slots {
		if e := &s.slots[i]; e.count > 0 {
			s.starts[e.group+1]++
			unit = gcd(unit, e.value)
		}
	}
	for g := range groups {
		s.starts[g+1] += s.starts[g]
	}
	s.sorted = slices.Grow(s.sorted[:0], s.used)[:s.used]
	for i := range s.slots {
		if e := &s.slots[i]; e.count > 0 {
			s.sorted[s.starts[e.group]] = *e
			s.starts[e.group]++
		}
	}
	// Each start has become the end of its group.
	run := valueRun{unit: max(unit, 1), bytes: make([]byte, 0, s.used*3), ends: make([]uint32, groups)}
	start := uint32(0)
	for g := range groups {
		end := s.starts[g]
		list := s.sorted[start:end]
		sortEntries(list)
		run.append(list)
		run.ends[g] = uint32(len(run.bytes))
		start = end
	}
	s.runs = append(s.runs, run)
	clear(s.slots)
	s.used = 0
	if len(s.runs) >= mostRuns {
		s.joinRuns()
	}
}

// joinRuns makes one run of all.
func (s *sets) joinRuns() {
	groups, size, unit := 0, 0, uint64(0)
	for i := range s.runs {
		groups, size = max(groups, len(s.runs[i].ends)), size+len(s.runs[i].bytes)
		unit = gcd(unit, int64(s.runs[i].unit))
	}
	all := valueRun{unit: unit, bytes: make([]byte, 0, size), ends: make([]uint32, groups)}
	for g := range groups {
		all.append(s.group(uint32(g)))
		all.ends[g] = uint32(len(all.bytes))
	}
	s.runs = append(s.runs[:0], all)
}

func sortEntries(list []entry) {
	if len(list) > 12 {
		slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.value, b.value) })
		return
	}
	for i := 1; i < len(list); i++ {
		e, j := list[i], i
		for ; j > 0 && list[j-1].value > e.value; j-- {
			list[j] = list[j-1]
		}
		list[j] = e
	}
}

// gcd is the largest number that divides both, b if a is 0.
func gcd(a uint64, v int64) uint64 {
	b := uint64(v)
	if v < 0 {
		b = -b
	}
	if a == 1 || a == 0 {
		return max(a, b*(1-a))
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (r *valueRun) append(list []entry) {
	last := int64(0)
	for i, e := range list {
		if i == 0 {
			r.bytes = binary.AppendVarint(r.bytes, e.value/int64(r.unit))
			r.bytes = binary.AppendUvarint(r.bytes, uint64(e.count))
			last = e.value
			continue
		}
		d := uint64(e.value-last) / r.unit
		last = e.value
		multiple := uint64(0)
		if e.count > 1 {
			multiple = 1
		}
		if d >= farAway>>1 {
			r.bytes = binary.AppendUvarint(r.bytes, farAway|multiple)
			r.bytes = binary.AppendUvarint(r.bytes, d)
		} else {
			r.bytes = binary.AppendUvarint(r.bytes, d<<1|multiple)
		}
		if multiple == 1 {
			r.bytes = binary.AppendUvarint(r.bytes, uint64(e.count))
		}
	}
}

// read appends the values of a group to list.
func (r *valueRun) read(list []entry, group uint32) []entry {
	if int(group) >= len(r.ends) {
		return list
	}
	start := uint32(0)
	if group > 0 {
		start = r.ends[group-1]
	}
	in := reader{in: r.bytes[start:r.ends[group]]}
	if len(in.in) == 0 {
		return list
	}
	value := in.varint() * int64(r.unit)
	list = append(list, entry{value, group, uint32(in.uvarint())})
	for len(in.in) > 0 {
		token := in.uvarint()
		d := token >> 1
		if token >= farAway {
			d = in.uvarint()
		}
		value += int64(d * r.unit)
		count := uint32(1)
		if token&1 != 0 {
			count = uint32(in.uvarint())
		}
		list = append(list, entry{value, group, count})
	}
	return list
}

// group returns the entries of a group in all runs, in their order. A value can occur several times.
func (s *sets) group(id uint32) []entry {
	s.pieces = s.pieces[:0]
	for i := range s.runs {
		s.pieces = s.runs[i].read(s.pieces, id)
	}
	if len(s.runs) > 1 {
		sortEntries(s.pieces)
	}
	return s.pieces
}

func (s *sets) close(int) { s.flush() }

func (s *sets) append(b []byte, id uint32, _ int64) []byte {
	t := &s.set
	t.reset()
	for _, e := range s.group(id) {
		if n := len(t.values); n > 0 && t.values[n-1] == e.value {
			t.counts[n-1] += int64(e.count)
			continue
		}
		t.values, t.counts = append(t.values, e.value), append(t.counts, int64(e.count))
	}
	if s.class == text || len(s.wide[id]) > 0 {
		s.spell(t, id)
	}
	return t.append(b, s.class)
}

// spell lists the values of a set as keys, with those of more than 64 bits.
func (s *sets) spell(t *set, id uint32) {
	type counted struct {
		key   []byte
		count int64
	}
	var all []counted
	for i, v := range t.values {
		all = append(all, counted{appendNumber(nil, s.class, v, s.texts), t.counts[i]})
	}
	for k, n := range s.wide[id] {
		all = append(all, counted{[]byte(k), n})
	}
	slices.SortFunc(all, func(a, b counted) int { return bytes.Compare(a.key, b.key) })
	t.reset()
	t.listed = true
	for _, c := range all {
		t.keys, t.counts = append(t.keys, c.key), append(t.counts, c.count)
	}
}
