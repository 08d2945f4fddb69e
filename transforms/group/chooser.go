package group

import (
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/trip"
)

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

// chosen are the rows of a batch that no rule refuses and for which WHERE is true.
type chosen struct {
	where  *compute.Program
	values *compute.Program // of the query's expressions over the chosen rows; nil if it has none

	done     bool
	rows     []int32 // ascending; nil for all
	n        int
	err      error
	selected []int32
}

// choose chooses rows and computes the expressions of the query.
func (c *chosen) choose(b *trip.Batch, v *visible) error {
	c.rows, c.n = v.rows, v.n
	if c.n == 0 {
		return nil
	}
	if err := c.where.Run(b, c.rows); err != nil {
		return err
	}
	c.filter(c.where.Vector(0))
	if c.n == 0 || c.values == nil {
		return nil
	}
	return c.values.Run(b, c.rows)
}

// filter leaves the rows for which a condition is true.
func (c *chosen) filter(v *compute.Vector) {
	if v.Const {
		if !v.Value(0).True() {
			c.rows, c.n = nil, 0
		}
		return
	}
	n := c.n
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
			if c.rows != nil {
				row = c.rows[i]
			}
			out[k] = row
			k += int(mask & 1)
			mask >>= 1
		}
	}
	if k < n {
		c.rows, c.n = out[:k], k
	}
}
