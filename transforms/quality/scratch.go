package quality

import "tripstats/transforms/trip"

// scratch is a column of a batch that may be written to: a copy is made at the first write, as batches are read-only.
type scratch struct {
	column *trip.Column
	owned  bool
	values []int64
	valid  []byte
}

func (s *scratch) reset(c *trip.Column) { s.column, s.owned = c, false }

// outside calls judge for each value of rows [start, end) that is not null and not within [lo, hi], and makes the value
// null where judge says so.
func (s *scratch) outside(start, end int, lo, hi int64, judge func(row int, v int64) bool) {
	if s.column.Nulls == len(s.column.Values) {
		return
	}
	span := uint64(hi - lo)
	for i, v := range s.column.Values[start:end] {
		if uint64(v-lo) <= span {
			continue
		}
		if row := start + i; !s.column.IsNull(row) && judge(row, v) {
			s.drop(row)
		}
	}
}

// drop makes a row null, if it is not.
func (s *scratch) drop(row int) {
	if s.column.IsNull(row) {
		return
	}
	if !s.owned {
		s.own()
	}
	s.column.Values[row] = 0
	s.column.Valid[row>>3] &^= 1 << (row & 7)
	s.column.Nulls++
}

// own replaces the column by a copy in the scratch's own memory.
func (s *scratch) own() {
	s.values = append(s.values[:0], s.column.Values...)
	s.column.Values = s.values
	if s.column.Valid != nil {
		s.valid = append(s.valid[:0], s.column.Valid...)
	} else {
		s.valid = s.valid[:0]
		for range (len(s.values) + 7) / 8 {
			s.valid = append(s.valid, 0xff)
		}
	}
	s.column.Valid, s.owned = s.valid, true
}
