package group

import (
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// Together computes the expressions that the adders and listers of several queries need of the same batches. An expression that several queries need
// is computed once. Of a query with a WHERE, the condition is computed here too, and its other expressions as long as WHERE chooses nearly all rows.
// Such a query needs no values in rows that it leaves out. If one of its expressions has no value in some row, the query computes its expressions by
// itself, only in the rows that it chooses.
//
// Batches are computed in places, each of which holds what was computed of its last batch. Several places may be used at the same time.
// Adders are made before the first batch; later ones are for the same queries, such as those of another source.
type Together struct {
	exprs   expressions
	queries []*queried // by their number
	places  []*place

	scratches scratches
	fillers   fillers
}

// queried is a query of a Together.
type queried struct {
	q      *query.Query
	used   []*query.Expr
	values expressions // the expressions of a query with a WHERE, without the condition
}

// place has what was computed of a batch.
type place struct {
	visible visible
	values  *compute.Program // computes Together.exprs, and then the expressions of queries with a WHERE
	coded   []*placedCodes   // by the number of the expression in Together.exprs
	chosen  []*chosen        // by number of the query; nil without a WHERE
}

// Failing is the error of a query whose expressions have no value in a row.
type Failing struct {
	Query *query.Query
	Err   error
}

func (f *Failing) Error() string { return f.Err.Error() }
func (f *Failing) Unwrap() error { return f.Err }

// NewAdder returns an adder of a query that is Grouped. Each query has a number; the numbers are small. More than maxGroups groups are an
// error.
func (t *Together) NewAdder(number int, q *query.Query, maxGroups int64) *Adder {
	return t.NewKeys().NewAdder(number, q, maxGroups)
}

// NewAdder is [Together.NewAdder] for an adder that shares its keys with other adders.
func (s *Keys) NewAdder(number int, q *query.Query, maxGroups int64) *Adder {
	t := s.together
	known := t.knows(number)
	if !known {
		t.queries[number] = &queried{q: q}
	}
	own := t.queries[number]
	exprs, keys := &t.exprs, s
	if q.Where != nil {
		exprs, keys = &own.values, nil
	}
	a := newAdder(q, maxGroups, exprs, keys)
	a.together, a.number = t, number
	own.used = a.used
	return a
}

// NewLister returns a lister of a query that is not Grouped and has a LIMIT.
func (t *Together) NewLister(number int, q *query.Query) *Lister {
	if !t.knows(number) {
		t.queries[number] = &queried{q: q}
	}
	l := newLister(q)
	l.together, l.number = t, number
	return l
}

// knows tells whether it has a query of a number.
func (t *Together) knows(number int) bool {
	for len(t.queries) <= number {
		t.queries = append(t.queries, nil)
	}
	return t.queries[number] != nil
}

// Grow makes so many places. It must not be called while batches are computed or added.
func (t *Together) Grow(places int) {
	for len(t.places) < places {
		t.places = append(t.places, new(place))
	}
}

// Compute computes in a place what the queries need of a batch. After that, each adder and lister adds the batch once; they may do so in any order, or
// at the same time. An error is a [Failing].
func (t *Together) Compute(at int, b *trip.Batch) error {
	if len(t.queries) == 0 {
		return nil
	}
	p := t.places[at]
	p.visible.find(b)
	p.chosen = grown(p.chosen, len(t.queries), nil)
	for i, q := range t.queries {
		switch {
		case q == nil || q.q.Where == nil:
			continue
		case p.chosen[i] == nil:
			p.chosen[i] = &chosen{}
			p.values = nil
		}
		p.chosen[i].done = false
	}
	for len(p.coded) < len(t.exprs) {
		p.coded = append(p.coded, new(placedCodes))
	}
	for _, c := range p.coded {
		c.of = nil
	}
	if p.visible.n == 0 {
		return nil
	}
	if !t.compiled(p) {
		t.compile(p)
	}
	if err := p.values.Run(b, p.visible.rows); err != nil {
		return t.failing(p, b, err)
	}
	return nil
}

// compile makes the program of a place. The program computes the expressions of all queries without a WHERE, each WHERE, and the expressions of the
// queries whose WHERE chooses nearly all rows.
func (t *Together) compile(p *place) {
	all := slices.Clone(t.exprs)
	for i, q := range t.queries {
		if q == nil || q.q.Where == nil {
			continue
		}
		c := p.chosen[i]
		c.whereOf, c.valuesOf = all.index(q.q.Where), nil
		if c.most && q.q.Grouped {
			c.valuesOf = make([]int, len(q.values))
			for k, e := range q.values {
				c.valuesOf[k] = all.index(e)
			}
		}
	}
	p.values = compute.CompileSome(all, len(t.exprs))
}

// compiled tells whether the place has a program, with the expressions that it should have.
func (t *Together) compiled(p *place) bool {
	for i, c := range p.chosen {
		if c != nil && t.queries[i].q.Grouped && c.most != (c.valuesOf != nil) {
			return false
		}
	}
	return p.values != nil
}

// Choose computes what the queries with a WHERE still need of the batch. It may be called after Compute. If it is not called, adding the batch computes
// the same. Errors are returned by adding the batch in both cases.
func (t *Together) Choose(at int, b *trip.Batch) {
	for i, q := range t.queries {
		if q != nil && q.q.Where != nil {
			t.chosen(at, i, b)
		}
	}
}

// chosen returns what a query with a WHERE chooses of the batch in a place.
func (t *Together) chosen(at, number int, b *trip.Batch) *chosen {
	p := t.places[at]
	c := p.chosen[number]
	if !c.done {
		c.err = c.choose(t.queries[number], b, p)
		c.done = true
	}
	return c
}

// failing finds whose expressions have no value.
func (t *Together) failing(p *place, b *trip.Batch, err error) error {
	for _, q := range t.queries {
		if q == nil || q.q.Where != nil || len(q.used) == 0 {
			continue
		}
		if own := compute.Compile(q.used).Run(b, p.visible.rows); own != nil {
			return &Failing{q.q, own}
		}
	}
	return err
}

// addingTo is what adders and listers have in common.
type addingTo struct {
	together *Together
	number   int // of the query
	filtered int64
}

// rows returns the rows of the batch in a place that have values, or nil if all have, and the selection of those that count.
func (a *addingTo) rows(at int, b *trip.Batch) (rows []int32, s selection, err error) {
	p := a.together.places[at]
	if a.together.queries[a.number].q.Where == nil || p.visible.n == 0 {
		return p.visible.rows, selection{n: p.visible.n, count: p.visible.n, values: vectors{program: p.values}}, nil
	}
	c := a.together.chosen(at, a.number, b)
	if c.err != nil {
		return nil, s, c.err
	}
	a.filtered += int64(p.visible.n - c.count)
	return c.rows, c.selection, nil
}

// alone computes a batch for an adder or lister that has no others beside it.
func (a *addingTo) alone(b *trip.Batch) error {
	a.together.Grow(1)
	err := a.together.Compute(0, b)
	if failing, ok := err.(*Failing); ok {
		return failing.Err
	}
	return err
}

// fieldsOf are the columns of trips that expressions and WHERE read, ascending.
func fieldsOf(q *query.Query, exprs []*query.Expr, more ...trip.Field) []trip.Field {
	fields := append(more, compute.Compile(exprs).Fields()...)
	if q.Where != nil {
		fields = append(fields, compute.Compile([]*query.Expr{q.Where}).Fields()...)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}
