package group

import (
	"bytes"
	"unsafe"
)

// segment is how many rows are looked at to see whether they are of one group. In files by time nearly all rows of a day follow one another.
const segment = 1024

// addValues adds values to the column, those of segments of one group at once. A set looks at all values in any case.
func (a *adding) addValues(ids []uint32, one bool, v values) {
	if one || a.form.kind == valueSet {
		a.column.add(ids, one, v)
		return
	}
	for start := 0; start < len(ids); {
		end := start
		isOne := sameGroup(ids, start)
		for end < len(ids) && sameGroup(ids, end) == isOne && (!isOne || ids[end] == ids[start]) {
			end = min(end+segment, len(ids))
		}
		a.column.add(ids[start:end], isOne, v.of(start, end))
		start = end
	}
}

// sameGroup tells whether all rows of a segment are of one group.
func sameGroup(ids []uint32, start int) bool {
	ids = ids[start:min(start+segment, len(ids))]
	b := unsafe.Slice((*byte)(unsafe.Pointer(&ids[0])), len(ids)*4)
	return bytes.Equal(b[4:], b[:len(b)-4])
}

// of returns the values of some rows.
func (v values) of(start, end int) (part values) {
	if v.floats != nil {
		part.floats = v.floats[start:end]
	} else {
		part.ints = v.ints[start:end]
	}
	if v.by != nil {
		part.by = v.by[start:end]
	}
	return part
}
