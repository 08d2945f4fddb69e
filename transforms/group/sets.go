package group

import (
	"bytes"
	"cmp"
	"math/big"
	"math/bits"
	"slices"
)

// sets are the values of all groups and how often each occurs. Most values are packed. Those that are too far apart for that are sparse. If the
// same sparse values come again and again, they are counted in a hash table; otherwise they are collected in a log of their own. What is full becomes a
// valueRun, in which a value takes two or three bytes.
type sets struct {
	class  class
	marks  []mark
	texts  *texts
	groups int
	order  []uint32 // the order in which the groups will be read, for close; nil if it is not known

	packed  packed
	sparse  bool // no value is packed
	restIDs []uint32
	rest    []int64

	slots []entry
	used  int
	added int // to the table since it was empty
	shift uint

	logs   bool // values go to the log
	values []int64
	ids    []uint32

	runs []valueRun
	wide map[uint32]map[string]int64 // values of more than 64 bits, as written

	sorted []entry // memory
	keys   [2][]uint64
	filler filler
	unit   divisor // it divides the distances between all values; set by close
}

// filler is memory for the values of a group. Goroutines that have a filler each can fill sets at the same time.
type filler struct {
	pieces, sorted []entry
	ends           []int // of the runs' entries in pieces
	set            set
	ofRuns, both   set
	written        []byte

	// memory of distinct
	different, times, distances []uint32
	tally                       []uint32 // all 0 between calls
	present                     []uint64 // a bit for each distance of tally; all 0 between calls
	places                      []placed
	found                       []uint16
}

func (f *filler) bytes() int64 {
	n := int64(cap(f.pieces)+cap(f.sorted))*16 + int64(cap(f.ends)+cap(f.present))*8 + int64(cap(f.written))
	n += int64(cap(f.different)+cap(f.times)+cap(f.distances)+cap(f.tally)) * 4
	return n + f.set.bytes() + f.ofRuns.bytes() + f.both.bytes()
}

type entry struct {
	value int64
	group uint32
	count uint32 // 0 if the slot is free
}

const (
	fewestSlots = 1 << 8
	mostSlots   = 1 << 14
	mostLogged  = 1 << 18
	mostRuns    = 32
	// oftenSeen is how often the values of the table have to come on average, so that the table is worthwhile.
	oftenSeen = 6
)

func (s *sets) reset() {
	if s.used > 0 {
		clear(s.slots)
	}
	s.used, s.added, s.runs, s.wide, s.logs = 0, 0, nil, nil, false
	s.sparse, s.groups = false, 0
	s.packed.reset()
	s.values, s.ids = s.values[:0], s.ids[:0]
}

func (s *sets) bytes() int64 {
	n := s.filler.bytes() + int64(cap(s.slots)+cap(s.sorted))*16 + int64(cap(s.values)+cap(s.keys[0])+cap(s.keys[1]))*8 + int64(cap(s.ids))*4 + int64(len(s.wide))*200
	n += s.packed.bytes()
	for i := range s.runs {
		n += int64(cap(s.runs[i].bytes)) + int64(cap(s.runs[i].ends))*4
	}
	return n
}

func (s *sets) grow(groups int) { s.groups = groups }

func (s *sets) add(ids []uint32, _ bool, v values) {
	if s.sparse {
		s.addSparse(ids, v.ints)
		return
	}
	p := &s.packed
	if !p.began && !p.begin(v.ints) {
		s.sparse = true
		s.addSparse(ids, v.ints)
		return
	}
	if p.full(len(ids)) {
		s.flushPacked()
	}
	s.restIDs, s.rest = p.add(ids, v.ints, s.restIDs[:0], s.rest[:0])
	if len(s.rest) > 0 {
		s.addSparse(s.restIDs, s.rest)
		if uint64(p.misfit) > p.added/64+1<<10 { // base and unit are those of other values
			s.flushPacked()
			s.sparse = p.begins >= mostBegins || !p.begin(s.rest)
		}
	}
	p.chooseTable(s.groups)
}

