package source

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// A constant is a column that is not in a file: its place says the one value of all rows. It is described as a column after those of
// the file, so who maps the columns need not know. Formats neither see nor read it.

// withConstants adds the constants of a file that has no column of their name.
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
	for _, c := range columns {
		if strings.EqualFold(strings.TrimSpace(c.Name), strings.TrimSpace(name)) {
			return true
		}
	}
	return false
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

// mostText is how many bytes a constant text may have, because a batch has it once for each row.
const mostText = 1 << 10

// typeOf is the type in which a table's value is read. A value that is not written as its type has it is read as text.
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

// number reads a value of a type.
func number(text string, t element.ValueType) (any, error) {
	switch t {
	case element.Int64:
		return strconv.ParseInt(text, 10, 64)
	case element.Float64:
		return strconv.ParseFloat(text, 64)
	}
	return text, nil
}

// errOnlyConstants says that nothing of the file itself is read.
var errOnlyConstants = errors.New("found all needed columns in its path, expected the time of the pickup in the file; leave the file out")

// inFile returns f as its format knows it, without constants, and the constants that are read. Columns of the file stand before them.
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

// constantArrays has one array for each constant column, of as many rows as any batch had: shorter ones are slices of it.
type constantArrays struct {
	file    element.Recognised
	columns []element.Column
	arrays  []arrow.Array
	rows    int64
	schema  *arrow.Schema // of the last batch, with the constants
	own     *arrow.Schema // of the last batch, without them
}

// addTo returns a batch with the constant columns. It is to be released.
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

// constantArray has a value so many times. Who made the constant has checked that its text is of its type.
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
