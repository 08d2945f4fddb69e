package query

import (
	"strconv"
	"strings"
)

// Frame is a query that is being built in Go, as one builds with data frames:
//
//	query.Trips().
//		Filter(query.Col("fare_amount").Is(">", query.Int(0))).
//		Aggregate([]query.Item{query.Col("taxi").As("")}, query.Fn("median", query.Col("fare_amount")).As("median_fare")).
//		Sort(query.Asc(query.Col("taxi"))).
//		Query("fares")
//
// It gives the query that [ParseTables] gives of the same SELECT.
type Frame struct{ s statement }

// Term is an expression that is being built.
type Term struct{ n *node }

// Item is an expression with the name that it has in the result, or with "" a column with its own.
type Item struct {
	Term Term
	Name string
}

// SortKey is what rows are sorted by.
type SortKey struct{ o orderNode }

// Trips begins a query.
func Trips() *Frame { return &Frame{statement{off: built, table: theTable}} }

// Filter keeps the trips that fulfil all conditions: WHERE.
func (f *Frame) Filter(conditions ...Term) *Frame {
	f.s.where = all(f.s.where, conditions)
	return f
}

// Aggregate makes a row for each combination of keys, with the keys and the values: SELECT keys, values ... GROUP BY keys.
func (f *Frame) Aggregate(keys []Item, values ...Item) *Frame {
	for _, k := range keys {
		f.s.groups = append(f.s.groups, k.Term.n)
	}
	return f.Select(append(keys[:len(keys):len(keys)], values...)...)
}

// Select adds columns to the result.
func (f *Frame) Select(items ...Item) *Frame {
	for _, i := range items {
		f.s.items = append(f.s.items, itemNode{expr: i.Term.n, alias: i.Name, aliasOff: built})
	}
	return f
}

// Having keeps the groups that fulfil all conditions.
func (f *Frame) Having(conditions ...Term) *Frame {
	f.s.having = all(f.s.having, conditions)
	return f
}

// Sort sorts the rows: ORDER BY.
func (f *Frame) Sort(keys ...SortKey) *Frame {
	for _, k := range keys {
		f.s.order = append(f.s.order, k.o)
	}
	return f
}

// Limit keeps the first rows.
func (f *Frame) Limit(rows int64) *Frame {
	f.s.limit = &rows
	return f
}

