package group

import (
	"math"

	"tripstats/transforms/query"
)

// plan says which parts the state of a group has, and which aggregate is made of which part. Aggregates share parts.
type plan struct {
	parts []part
	of    []source // by aggregate
}

// part is what the trips of a group add up to in one respect.
type part struct {
	form   form
	arg    *query.Expr // over trips; nil for all
	by     *query.Expr // of leastBy and mostBy
	filter *query.Expr

	// Of a set: the places that its aggregates ask for. If one of them needs all of its values, whole is true.
	marks []mark
	whole bool
}

// source is where the value of an aggregate comes from. What a part holds may be what apply is applied to: apply is a function of
// KeyRef 0 that never falls. It is nil if the part holds the values themselves.
type source struct {
	part  int
	apply *query.Expr
	inner query.Type // of the part's values
	steps []step     // apply as steps; nil if it cannot be written as steps

	mark *mark // the place of the value in a set; nil if there is none
	at   int   // the index of mark's value among the values at all marks of the set
}

// planOf makes the plan of a query. It is the same for each run of the query, as states travel.
func planOf(q *query.Query) *plan {
	p := &plan{of: make([]source, len(q.Aggregates))}
	p.eachOf(q, func(a *query.Aggregate) bool { return a.Distinct || kindOf(a) == ofSet }, func(a *query.Aggregate) source {
		inner := innerOf(a.Args[0])
		i := p.add(part{form: form{kind: valueSet, class: classOf(inner.Type)}, arg: inner, filter: a.Filter})
		return newSource(i, a.Args[0], inner)
	})
	p.eachOf(q, func(a *query.Aggregate) bool { return !a.Distinct && kindOf(a) == ofSum }, func(a *query.Aggregate) source {
		f := form{kind: sum}
		if a.Args[0].Type.Kind == query.Double {
			f.kind = floatSum
		}
		return source{part: p.add(part{form: f, arg: a.Args[0], filter: a.Filter}), inner: a.Args[0].Type}
	})
	p.eachOf(q, func(a *query.Aggregate) bool { return kindOf(a) == ofPair }, func(a *query.Aggregate) source {
		f := form{kind: leastBy, class: classOf(a.Args[0].Type), by: classOf(a.Args[1].Type)}
		if a.Func.Name == "arg_max" {
			f.kind = mostBy
		}
		return source{part: p.add(part{form: f, arg: a.Args[0], by: a.Args[1], filter: a.Filter}), inner: a.Args[0].Type}
	})
	p.eachOf(q, func(a *query.Aggregate) bool { return kindOf(a) == ofEnd }, func(a *query.Aggregate) source {
		inner := innerOf(a.Args[0])
		i := p.find(inner, a.Filter, valueSet)
		if i < 0 {
			f := form{kind: least, class: classOf(inner.Type)}
			if a.Func.Name == "max" {
				f.kind = most
			}
			i = p.add(part{form: f, arg: inner, filter: a.Filter})
		}
		return newSource(i, a.Args[0], inner)
	})
	p.eachOf(q, func(a *query.Aggregate) bool { return !a.Distinct && kindOf(a) == ofCount }, func(a *query.Aggregate) source {
		if len(a.Args) == 0 {
			return source{part: p.add(part{form: form{kind: count}, filter: a.Filter})}
		}
		i := p.find(innerOf(a.Args[0]), a.Filter, valueSet, sum, floatSum)
		if i < 0 {
			i = p.add(part{form: form{kind: count}, arg: innerOf(a.Args[0]), filter: a.Filter})
		}
		return source{part: i}
	})
	p.mark(q)
	return p
}

// mark marks the places in sets that aggregates ask for.
func (p *plan) mark(q *query.Query) {
	marked := make([]int, len(p.of)) // the index of a source's mark
	for i := range p.of {
		from := &p.of[i]
		part, k := &p.parts[from.part], kindOf(&q.Aggregates[i])
		switch {
		case part.form.kind != valueSet:
		case k == ofCount:
			part.whole = part.whole || q.Aggregates[i].Distinct && from.apply != nil
		default:
			m := markOf(&q.Aggregates[i])
			from.mark = &m
			part.marks, marked[i] = addMark(part.marks, m)
		}
	}
	for i := range p.parts {
		p.parts[i].form.marks = writeMarks(p.parts[i].marks)
	}
	for i := range p.of {
		if from := &p.of[i]; from.mark != nil {
			for _, m := range p.parts[from.part].marks[:marked[i]] {
				from.at += m.values()
			}
		}
	}
}

// What aggregates are made of.
const (
	ofCount = iota
	ofSum
	ofEnd
	ofPair
	ofSet
)

func kindOf(a *query.Aggregate) int {
	switch a.Func.Name {
	case "count":
		return ofCount
	case "sum", "avg":
		return ofSum
	case "min", "max":
		return ofEnd
	case "arg_min", "arg_max":
		return ofPair
	}
	return ofSet
}

func (p *plan) eachOf(q *query.Query, is func(*query.Aggregate) bool, sourceOf func(*query.Aggregate) source) {
	for i := range q.Aggregates {
		if a := &q.Aggregates[i]; is(a) {
			p.of[i] = sourceOf(a)
		}
	}
}

