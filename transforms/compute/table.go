package compute

import (
	"math"
	"math/bits"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// sizes are how many values, from 0 on, columns of a type have that occur often.
var sizes = map[trip.Type]int{trip.Zone: 266, trip.Code: 128, trip.Flag: len(trip.FlagTexts)}

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
	entries    []entry // the last has no value: it is for values beyond
	null       entry   // for NULL
	flags      []uint8 // by entry of a BOOLEAN: its value in bit 0, and its state in the bits above
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
		t.null = entry{state: isUnknown}
	}
	found := t.lookUp(out, in[0])
	if found&isUnknown != 0 {
		if !t.complete(in[0]) {
			return false
		}
		found = t.lookUp(out, in[0])
	}
	if found&isNothing != 0 {
		rows(out.makeValid(), out.Rows, func(i int) bool { return t.of(in[0], i).state == isValue })
	}
	return true
}

// lookUp sets the values of all rows, and returns what their entries are.
func (t *table) lookUp(out, column *register) (found uint8) {
	a, entries, beyond := column.Ints[:out.Rows], t.entries, uint64(len(t.entries)-1)
	switch out.Type.Kind {
	case query.Boolean:
		t.flags = t.flags[:0]
		for _, e := range entries {
			t.flags = append(t.flags, uint8(e.value&1)|e.state<<1)
		}
		found = lookUpBits(out.makeBits(), a, t.flags)
	case query.Double:
		to := out.makeFloats()
		for i, v := range a {
			e := &entries[min(uint64(v), beyond)]
			to[i] = math.Float64frombits(uint64(e.value))
			found |= e.state
		}
	default:
		to := out.makeInts()
		for i, v := range a {
			e := &entries[min(uint64(v), beyond)]
			to[i] = e.value
			found |= e.state
		}
	}
	if column.Valid == nil {
		return found
	}
	null := t.null
	for first, valid := range column.Valid[:(out.Rows+7)/8] {
		for m := ^valid & (0xff >> max(0, 8*first+8-out.Rows)); m != 0; m &= m - 1 {
			found |= null.state
			row := 8*first + bits.TrailingZeros8(m)
			switch out.Type.Kind {
			case query.Boolean:
				out.Bits[first] = out.Bits[first]&^(m&-m) | byte(null.value)<<(row&7)
			case query.Double:
				out.Floats[row] = math.Float64frombits(uint64(null.value))
			default:
				out.Ints[row] = null.value
			}
		}
	}
	return found
}

// lookUpBits sets the bits of all rows, and returns the states of their entries, combined with OR.
func lookUpBits(to []byte, a []int64, flags []uint8) (found uint8) {
	const (
		bit0   = 0x0101010101010101 // bit 0 of each byte
		gather = 0x0102040810204080 // multiplying by it gathers bit 0 of each byte in the highest byte; the first byte's bit becomes the lowest
	)
	beyond := uint64(len(flags) - 1)
	all := uint64(0)
	for ; len(a) >= 8; a, to = a[8:], to[1:] {
		x := (*[8]int64)(a)
		f := uint64(flags[min(uint64(x[0]), beyond)]) | uint64(flags[min(uint64(x[1]), beyond)])<<8 |
			uint64(flags[min(uint64(x[2]), beyond)])<<16 | uint64(flags[min(uint64(x[3]), beyond)])<<24 |
			uint64(flags[min(uint64(x[4]), beyond)])<<32 | uint64(flags[min(uint64(x[5]), beyond)])<<40 |
			uint64(flags[min(uint64(x[6]), beyond)])<<48 | uint64(flags[min(uint64(x[7]), beyond)])<<56
		all |= f
		to[0] = byte(f & bit0 * gather >> 56)
	}
	for i, v := range a {
		f := flags[min(uint64(v), beyond)]
		to[0] = to[0]&(1<<i-1) | f&1<<i
		all |= uint64(f)
	}
	for ; all != 0; all >>= 8 {
		found |= uint8(all) >> 1
	}
	return found
}

// of returns the entry of a row.
func (t *table) of(column *register, row int) *entry {
	if column.IsNull(row) {
		return &t.null
	}
	return &t.entries[min(uint64(column.Ints[row]), uint64(len(t.entries)-1))]
}

// complete computes the entries of all rows. It tells whether each has a value or is NULL.
func (t *table) complete(column *register) bool {
	if column.Valid != nil && t.entries[0].state == isUnknown {
		t.entries[0] = t.evaluate(valueOf(t.column, 0)) // rows that are NULL have the value 0
	}
	for row := range column.Rows {
		e := t.of(column, row)
		switch {
		case e.state != isUnknown:
			continue
		case e == &t.null:
			*e = t.evaluate(query.Value{IsNull: true})
		case e != &t.entries[len(t.entries)-1]:
			*e = t.evaluate(valueOf(t.column, column.Ints[row]))
		}
		if e.state == isUnknown {
			return false
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
