package group

import (
	"encoding/binary"
	"math/big"
	"math/bits"
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
)

// adding adds the trips of batches to one part of all groups.
type adding struct {
	*part
	arg, by, filter int // vectors; -1 if there is none

	// missing is, by group, how many of its trips do not count: those that the filter or a NULL leaves out. A group beyond its end has none.
	missing []int64
	column  collector
	texts   *texts

	*scratch // of the batch that is being added
}

// collector is what a kind of part holds of all groups.
type collector interface {
	reset()
	bytes() int64
	grow(groups int)
	// add adds a value for each of ids, which are groups. If all are of one group, one is true.
	add(ids []uint32, one bool, v values)
	// addWide adds a value of more than 64 bits.
	addWide(id uint32, v, by *big.Int)
	// close is called before append.
	close(groups int)
	append(b []byte, id uint32, count int64) []byte
}

// values are the values of an argument: floats for a sum of doubles, else ints by intsOf.
type values struct {
	ints, by []int64
	floats   []float64
}

func newAdding(p *part, arg, by, filter int, t *texts) *adding {
	a := &adding{part: p, arg: arg, by: by, filter: filter, texts: t}
	switch p.form.kind {
	case sum:
		a.column = &sums{}
	case floatSum:
		a.column = &floatSums{}
	case least, most:
		a.column = &extremes{class: p.form.class, most: p.form.kind == most, texts: t}
	case leastBy, mostBy:
		a.column = &pairs{form: p.form, most: p.form.kind == mostBy, texts: t}
	case valueSet:
		a.column = &sets{class: p.form.class, marks: p.marks, texts: t}
	}
	return a
}

func (a *adding) reset() {
	a.texts.forget()
	a.missing = a.missing[:0]
	if a.column != nil {
		a.column.reset()
	}
}

func (a *adding) bytes() int64 {
	n := int64(cap(a.missing)) * 8
	if a.column != nil {
		n += a.column.bytes()
	}
	return n
}

// close ends adding. order lists all groups in the order in which they will be read.
func (a *adding) close(order []uint32) {
	groups := len(order)
	a.missing = grown(a.missing, groups, 0)
	if s, ok := a.column.(*sets); ok {
		s.order = order
	}
	if a.column != nil {
		a.column.grow(groups)
		a.column.close(groups)
	}
}

// append appends the part of a group of so many trips to its body and, if the part is a set, to its tail.
func (a *adding) append(f *filler, b, tail []byte, id uint32, rows int64) (_, _ []byte) {
	n := a.counted(id, rows)
	switch a.form.kind {
	case count:
		return binary.AppendUvarint(b, uint64(rows-n)), tail
	case sum, floatSum:
		b = binary.AppendUvarint(b, uint64(n))
	case valueSet:
		return a.column.(*sets).appendSet(f, b, tail, id, rows)
	}
	return a.column.append(b, id, n), tail
}

// counted returns how many of the trips of a group count for this part. rows is how many trips the group has.
func (a *adding) counted(id uint32, rows int64) int64 { return rows - a.missing[id] }

// value sets v to what append would write. A set is not written first, because it may have millions of values.
func (a *adding) value(f *filler, v *partValue, id uint32, rows int64) error {
	switch s := a.column.(type) {
	case nil: // a count has no column
		v.count = a.counted(id, rows)
		return nil
	case *sets:
		v.count = a.counted(id, rows)
		v.set.reset()
		s.fill(f, &v.set, id)
		v.different, v.whole = int64(len(v.set.counts)), true
		return nil
	}
	f.written, _ = a.append(f, f.written[:0], nil, id, rows)
	r := groupReader{reader: reader{in: f.written}, rows: rows}
	if v.read(&r, a.part, false); r.broken() {
		return errBroken
	}
	return nil
}

// add adds rows of a batch.
func (a *adding) add(rows *selection, ids []uint32, one bool, groups int) {
	n := len(ids)
	var arg, by, filter *compute.Vector
	if a.arg >= 0 {
		arg = rows.values.Vector(a.arg)
	}
	if a.by >= 0 {
		by = rows.values.Vector(a.by)
	}
	if a.filter >= 0 {
		filter = rows.values.Vector(a.filter)
	}
	mask, some := a.mask(n, arg, by, filter)
	if !some {
		mask = slices.Grow(a.masked[:0], (n+7)/8)[:(n+7)/8]
		clear(mask)
		a.masked = mask
	}
	all := n-ones(mask, n) == 0
	if !all {
		a.missing = grown(a.missing, groups, 0)
		addZeros(a.missing, 1, rows.mask, mask, ids)
	}
	switch {
	case all:
		mask = rows.mask
	case rows.mask != nil:
		a.both = append(a.both[:0], mask[:len(rows.mask)]...)
		for i, m := range rows.mask {
			a.both[i] &= m
		}
		mask = a.both
	}
	switch left := n - ones(mask, n); {
	case left == n || a.column == nil:
	case left == 0:
		a.addRows(ids, one, groups, arg, by, nil)
	default:
		chosen, ids := a.choose(mask, n-left, ids, all)
		a.addRows(ids, one, groups, arg, by, chosen)
	}
}

