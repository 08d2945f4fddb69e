package group

import (
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// chooser chooses the trips that a query is about.
type chooser struct {
	where    *compute.Program // nil if all trips count
	filtered int64            // trips for which WHERE is not true
	selected []int32          // the rows of a batch that count
	own      visible          // if it has to find them
	visible  *visible         // that another finds, or nil
}

// visible are the rows of a batch that no rule refuses.
type visible struct {
	rows   []int32 // ascending; nil for all
	n      int
	memory []int32
}

// find finds the rows.
func (v *visible) find(b *trip.Batch) {
	refused := false
	for _, m := range b.Months {
		refused = refused || m.Refused
	}
	if !refused {
		v.rows, v.n = nil, b.Rows
		return
	}
	rows := slices.Grow(v.memory[:0], b.Rows)
	start := 0
	for _, m := range b.Months {
		for i := start; i < m.End && !m.Refused; i++ {
			rows = append(rows, int32(i))
		}
		start = m.End
	}
	v.rows, v.n, v.memory = rows, len(rows), rows
}

func chooserOf(q *query.Query) chooser {
	if q.Where == nil {
		return chooser{}
	}
	return chooser{where: compute.Compile([]*query.Expr{q.Where})}
}

// withFields returns these columns of trips and those that WHERE reads, ascending.
func (c *chooser) withFields(fields []trip.Field) []trip.Field {
	fields = slices.Clone(fields)
	if c.where != nil {
		fields = append(fields, c.where.Fields()...)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// choose returns the rows that no rule refuses and for which WHERE is true, nil if all rows of the batch are, and their number.
func (c *chooser) choose(b *trip.Batch) ([]int32, int, error) {
	v := c.visible
	if v == nil {
		v = &c.own
		v.find(b)
	}
	rows, n := v.rows, v.n
	if n == 0 || c.where == nil {
		return rows, n, nil
	}
	if err := c.where.Run(b, rows); err != nil {
		return nil, 0, err
	}
	before := n
	rows, n = c.filter(c.where.Vector(0), rows, n)
	c.filtered += int64(before - n)
	return rows, n, nil
}

// filter returns the rows for which a condition is true, nil if all rows of the batch are.
func (c *chooser) filter(v *compute.Vector, rows []int32, n int) ([]int32, int) {
	if v.Const {
		if !v.Value(0).True() {
			return nil, 0
		}
		return rows, n
	}
	c.selected = slices.Grow(c.selected[:0], n)[:n]
	out := c.selected
	k := 0
	for at := range (n + 7) / 8 {
		mask := v.Bits[at]
		if v.Valid != nil {
			mask &= v.Valid[at]
		}
		for i := at * 8; i < min(n, at*8+8); i++ {
			row := int32(i)
			if rows != nil {
				row = rows[i]
			}
			out[k] = row
			k += int(mask & 1)
			mask >>= 1
		}
	}
	if k == n {
		return rows, n
	}
	return out[:k], k
}
