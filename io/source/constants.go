package source

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// A constant is a column that is not in the file itself. It has the same value in all rows, which the file's path or the log of its table
// gives. The description of a file has constants after the columns of the file, so code that maps columns treats them as any other
// column. Formats neither see nor read constants.

// withConstants adds the constants of a file, except those whose name is that of a column of the file.
func withConstants(d element.Described) element.Described {
	for i, c := range d.Constants {
		if hasColumn(d.Columns, c.Name) {
			continue
		}
		d.Columns = append(d.Columns, element.Column{Name: c.Name, Leaf: -1 - i, Type: c.Type, Found: found(c)})
	}
	return d
}

func hasColumn(columns []element.Column, name string) bool {
	return slices.ContainsFunc(columns, func(c element.Column) bool { return element.SameName(c.Name, name) })
}

// found says in a word what a constant is.
func found(c element.Constant) string {
	switch c.Type {
	case element.Unsupported:
		return fmt.Sprintf("constant text of %d bytes", len(c.Value))
	case element.String:
		return "constant text"
	}
	return "constant " + c.Type.Arrow().String()
}

// mostText is how many bytes a constant text may have. A batch has the text once for each row.
const mostText = 1 << 10

// typeOf returns the type in which the value of a table's partition is read. If the value cannot be parsed as its type in the table, it
// is read as text.
func typeOf(v objstore.Value) element.ValueType {
	t := element.String
	if len(v.Text) > mostText {
		return element.Unsupported
	}
	switch v.Type {
	case "byte", "short", "integer", "long":
		t = element.Int64
	case "float", "double":
		t = element.Float64
	}
	if _, err := number(v.Text, t); err != nil && !v.Null {
		return element.String
	}
	return t
}

// number parses a value of a type.
func number(text string, t element.ValueType) (any, error) {
	switch t {
	case element.Int64:
		return strconv.ParseInt(text, 10, 64)
	case element.Float64:
		return strconv.ParseFloat(text, 64)
	}
	return text, nil
}

// errOnlyConstants is the error if all needed columns are constants.
var errOnlyConstants = errors.New("found all needed columns in its path, expected the time of the pickup in the file; leave the file out")

// inFile returns f without constants, as its format knows it, and the constants that are read. In f, the constants are after the columns
// of the file.
func inFile(f element.Recognised) (own element.Recognised, constants []element.Column) {
	columns := len(f.Columns)
	for columns > 0 && f.Columns[columns-1].Leaf < 0 {
		columns--
	}
	read := len(f.Projection)
	for read > 0 && f.Projection[read-1] >= columns {
		read--
	}
	for _, i := range f.Projection[read:] {
		constants = append(constants, f.Columns[i])
	}
	f.Columns, f.Projection = f.Columns[:columns:columns], f.Projection[:read:read]
	return f, constants
}

// constantArrays has one array for each constant, with as many rows as the longest batch so far. Shorter batches get slices of it.
type constantArrays struct {
	file    element.Recognised
	columns []element.Column
	arrays  []arrow.Array
	rows    int64
	schema  *arrow.Schema // of the last batch, with the constants
	own     *arrow.Schema // of the last batch, without them
}

// addTo returns the batch with the constants as further columns. The caller must release it.
func (c *constantArrays) addTo(rec arrow.RecordBatch) arrow.RecordBatch {
	rows := rec.NumRows()
	if rows > c.rows || c.arrays == nil {
		c.release()
		c.rows = rows
		for _, col := range c.columns {
			i, _ := col.Constant()
			c.arrays = append(c.arrays, constantArray(c.file.Constants[i], int(rows)))
		}
	}
	if own := rec.Schema(); c.own != own {
		fields := append([]arrow.Field(nil), own.Fields()...)
		for i, col := range c.columns {
			fields = append(fields, arrow.Field{Name: col.Name, Type: c.arrays[i].DataType(), Nullable: true})
		}
		c.own, c.schema = own, arrow.NewSchema(fields, nil)
	}
	arrays := append([]arrow.Array(nil), rec.Columns()...)
	for _, a := range c.arrays {
		part := array.NewSlice(a, 0, rows)
		defer part.Release()
		arrays = append(arrays, part)
	}
	return array.NewRecordBatch(c.schema, arrays, rows)
}

func (c *constantArrays) release() {
	for _, a := range c.arrays {
		a.Release()
	}
	c.arrays = nil
}

// constantArray returns an array that repeats a value. typeOf has made sure that the text can be parsed.
func constantArray(c element.Constant, rows int) arrow.Array {
	value, _ := number(c.Value, c.Type)
	if c.Null {
		return array.MakeArrayOfNull(memory.DefaultAllocator, c.Type.Arrow(), rows)
	}
	b := array.NewBuilder(memory.DefaultAllocator, c.Type.Arrow())
	defer b.Release()
	b.Reserve(rows)
	for range rows {
		switch v := value.(type) {
		case int64:
			b.(*array.Int64Builder).UnsafeAppend(v)
		case float64:
			b.(*array.Float64Builder).UnsafeAppend(v)
		case string:
			b.(*array.StringBuilder).Append(v)
		}
	}
	return b.NewArray()
}
