// Package compute computes the expressions of queries over batches of trips, a column at a time.
//
// [Compile] makes a [Program] of expressions. [Program.Run] computes all of them for some rows of a batch, as [Vector]s. What an
// expression means is what [query.Expr.Eval] computes row by row; that is also what computes an expression of which a row has no value here, such as one
// that needs more than 64 bits.
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
	exprs   []*query.Expr
	fields  []trip.Field
	vectors []Vector
	texts   Texts
}

// Compile makes a program. The expressions are over trips: their leaves are columns.
func Compile(exprs []*query.Expr) *Program {
	p := &Program{exprs: exprs, vectors: make([]Vector, len(exprs))}
	for _, e := range exprs {
		p.fields = appendFields(p.fields, e)
	}
	slices.Sort(p.fields)
	p.fields = slices.Compact(p.fields)
	return p
}

// Fields are the columns of trips that the program reads, ascending.
func (p *Program) Fields() []trip.Field { return p.fields }

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

// Run computes the expressions for some rows of a batch, ascending; nil is for all rows. The vectors are valid until the next run. An
// error names the row; it has no exit code.
func (p *Program) Run(b *trip.Batch, rows []int32) error {
	n := len(rows)
	if rows == nil {
		n = b.Rows
	}
	for i, e := range p.exprs {
		values := make([]query.Value, n)
		for at := range values {
			row := at
			if rows != nil {
				row = int(rows[at])
			}
			v, err := e.Eval(func(c *query.Expr) (query.Value, error) { return p.leaf(b, row, c) })
			if err != nil {
				return fmt.Errorf("%s: %w", b.Where(row), err)
			}
			values[at] = v
		}
		p.vectors[i] = p.vector(e.Type, values)
	}
	return nil
}

// Vector returns the values of an expression that the last run computed.
func (p *Program) Vector(i int) *Vector { return &p.vectors[i] }

// leaf returns the value of a column in a row.
func (p *Program) leaf(b *trip.Batch, row int, c *query.Expr) (query.Value, error) {
	if d := query.Derivation(c.Index); d != nil {
		return d.Eval(func(c *query.Expr) (query.Value, error) { return p.leaf(b, row, c) })
	}
	column := query.Columns[c.Index]
	if column.Source.Taxi {
		return query.Value{Text: b.Taxi}, nil
	}
	values := &b.Columns[column.Source.Field]
	if values.IsNull(row) {
		return query.Value{IsNull: true}, nil
	}
	v := values.Values[row]
	switch column.Type.Kind {
	case query.Decimal:
		return query.Value{Big: big.NewInt(v)}, nil
	case query.Varchar: // the only such column: see trip.Flag
		return query.Value{Text: flags[v]}, nil
	}
	return query.Value{Int: v}, nil
}

// flags are the texts of a column of type trip.Flag.
var flags = [...]string{"N", "Y"}

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
		v.Texts = &p.texts
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