// flushPacked makes a run of the values that are packed.
func (s *sets) flushPacked() {
	if s.packed.added > 0 {
		s.packed.close(s.groups, nil)
		s.addRun(s.packed.run(&s.filler, s.groups))
	}
	s.packed.empty()
}

func (s *sets) addRun(r valueRun) {
	if s.runs = append(s.runs, r); len(s.runs) >= mostRuns {
		s.joinRuns()
	}
}

// addSparse adds values that are not packed.
func (s *sets) addSparse(ids []uint32, ints []int64) {
	for ints = ints[:len(ids)]; len(ids) > 0; {
		if s.logs {
			s.values, s.ids = append(s.values, ints...), append(s.ids, ids...)
			if len(s.values) >= mostLogged {
				s.flush()
			}
			return
		}
		if s.used*4 >= len(s.slots)*3 {
			s.makeRoom()
			continue
		}
		n := s.count(ids, ints, len(s.slots)*3/4-s.used)
		s.added += n
		ids, ints = ids[n:], ints[n:]
	}
}

// count counts values until room new ones were added. It returns how many were added in all.
func (s *sets) count(ids []uint32, ints []int64, room int) int {
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
		s.logs = s.added < s.used*oftenSeen
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

// flush turns what the table or the log has into a run.
func (s *sets) flush() {
	switch {
	case len(s.values) > 0:
		s.flushLog()
	case s.used > 0:
		s.flushTable()
	}
}

func (s *sets) flushTable() {
	s.sorted = slices.Grow(s.sorted[:0], s.used)
	for _, e := range s.slots {
		if e.count > 0 {
			s.sorted = append(s.sorted, e)
		}
	}
	clear(s.slots)
	s.used, s.added = 0, 0
	s.addRun(runOf(s.sorted))
}

// flushLog sorts the log: as numbers that have the group in their first bits and the distance from the least value in the others, if
// these are 64 together.
func (s *sets) flushLog() {
	low, high, last := slices.Min(s.values), slices.Max(s.values), slices.Max(s.ids)
	unit := unitFrom(0, low, s.values)
	by := divisorOf(unit)
	width := bits.Len64(by.by(uint64(high - low)))
	if width+bits.Len32(last) > 64 {
		s.sorted = s.sorted[:0]
		for i, v := range s.values {
			s.sorted = append(s.sorted, entry{v, s.ids[i], 1})
		}
		s.addRun(runOf(s.sorted))
	} else {
		n := len(s.values)
		for i := range s.keys {
			s.keys[i] = slices.Grow(s.keys[i][:0], n)[:n]
		}
		keys := s.keys[0]
		for i, v := range s.values {
			keys[i] = uint64(s.ids[i])<<width | by.by(uint64(v-low))
		}
		keys = sortKeys(keys, s.keys[1], 0, width+bits.Len32(last))
		run := newRun(low, unit, len(keys), last)
		for i := 0; i < n; {
			k, first := keys[i], i
			for i++; i < n && keys[i] == k; i++ {
			}
			run.add(uint32(k>>width), k&(1<<width-1), uint32(i-first))
		}
		s.addRun(run.done())
	}
	s.values, s.ids = s.values[:0], s.ids[:0]
}

// joinRuns makes one run of all.
func (s *sets) joinRuns() {
	var all []entry
	last := 0
	for i := range s.runs {
		last = max(last, len(s.runs[i].ends))
	}
	size, base, unit := 0, s.runs[0].base, uint64(0)
	for i := range s.runs {
		r := &s.runs[i]
		size, base = size+len(r.bytes), min(base, r.base)
	}
	for i := range s.runs {
		unit = unitFrom(gcd(unit, s.runs[i].unit), base, []int64{s.runs[i].base})
	}
	joined := newRun(base, unit, size/3, uint32(last-1))
	by := divisorOf(unit)
	for g := range last {
		all = s.filler.group(s.runs, uint32(g))
		for i := 0; i < len(all); {
			v, n := all[i].value, uint64(0)
			for ; i < len(all) && all[i].value == v && n+uint64(all[i].count) < 1<<32; i++ {
				n += uint64(all[i].count)
			}
			joined.add(uint32(g), by.by(uint64(v-base)), uint32(n))
		}
	}
	s.runs = append(s.runs[:0], joined.done())
}

func compareEntries(a, b entry) int {
	return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.value, b.value))
}

