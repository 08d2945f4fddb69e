package query

import (
	"maps"
	"slices"
)

// ColumnNames returns the names of all columns of trips that the query names, sorted.
func (q *Query) ColumnNames() []string {
	names := map[string]bool{}
	var visit func(e *Expr)
	visit = func(e *Expr) {
		if e == nil {
			return
		}
		if e.Op == ColumnRef {
			names[Columns[e.Index].Name] = true
		}
		for _, a := range e.Args {
			visit(a)
		}
	}
	visit(q.Where)
	visit(q.Having)
	for _, k := range q.Keys {
		visit(k)
	}
	for _, a := range q.Aggregates {
		visit(a.Filter)
		for _, arg := range a.Args {
			visit(arg)
		}
	}
	for _, c := range q.Columns {
		visit(c.Expr)
	}
	for _, o := range q.Order {
		visit(o.Expr)
	}
	return slices.Sorted(maps.Keys(names))
}
