package lines

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/publish"
)

// Table is a format of published tables, made as somebody would who adds one: each line has quoted texts and nulls, a space
// between them. It keeps no types.
type Table struct{}

func (Table) Name() string   { return "lines" }
func (Table) Ending() string { return ".lines" }

// Write writes the names of the columns, and then the rows.
func (Table) Write(w io.Writer, table arrow.RecordBatch, _ []publish.Meta) error {
	out := bufio.NewWriter(w)
	for i, f := range table.Schema().Fields() {
		fmt.Fprintf(out, "%s%q", gap(i), f.Name)
	}
	fmt.Fprintln(out)
	for row := range int(table.NumRows()) {
		for i, c := range table.Columns() {
			if c.IsNull(row) {
				fmt.Fprintf(out, "%snull", gap(i))
			} else {
				fmt.Fprintf(out, "%s%q", gap(i), c.ValueStr(row))
			}
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

func gap(i int) string {
	if i == 0 {
		return ""
	}
	return " "
}

// Read returns texts.
func (Table) Read(content []byte, schema *arrow.Schema) (arrow.Table, error) {
	var fields []arrow.Field
	for _, f := range schema.Fields() {
		fields = append(fields, arrow.Field{Name: f.Name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for n := 0; len(content) > 0; n++ {
		line, rest, whole := bytes.Cut(content, []byte("\n"))
		if !whole {
			return nil, fmt.Errorf("line %d: found no end", n+1)
		}
		content = rest
		for i := range fields {
			line = bytes.TrimPrefix(line, []byte(gap(i)))
			cell := "null"
			if !bytes.HasPrefix(line, []byte(cell)) {
				var err error
				if cell, err = strconv.QuotedPrefix(string(line)); err != nil {
					return nil, fmt.Errorf("line %d: column %d: %w", n+1, i, err)
				}
			}
			line = line[len(cell):]
			switch text, err := strconv.Unquote(cell); {
			case n == 0 && text != fields[i].Name:
				return nil, fmt.Errorf("found the column %s, expected %s", cell, fields[i].Name)
			case n == 0:
			case err != nil:
				b.Field(i).AppendNull()
			default:
				b.Field(i).(*array.StringBuilder).Append(text)
			}
		}
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	return array.NewTableFromRecords(rec.Schema(), []arrow.RecordBatch{rec}), nil
}
