package query

import (
	"math"
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// Bounds tells what is known of a column of trips, an index of [Columns], in some rows: none is NULL, and all lie from low to high, both
// included. If low is NULL, the column is NULL in all rows. It is not ok if nothing is known.
type Bounds func(column int) (low, high Value, ok bool)

// BoundsOf returns what is known of the trips of a file that rules let count: their taxi, and the month of their pickup. The taxi "" and
// the month element.NoMonth are not known.
func BoundsOf(taxi string, month int32) Bounds {
	return func(column int) (low, high Value, ok bool) {
		switch source := Columns[column].Source; {
		case Columns[column].Derived != "":
		case source.Taxi:
			return textValue(taxi), textValue(taxi), taxi != ""
		case source.Field == trip.Pickup && month != element.NoMonth:
			first, next := int64(trip.FirstDay(month))*microsPerDay, int64(trip.FirstDay(month+1))*microsPerDay
			return intValue(first), intValue(next - 1), true
		}
		return null, null, false
	}
}

// CanMatch tells whether WHERE can be true for a row within the bounds. If it is false, none of these rows has to be read. It may be true
// although no row matches, because each part of an expression is looked at by itself.
func (q *Query) CanMatch(known Bounds) bool {
	return q.Where == nil || known.of(q.Where).canBe(true)
}

// span is what an expression can be.
type span struct {
	null, value bool // it can be NULL, or have a value
	known       bool // the values lie from low to high
	low, high   Value
}

var (
	onlyNull = span{null: true}
	unknown  = span{null: true, value: true}
)

func spanOf(v Value) span {
	if v.IsNull {
		return onlyNull
	}
	return span{value: true, known: true, low: v, high: v}
}

// truth is what a condition can be.
func truth(canTrue, canFalse, canNull bool) span {
	return span{null: canNull, value: canTrue || canFalse, known: true, low: boolValue(!canFalse), high: boolValue(canTrue)}
}

// canBe tells whether a condition can be true, or false.
func (s span) canBe(is bool) bool {
	return s.value && (!s.known || s.low.True() == is || s.high.True() == is)
}

// single tells whether there is only one value, and no NULL.
func (s span) single(t Type) bool {
	if s.null || !s.known {
		return false
	}
	return t.Compare(s.low, s.high) == 0 && math.Float64bits(s.low.Float) == math.Float64bits(s.high.Float) // 0 and -0 are two
}

// of returns what e can be.
func (known Bounds) of(e *Expr) span {
	switch e.Op {
	case Literal:
		return spanOf(e.Value)
	case ColumnRef:
		low, high, ok := known(e.Index)
		switch d := Derivation(e.Index); {
		case ok && low.IsNull:
			return onlyNull
		case ok:
			return span{value: true, known: true, low: low, high: high}
		case d != nil:
			return known.of(d)
		}
		return unknown
	case Call:
		return known.call(e)
	}
	return unknown
}

func (known Bounds) call(e *Expr) span {
	if e.Func.Name == "case" {
		return known.ofCase(e)
	}
	args := make([]span, len(e.Args))
	single := true
	for i, a := range e.Args {
		args[i] = known.of(a)
		single = single && args[i].single(a.Type)
	}
	if single {
		if v, err := at(e, args, 0); err == nil {
			return spanOf(v)
		}
		return unknown
	}
	if truths := comparisons[e.Func.Name]; truths != nil {
		return compare(e.Args[0].Type, truths, args[0], args[1])
	}
	switch e.Func.Name {
	case "and":
		return conjunction(args...)
	case "or":
		return not(conjunction(mapped(args, not)...))
	case "not":
		return not(args[0])
	case "is null":
		return truth(args[0].null, args[0].value, false)
	case "between":
		t := e.Args[0].Type
		return conjunction(compare(t, comparisons[">="], args[0], args[1]), compare(t, comparisons["<="], args[0], args[2]))
	case "in":
		unequal := mapped(args[1:], func(a span) span { return compare(e.Args[0].Type, comparisons["<>"], args[0], a) })
		return not(conjunction(unequal...))
	case "coalesce":
		if i := slices.IndexFunc(args, func(a span) bool { return !a.null }); i >= 0 {
			args = args[:i+1]
		}
		return oneOf(e.Type, args)
	case "least", "greatest":
		return oneOf(e.Type, args)
	}
	return function(e, args)
}

func mapped(list []span, to func(span) span) []span {
	out := make([]span, len(list))
	for i, s := range list {
		out[i] = to(s)
	}
	return out
}

// ofCase is one of the results whose conditions can be true.
func (known Bounds) ofCase(e *Expr) span {
	var results []span
	last := len(e.Args) - 1
	for i := 0; i < last; i += 2 {
		condition := known.of(e.Args[i])
		if condition.canBe(true) {
			results = append(results, known.of(e.Args[i+1]))
		}
		if !condition.null && !condition.canBe(false) { // the others are not reached
			return union(e.Type, results)
		}
	}
	return union(e.Type, append(results, known.of(e.Args[last])))
}

// union is what any of several expressions can be.
func union(t Type, list []span) span {
	out := span{known: true}
	for _, s := range list {
		switch {
		case !s.value:
		case !s.known:
			out.known = false
		case !out.value:
			out.low, out.high = s.low, s.high
		case out.known:
			if t.Compare(s.low, out.low) < 0 {
				out.low = s.low
			}
			if t.Compare(s.high, out.high) > 0 {
				out.high = s.high
			}
		}
		out.null, out.value = out.null || s.null, out.value || s.value
	}
	return out
}

// oneOf is union for a function that returns one of its arguments that is not NULL, and NULL if all are.
func oneOf(t Type, args []span) span {
	out := union(t, args)
	out.null = !slices.ContainsFunc(args, func(a span) bool { return !a.null })
	return out
}

// conjunction is AND: false if an operand is false, else NULL if one is NULL.
func conjunction(list ...span) span {
	canTrue, canFalse, canNull, anyNull := true, false, true, false
	for _, s := range list {
		canTrue = canTrue && s.canBe(true)
		canFalse = canFalse || s.canBe(false)
		canNull = canNull && (s.null || s.canBe(true))
		anyNull = anyNull || s.null
	}
	return truth(canTrue, canFalse, canNull && anyNull)
}

func not(s span) span { return truth(s.canBe(false), s.canBe(true), s.null) }

// comparisons tells of each operator whether it is true for a smaller, an equal and a larger left side.
var comparisons = map[string]*[3]bool{
	"=": {false, true, false}, "<>": {true, false, true}, "<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true},
}

func compare(t Type, truths *[3]bool, a, b span) span {
	if !a.value || !b.value {
		return onlyNull
	}
	if !a.known || !b.known {
		return truth(true, true, a.null || b.null)
	}
	canTrue, canFalse := false, false
	for i, possible := range [3]bool{
		t.Compare(a.low, b.high) < 0,
		t.Compare(a.low, b.high) <= 0 && t.Compare(b.low, a.high) <= 0,
		t.Compare(a.high, b.low) > 0,
	} {
		canTrue, canFalse = canTrue || possible && truths[i], canFalse || possible && !truths[i]
	}
	return truth(canTrue, canFalse, a.null || b.null)
}

// function is a function that is NULL if an argument is.
func function(e *Expr, args []span) span {
	if slices.ContainsFunc(args, func(a span) bool { return !a.value }) {
		return onlyNull
	}
	if !monotone(e, args) {
		return unknown
	}
	out := span{value: true}
	for corner := range 1 << len(args) {
		v, err := at(e, args, corner)
		if err != nil || v.IsNull || math.IsNaN(v.Float) {
			return unknown
		}
		if corner == 0 || e.Type.Compare(v, out.low) < 0 {
			out.low = v
		}
		if corner == 0 || e.Type.Compare(v, out.high) > 0 {
			out.high = v
		}
	}
	out.known = true
	out.null = slices.ContainsFunc(args, func(a span) bool { return a.null })
	return out
}

// at computes a call of the lowest or highest values of its arguments: the highest of those with a bit in corner.
func at(e *Expr, args []span, corner int) (Value, error) {
	literals := make([]*Expr, len(args))
	for i, a := range args {
		literals[i] = literal(0, e.Args[i].Type, a.low)
		if corner>>i&1 == 1 {
			literals[i].Value = a.high
		}
	}
	return call(0, e.Func, e.Type, literals...).Eval(nil)
}

// monotone tells whether a call only rises, or only falls, with each of its arguments within their bounds. Then its extremes are among
// its values at the bounds.
func monotone(e *Expr, args []span) bool {
	for i, a := range args {
		finite := func(v Value) bool {
			return e.Args[i].Type.Kind != Double || !math.IsInf(v.Float, 0) && !math.IsNaN(v.Float)
		}
		if !a.known || !finite(a.low) || !finite(a.high) {
			return false
		}
	}
	switch name := e.Func.Name; name {
	case "+", "-", "*", "negate", "floor", "ceil", "date_trunc":
		return true
	case "/", "//":
		zero, err := convert(integer, e.Args[1].Type, intValue(0))
		t := e.Args[1].Type
		return err == nil && (t.Compare(args[1].low, zero) > 0 || t.Compare(args[1].high, zero) < 0)
	case "round":
		return e.Type.Kind != Double || len(args) == 1
	case "cast":
		from, to := e.Args[0].Type, e.Type
		return from.isNumber() && to.isNumber() || from.isTime() && to.isTime()
	default:
		return partRises(name, args)
	}
}

// cycles tells in which part of the calendar a part of a time rises. A year always does.
var cycles = map[string]string{
	"quarter": "year", "month": "year", "week": "week", "day": "month", "isodow": "week", "hour": "day", "minute": "hour", "second": "minute",
}

// partRises tells whether a function is a part of a time that rises from one bound to the other.
func partRises(name string, args []span) bool {
	if name == "year" {
		return true
	}
	i := slices.IndexFunc(dateParts, func(d datePart) bool { return d.name == cycles[name] })
	return i >= 0 && dateParts[i].trunc(args[0].low.Int) == dateParts[i].trunc(args[0].high.Int)
}
