package group

import (
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
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

// vectors has the values of the expressions of a query in a batch.
type vectors struct {
	program *compute.Program
	of      []int // by number of the expression in the query: its number in the program; nil if the numbers are the same
}

func (v vectors) Vector(i int) *compute.Vector {
	if v.of != nil {
		i = v.of[i]
	}
	return v.program.Vector(i)
}

// selection is the rows of a batch that a query adds up, with the values of its expressions.
type selection struct {
	n      int    // rows that have values
	mask   []byte // a bitmap of the rows that count; nil if all count
	count  int    // how many rows count
	values vectors
}

// chosen is the rows of a batch that no rule refuses and for which the WHERE of a query is true. If nearly all rows are chosen, the query's
// expressions are computed for all rows, in one program with the expressions of other queries. Otherwise they are computed for the chosen rows only.
type chosen struct {
	whereOf  int              // the number of WHERE in the program of the place
	valuesOf []int            // the numbers of the query's expressions in that program; nil if it does not have them
	where    *compute.Program // the query's own programs, which are compiled when they are needed
	values   *compute.Program

	most bool // nearly all rows of the last batch were chosen

	done   bool
	rows   []int32 // ascending; nil for all
	err    error
	memory []int32
	bits   []byte
	selection
}

// From a share of nearlyAll chosen rows on, the expressions are computed for all rows. Below a share of tooFew they are computed for the chosen
// rows only. In between, the query keeps its way, because a change compiles a program.
const (
	nearlyAll = 7.0 / 8
	tooFew    = 3.0 / 4
)

// choose chooses rows and computes the expressions of the query.
func (c *chosen) choose(q *queried, b *trip.Batch, p *place) error {
	c.rows = p.visible.rows
	c.selection = selection{n: p.visible.n, count: p.visible.n}
	if c.n == 0 {
		return nil
	}
	where, err := c.condition(q, b, p)
	if err != nil {
		return err
	}
	c.restrict(where)
	if share := float64(c.count) / float64(c.n); share >= nearlyAll {
		c.most = true
	} else if share < tooFew {
		c.most = false
	}
	if c.count == 0 {
		return nil
	}
	if c.together(p) {
		c.selection.values = vectors{p.values, c.valuesOf}
		return nil
	}
	c.list()
	if len(q.values) == 0 {
		return nil
	}
	if c.values == nil {
		c.values = compute.Compile(q.values)
	}
	c.selection.values.program = c.values
	return c.values.Run(b, c.rows)
}

// condition returns the value of WHERE for each row.
func (c *chosen) condition(q *queried, b *trip.Batch, p *place) (*compute.Vector, error) {
	if p.values.Has(c.whereOf) {
		return p.values.Vector(c.whereOf), nil
	}
	if c.where == nil {
		c.where = compute.Compile([]*query.Expr{q.q.Where})
	}
	err := c.where.Run(b, p.visible.rows)
	return c.where.Vector(0), err
}

// together tells whether the query's expressions were computed together with those of other queries.
func (c *chosen) together(p *place) bool {
	if c.valuesOf == nil {
		return false
	}
	for _, i := range c.valuesOf {
		if !p.values.Has(i) {
			return false
		}
	}
	return true
}

// restrict removes the rows for which a condition is not true from the selection.
func (c *chosen) restrict(v *compute.Vector) {
	if v.Const {
		if !v.Value(0).True() {
			c.count = 0
		}
		return
	}
	c.mask = v.Bits[:(c.n+7)/8]
	if v.Valid != nil {
		c.bits = append(c.bits[:0], c.mask...)
		c.mask = c.bits
		for i, m := range v.Valid[:len(c.mask)] {
			c.mask[i] &= m
		}
	}
	if c.count = ones(c.mask, c.n); c.count == c.n {
		c.mask = nil
	}
}

// list replaces the mask by a list of the rows that it chooses.
func (c *chosen) list() {
	if c.mask == nil {
		return
	}
	c.memory = listOnes(c.memory, c.mask, c.n)
	if c.rows != nil {
		for i, row := range c.memory {
			c.memory[i] = c.rows[row]
		}
	}
	c.rows, c.n, c.mask = c.memory, len(c.memory), nil
}
