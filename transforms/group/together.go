package group

import (
	"tripstats/transforms/compute"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// Together are adders of several queries that are given the same batches. What they need alike is computed once. The expressions of a query
// with a WHERE are its own: they need have no value in rows that it leaves out.
type Together struct {
	exprs  expressions
	values *compute.Program // nil until the first batch
	adders []*Adder         // that it computes for
	some   bool             // it has adders

	visible visible // of the batch
}

// Failing is the error of a query whose expressions have no value in a row.
type Failing struct {
	Query *query.Query
	Err   error
}

func (f *Failing) Error() string { return f.Err.Error() }
func (f *Failing) Unwrap() error { return f.Err }

// NewAdder is [NewAdder] for an adder that is given a batch after [Together.Compute]. It is called before the first batch.
func (t *Together) NewAdder(q *query.Query, maxGroups int64) *Adder {
	t.some = true
	if q.Where != nil {
		a := NewAdder(q, maxGroups)
		a.together, a.visible = t, &t.visible
		return a
	}
	a := newAdder(q, maxGroups, &t.exprs)
	a.together, a.visible = t, &t.visible
	t.adders = append(t.adders, a)
	return a
}

// Compute computes what all adders need of a batch. Then each adds the batch, in any order or at the same time. An error is a
// [Failing].
func (t *Together) Compute(b *trip.Batch) error {
	if !t.some {
		return nil
	}
	if t.values == nil {
		t.values = compute.Compile(t.exprs)
		for _, a := range t.adders {
			a.values = t.values
		}
	}
	t.visible.find(b)
	if t.visible.n == 0 || len(t.exprs) == 0 {
		return nil
	}
	if err := t.values.Run(b, t.visible.rows); err != nil {
		return t.failing(b, err)
	}
	return nil
}

// failing finds whose expressions have no value.
func (t *Together) failing(b *trip.Batch, err error) error {
	for _, a := range t.adders {
		if own := compute.Compile(a.used).Run(b, t.visible.rows); own != nil {
			return &Failing{a.q, own}
		}
	}
	return err
}
