package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"tripstats/transforms/fault"
	"tripstats/transforms/query"
)

// answerForms are the forms in which rows are written to stdout, by name.
//
// In all but arrow a value is what DuckDB's CAST(... AS VARCHAR) gives: a decimal has all digits of its scale (12.500000), a double has
// the fewest digits that give the same double (0.1, 2.0, 1e+16, nan, inf), a timestamp is 2024-01-31 13:05:59.
var answerForms = []struct {
	name  string
	write func(w *bufio.Writer, rows arrow.RecordBatch, columns []answerColumn) error
}{
	{"table", writeTable},
	{"csv", writeCSV},
	{"jsonl", writeLines},
	{"arrow", writeArrow},
}

// answerNames are the choices of --as.
func answerNames() []string {
	names := make([]string, len(answerForms))
	for i, f := range answerForms {
		names[i] = f.name
	}
	return names
}

// writeAnswer writes rows in the form of a name.
func writeAnswer(w io.Writer, as string, rows arrow.RecordBatch) error {
	i := slices.Index(answerNames(), as)
	if i < 0 {
		return fmt.Errorf("found the form %q, expected %s", as, orList(answerNames()))
	}
	columns, err := answerColumns(rows)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, 64<<10)
	if err := answerForms[i].write(buffered, rows, columns); err != nil {
		return err
	}
	return buffered.Flush()
}

// answerColumns are the columns of rows.
func answerColumns(rows arrow.RecordBatch) ([]answerColumn, error) {
	columns := make([]answerColumn, rows.NumCols())
	for c := range columns {
		t, ok := answerType(rows.Column(c).DataType())
		if !ok {
			return nil, fmt.Errorf("column %s: found type %s, which an answer does not have", rows.ColumnName(c), rows.Column(c).DataType())
		}
		columns[c] = answerColumn{rows.ColumnName(c), t, rows.Column(c)}
	}
	return columns, nil
}

// answerColumn is a column of rows, with the type of SQL.
type answerColumn struct {
	name   string
	typ    query.Type
	values arrow.Array
}

// answerType is the type of SQL whose values a column has.
func answerType(t arrow.DataType) (query.Type, bool) {
	switch t := t.(type) {
	case *arrow.BooleanType:
		return query.Type{Kind: query.Boolean}, true
	case *arrow.Int32Type:
		return query.Type{Kind: query.Integer}, true
	case *arrow.Int64Type:
		return query.Type{Kind: query.BigInt}, true
	case *arrow.Decimal128Type:
		return query.Type{Kind: query.Decimal, Width: int(t.Precision), Scale: int(t.Scale)}, t.Scale >= 0 && t.Scale <= t.Precision
	case *arrow.Float64Type:
		return query.Type{Kind: query.Double}, true
	case *arrow.StringType:
		return query.Type{Kind: query.Varchar}, true
	case *arrow.Date32Type:
		return query.Type{Kind: query.Date}, true
	case *arrow.TimestampType:
		return query.Type{Kind: query.Timestamp}, t.Unit == arrow.Microsecond && t.TimeZone == ""
	}
	return query.Type{}, false
}

// value is the value in a row.
func (c answerColumn) value(row int) query.Value {
	if c.values.IsNull(row) {
		return query.Value{IsNull: true}
	}
	switch v := c.values.(type) {
	case *array.Boolean:
		if v.Value(row) {
			return query.Value{Int: 1}
		}
		return query.Value{}
	case *array.Int32:
		return query.Value{Int: int64(v.Value(row))}
	case *array.Int64:
		return query.Value{Int: v.Value(row)}
	case *array.Decimal128:
		return query.Value{Big: v.Value(row).BigInt()}
	case *array.Float64:
		return query.Value{Float: v.Value(row)}
	case *array.String:
		return query.Value{Text: v.Value(row)}
	case *array.Date32:
		return query.Value{Int: int64(v.Value(row))}
	}
	return query.Value{Int: int64(c.values.(*array.Timestamp).Value(row))}
}

// isNumber tells whether values are numbers, which stand to the right in a table.
func (c answerColumn) isNumber() bool {
	return c.typ.Kind >= query.Integer && c.typ.Kind <= query.Double
}

