package query

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// Group is a finished group: what its trips have in common, and what was made of them.
type Group struct {
	Keys       []Value // of Query.Keys
	Aggregates []Value // of Query.Aggregates

	windows []Value // of Query.Windows
}

// Finish makes the rows of a grouped query of its groups, in any order of which each has keys of its own: it applies HAVING, computes the
// windows and columns, sorts and cuts. Rows that are equal in the order, and rows without one, are in the order of their keys, NULLs last.
// It keeps the groups, and sorts the slice.
func (q *Query) Finish(groups []Group) ([][]Value, error) {
	kept := groups[:0:0]
	for _, g := range groups {
		if q.Having != nil {
			v, err := q.Having.Eval(g.leaf)
			if err != nil {
				return nil, fmt.Errorf("HAVING: %w", err)
			}
			if !v.True() {
				continue
			}
		}
		kept = append(kept, g)
	}
	slices.SortFunc(kept, func(a, b Group) int { return q.compareKeys(&a, &b) })
	for i := range kept {
		kept[i].windows = make([]Value, len(q.Windows))
	}
	for i := range q.Windows {
		if err := q.Windows[i].compute(kept, i); err != nil {
			return nil, fmt.Errorf("%s: %w", q.windowText(q.Windows[i]), err)
		}
	}
	order, err := sortKeys(kept, q.Order)
	if err != nil {
		return nil, fmt.Errorf("ORDER BY: %w", err)
	}
	if q.Limit != NoLimit && q.Limit < int64(len(order)) {
		order = order[:q.Limit]
	}
	rows := make([][]Value, len(order))
	for i, o := range order {
		rows[i] = make([]Value, len(q.Columns))
		for j, c := range q.Columns {
			if rows[i][j], err = c.Expr.Eval(kept[o.group].leaf); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return rows, nil
}

// leaf is the value of a reference in a group.
func (g *Group) leaf(e *Expr) (Value, error) {
	switch e.Op {
	case KeyRef:
		return g.Keys[e.Index], nil
	case AggregateRef:
		return g.Aggregates[e.Index], nil
	}
	return g.windows[e.Index], nil
}

func (q *Query) compareKeys(a, b *Group) int {
	for i, k := range q.Keys {
		if c := compareNulls(k.Type, a.Keys[i], b.Keys[i], false, false); c != 0 {
			return c
		}
	}
	return 0
}

// compareNulls compares two values of which some may be NULL, which come last unless they come first, whatever the direction.
func compareNulls(t Type, a, b Value, descending, nullsFirst bool) int {
	switch {
	case a.IsNull && b.IsNull:
		return 0
	case a.IsNull || b.IsNull:
		if a.IsNull == nullsFirst {
			return -1
		}
		return 1
	case descending:
		return t.Compare(b, a)
	}
	return t.Compare(a, b)
}

// sorted is a group with the values that it is sorted by.
type sorted struct {
	group  int
	values []Value
}

// sortKeys sorts groups, which are in the order of their keys, by an order. Groups that are equal in it stay as they are.
func sortKeys(groups []Group, order []OrderKey) ([]sorted, error) {
	list := make([]sorted, len(groups))
	for i := range groups {
		list[i] = sorted{i, make([]Value, len(order))}
		for j, o := range order {
			var err error
			if list[i].values[j], err = o.Expr.Eval(groups[i].leaf); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(list, func(a, b sorted) int { return compareOrder(order, a.values, b.values) })
	return list, nil
}

func compareOrder(order []OrderKey, a, b []Value) int {
	for i, o := range order {
		if c := compareNulls(o.Expr.Type, a[i], b[i], o.Descending, o.NullsFirst); c != 0 {
			return c
		}
	}
	return 0
}

// compute gives each group the value of the window with an index. The groups are in the order of their keys.
func (w *Window) compute(groups []Group, index int) error {
	order := make([]OrderKey, 0, len(w.Partition)+len(w.Order))
	for _, p := range w.Partition {
		order = append(order, OrderKey{Expr: p})
	}
	order = append(order, w.Order...)
	list, err := sortKeys(groups, order)
	if err != nil {
		return err
	}
	partition := order[:len(w.Partition)]
	for start := 0; start < len(list); {
		end := start + 1
		for end < len(list) && compareOrder(partition, list[start].values, list[end].values) == 0 {
			end++
		}
		if err := w.partition(groups, list[start:end], order, index); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// partition computes the window in the rows of one partition, which are in its order.
func (w *Window) partition(groups []Group, list []sorted, order []OrderKey, index int) error {
	args := make([]Value, len(list))
	for i, l := range list {
		if len(w.Args) > 0 {
			var err error
			if args[i], err = w.Args[0].Eval(groups[l.group].leaf); err != nil {
				return err
			}
		}
	}
	total := windowTotal{w: w}
	for first := 0; first < len(list); {
		next := first // behind the rows that are equal to the first in the order
		for next < len(list) && compareOrder(order, list[first].values, list[next].values) == 0 {
			total.add(args[next])
			next++
		}
		shared, err := total.value()
		if err != nil {
			return err
		}
		for i := first; i < next; i++ {
			g := &groups[list[i].group]
			switch w.Func.Name {
			case "rank":
				g.windows[index] = intValue(int64(first) + 1)
			case "row_number":
				g.windows[index] = intValue(int64(i) + 1)
			case "lag":
				v, err := w.before(args, i, g)
				if err != nil {
					return err
				}
				g.windows[index] = v
			default:
				g.windows[index] = shared
			}
		}
		first = next
	}
	return nil
}

// before is the value of lag in row i.
func (w *Window) before(args []Value, i int, g *Group) (Value, error) {
	switch from := int64(i) - w.Offset; {
	case from >= 0 && from < int64(len(args)):
		return args[from], nil
	case w.Default == nil:
		return null, nil
	}
	return w.Default.Eval(g.leaf)
}

// windowTotal is sum or count over the rows so far. A sum is exact; that of doubles is rounded where it is read.
type windowTotal struct {
	w     *Window
	count int64
	exact *big.Int
	float FloatSum
}

func (t *windowTotal) add(v Value) {
	if v.IsNull {
		return
	}
	t.count++
	if t.w.Func.Name != "sum" {
		return
	}
	switch arg := t.w.Args[0].Type; {
	case arg.Kind == Double:
		t.float.Add(v.Float)
	case t.exact == nil:
		t.exact = new(big.Int).Set(toBig(arg, v))
	default:
		t.exact.Add(t.exact, toBig(arg, v))
	}
}

func (t *windowTotal) value() (Value, error) {
	switch {
	case t.w.Func.Name == "count":
		return intValue(t.count), nil
	case t.w.Func.Name != "sum" || t.count == 0:
		return null, nil
	case t.w.Type.Kind == Double:
		return floatValue(t.float.Sum()), nil
	}
	return fromBig(t.w.Type, new(big.Int).Set(t.exact))
}

// FloatSum is an exact sum of doubles. The order of its addends does not matter.
type FloatSum struct {
	sum                  big.Float
	nan, above, below    bool
	negativeZero, others bool
}

// floatBits holds every sum of 2^64 doubles without rounding: from the smallest double's last bit to the largest's first.
const floatBits = 1074 + 1024 + 64

// Add adds a double.
func (s *FloatSum) Add(f float64) {
	switch {
	case math.IsNaN(f):
		s.nan = true
	case math.IsInf(f, 1):
		s.above = true
	case math.IsInf(f, -1):
		s.below = true
	case f == 0 && math.Signbit(f):
		s.negativeZero = true
		return
	case f != 0:
		s.sum.SetPrec(floatBits)
		s.sum.Add(&s.sum, new(big.Float).SetFloat64(f))
	}
	s.others = true
}

// Sum returns the double that is nearest to the sum.
func (s *FloatSum) Sum() float64 {
	switch {
	case s.nan || s.above && s.below:
		return math.NaN()
	case s.above || s.below:
		return math.Inf(cmp.Compare(boolValue(s.above).Int, boolValue(s.below).Int))
	case s.negativeZero && !s.others:
		return math.Copysign(0, -1)
	}
	f, _ := s.sum.Float64()
	return f
}
