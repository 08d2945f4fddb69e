package group

// comparedRows is the number of rows that are compared at once to see whether they are of one group. In files that are sorted by time, nearly all rows of
// a day are consecutive.
const comparedRows = 1024

// addValues adds values to the column. It adds many consecutive rows of one group in one call, which is faster. A set gains nothing from this, because it
// looks at each value.
func (a *adding) addValues(ids []uint32, one bool, v values) {
	if one || a.form.kind == valueSet {
		a.column.add(ids, one, v)
		return
	}
	for start := 0; start < len(ids); {
		end := start
		isOne := sameGroup(ids, start)
		for end < len(ids) && sameGroup(ids, end) == isOne && (!isOne || ids[end] == ids[start]) {
			end = min(end+comparedRows, len(ids))
		}
		a.column.add(ids[start:end], isOne, v.of(start, end))
		start = end
	}
}

// sameGroup tells whether all of the comparedRows rows from row start on are of one group. There may be fewer rows at the end.
func sameGroup(ids []uint32, start int) bool {
	ids = ids[start:min(start+comparedRows, len(ids))]
	return len(ids) == 1 || equal(ids[1:], ids[:len(ids)-1])
}

// of returns the values of the rows from start up to, but without, end.
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
