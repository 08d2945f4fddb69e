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

// outside calls judge for each value of rows [start, end) that is not null and not within [lo, hi].
func (s *scratch) outside(start, end int, lo, hi int64, judge func(row int, v int64)) {
	if s.column.Nulls == len(s.column.Values) {
		return
	}
	const block = 16 // rows looked at one by one after each value that is outside, as those come in swarms
	for row := start; row < end; {
		row += trip.Within(s.column.Values[row:end], lo, hi)
		for stop := min(row+block, end); row < stop; row++ {
			if v := s.column.Values[row]; (v < lo || v > hi) && !s.column.IsNull(row) {
				judge(row, v)
			}
		}
	}
}

// put sets a row's value, or makes it null for 0.
func (s *scratch) put(row int, v int64) {
	null := s.column.IsNull(row)
	if null && v == 0 {
		return
	}
	if !s.owned {
		s.own()
	}
	s.column.Values[row] = v
	switch bit := byte(1) << (row & 7); {
	case v == 0:
		s.column.Valid[row>>3] &^= bit
		s.column.Nulls++
	case null:
		s.column.Valid[row>>3] |= bit
		s.column.Nulls--
	}
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