// Query checks the query and gives it a name. The error is of type [Errors].
func (f *Frame) Query(name string) (*Query, error) {
	r := reportOn("table "+name, "")
	f.s.name = name
	if f.s.items == nil {
		r.add(built, msgUnexpected, "no column", "Select or Aggregate")
	}
	if !tableName.MatchString(name) {
		r.add(built, msgTableName, shorten(name))
	}
	if f.s.limit != nil && *f.s.limit < 0 {
		r.add(built, msgLimit, strconv.FormatInt(*f.s.limit, 10))
	}
	if f.tooDeep() {
		r.add(built, msgTooDeep, maxLevels)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	s := f.s
	if q := check(r, &s); q != nil {
		if checkTable(r, &s, q); len(r.errors) == 0 {
			return q, nil
		}
	}
	return nil, r.err()
}

func (f *Frame) tooDeep() bool {
	list := append([]*node{f.s.where, f.s.having}, f.s.groups...)
	for _, i := range f.s.items {
		list = append(list, i.expr)
	}
	for _, o := range f.s.order {
		list = append(list, o.expr)
	}
	for _, n := range list {
		if n != nil && n.depth > maxLevels {
			return true
		}
	}
	return false
}

// all joins conditions by AND.
func all(first *node, conditions []Term) *node {
	var list []*node
	switch {
	case first != nil && first.kind == nodeOp && first.text == "and":
		list = first.args
	case first != nil:
		list = []*node{first}
	}
	for _, c := range conditions {
		list = append(list[:len(list):len(list)], c.n)
	}
	if len(list) == 1 {
		return list[0]
	}
	return newNode(nodeOp, built, "and", list...)
}

func term(kind nodeKind, text string, args ...Term) Term {
	nodes := make([]*node, len(args))
	for i, a := range args {
		nodes[i] = a.n
	}
	return Term{newNode(kind, built, text, nodes...)}
}

// Col is a column of trips, or an item by its name.
func Col(name string) Term { return term(nodeColumn, strings.ToLower(name)) }

// Int is a whole number.
func Int(v int64) Term { return term(nodeNumber, strconv.FormatInt(v, 10)) }

// Number is a number as it is written in SQL, such as 1.5 (a decimal) or 15e-1 (a double).
func Number(s string) Term {
	if digits := strings.TrimPrefix(s, "-"); digits == "" || digits == "." || numberLength(digits) != len(digits) {
		return term(nodeCall, s) // a function that does not exist
	}
	return term(nodeNumber, s)
}

// Text is a text. It takes the type of what it is compared with.
func Text(s string) Term { return term(nodeText, s) }

// Bool is true or false.
func Bool(b bool) Term { return term(nodeBool, strconv.FormatBool(b)) }

// NoValue is NULL.
func NoValue() Term { return term(nodeNull, "null") }

// Day is a date, as 2024-01-31.
func Day(s string) Term { return term(nodeTyped, "DATE", Text(s)) }

// Time is a timestamp, as 2024-01-31 13:05:59.
func Time(s string) Term { return term(nodeTyped, "TIMESTAMP", Text(s)) }

// Fn is a call of a function or an aggregate: hour(t) is Fn("hour", t).
func Fn(name string, args ...Term) Term { return term(nodeCall, strings.ToLower(name), args...) }

// CountAll is count(*).
func CountAll() Term { return Fn("count", term(nodeStar, "*")) }

// Case is CASE WHEN condition THEN result ... ELSE otherwise END; cases are conditions and their results by turns.
func Case(otherwise Term, cases ...Term) Term {
	n := newNode(nodeOp, built, "case", append([]*node{nil}, nodesOf(append(cases[:len(cases):len(cases)], otherwise))...)...)
	if len(cases) == 0 || len(cases)%2 != 0 {
		return Fn("case without a result")
	}
	return Term{n}
}

// Is compares or computes with an operator: a.Is(">", b), a.Is("/", b).
func (t Term) Is(operator string, other Term) Term {
	b, ok := binary[operator]
	if !ok {
		return Fn(operator, t, other) // a function that does not exist
	}
	return term(nodeOp, b.name, t, other)
}

// And is true if all are.
func (t Term) And(others ...Term) Term {
	return term(nodeOp, "and", append([]Term{t}, others...)...)
}

// Or is true if one is.
func (t Term) Or(others ...Term) Term {
	return term(nodeOp, "or", append([]Term{t}, others...)...)
}

// Not is true if t is false.
func (t Term) Not() Term { return term(nodeOp, "not", t) }

// Negative is the number with the other sign.
func (t Term) Negative() Term { return term(nodeOp, "negate", t) }

// IsNull tells whether t is NULL.
func (t Term) IsNull() Term { return term(nodeOp, "is null", t) }

// In tells whether t is one of several.
func (t Term) In(values ...Term) Term { return term(nodeOp, "in", append([]Term{t}, values...)...) }

// Between tells whether t lies between two values, or is one of them.
func (t Term) Between(low, high Term) Term { return term(nodeOp, "between", t, low, high) }

// Like compares a text with a pattern: % is any text, _ one character.
func (t Term) Like(pattern string) Term { return term(nodeOp, "like", t, Text(pattern)) }

// ILike is Like without regard to case.
func (t Term) ILike(pattern string) Term { return term(nodeOp, "ilike", t, Text(pattern)) }

// Cast makes t of another type, such as DECIMAL(10,2).
func (t Term) Cast(to string) Term {
	r := reportOn("", to)
	tokens, ok := lex(r)
	p := &parser{report: r, tokens: tokens}
	name := ""
	func() {
		defer func() { _ = recover() }()
		if ok {
			name = p.typeName()
		}
	}()
	if name == "" || p.next().kind != tokEnd {
		return Fn("cast to "+to, t) // a function that does not exist
	}
	return term(nodeCast, name, t)
}

// Where lets an aggregate count only the trips that fulfil a condition: FILTER.
func (t Term) Where(condition Term) Term {
	n := *t.n
	n.filter = condition.n
	n.measure()
	return Term{&n}
}

// Distinct lets count count each value once.
func (t Term) Distinct() Term {
	n := *t.n
	n.distinct = true
	return Term{&n}
}

// Over makes a window of a function.
func (t Term) Over(partition []Term, order ...SortKey) Term {
	n := *t.n
	n.over = &windowNode{off: built, partition: nodesOf(partition)}
	for _, k := range order {
		n.over.order = append(n.over.order, k.o)
	}
	n.measure()
	return Term{&n}
}

func nodesOf(terms []Term) []*node {
	var nodes []*node
	for _, t := range terms {
		nodes = append(nodes, t.n)
	}
	return nodes
}

// As gives an expression its name in the result.
func (t Term) As(name string) Item { return Item{t, name} }

// Asc sorts by t, the smallest first and NULLs last.
func Asc(t Term) SortKey { return SortKey{orderNode{expr: t.n}} }

// Desc sorts by t, the largest first and NULLs last.
func Desc(t Term) SortKey { return SortKey{orderNode{expr: t.n, descending: true}} }

// NullsFirst puts the NULLs first.
func (k SortKey) NullsFirst() SortKey {
	k.o.nullsFirst = true
	return k
}