// choose returns the rows that a mask chooses, and their groups. The mask must leave out at least one row. If the mask is the selection's, other parts of
// the query have the same mask, and choose returns what it found before.
func (s *scratch) choose(mask []byte, count int, ids []uint32, ofSelection bool) (*picked, []uint32) {
	if !ofSelection || !s.isChosen {
		s.isChosen = ofSelection
		s.chosen.choose(mask, len(ids))
		gather(&s.gathered, ids, false, count, &s.chosen)
	}
	return &s.chosen, s.gathered
}

// addZeros goes through the rows that are in chosen, but not in mask. For each such row it adds the number by to the element of the row's group in to. If
// chosen is nil, it has all rows.
func addZeros(to []int64, by int64, chosen, mask []byte, ids []uint32) {
	for at, m := range mask[:(len(ids)+7)/8] {
		m = ^m
		if chosen != nil {
			m &= chosen[at]
		}
		if left := len(ids) - at*8; left < 8 {
			m &= 1<<left - 1
		}
		for ; m != 0; m &= m - 1 {
			to[ids[at*8+bits.TrailingZeros8(m)]] += by
		}
	}
}

// addRows adds rows of a batch: those that are chosen, or all if chosen is nil. ids has their groups.
func (a *adding) addRows(ids []uint32, one bool, groups int, arg, by *compute.Vector, chosen *picked) {
	if len(ids) == 0 {
		return
	}
	a.column.grow(groups)
	if arg.Wide != nil || by != nil && by.Wide != nil {
		a.addWides(ids, arg, by, chosen)
		return
	}
	a.addValues(ids, one, a.values(len(ids), arg, by, chosen))
}

// values returns the values of n rows.
func (a *adding) values(n int, arg, by *compute.Vector, chosen *picked) (v values) {
	if a.form.kind == floatSum {
		v.floats = gather(&a.floatsOut, arg.Floats, arg.Const, n, chosen)
		return v
	}
	v.ints = a.numbers(arg, n, chosen, &a.memory[0], &a.ints)
	if by != nil {
		v.by = a.numbers(by, n, chosen, &a.memory[1], &a.byInts)
	}
	return v
}

func (a *adding) numbers(v *compute.Vector, n int, chosen *picked, memory, out *[]int64) []int64 {
	rows := n
	switch {
	case v.Const:
		rows = 1
	case chosen != nil:
		rows = chosen.of
	}
	return gather(out, intsOf(v, rows, a.texts, memory), v.Const, n, chosen)
}

// mask returns the bitmap of the rows whose values are not NULL and that the filter chooses; nil stands for all rows. some is false if there is no such
// row, for example because an argument is a constant NULL. There may be no such row even if some is true.
func (a *adding) mask(n int, arg, by, filter *compute.Vector) (mask []byte, some bool) {
	shared := false // the mask is not our own
	for _, v := range []*compute.Vector{arg, by, filter} {
		switch {
		case v == nil:
			continue
		case v.Type.Kind == query.Null, v.Const && (v.IsNull(0) || v == filter && !v.Value(0).True()):
			return nil, false
		case v.Const:
			continue
		}
		for _, m := range [][]byte{v.Valid, v.Bits} {
			switch {
			case m == nil:
			case mask == nil:
				mask, shared = m, true
			default:
				size := (n + 7) / 8
				if shared {
					a.masked = slices.Grow(a.masked[:0], size)[:size]
					copy(a.masked, mask)
					mask, shared = a.masked, false
				}
				for i, x := range m[:size] {
					mask[i] &= x
				}
			}
			if v != filter {
				break // the bits are values
			}
		}
	}
	return mask, true
}

// addWides adds a batch with values of more than 64 bits.
func (a *adding) addWides(ids []uint32, arg, by *compute.Vector, chosen *picked) {
	bigOf := func(v *compute.Vector, row int) *big.Int {
		switch {
		case v == nil:
			return nil
		case v.Const:
			row = 0
		}
		if v.Wide != nil {
			return v.Wide[row]
		}
		return big.NewInt(intsOf(v, row+1, a.texts, &a.memory[0])[row])
	}
	if chosen == nil {
		for row, id := range ids {
			a.column.addWide(id, bigOf(arg, row), bigOf(by, row))
		}
		return
	}
	i := 0
	chosen.each(func(row int) {
		a.column.addWide(ids[i], bigOf(arg, row), bigOf(by, row))
		i++
	})
}
