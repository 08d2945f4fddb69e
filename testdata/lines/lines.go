// Package lines is a format of text files, made as somebody would who adds a format to the program: it uses what package source
// offers and nothing else of the program. Tests of package source and of the whole graph read it.
//
// The first line names the columns and their types, such as "id int64" and "at timestamp", apart by tabs. Each further line is a
// row, its cells apart by tabs; an empty cell is null. A unit is up to 1,000 lines.
package lines

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
)

// UnitRows is how many lines are a unit.
const UnitRows = 1000

var types = map[string]element.ValueType{
	"int64": element.Int64, "float64": element.Float64, "string": element.String, "timestamp": element.TimestampMicros,
}

// Format is the format.
type Format struct{}

func (Format) Name() string      { return "lines" }
func (Format) Endings() []string { return []string{".lines"} }
func (Format) Starts() []string  { return nil }
func (Format) ReadAhead(int64)   {}

// Describe reads the first line, and counts the others.
func (Format) Describe(_ context.Context, f element.Found, r objstore.Reader) (d element.Described, err error) {
	in := bufio.NewReader(io.NewSectionReader(r, 0, f.Size))
	head, err := in.ReadString('\n')
	if err != nil {
		return d, errors.New("found no line, expected one with the names of columns")
	}
	for i, c := range strings.Split(strings.TrimSuffix(head, "\n"), "\t") {
		name, typ, _ := strings.Cut(c, " ")
		if types[typ] == element.Unsupported || name == "" {
			return d, fmt.Errorf("line 1: found the column %q, expected a name and one of int64, float64, string, timestamp", c)
		}
		d.Columns = append(d.Columns, element.Column{Name: name, Leaf: i, Type: types[typ], Found: typ})
	}
	at, start := int64(len(head)), int64(len(head)) // start is where the unit begins
	finish := func(rows int64) {
		d.UnitRows = append(d.UnitRows, rows)
		d.Metadata = binary.AppendUvarint(d.Metadata, uint64(start)) // where each unit begins
		for i := range d.Columns {
			d.Columns[i].ChunkBytes = append(d.Columns[i].ChunkBytes, (at-start)/int64(len(d.Columns)))
		}
		start = at
	}
	rows := int64(0)
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF && line == "" {
			break
		}
		if err != nil {
			return d, fmt.Errorf("line %d: found no end of the line: the file is cut short", d.Rows+2)
		}
		at += int64(len(line))
		d.Rows++
		if rows++; rows == UnitRows {
			finish(rows)
			rows = 0
		}
	}
	if rows > 0 {
		finish(rows)
	}
	return d, nil
}

// Narrow keeps the columns that are read.
func (Format) Narrow(f element.Recognised) (element.Recognised, error) {
	var columns []element.Column
	var projection []int
	for i, c := range f.Projection {
		columns, projection = append(columns, f.Columns[c]), append(projection, i)
	}
	f.Columns, f.Projection = columns, projection
	return f, nil
}

// Open goes to the first of the units.
func (Format) Open(_ context.Context, f element.Recognised, r objstore.Reader, units element.Range, _ source.Config) (source.Units, error) {
	u, starts := &reader{file: f, unit: units.Start}, f.Metadata
	for range units.Start + 1 {
		start, n := binary.Uvarint(starts)
		starts = starts[max(n, 0):]
		u.in = bufio.NewReader(io.NewSectionReader(r, int64(start), f.Size-int64(start)))
	}
	return u, nil
}

type reader struct {
	file element.Recognised
	unit int
	in   *bufio.Reader
}

func (u *reader) Close() {}

// Next emits a unit as one record.
func (u *reader) Next(ctx context.Context, emit func(source.Batch)) error {
	var fields []arrow.Field
	for _, c := range u.file.Projection {
		col := u.file.Columns[c]
		fields = append(fields, arrow.Field{Name: col.Name, Type: col.Type.Arrow(), Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for row := range u.file.UnitRows[u.unit] {
		line, err := u.in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("unit %d: row %d: %w", u.unit, row, err)
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, c := range u.file.Projection {
			col := u.file.Columns[c]
			if col.Leaf >= len(cells) {
				return fmt.Errorf("unit %d: row %d: found %d cells, expected more than %d", u.unit, row, len(cells), col.Leaf)
			}
			if err := add(b.Field(i), cells[col.Leaf]); err != nil {
				return fmt.Errorf("unit %d: row %d: column %q: found %q: %w", u.unit, row, col.Name, cells[col.Leaf], err)
			}
		}
	}
	u.unit++
	if err := ctx.Err(); err != nil {
		return err
	}
	emit(source.Batch{Record: b.NewRecordBatch()})
	return nil
}

func add(to array.Builder, cell string) (err error) {
	if cell == "" {
		to.AppendNull()
		return nil
	}
	switch to := to.(type) {
	case *array.Int64Builder:
		var v int64
		v, err = strconv.ParseInt(cell, 10, 64)
		to.Append(v)
	case *array.TimestampBuilder:
		var v int64
		v, err = strconv.ParseInt(cell, 10, 64)
		to.Append(arrow.Timestamp(v))
	case *array.Float64Builder:
		var v float64
		v, err = strconv.ParseFloat(cell, 64)
		to.Append(v)
	case *array.StringBuilder:
		to.Append(cell)
	}
	return err
}

// Write writes records of the same schema as such a file. Columns of other types are left out.
func Write(w io.Writer, records ...arrow.RecordBatch) error {
	out := bufio.NewWriter(w)
	var columns []int
	var heads []string
	for i, f := range records[0].Schema().Fields() {
		typ := f.Type.Name()
		if f.Type.ID() == arrow.STRING {
			typ = "string"
		}
		if types[typ] != element.Unsupported {
			columns, heads = append(columns, i), append(heads, f.Name+" "+typ)
		}
	}
	fmt.Fprintln(out, strings.Join(heads, "\t"))
	for _, rec := range records {
		for row := range int(rec.NumRows()) {
			cells := make([]string, len(columns))
			for k, c := range columns {
				cells[k] = text(rec.Column(c), row)
			}
			fmt.Fprintln(out, strings.Join(cells, "\t"))
		}
	}
	return out.Flush()
}

func text(a arrow.Array, row int) string {
	if a.IsNull(row) {
		return ""
	}
	switch a := a.(type) {
	case *array.Timestamp:
		return strconv.FormatInt(int64(a.Value(row)), 10)
	case *array.Float64:
		return strconv.FormatFloat(a.Value(row), 'g', -1, 64)
	default:
		return strings.Join(slices.Collect(strings.FieldsSeq(a.ValueStr(row))), " ")
	}
}