// sortValues sorts a few entries of one group.
func sortValues(list []entry) {
	for i := 1; i < len(list); i++ {
		e, j := list[i], i
		for ; j > 0 && list[j-1].value > e.value; j-- {
			list[j] = list[j-1]
		}
		list[j] = e
	}
}

// group returns the entries of a group in runs, in their order. A value can occur several times.
func (s *filler) group(runs []valueRun, id uint32) []entry {
	s.pieces, s.ends = s.pieces[:0], s.ends[:0]
	for i := range runs {
		s.pieces = runs[i].read(s.pieces, id)
		if n := len(s.pieces); n > 0 && (len(s.ends) == 0 || s.ends[len(s.ends)-1] < n) {
			s.ends = append(s.ends, n)
		}
	}
	if len(s.ends) > 1 && len(s.pieces) <= 16 {
		sortValues(s.pieces)
		return s.pieces
	}
	s.sorted = slices.Grow(s.sorted[:0], len(s.pieces))
	from, to := s.pieces, s.sorted[:len(s.pieces)]
	for len(s.ends) > 1 {
		joined, start := s.ends[:0], 0
		for i := 0; i < len(s.ends); i += 2 {
			middle, end := s.ends[i], s.ends[min(i+1, len(s.ends)-1)]
			mergeValues(to[start:end], from[start:middle], from[middle:end])
			joined, start = append(joined, end), end
		}
		s.ends = joined
		from, to = to, from
	}
	return from
}

// mergeValues fills to with the entries of a and b, both of which are in the order of their values.
func mergeValues(to, a, b []entry) {
	for i := range to {
		if len(b) == 0 || len(a) > 0 && a[0].value <= b[0].value {
			to[i], a = a[0], a[1:]
		} else {
			to[i], b = b[0], b[1:]
		}
	}
}

func (s *sets) close(groups int) {
	s.flush()
	s.packed.close(groups, s.order)
	s.order = nil
	base, unit := s.packed.base, uint64(0)
	if s.packed.added > 0 {
		unit = s.packed.unit.unit
	} else if len(s.runs) > 0 {
		base = s.runs[0].base
	}
	for i := range s.runs {
		unit = unitFrom(gcd(unit, s.runs[i].unit), base, []int64{s.runs[i].base})
	}
	s.unit = divisorOf(unit)
}

// append is not called: most of a set is in the tail of its group.
func (s *sets) append([]byte, uint32, int64) []byte { panic("group: a set is appended by appendSet") }

// appendSet appends what the set of a group has in the group's body and in its tail. Several goroutines may call it at the
// same time, each with a filler of its own.
func (s *sets) appendSet(f *filler, body, tail []byte, id uint32, rows int64) (_, _ []byte) {
	if len(s.runs) == 0 && s.class != text && len(s.wide[id]) == 0 {
		if list, ok := s.packed.onlyLogged(id); ok {
			return s.packed.appendLogged(f, body, tail, s.marks, rows, list)
		}
	}
	f.set.reset()
	s.fill(f, &f.set, id)
	return f.set.appendBy(body, tail, s.class, s.marks, rows, s.unit)
}

// fill adds the values of a group to an empty set.
func (s *sets) fill(f *filler, t *set, id uint32) {
	s.packed.fill(f, t, id)
	if len(s.runs) > 0 {
		f.addRuns(t, s.runs, id)
	}
	if s.class == text || len(s.wide[id]) > 0 {
		s.spell(t, id)
	}
}

// addRuns adds to a set the values that a group has in runs.
func (s *filler) addRuns(t *set, runs []valueRun, id uint32) {
	of := &s.ofRuns
	of.reset()
	for _, e := range s.group(runs, id) {
		if n := len(of.values); n > 0 && of.values[n-1] == e.value {
			of.counts[n-1] += int64(e.count)
			continue
		}
		of.values, of.counts = append(of.values, e.value), append(of.counts, int64(e.count))
	}
	if len(of.values) == 0 {
		return
	}
	s.both.union(t, of)
	*t, s.both = s.both, *t
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
