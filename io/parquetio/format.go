// Package parquetio reads the row groups of parquet files as batches of columns, and writes small tables.
//
// [Format] is parquet as package source has it. Its units are row groups, so a file is as divisible as its writer made it.
// TLC's files often are one single row group of up to 15 million rows; so the columns of a row group are decoded side by side and
// ahead, each in its own goroutine, in pages, and memory does not grow with the row group.
//
// Only leaf columns at the top level are read: numbers, decimals, timestamps, strings and the null type. Nested columns and encrypted
// files are not supported; asking for one is an error that names it.
package parquetio

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
)

// Format is the format parquet.
type Format struct{}

// Name is "parquet".
func (Format) Name() string { return "parquet" }

// Endings are those of parquet files.
func (Format) Endings() []string { return []string{".parquet", ".parq"} }

// Starts are the magic bytes of parquet.
func (Format) Starts() []string { return []string{"PAR1", "PARE"} }

// ReadAhead bounds what of remote files is fetched before it is needed.
func (Format) ReadAhead(bytes int64) { SetReadAhead(bytes) }

// Open starts to decode row groups. Decoding runs ahead, in goroutines that end with Close.
func (Format) Open(ctx context.Context, f element.Recognised, r objstore.Reader, groups element.Range, cfg source.Config) (source.Units, error) {
	if t := openTiny(f, r, groups, cfg); t != nil {
		return t, nil
	}
	d, err := newDecoder(ctx, f, r, groups.Start, groups.End, cfg)
	if err != nil {
		return nil, err
	}
	return &rowGroups{decoder: d, file: f, at: groups.Start, end: groups.End}, nil
}

// rowGroups hands out decoded row groups as records of a batch's size.
type rowGroups struct {
	*decoder
	file   element.Recognised
	at     int           // the next row group
	end    int           // the one after the last
	schema *arrow.Schema // of the last batch
}

// Next emits the rows of the next row group.
func (g *rowGroups) Next(ctx context.Context, emit func(source.Batch)) error {
	rows := g.file.UnitRows[g.at]
	g.at++
	for rows > 0 {
		n := min(batchRows, rows)
		arrays, buffers, err := g.next(ctx, int(n))
		if err != nil {
			return err
		}
		if !fits(g.schema, arrays) {
			g.schema = schemaOf(g.file, arrays)
		}
		rec := array.NewRecordBatch(g.schema, arrays, n)
		for _, a := range arrays {
			a.Release()
		}
		emit(source.Batch{Record: rec, Done: func() { g.recycle(buffers) }})
		rows -= n
	}
	if g.at == g.end {
		g.running.Wait() // whoever decodes next then gets what these columns took
	}
	return nil
}

// fits tells whether schema, nil at first, is that of a batch: a column may have other types in the next.
func fits(schema *arrow.Schema, arrays []arrow.Array) bool {
	if schema == nil {
		return false
	}
	for i, a := range arrays {
		if schema.Field(i).Type != a.DataType() {
			return false
		}
	}
	return true
}

// schemaOf is the Arrow schema of a batch of f's projection.
func schemaOf(f element.Recognised, arrays []arrow.Array) *arrow.Schema {
	fields := make([]arrow.Field, len(f.Projection))
	for i, c := range f.Projection {
		fields[i] = arrow.Field{Name: f.Columns[c].Name, Type: arrays[i].DataType(), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}
