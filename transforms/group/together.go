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

	rows     []int32 // of the batch, that no rule refuses; nil for all
	n        int     // their number
	selected []int32
}

// NewAdder is [NewAdder] for an adder that is given a batch after [Together.Compute]. It is called before the first batch.
func (t *Together) NewAdder(q *query.Query, maxGroups int64) *Adder {
	t.some = true
	if q.Where != nil {
		a := NewAdder(q, maxGroups)
		a.together = t
		return a
	}
	a := newAdder(q, maxGroups, &t.exprs)
	a.together = t
	t.adders = append(t.adders, a)
	return a
}

// Compute computes what all adders need of a batch. Then each adds the batch, in any order or at the same time. An error is as that of
// [Adder.Add].
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
	if t.rows, t.n = visible(b, t.selected); t.rows != nil {
		t.selected = t.rows
	}
	if t.n == 0 || len(t.exprs) == 0 {
		return nil
	}
	return t.values.Run(b, t.rows)
}
