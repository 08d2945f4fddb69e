package compute

import (
	"math"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// sizes are how many values, from 0 on, columns of a type have that occur often.
var sizes = map[trip.Type]int{trip.Zone: 266, trip.Code: 128, trip.Flag: len(flags)}

// table makes the node of an expression that depends on one column with few values, so that it is computed once for each of them; nil
// if the expression is another one, or as fast to compute in every row.
func (c *compiler) table(e *query.Expr) *node {
	if e.Op != query.Call {
		return nil
	}
	column, only := onlyColumn(e, -1)
	if !only || column < 0 {
		return nil
	}
	size := sizes[trip.Fields[query.Columns[column].Source.Field].Type]
	if size == 0 || calls(e) < 2 {
		return nil
	}
	key := "table " + keyOf(e)
	if n := c.nodes[key]; n != nil {
		return n
	}
	arg := c.compile(&query.Expr{Op: query.ColumnRef, Type: query.Columns[column].Type, Index: column})
	t := &table{program: c.p, column: column, expr: e, entries: make([]entry, size+1), generation: -1}
	return c.add(key, node{expr: e, args: []*node{arg}, limits: limitsOf(e.Type), kernel: t.compute})
}

// onlyColumn returns the column of a source that an expression and a given column depend on, besides the taxi, and tells whether there
// is no other one. -1 is none.
func onlyColumn(e *query.Expr, column int) (int, bool) {
	if e.Op == query.ColumnRef {
		if d := query.Derivation(e.Index); d != nil {
			return onlyColumn(d, column)
		}
		switch {
		case query.Columns[e.Index].Source.Taxi:
			return column, true
		case column >= 0 && column != e.Index:
			return column, false
		}
		return e.Index, true
	}
	for _, a := range e.Args {
		var only bool
		if column, only = onlyColumn(a, column); !only {
			return column, false
		}
	}
	return column, true
}

// calls counts the calls of an expression. Those of zones count twice.
func calls(e *query.Expr) int {
	if e.Op == query.ColumnRef {
		if d := query.Derivation(e.Index); d != nil {
			return calls(d)
		}
		return 0
	}
	n := 0
	if e.Op == query.Call {
		if n = 1; e.Func.Class == query.Hidden {
			n = 2
		}
	}
	for _, a := range e.Args {
		n += calls(a)
	}
	return n
}

// table has the values of an expression by the values of a column. Each is computed when it occurs first.
type table struct {
	program    *Program
	generation int
	column     int
	expr       *query.Expr
	entries    []entry // the last is for NULL
}

// entry is the value of an expression; of a DOUBLE its bits.
type entry struct {
	value int64
	state uint8
}

// What an entry is. The bits of all rows are joined to see whether some need a second look.
const (
	isValue   = 0
	isNothing = 1 // NULL
	isUnknown = 2
)

func (t *table) compute(out *register, in []*register) bool {
	if t.generation != t.program.generation {
		t.generation = t.program.generation
		for i := range t.entries {
			t.entries[i] = entry{state: isUnknown}
		}
	}
	if !t.complete(in[0]) {
		return false
	}
	found := uint8(0)
	switch column, entries := in[0], t.entries; out.Type.Kind {
	case query.Boolean:
		to := out.makeBits()
		for i := range to {
			var b byte
			for j := range min(8, out.Rows-8*i) {
				e := &entries[t.key(column, 8*i+j)]
				b |= byte(e.value) << j
				found |= e.state
			}
			to[i] = b
		}
	case query.Double:
		to := out.makeFloats()
		for i := range to {
			e := &entries[t.key(column, i)]
			to[i] = math.Float64frombits(uint64(e.value))
			found |= e.state
		}
	default:
		to := out.makeInts()
		if column.Valid == nil {
			for i, v := range column.Ints[:len(to)] {
				e := &entries[v]
				to[i] = e.value
				found |= e.state
			}
			break
		}
		for i := range to {
			e := &entries[t.key(column, i)]
			to[i] = e.value
			found |= e.state
		}
	}
	if found&isNothing != 0 {
		rows(out.makeValid(), out.Rows, func(i int) bool { return t.entries[t.key(in[0], i)].state == isValue })
	}
	return true
}

// key is the entry of a row.
func (t *table) key(column *register, row int) int {
	if column.Valid != nil && column.Valid[row>>3]>>(row&7)&1 == 0 {
		return len(t.entries) - 1
	}
	return int(column.Ints[row])
}

// complete computes the entries of all rows that have none. It tells whether there are such entries and all have a value.
func (t *table) complete(column *register) bool {
	last := len(t.entries) - 1
	unknown := uint8(0)
	if column.Valid != nil && t.entries[0].state == isUnknown {
		t.entries[0] = t.evaluate(valueOf(t.column, 0)) // NULLs have the value 0
	}
	for _, v := range column.Ints[:column.Rows] {
		if uint64(v) >= uint64(last) {
			return false
		}
		unknown |= t.entries[v].state
	}
	if unknown&isUnknown == 0 && (column.Valid == nil || t.entries[last].state != isUnknown) {
		return true
	}
	for row := range column.Rows {
		key := t.key(column, row)
		if t.entries[key].state == isUnknown {
			v := query.Value{IsNull: true}
			if key < last {
				v = valueOf(t.column, int64(key))
			}
			t.entries[key] = t.evaluate(v)
			if t.entries[key].state == isUnknown {
				return false
			}
		}
	}
	return true
}

func (t *table) evaluate(v query.Value) entry {
	x, err := t.expr.Eval(func(c *query.Expr) (query.Value, error) { return t.leaf(c, v) })
	switch {
	case err != nil:
		return entry{state: isUnknown}
	case x.IsNull:
		return entry{state: isNothing}
	}
	switch t.expr.Type.Kind {
	case query.Varchar:
		return entry{value: t.program.texts.Code(x.Text)}
	case query.Double:
		return entry{value: int64(math.Float64bits(x.Float))}
	case query.HugeInt, query.Decimal:
		if !x.Big.IsInt64() {
			return entry{state: isUnknown}
		}
		return entry{value: x.Big.Int64()}
	}
	return entry{value: x.Int}
}

// leaf returns the value of a column where the column of the table has a given one.
func (t *table) leaf(c *query.Expr, v query.Value) (query.Value, error) {
	if d := query.Derivation(c.Index); d != nil {
		return d.Eval(func(c *query.Expr) (query.Value, error) { return t.leaf(c, v) })
	}
	if query.Columns[c.Index].Source.Taxi {
		return query.Value{Text: t.program.taxi}, nil
	}
	return v, nil
}
