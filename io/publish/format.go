package publish

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/transforms/fault"
)

// Format is a file format for tables. Each table is one file. Package publishtest has the test that every format must pass.
type Format interface {
	// Name returns the value of --format that selects it, in lower case.
	Name() string

	// Ending returns the ending of its file names, such as ".parquet". Two formats may have the same if each reads the other's files.
	Ending() string

	// Write writes a table. The bytes must depend on the arguments only. A format that cannot store meta leaves it out.
	Write(w io.Writer, table arrow.RecordBatch, meta []Meta) error

	// Read returns the rows of a file that Write wrote. The columns have the names of schema. They have its types too if the format
	// stores types; otherwise they are texts.
	Read(content []byte, schema *arrow.Schema) (arrow.Table, error)
}

// Meta is a key and value that describe a table.
type Meta = parquetio.Meta

var formats []Format

// Register adds a format. The first one is the default. Register must be called before a pipeline is
// built, in every process that works on one.
func Register(f Format) {
	if slices.ContainsFunc(formats, func(have Format) bool { return have.Name() == f.Name() }) {
		panic(fmt.Sprintf("publish: the format %s is there already", f.Name()))
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

// place returns the path of a table in a format, below the output.
func place(table string, format Format) string { return table + "/" + table + format.Ending() }

// others returns the paths of a table in the other formats: an earlier run may have published it there.
func others(table string, format Format) []string {
	var places []string
	for _, f := range formats {
		if f.Ending() != format.Ending() {
			places = append(places, place(table, f))
		}
	}
	return places
}

// ReadTable reads a published table back. schema is that of the table.
func ReadTable(ctx context.Context, access objstore.Access, output string, o Output, schema *arrow.Schema) (arrow.Table, error) {
	content, err := access.ReadAll(ctx, objstore.Join(output, o.Path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Path, objstore.Reason(err))
	}
	return TableOf(content, o, schema)
}

// TableOf returns the rows of the file of a published table.
func TableOf(content []byte, o Output, schema *arrow.Schema) (arrow.Table, error) {
	i := slices.IndexFunc(formats, func(f Format) bool { return strings.HasSuffix(strings.TrimSuffix(o.Path, tableEnding), f.Ending()) })
	if i < 0 {
		return nil, fmt.Errorf("%s: found no format of this ending, expected one of %q", o.Path, Formats())
	}
	t, err := formats[i].Read(content, schema)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Path, err)
	}
	return t, nil
}
