package group

import (
	"encoding/binary"
	"math/big"

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

	at        []int32 // the rows that count
	gathered  []uint32
	ints      []int64
	byInts    []int64
	memory    [2][]int64
	floatsOut []float64
	written   []byte
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
		a.column = &sets{class: p.form.class, texts: t}
	}
	return a
}

func (a *adding) reset() {
	a.missing = a.missing[:0]
	if a.column != nil {
		a.column.reset()
	}
}

func (a *adding) bytes() int64 {
	n := int64(cap(a.missing)+cap(a.ints)+cap(a.byInts)+cap(a.memory[0])+cap(a.memory[1])+cap(a.floatsOut))*8 + int64(cap(a.at)+cap(a.gathered))*4
	if a.column != nil {
		n += a.column.bytes()
	}
	return n
}

func (a *adding) close(groups int) {
	a.missing = grown(a.missing, groups, 0)
	if a.column != nil {
		a.column.grow(groups)
		a.column.close(groups)
	}
}

// append appends the part of a group of so many trips.
func (a *adding) append(b []byte, id uint32, rows int64) []byte {
	n := rows - a.missing[id]
	switch a.form.kind {
	case count:
		return binary.AppendUvarint(b, uint64(n))
	case sum, floatSum:
		b = binary.AppendUvarint(b, uint64(n))
	}
	return a.column.append(b, id, n)
}

// value is what append writes, as a value. Of a set, which may have millions of values, nothing is written.
func (a *adding) value(v *partValue, id uint32, rows int64) error {
	if s, ok := a.column.(*sets); ok {
		v.count = rows - a.missing[id]
		v.set.reset()
		s.fill(&v.set, id)
		return nil
	}
	a.written = a.append(a.written[:0], id, rows)
	r := reader{in: a.written}
	if v.read(&r, a.part); r.short || len(r.in) > 0 {
		return errBroken
	}
	return nil
}

// add adds a batch.
func (a *adding) add(p *compute.Program, ids []uint32, one bool, groups int) {
	n := len(ids)
	var arg, by, filter *compute.Vector
	if a.arg >= 0 {
		arg = p.Vector(a.arg)
	}
	if a.by >= 0 {
		by = p.Vector(a.by)
	}
	if a.filter >= 0 {
		filter = p.Vector(a.filter)
	}
	all := a.choose(n, arg, by, filter)
	if !all {
		a.missing = grown(a.missing, groups, 0)
		ids = a.leaveOut(ids)
	}
	if a.column == nil || len(ids) == 0 {
		return
	}
	a.column.grow(groups)
	if arg.Wide != nil || by != nil && by.Wide != nil {
		a.addWides(ids, all, arg, by)
		return
	}
	var v values
	if a.form.kind == floatSum {
		v.floats = gather(&a.floatsOut, arg.Floats, arg.Const, len(ids), all, a.at)
	} else {
		v.ints = a.numbers(arg, n, len(ids), all, &a.memory[0], &a.ints)
		if by != nil {
			v.by = a.numbers(by, n, len(ids), all, &a.memory[1], &a.byInts)
		}
	}
	a.column.add(ids, one, v)
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

// pick sets out to the values of some rows, ascending. Nearly all rows follow one another, as few are left out.
func pick[T any](out, from []T, rows []int32) {
	const stretch = 32
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

// choose lists the rows in at whose values are not NULL and that the filter chooses. It is true, and lists nothing, if these are all rows.
func (a *adding) choose(n int, arg, by, filter *compute.Vector) (all bool) {
	var masks [4][]byte
	used := masks[:0]
	for _, v := range []*compute.Vector{arg, by, filter} {
		switch {
		case v == nil:
			continue
		case v.Type.Kind == query.Null, v.Const && (v.IsNull(0) || v == filter && !v.Value(0).True()):
			a.at = a.at[:0]
			return false
		case v.Const:
			continue
		}
		if v.Valid != nil {
			used = append(used, v.Valid)
		}
		if v == filter {
			used = append(used, v.Bits)
		}
	}
	if len(used) == 0 {
		return true
	}
	if cap(a.at) < n {
		a.at = make([]int32, n)
	}
	out := a.at[:n]
	k := 0
	for i := 0; i < n; i += 8 {
		mask := byte(0xff)
		for _, m := range used {
			mask &= m[i>>3]
		}
		for j := i; j < min(n, i+8); j++ {
			out[k] = int32(j)
			k += int(mask & 1)
			mask >>= 1
		}
	}
	a.at = out[:k]
	return k == n
}

// leaveOut returns the groups of the chosen rows, and counts the others.
func (a *adding) leaveOut(ids []uint32) []uint32 {
	if cap(a.gathered) < len(a.at) {
		a.gathered = make([]uint32, len(ids))
	}
	out := a.gathered[:len(a.at)]
	pick(out, ids, a.at)
	next, left := int32(0), len(ids)-len(a.at)
	for i := 0; left > 0 && i < len(a.at); i++ {
		for ; next < a.at[i]; next++ {
			a.missing[ids[next]]++
			left--
		}
		next++
	}
	if left > 0 {
		for _, id := range ids[next:] {
			a.missing[id]++
		}
	}
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
