package query

import (
	"math/big"
	"slices"
)

// Query is a SELECT that was checked: every name is looked up, every expression has its type, and nothing is left to go wrong but values
// (an overflow, a division by zero). A run computes it in this order: trips that fulfil Where are grouped by Keys; each group has a
// value for each of Aggregates; groups that fulfil Having stay; Windows are computed over them; Columns are computed of keys,
// aggregates and windows; the rows are sorted by Order and cut at Limit.
type Query struct {
	Name  string // of the table; empty for a query without one
	SQL   string // as it was written, but in one line: what String returns may not be accepted again, as constants are folded in it
	Place string // where its text is: tables.sql:3:14; empty if it was built in Go
	Where *Expr  // over trips; nil if all trips count

	// Grouped is false for a SELECT of single trips, which has neither keys nor aggregates: its columns are over trips.
	// A grouped query without keys has one group, even if there are no trips.
	Grouped    bool
	Keys       []*Expr     // over trips
	Aggregates []Aggregate // over trips

	Having  *Expr // over groups; nil if all groups stay
	Windows []Window
	Columns []OutputColumn
	Order   []OrderKey
	Limit   int64 // NoLimit if there is none

	unfolded *Query // see [Query.Checked]
}

// Checked returns the query as it was before constants were folded. It is for people: a run computes q.
func (q *Query) Checked() *Query {
	if q.unfolded == nil {
		return q
	}
	return q.unfolded
}

// NoLimit is the limit of a query without LIMIT.
const NoLimit = -1

// OutputColumn is a column of the result.
type OutputColumn struct {
	Name string
	Expr *Expr
}

// Aggregate is a value that is made of the trips of a group. Its NULLs count nowhere, but in count(*).
type Aggregate struct {
	Func     *Function
	Args     []*Expr  // none for count(*)
	Fraction Fraction // of median, quantile_cont and quantile_disc
	Distinct bool     // count(DISTINCT ...)
	Filter   *Expr    // nil if all trips of the group count
	Type     Type
}

// Fraction is that of a quantile, 0 to 1, as it is written: Digits by 10^Scale. It is exact, as the place of quantile_disc depends on it.
type Fraction struct {
	Digits int64
	Scale  int
}

// Float returns the double that is nearest to the fraction.
func (f Fraction) Float() float64 { return decimalToFloat(big.NewInt(f.Digits), f.Scale) }

// Window is a value of each finished row that is made of several rows: those with the same Partition, in the order of Order. Sum
// and count are over the rows up to the current one and those that are equal to it in Order; without Order over all.
type Window struct {
	Func      *Function
	Args      []*Expr // over groups
	Offset    int64   // of lag
	Default   *Expr   // of lag; nil is NULL
	Partition []*Expr
	Order     []OrderKey
	Type      Type
}

// OrderKey is a value that rows are sorted by. NULLs come last unless NullsFirst is set, also if the order is descending.
type OrderKey struct {
	Expr       *Expr
	Descending bool
	NullsFirst bool
}

// Op tells what an expression is.
type Op uint8

// The ops.
const (
	Literal      Op = iota // Value
	ColumnRef              // Columns[Index]
	KeyRef                 // Query.Keys[Index]
	AggregateRef           // Query.Aggregates[Index]
	WindowRef              // Query.Windows[Index]
	Call                   // Func of Args
)

// Expr is an expression that was checked. It is never changed once its query is made; several may share their parts.
type Expr struct {
	Op    Op
	Type  Type
	Value Value
	Index int
	Func  *Function
	Args  []*Expr

	off  int // its place in the text, or built
	size int // parts, those that are shared as often as they are used
}

func literal(off int, t Type, v Value) *Expr {
	return &Expr{Op: Literal, Type: t, Value: v, off: off, size: 1}
}

func call(off int, f *Function, t Type, args ...*Expr) *Expr {
	e := &Expr{Op: Call, Type: t, Func: f, Args: args, off: off, size: 1}
	for _, a := range args {
		e.size += a.size
	}
	return e
}

// isNull tells whether e is the literal NULL.
func (e *Expr) isNull() bool { return e.Op == Literal && e.Value.IsNull }

// isText tells whether e is a text in quotes, which takes the type of what it meets.
func (e *Expr) isText() bool { return e.Op == Literal && e.Type.Kind == Varchar && !e.Value.IsNull }

// same tells whether two expressions are the same but for their places.
func same(a, b *Expr) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Op != b.Op || a.Type != b.Type || a.Index != b.Index || a.Func != b.Func || a.size != b.size {
		return false
	}
	return (a.Op != Literal || a.Type.same(a.Value, b.Value)) && slices.EqualFunc(a.Args, b.Args, same)
}

func (a Aggregate) same(b Aggregate) bool {
	return a.Func == b.Func && a.Fraction == b.Fraction && a.Distinct == b.Distinct && same(a.Filter, b.Filter) && slices.EqualFunc(a.Args, b.Args, same)
}

func (w Window) same(v Window) bool {
	return w.Func == v.Func && w.Offset == v.Offset && same(w.Default, v.Default) && slices.EqualFunc(w.Args, v.Args, same) &&
		slices.EqualFunc(w.Partition, v.Partition, same) && slices.EqualFunc(w.Order, v.Order, OrderKey.same)
}

func (k OrderKey) same(l OrderKey) bool {
	return k.Descending == l.Descending && k.NullsFirst == l.NullsFirst && same(k.Expr, l.Expr)
}

// mapExprs replaces every expression of the window.
func (w Window) mapExprs(to func(*Expr) *Expr) Window {
	w.Args, w.Partition, w.Default = mapAll(w.Args, to), mapAll(w.Partition, to), to(w.Default)
	w.Order = slices.Clone(w.Order)
	for i := range w.Order {
		w.Order[i].Expr = to(w.Order[i].Expr)
	}
	return w
}

func mapAll(list []*Expr, to func(*Expr) *Expr) []*Expr {
	list = slices.Clone(list)
	for i := range list {
		list[i] = to(list[i])
	}
	return list
}

// Reads returns the columns of trips, indices of [Columns], that the query needs, ascending.
func (q *Query) Reads() []int {
	seen := map[int]bool{}
	visit := func(list ...*Expr) {
		for _, e := range list {
			e.walk(func(e *Expr) {
				if e.Op == ColumnRef {
					seen[e.Index] = true
				}
			})
		}
	}
	visit(q.Where)
	visit(q.Keys...)
	for _, a := range q.Aggregates {
		visit(append(a.Args[:len(a.Args):len(a.Args)], a.Filter)...)
	}
	for _, c := range q.Columns {
		visit(c.Expr)
	}
	var read []int
	for i := range Columns {
		if seen[i] {
			read = append(read, i)
		}
	}
	return read
}

// walk visits an expression and its parts. A nil expression has none.
func (e *Expr) walk(visit func(*Expr)) {
	if e == nil {
		return
	}
	visit(e)
	for _, a := range e.Args {
		a.walk(visit)
	}
}