// writeTable writes rows for people: names above aligned columns, numbers to the right. NULL is NULL; control characters in texts are
// spaces.
func writeTable(w *bufio.Writer, rows arrow.RecordBatch, columns []answerColumn) error {
	lines := make([][]string, rows.NumRows()+1)
	width := make([]int, len(columns))
	for i := range lines {
		lines[i] = make([]string, len(columns))
		for c, column := range columns {
			text := column.name
			if i > 0 {
				text = column.typ.Format(column.value(i - 1))
			}
			lines[i][c] = fault.Printable(text)
			width[c] = max(width[c], utf8.RuneCountInString(lines[i][c]))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for c, text := range line {
			pad := strings.Repeat(" ", width[c]-utf8.RuneCountInString(text))
			if c > 0 {
				b.WriteString("  ")
			}
			if columns[c].isNumber() {
				b.WriteString(pad + text)
			} else {
				b.WriteString(text + pad)
			}
		}
		if _, err := w.WriteString(strings.TrimRight(b.String(), " ") + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// writeCSV writes rows as CSV by RFC 4180, but lines end with a line feed alone, as the tools of Unix expect. The first line has the
// names. NULL is an empty field (alone in its row an empty line), an empty text is "".
func writeCSV(w *bufio.Writer, rows arrow.RecordBatch, columns []answerColumn) error {
	var line []byte
	for row := -1; row < int(rows.NumRows()); row++ {
		line = line[:0]
		for c, column := range columns {
			if c > 0 {
				line = append(line, ',')
			}
			if row < 0 {
				line = append(line, quoted(column.name)...)
			} else {
				line = column.appendCSV(line, row)
			}
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// appendCSV appends the field of a row. It makes no string of a number, because most fields of an answer with millions of rows are numbers.
func (c answerColumn) appendCSV(b []byte, row int) []byte {
	switch v := c.values.(type) {
	case *array.String:
		if !v.IsNull(row) {
			b = append(b, quoted(v.Value(row))...)
		}
		return b
	case *array.Decimal128:
		if n := v.Value(row); !v.IsNull(row) && n.HighBits() == int64(n.LowBits())>>63 {
			return c.typ.AppendInt(b, int64(n.LowBits()))
		}
	}
	if v := c.value(row); !v.IsNull {
		b = c.typ.Append(b, v)
	}
	return b
}

// quoted is a field of CSV, in quotes where it needs them.
func quoted(s string) string {
	if s != "" && s[0] != ' ' && s[len(s)-1] != ' ' && !strings.ContainsAny(s, ",\"\r\n") {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// writeLines writes rows as JSON: an object a line, with the columns in their order. Integers and decimals are numbers with all their
// digits; dates and timestamps are texts, 2024-01-31 and 2024-01-31T13:05:59; NaN and infinities, which JSON does not know, are null.
func writeLines(w *bufio.Writer, rows arrow.RecordBatch, columns []answerColumn) error {
	names := make([]string, len(columns))
	for c := range columns {
		names[c] = jsonText(columns[c].name)
	}
	for row := range int(rows.NumRows()) {
		before := byte('{')
		for c, column := range columns {
			w.WriteByte(before)                                            //nolint:errcheck // WriteString at the end of the line tells
			w.WriteString(names[c] + ":" + column.json(column.value(row))) //nolint:errcheck // as above
			before = ','
		}
		if _, err := w.WriteString("}\n"); err != nil {
			return err
		}
	}
	return nil
}

// json is a value of the column as JSON.
func (c answerColumn) json(v query.Value) string {
	switch {
	case v.IsNull, c.typ.Kind == query.Double && (math.IsNaN(v.Float) || math.IsInf(v.Float, 0)):
		return "null"
	case c.typ.Kind == query.Varchar:
		return jsonText(v.Text)
	case c.typ.Kind == query.Date:
		return jsonText(c.typ.Format(v))
	case c.typ.Kind == query.Timestamp:
		return jsonText(strings.Replace(c.typ.Format(v), " ", "T", 1))
	case c.typ.Kind == query.Decimal:
		wider := query.Type{Kind: query.Decimal, Width: c.typ.Scale + 1, Scale: c.typ.Scale} // has a digit before the point, as JSON needs
		return wider.Format(v)
	}
	return c.typ.Format(v)
}

// jsonText is a text of JSON.
func jsonText(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) //nolint:errcheck // a text in memory
	return strings.TrimSuffix(b.String(), "\n")
}

// writeArrow writes rows as a stream of Arrow's IPC format.
func writeArrow(w *bufio.Writer, rows arrow.RecordBatch, _ []answerColumn) error {
	stream := ipc.NewWriter(w, ipc.WithSchema(rows.Schema()))
	if err := stream.Write(rows); err != nil {
		return err
	}
	return stream.Close()
}