// add returns the index of a part, which is new unless there is one like it.
func (p *plan) add(n part) int {
	for i, o := range p.parts {
		if n.form == o.form && n.arg.Same(o.arg) && n.by.Same(o.by) && n.filter.Same(o.filter) {
			return i
		}
	}
	p.parts = append(p.parts, n)
	return len(p.parts) - 1
}

// find returns the index of a part of some kinds that has the values of an argument, or -1.
func (p *plan) find(arg, filter *query.Expr, kinds ...kind) int {
	for _, k := range kinds {
		for i, o := range p.parts {
			if o.form.kind == k && arg.Same(innerOf(o.arg)) && filter.Same(o.filter) {
				return i
			}
		}
	}
	return -1
}

// forms are the forms of the parts.
func (p *plan) forms() []form {
	forms := make([]form, len(p.parts))
	for i := range p.parts {
		forms[i] = p.parts[i].form
	}
	return forms
}

// innerOf returns the expression of exact numbers of which a double follows by a function that never falls, such as the duration in
// microseconds by which minutes are computed. It is e itself if there is none. It is NULL where e is.
func innerOf(e *query.Expr) *query.Expr {
	for inner := e; ; {
		if d := derivationOf(inner); d != nil {
			inner = d
		}
		switch {
		case inner.Type.Kind != query.Double:
			if classOf(inner.Type) != exact || inner.Type.Kind == query.Null {
				return e
			}
			return inner
		case inner.Op != query.Call:
			return e
		}
		switch name, args := inner.Func.Name, inner.Args; {
		case name == "cast", (name == "/" || name == "*") && isPositive(args[1]):
			inner = args[0]
		case name == "*" && isPositive(args[0]):
			inner = args[1]
		default:
			return e
		}
	}
}

// derivationOf returns the expression of a derived column.
func derivationOf(e *query.Expr) *query.Expr {
	if e.Op != query.ColumnRef || e.Type.Kind != query.Double {
		return nil
	}
	return query.Derivation(e.Index)
}

func isPositive(e *query.Expr) bool {
	return e.Op == query.Literal && !e.Value.IsNull && e.Value.Float > 0 && e.Value.Float <= math.MaxFloat64
}

// applyOf returns e as a function of inner, as KeyRef 0.
func applyOf(e, inner *query.Expr) *query.Expr {
	if e == inner {
		return nil
	}
	if d := derivationOf(e); d != nil {
		return applyOf(d, inner)
	}
	c := *e
	c.Args = make([]*query.Expr, len(e.Args))
	for i, a := range e.Args {
		switch {
		case a == inner:
			c.Args[i] = &query.Expr{Op: query.KeyRef, Type: inner.Type}
		case a.Op == query.Literal:
			c.Args[i] = a
		default:
			c.Args[i] = applyOf(a, inner)
		}
	}
	return &c
}

func newSource(part int, e, inner *query.Expr) source {
	s := source{part: part, apply: applyOf(e, inner), inner: inner.Type}
	s.steps, _ = stepsOf(s.apply)
	return s
}

// value applies the source's function to a value of the part.
func (s *source) value(v query.Value) (query.Value, error) {
	if s.apply == nil || v.IsNull {
		return v, nil
	}
	if s.steps != nil && s.inner.Kind != query.Decimal && s.inner.Kind != query.HugeInt {
		return query.Value{Float: s.double(v.Int)}, nil
	}
	return s.apply.Eval(func(*query.Expr) (query.Value, error) { return v, nil })
}

// step divides a double by a number, or multiplies it by a number.
type step struct {
	divides bool
	by      float64
}

// stepsOf writes a function of a whole number as steps. They are applied after the number is cast to a double. ok is false if the function does
// anything else.
func stepsOf(e *query.Expr) (steps []step, ok bool) {
	if e == nil || e.Op != query.Call {
		return nil, false
	}
	number := func(a *query.Expr) (float64, bool) {
		return a.Value.Float, a.Op == query.Literal && !a.Value.IsNull && a.Type.Kind == query.Double
	}
	switch args := e.Args; {
	case e.Type.Kind != query.Double:
		return nil, false
	case e.Func.Name == "cast" && args[0].Op == query.KeyRef && args[0].Type.Kind != query.Double:
		return []step{}, true
	case e.Func.Name == "cast" && args[0].Type.Kind == query.Double:
		return stepsOf(args[0])
	case e.Func.Name == "/" || e.Func.Name == "*":
		if by, is := number(args[1]); is {
			if steps, ok = stepsOf(args[0]); ok {
				return append(steps, step{e.Func.Name == "/", by}), true
			}
		} else if by, is := number(args[0]); is && e.Func.Name == "*" {
			if steps, ok = stepsOf(args[1]); ok {
				return append(steps, step{by: by}), true
			}
		}
	}
	return nil, false
}

// double casts a whole number to a double, and applies the steps to it.
func (s *source) double(v int64) float64 {
	f := float64(v)
	for _, x := range s.steps {
		if x.divides {
			f /= x.by
		} else {
			f *= x.by
		}
	}
	return f
}
