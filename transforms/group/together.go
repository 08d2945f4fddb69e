package group

import (
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// Together computes what the adders and listers of several queries need of the same batches. What queries without a WHERE need alike is
// computed once. The expressions of a query with a WHERE are its own: they need have no value in rows that it leaves out.
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
	values expressions // that are its own
}

// place has what was computed of a batch.
type place struct {
	visible visible
	values  *compute.Program // of Together.exprs
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
	known := t.knows(number)
	if !known {
		t.queries[number] = &queried{q: q}
	}
	own := t.queries[number]
	exprs := &t.exprs
	if q.Where != nil {
		exprs = &own.values
	}
	a := newAdder(q, maxGroups, exprs)
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

// Compute computes in a place what the queries without a WHERE need of a batch. Then adders and listers add the batch, each once, in any
// order or at the same time. An error is a [Failing].
func (t *Together) Compute(at int, b *trip.Batch) error {
	if len(t.queries) == 0 {
		return nil
	}
	p := t.places[at]
	p.visible.find(b)
	p.chosen = grown(p.chosen, len(t.queries), nil)
	for _, c := range p.chosen {
		if c != nil {
			c.done = false
		}
	}
	if p.visible.n == 0 || len(t.exprs) == 0 {
		return nil
	}
	if p.values == nil {
		p.values = compute.Compile(t.exprs)
	}
	if err := p.values.Run(b, p.visible.rows); err != nil {
		return t.failing(p, b, err)
	}
	return nil
}

// Choose computes after Compute what the queries with a WHERE need of the batch. Without it whoever adds the batch does it, and errors are
// told there in any case.
func (t *Together) Choose(at int, b *trip.Batch) {
	for i, q := range t.queries {
		if q != nil && q.q.Where != nil {
			t.chosen(at, i, b)
		}
	}
}

// chosen returns what a query with a WHERE chooses of the batch in a place.
func (t *Together) chosen(at, number int, b *trip.Batch) *chosen {
	p, q := t.places[at], t.queries[number]
	c := p.chosen[number]
	if c == nil {
		c = &chosen{where: compute.Compile([]*query.Expr{q.q.Where})}
		if len(q.values) > 0 {
			c.values = compute.Compile(q.values)
		}
		p.chosen[number] = c
	}
	if !c.done {
		c.err = c.choose(b, &p.visible)
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

// rows returns the rows of the batch in a place that count, nil for all, how many they are, and the program that has computed the
// expressions of the query.
func (a *addingTo) rows(at int, b *trip.Batch) (rows []int32, n int, values *compute.Program, err error) {
	p := a.together.places[at]
	if a.together.queries[a.number].q.Where == nil || p.visible.n == 0 {
		return p.visible.rows, p.visible.n, p.values, nil
	}
	c := a.together.chosen(at, a.number, b)
	if c.err != nil {
		return nil, 0, nil, c.err
	}
	a.filtered += int64(p.visible.n - c.n)
	return c.rows, c.n, c.values, nil
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
