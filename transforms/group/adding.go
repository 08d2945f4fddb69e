package group

import (
	"encoding/binary"
	"math"
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

	// missing is, by group, how many of its trips do not count: those that the filter or a NULL leaves out. It is short while none is left out.
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
	n := rows - a.missing[id]
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

// value is what append writes, as a value. Of a set, which may have millions of values, nothing is written.
func (a *adding) value(f *filler, v *partValue, id uint32, rows int64) error {
	if s, ok := a.column.(*sets); ok {
		v.count = rows - a.missing[id]
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
		a.addRows(ids, one, groups, true, arg, by)
	case left <= n/stretch && a.inStretches(arg, by):
		a.column.grow(groups)
		a.addStretches(mask, ids, one, a.values(n, n, true, arg, by))
	default:
		a.at = listOnes(a.at, mask, n)
		a.addRows(a.gatherIDs(ids), one, groups, false, arg, by)
	}
}

// addZeros adds a number to the element of to for the group of each row that chosen has and mask leaves out. If chosen is nil, it has all rows.
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

// stretch is how many rows follow one another without one that is left out, at the least, so that they are added together.
const stretch = 32

// inStretches tells whether rows can be added a few at a time. A set has to see many values first, by which it finds how to hold them.
func (a *adding) inStretches(arg, by *compute.Vector) bool {
	s, ok := a.column.(*sets)
	return arg.Wide == nil && (by == nil || by.Wide == nil) && (!ok || s.sparse || s.packed.began)
}

// addRows adds rows of a batch: all, or those that are listed.
func (a *adding) addRows(ids []uint32, one bool, groups int, all bool, arg, by *compute.Vector) {
	if a.column == nil || len(ids) == 0 {
		return
	}
	a.column.grow(groups)
	if arg.Wide != nil || by != nil && by.Wide != nil {
		a.addWides(ids, all, arg, by)
		return
	}
	rows := len(ids)
	if !all {
		rows = arg.Rows
	}
	a.addValues(ids, one, a.values(rows, len(ids), all, arg, by))
}

// addStretches adds the rows of a batch that a mask chooses, which are nearly all.
func (a *adding) addStretches(mask []byte, ids []uint32, one bool, v values) {
	for row := 0; row < len(ids); {
		end := nextZero(mask, row, len(ids))
		if end > row {
			a.column.add(ids[row:end], one, v.of(row, end))
		}
		for row = end; row < len(ids) && mask[row>>3]>>(row&7)&1 == 0; row++ {
		}
	}
}

// nextZero returns the first bit that is 0, from a bit on and before n; n if there is none.
func nextZero(mask []byte, from, n int) int {
	if from&7 != 0 {
		if rest := ^mask[from>>3] >> (from & 7); rest != 0 {
			return min(n, from+bits.TrailingZeros8(rest))
		}
		from = from&^7 + 8
	}
	for ; from < n; from += 8 {
		if len(mask) >= from>>3+8 && binary.LittleEndian.Uint64(mask[from>>3:]) == math.MaxUint64 {
			from += 56
			continue
		}
		if m := mask[from>>3]; m != 0xff {
			return min(n, from+bits.TrailingZeros8(^m))
		}
	}
	return n
}

// ones counts the first n bits of a mask that are 1.
func ones(mask []byte, n int) int {
	if mask == nil {
		return n
	}
	c, whole := 0, n/8
	for len(mask) >= 8 && whole >= 8 {
		c += bits.OnesCount64(binary.LittleEndian.Uint64(mask))
		mask, whole = mask[8:], whole-8
	}
	for _, m := range mask[:whole] {
		c += bits.OnesCount8(m)
	}
	if n%8 > 0 {
		c += bits.OnesCount8(mask[whole] << (8 - n%8))
	}
	return c
}

// values returns the values of the chosen rows of n.
func (a *adding) values(n, chosen int, all bool, arg, by *compute.Vector) (v values) {
	if a.form.kind == floatSum {
		v.floats = gather(&a.floatsOut, arg.Floats, arg.Const, chosen, all, a.at)
		return v
	}
	v.ints = a.numbers(arg, n, chosen, all, &a.memory[0], &a.ints)
	if by != nil {
		v.by = a.numbers(by, n, chosen, all, &a.memory[1], &a.byInts)
	}
	return v
}

func (a *adding) numbers(v *compute.Vector, n, chosen int, all bool, memory, out *[]int64) []int64 {
	if v.Const {
		n = 1
	}
	return gather(out, intsOf(v, n, a.texts, memory), v.Const, chosen, all, a.at)
}

// gather returns the values of the chosen rows.
func gather[T any](memory *[]T, from []T, constant bool, n int, all bool, at []int32) []T {
	if all && !constant {
		return from[:n]
	}
	if cap(*memory) < n {
		*memory = make([]T, n)
	}
	out := (*memory)[:n]
	if constant {
		for i := range out {
			out[i] = from[0]
		}
		return out
	}
	pick(out, from, at)
	return out
}

// pick sets out to the values of some rows, ascending. Often many rows follow one another.
func pick[T any](out, from []T, rows []int32) {
	for len(rows) > 0 {
		n := 0
		for next := stretch; next <= len(rows) && rows[next-1]-rows[0] == int32(next-1); next *= 2 {
			n = next
		}
		if n > 0 {
			copy(out[:n], from[rows[0]:])
		} else {
			n = min(stretch, len(rows))
			for i, row := range rows[:n] {
				out[i] = from[row]
			}
		}
		out, rows = out[n:], rows[n:]
	}
}

// mask returns the bitmap of the rows whose values are not NULL and that the filter chooses, nil for all rows. It tells whether some
// row can be one.
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

// listOnes returns the first n bits of a mask that are 1. It may use memory.
func listOnes(memory []int32, mask []byte, n int) []int32 {
	out := slices.Grow(memory[:0], n)[:n]
	k := 0
	for i := 0; i < n; i += 8 {
		m := mask[i>>3]
		for j := i; j < min(n, i+8); j++ {
			out[k] = int32(j)
			k += int(m & 1)
			m >>= 1
		}
	}
	return out[:k]
}

// gatherIDs returns the groups of the rows that are listed in the scratch.
func (a *adding) gatherIDs(ids []uint32) []uint32 {
	if cap(a.gathered) < len(a.at) {
		a.gathered = make([]uint32, len(ids))
	}
	out := a.gathered[:len(a.at)]
	pick(out, ids, a.at)
	return out
}

// addWides adds a batch with values of more than 64 bits.
func (a *adding) addWides(ids []uint32, all bool, arg, by *compute.Vector) {
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
	for i, id := range ids {
		row := i
		if !all {
			row = int(a.at[i])
		}
		a.column.addWide(id, bigOf(arg, row), bigOf(by, row))
	}
}
