package group

import (
	"encoding/binary"
	"slices"
)

// valueRun has values of all groups, ascending by group and value, as distances from base in units: for each group the first distance and its
// count, and for each other the distance from the one before, times 2, plus 1 if the count follows.
type valueRun struct {
	base  int64
	unit  uint64
	bytes []byte
	ends  []uint32 // by group
}

// farAway stands for a distance that has no place beside the bit; it follows.
const farAway = 1 << 63

// runWriter makes a run.
type runWriter struct {
	valueRun
	group uint32
	begun bool // the group has a value
	last  uint64
}

// newRun makes a run of about so many values of groups up to last.
func newRun(base int64, unit uint64, values int, last uint32) *runWriter {
	return &runWriter{valueRun: valueRun{base: base, unit: max(unit, 1), bytes: make([]byte, 0, values*2), ends: make([]uint32, last+1)}}
}

// runOf makes a run of entries, which it sorts.
func runOf(list []entry) valueRun {
	slices.SortFunc(list, compareEntries)
	base, unit := list[0].value, uint64(0)
	for _, e := range list {
		base = min(base, e.value)
	}
	for _, e := range list {
		unit = gcd(uint64(e.value-base), unit)
	}
	w := newRun(base, unit, len(list), list[len(list)-1].group)
	by := divisorOf(unit)
	for i := 0; i < len(list); {
		e := list[i]
		for i++; i < len(list) && list[i].group == e.group && list[i].value == e.value && e.count+list[i].count > e.count; i++ {
			e.count += list[i].count
		}
		w.add(e.group, by.by(uint64(e.value-base)), e.count)
	}
	return w.done()
}

// add adds a value, as its distance from base in units.
func (w *runWriter) add(group uint32, distance uint64, count uint32) {
	for ; w.group < group; w.group++ {
		w.ends[w.group] = uint32(len(w.bytes))
		w.begun = false
	}
	if !w.begun {
		w.begun, w.last = true, distance
		w.bytes = binary.AppendUvarint(w.bytes, distance)
		w.bytes = binary.AppendUvarint(w.bytes, uint64(count))
		return
	}
	d := distance - w.last
	w.last = distance
	multiple := uint64(0)
	if count != 1 {
		multiple = 1
	}
	switch token := d<<1 | multiple; {
	case d >= farAway>>1:
		w.bytes = binary.AppendUvarint(w.bytes, farAway|multiple)
		w.bytes = binary.AppendUvarint(w.bytes, d)
	case token < 0x80:
		w.bytes = append(w.bytes, byte(token))
	default:
		w.bytes = binary.AppendUvarint(w.bytes, token)
	}
	if multiple == 1 {
		w.bytes = binary.AppendUvarint(w.bytes, uint64(count))
	}
}

func (w *runWriter) done() valueRun {
	for ; int(w.group) < len(w.ends); w.group++ {
		w.ends[w.group] = uint32(len(w.bytes))
	}
	w.bytes = slices.Clip(w.bytes)
	return w.valueRun
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
	in := r.bytes[start:r.ends[group]]
	if len(in) == 0 {
		return list
	}
	next := func() uint64 {
		v, n := binary.Uvarint(in)
		in = in[n:]
		return v
	}
	value := r.base + int64(next()*r.unit)
	list = append(list, entry{value, group, uint32(next())})
	for len(in) > 0 {
		token := uint64(in[0])
		if token < 0x80 {
			in = in[1:]
		} else if len(in) > 1 && in[1] < 0x80 {
			token = token&0x7f | uint64(in[1])<<7
			in = in[2:]
		} else {
			token = next()
		}
		d := token >> 1
		if token >= farAway {
			d = next()
		}
		value += int64(d * r.unit)
		count := uint32(1)
		if token&1 != 0 {
			count = uint32(next())
		}
		list = append(list, entry{value, group, count})
	}
	return list
}
