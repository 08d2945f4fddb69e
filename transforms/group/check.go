package group

import "bytes"

// Check reads all groups of a state. It returns an error if the body of a group has other values at the marks of a set than the set has at these places.
// [FinishShards] and [Rows] do not read the sets of groups that they merge with no other group. So whoever reads a state from outside of the process must
// check it first.
func Check(state []byte) error {
	var h header
	in, err := h.open(state)
	if err != nil {
		return err
	}
	var c checker
	return each(in, next, func(g record) error { return c.check(&h, &g) })
}

// checker checks groups. It keeps its memory.
type checker struct {
	at, set set
	marks   knownMarks
}

func (c *checker) check(h *header, g *record) error {
	r := readerOf(g)
	for _, f := range h.forms {
		if f.kind != valueSet {
			r.skip(f)
			continue
		}
		list := c.marks.read(f.marks)
		var head setHead
		head.read(&r, f.class, list, &c.at)
		c.set.read(&r, &head, f.class)
		if !r.short && !c.set.hasAt(&c.at, list, head.total) {
			return errOtherValues
		}
	}
	if r.broken() {
		return errBroken
	}
	return nil
}

var errOtherValues = brokenState("found values of a group that are not at their places in its set, expected the values at these places; it was changed on its way")

// hasAt tells whether a set of total values has the values in at at the places of its marks. An empty set has no values at marks.
func (s *set) hasAt(at *set, list []mark, total int64) bool {
	n := 0
	for i := range list {
		if total == 0 {
			break
		}
		place, high := list[i].places(total)
		for range list[i].values() {
			k := s.find(place)
			place = high
			if s.listed && !bytes.Equal(s.keys[k], at.keys[n]) || !s.listed && s.values[k] != at.values[n] {
				return false
			}
			n++
		}
	}
	return true
}

// skip reads a part that is not a set.
func (r *groupReader) skip(f form) {
	switch f.kind {
	case count:
		r.number()
	case sum:
		r.number()
		r.value(exact)
	case floatSum:
		readFloats(&r.reader)
	case leastBy, mostBy:
		r.value(f.by)
		r.value(f.class)
	default:
		r.value(f.class)
	}
}
