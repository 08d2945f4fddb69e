package publish

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/transforms/fault"
)

// Format is a form in which tables are written, each in one file. Package publishtest has the test that every format must pass.
type Format interface {
	// Name is by what a user asks for it, in lower case.
	Name() string

	// Ending is that of the names of its files, such as ".parquet". No other format has it.
	Ending() string

	// Write writes a table. The bytes depend on the arguments alone. A format that has no place for meta leaves it out.
	Write(w io.Writer, table arrow.RecordBatch, meta []Meta) error

	// Read returns the rows of a file that Write wrote. Columns have the names and, if the format keeps them, the types of schema,
	// else texts.
	Read(content []byte, schema *arrow.Schema) (arrow.Table, error)
}

// Meta is a key and value that describe a table.
type Meta = parquetio.Meta

var formats []Format

// Register adds a format. The first is that of tables whose format nobody chose. Register must be called before a pipeline is
// built, in every process that works on one.
func Register(f Format) {
	if slices.ContainsFunc(formats, func(have Format) bool { return have.Name() == f.Name() || have.Ending() == f.Ending() }) {
		panic(fmt.Sprintf("publish: the format %s, or its ending %s, is there already", f.Name(), f.Ending()))
	}
	formats = append(formats, f)
}

// Formats are the names of the formats that are registered.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name())
	}
	return names
}

// FormatOf returns the format of a name; "" is the first.
func FormatOf(name string) (Format, error) {
	for _, f := range formats {
		if name == "" || f.Name() == name {
			return f, nil
		}
	}
	return nil, fault.New(fault.Failed, "found the table format %q, expected one of %q", name, Formats())
}

// place is where a table is published in a format, below the output.
func place(table string, format Format) string { return table + "/" + table + format.Ending() }

// others are the places of a table in other formats, where a run before may have published it.
func others(table string, format Format) []string {
	var places []string
	for _, f := range formats {
		if f.Name() != format.Name() {
			places = append(places, place(table, f))
		}
	}
	return places
}

// ReadTable reads a published table back. schema is that of the table.
func ReadTable(ctx context.Context, access objstore.Access, output string, o Output, schema *arrow.Schema) (arrow.Table, error) {
	i := slices.IndexFunc(formats, func(f Format) bool { return o.Path == place(o.Table, f) })
	if i < 0 {
		return nil, fmt.Errorf("%s: found no format of this ending, expected one of %q", o.Path, Formats())
	}
	content, err := access.ReadAll(ctx, objstore.Join(output, o.Path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Path, objstore.Reason(err))
	}
	t, err := formats[i].Read(content, schema)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Path, err)
	}
	return t, nil
}
