package group

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/transforms/query"
)

// arrowType is the type of a column of a table.
func arrowType(t query.Type) arrow.DataType {
	switch t = t.Published(); t.Kind {
	case query.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case query.BigInt:
		return arrow.PrimitiveTypes.Int64
	case query.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Width), Scale: int32(t.Scale)}
	case query.Double:
		return arrow.PrimitiveTypes.Float64
	case query.Varchar:
		return arrow.BinaryTypes.String
	case query.Date:
		return arrow.FixedWidthTypes.Date32
	case query.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	}
	return arrow.PrimitiveTypes.Int32
}

// RowBytes is roughly what a row of the table of a query takes in memory.
func RowBytes(q *query.Query) int64 {
	n := int64(0)
	for _, c := range q.Columns {
		switch c.Expr.Type.Kind {
		case query.Decimal, query.HugeInt:
			n += 16
		case query.BigInt, query.Timestamp, query.Double:
			n += 8
		default:
			n += 4
		}
	}
	return n
}

// column collects the values of a column. One of its lists has them.
type column struct {
	t     query.Type
	nulls []bool // nil until there is one
	rows  int

	ints   []int64
	small  []int32 // INTEGER and DATE; of VARCHAR the index in texts
	floats []float64
	wide   []decimal128.Num
	bools  []bool
	texts  []string
	codes  map[string]int32
}

func newColumn(t query.Type) column { return column{t: t, codes: map[string]int32{}} }

func (c *column) reserve(rows int) {
	switch c.t.Kind {
	case query.Boolean:
		c.bools = make([]bool, 0, rows)
	case query.BigInt, query.Timestamp:
		c.ints = make([]int64, 0, rows)
	case query.Decimal, query.HugeInt:
		c.wide = make([]decimal128.Num, 0, rows)
	case query.Double:
		c.floats = make([]float64, 0, rows)
	default:
		c.small = make([]int32, 0, rows)
	}
}

func (c *column) add(v query.Value) {
	if v.IsNull && c.nulls == nil {
		c.nulls = make([]bool, c.rows)
	}
	if c.nulls != nil {
		c.nulls = append(c.nulls, v.IsNull)
	}
	c.rows++
	switch c.t.Kind {
	case query.Boolean:
		c.bools = append(c.bools, v.True())
	case query.BigInt, query.Timestamp:
		c.ints = append(c.ints, v.Int)
	case query.Decimal, query.HugeInt:
		n := decimal128.Num{}
		if v.Big != nil {
			n = decimal128.FromBigInt(v.Big)
		}
		c.wide = append(c.wide, n)
	case query.Double:
		c.floats = append(c.floats, v.Float)
	case query.Varchar:
		c.small = append(c.small, c.code(v.Text))
	default:
		c.small = append(c.small, int32(v.Int))
	}
}

// code returns the index of a text in the column's texts, and adds the text if it is new.
func (c *column) code(text string) int32 {
	code, known := c.codes[text]
	if !known {
		code = int32(len(c.texts))
		c.texts, c.codes[text] = append(c.texts, text), code
	}
	return code
}

// array makes an array of the rows that the table keeps, in their order.
func (c *column) array(t *table) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, arrowType(c.t))
	defer b.Release()
	n := t.kept()
	b.Reserve(n)
	if s, ok := b.(*array.StringBuilder); ok {
		size := 0
		for i := range n {
			size += len(c.texts[c.small[t.at(i)]])
		}
		s.ReserveData(size)
	}
	for i := range n {
		row := t.at(i)
		if c.nulls != nil && c.nulls[row] {
			b.AppendNull()
			continue
		}
		switch b := b.(type) {
		case *array.BooleanBuilder:
			b.Append(c.bools[row])
		case *array.Int64Builder:
			b.Append(c.ints[row])
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(c.ints[row]))
		case *array.Decimal128Builder:
			b.Append(c.wide[row])
		case *array.Float64Builder:
			b.Append(c.floats[row])
		case *array.StringBuilder:
			b.Append(c.texts[c.small[row]])
		case *array.Date32Builder:
			b.Append(arrow.Date32(c.small[row]))
		case *array.Int32Builder:
			b.Append(c.small[row])
		}
	}
	return b.NewArray()
}
