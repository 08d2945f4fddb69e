// Package compute computes the expressions of queries over batches of trips, a column at a time.
//
// [Compile] makes a [Program] of expressions. [Program.Run] computes all of them for some rows of a batch, as [Vector]s.
//
// # How
//
// Compile expands derived columns and makes one step of each different subexpression. A step is a kernel: a function from registers to
// a register. Rows that are selected are gathered before, so kernels know of no selection. Some expressions take no kernel of their own
// for each call in them:
//
//   - those that are the same in all rows, because they depend on the taxi alone, are computed once for each taxi (compile.go)
//   - those of one column with few values, such as a zone, once for each value (table.go)
//   - parts of times that change with days or months, once for each day (time.go)
//   - functions of a text, once for each text (text.go)
//
// What an expression means is what [query.Expr.Eval] computes row by row, and the tests compare with it. Eval also computes here, for the
// rows of one run, what kernels do not: an expression with a call that has no kernel, or of which some row, or some part in some row, has
// no value in 64 bits. So an error is that of Eval, and parts that a CASE does not choose raise none.
//
// A kernel is an entry of the table builders, by the name of its function.
package compute

import (
	"fmt"
	"math/big"
	"slices"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// Program computes expressions over trips. It keeps its memory from batch to batch, and is for one goroutine.
type Program struct {
	exprs    []*query.Expr
	fields   []trip.Field
	texts    *Texts
	own      int         // texts of the program itself, which come first: flags and literals
	varchars []*register // of texts

	roots     []*node // of the expressions
	leaves    []leaf
	fixed     []*register // that are constant
	constants []constant
	steps     []step

	now        selection // of the last run
	taxi       string
	generation int // counts changes of the taxi and of the texts; kernels forget what they know of others
	must       int // how many of the first expressions must have a value in each row
	slow       []Vector
	wasSlow    []bool // which expressions the last run computed row by row
}

// Compile makes a program. The expressions are over trips: their leaves are columns.
func Compile(exprs []*query.Expr) *Program { return CompileSome(exprs, len(exprs)) }

// CompileSome is [Compile] for expressions of which only the first must ones have to have a value in each row. [Program.Run] leaves out any
// other expression that it would have to compute row by row: see [Program.Has].
func CompileSome(exprs []*query.Expr, must int) *Program {
	p := &Program{exprs: exprs, must: must, texts: &Texts{}, slow: make([]Vector, len(exprs)), wasSlow: make([]bool, len(exprs))}
	for _, text := range trip.FlagTexts {
		p.texts.Code(text) // so that the column's values are codes
	}
	c := &compiler{p: p, nodes: map[string]*node{}}
	for _, e := range exprs {
		p.fields = appendFields(p.fields, e)
		p.roots = append(p.roots, c.compile(e))
	}
	c.finish(p.roots)
	p.own = p.texts.Len()
	slices.Sort(p.fields)
	p.fields = slices.Compact(p.fields)
	return p
}

// Fields are the columns of trips that the program reads, ascending.
func (p *Program) Fields() []trip.Field { return p.fields }

// RowByRow tells whether an expression, or a part of it, is always computed row by row, which takes a hundred times longer.
func (p *Program) RowByRow(i int) bool { return p.roots[i].never }

func appendFields(fields []trip.Field, e *query.Expr) []trip.Field {
	if e == nil {
		return fields
	}
	if e.Op == query.ColumnRef {
		if d := query.Derivation(e.Index); d != nil {
			return appendFields(fields, d)
		}
		if s := query.Columns[e.Index].Source; !s.Taxi {
			fields = append(fields, s.Field)
		}
	}
	for _, a := range e.Args {
		fields = appendFields(fields, a)
	}
	return fields
}

// Run computes the expressions for some rows of a batch, ascending; nil is for all rows. The vectors are valid until the next run, and
// as long as the batch is: a column that is an expression of its own is not copied. An error names the row; it has no exit code.
func (p *Program) Run(b *trip.Batch, rows []int32) error {
	if rows == nil || len(rows) == b.Rows {
		return p.run(selection{b, b.Rows, nil})
	}
	return p.run(selection{b, len(rows), rows})
}

// selection is what a program computes at once: n rows of a batch, all or those of a list.
type selection struct {
	b    *trip.Batch
	n    int
	rows []int32
}

// at returns a row of the batch.
func (s *selection) at(i int) int {
	if s.rows != nil {
		return int(s.rows[i])
	}
	return i
}

func (p *Program) run(selected selection) error {
	p.now = selected
	s := &p.now
	if p.forgetTexts() || s.b.Taxi != p.taxi || p.generation == 0 {
		p.setTaxi(s.b.Taxi)
	}
	for _, r := range p.fixed {
		r.Rows = s.n
	}
	for _, l := range p.leaves {
		l.out.reset(s.n)
		l.out.load(&s.b.Columns[l.field], s)
	}
	for i := range p.steps {
		p.steps[i].run(s.n)
	}
	for i, e := range p.exprs {
		p.wasSlow[i] = p.roots[i].never || p.roots[i].failed
		if p.wasSlow[i] && i < p.must {
			if err := p.runSlow(s, e, &p.slow[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostTexts is how many texts a program or a kernel keeps.
const mostTexts = 1 << 16

// forgetTexts begins with new texts if there are too many: times as texts are different in every trip. The texts of an earlier run stay as they
// are, as someone may know them by their address. It tells whether codes have changed.
func (p *Program) forgetTexts() bool {
	if p.texts.Len() <= p.own+mostTexts {
		return false
	}
	before := p.texts
	p.texts = &Texts{}
	for code := range p.own {
		p.texts.Code(before.Of(int64(code)))
	}
	for _, r := range p.varchars {
		r.Texts = p.texts
	}
	return true
}

// setTaxi computes the expressions that depend on the taxi alone.
func (p *Program) setTaxi(taxi string) {
	p.taxi = taxi
	p.generation++
	for _, c := range p.constants {
		v, err := c.expr.Eval(p.taxiOf)
		if c.out.failed = err != nil; !c.out.failed {
			c.out.set(p.vector(c.expr.Type, []query.Value{v}))
		}
	}
}

// taxiOf returns the value of a column that depends on the taxi alone.
func (p *Program) taxiOf(c *query.Expr) (query.Value, error) {
	if d := query.Derivation(c.Index); d != nil {
		return d.Eval(p.taxiOf)
	}
	return query.Value{Text: p.taxi}, nil
}

func (s *step) run(rows int) {
	s.out.reset(rows)
	for _, a := range s.in {
		if a.failed || a.Wide != nil {
			s.out.failed = true
			return
		}
	}
	s.out.failed = !s.kernel(s.out, s.in)
}

// runSlow computes an expression row by row.
func (p *Program) runSlow(s *selection, e *query.Expr, to *Vector) error {
	values := make([]query.Value, s.n)
	for i := range values {
		row := s.at(i)
		v, err := e.Eval(func(c *query.Expr) (query.Value, error) { return p.leaf(s.b, row, c) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.b.Where(row), err)
		}
		values[i] = v
	}
	*to = p.vector(e.Type, values)
	return nil
}

// Has tells whether the last run computed an expression.
func (p *Program) Has(i int) bool { return i < p.must || !p.wasSlow[i] }

// Vector returns the values of an expression that the last run computed.
func (p *Program) Vector(i int) *Vector {
	if p.wasSlow[i] {
		return &p.slow[i]
	}
	return &p.roots[i].Vector
}

// leaf returns the value of a column in a row.
func (p *Program) leaf(b *trip.Batch, row int, c *query.Expr) (query.Value, error) {
	if d := query.Derivation(c.Index); d != nil {
		return d.Eval(func(c *query.Expr) (query.Value, error) { return p.leaf(b, row, c) })
	}
	source := query.Columns[c.Index].Source
	if source.Taxi {
		return query.Value{Text: b.Taxi}, nil
	}
	values := &b.Columns[source.Field]
	if values.IsNull(row) {
		return query.Value{IsNull: true}, nil
	}
	return valueOf(c.Index, values.Values[row]), nil
}

// valueOf returns a value that a column of a batch has.
func valueOf(column int, v int64) query.Value {
	switch query.Columns[column].Type.Kind {
	case query.Decimal:
		return query.Value{Big: big.NewInt(v)}
	case query.Varchar: // the only such column: see trip.Flag
		return query.Value{Text: trip.FlagTexts[v]}
	}
	return query.Value{Int: v}
}

// vector packs values.
func (p *Program) vector(t query.Type, values []query.Value) Vector {
	v := Vector{Type: t, Rows: len(values)}
	for row := range values {
		if values[row].IsNull {
			if v.Valid == nil {
				v.Valid = make([]byte, (len(values)+7)/8)
				for i := range v.Valid {
					v.Valid[i] = 0xff
				}
			}
			v.Valid[row>>3] &^= 1 << (row & 7)
		}
	}
	switch t.Kind {
	case query.Boolean:
		v.Bits = make([]byte, (len(values)+7)/8)
		for row, x := range values {
			if x.True() {
				v.Bits[row>>3] |= 1 << (row & 7)
			}
		}
		return v
	case query.Double:
		v.Floats = make([]float64, len(values))
		for row, x := range values {
			v.Floats[row] = x.Float
		}
		return v
	}
	v.Ints = make([]int64, len(values))
	if t.Kind == query.Varchar {
		v.Texts = p.texts
	}
	for row, x := range values {
		switch {
		case x.IsNull:
		case t.Kind == query.Varchar:
			v.Ints[row] = p.texts.Code(x.Text)
		case x.Big == nil:
			v.Ints[row] = x.Int
		case x.Big.IsInt64():
			v.Ints[row] = x.Big.Int64()
		default:
			v.Wide = make([]*big.Int, len(values))
		}
	}
	if v.Wide != nil {
		v.Ints = nil
		for row, x := range values {
			v.Wide[row] = x.Big
		}
	}
	return v
}
