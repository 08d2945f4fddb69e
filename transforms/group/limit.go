package group

import "tripstats/transforms/query"

// noErrors tells whether no aggregate can have an error, whatever the trips are.
func (f *finisher) noErrors() bool {
	for i := range f.q.Aggregates {
		a, from := &f.q.Aggregates[i], &f.plan.of[i]
		applies := from.apply == nil || from.steps != nil && from.inner.Kind != query.Decimal && from.inner.Kind != query.HugeInt
		switch kindOf(a) {
		case ofCount:
		case ofEnd, ofSet:
			if !applies || a.Func.Name == "median" || a.Func.Name == "quantile_cont" {
				return false
			}
		default:
			return false
		}
		if a.Distinct && !applies {
			return false
		}
	}
	return true
}

// limit is a HAVING that compares a whole number with a constant. Most are of this form, and comparing is much faster than evaluating an expression.
type limit struct {
	of       *query.Expr // a key or an aggregate
	operator string
	constant int64
}

// limitOf returns the limit that an expression is, or nil if it is none.
func limitOf(e *query.Expr) *limit {
	if e == nil || e.Op != query.Call || len(e.Args) != 2 {
		return nil
	}
	of, constant := e.Args[0], e.Args[1]
	whole := of.Type.Kind == query.Integer || of.Type.Kind == query.BigInt
	if !whole || of.Type != constant.Type || of.Op != query.KeyRef && of.Op != query.AggregateRef || constant.Op != query.Literal || constant.Value.IsNull {
		return nil
	}
	switch e.Func.Name {
	case "=", "<>", "<", "<=", ">", ">=":
		return &limit{of, e.Func.Name, constant.Value.Int}
	}
	return nil
}

func (l *limit) keeps(v int64) bool {
	switch l.operator {
	case "=":
		return v == l.constant
	case "<>":
		return v != l.constant
	case "<":
		return v < l.constant
	case "<=":
		return v <= l.constant
	case ">":
		return v > l.constant
	}
	return v >= l.constant
}
