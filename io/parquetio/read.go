// Package parquetio reads the row groups of parquet files as batches of columns, and writes small tables.
//
// [Footers] reads what a file's footer says, [Read] its projected columns. Between them somebody decides what to read:
// element.File carries the projection. Reading is a splittable DoFn whose restrictions are ranges of row-group
// indices, so a file is as divisible as its writer made it. TLC's files often are one single row group of up to 15
// million rows; so the columns of a row group are decoded side by side and ahead, each in its own goroutine, in pages,
// and memory does not grow with the row group.
//
// Only leaf columns at the top level are read: numbers, timestamps, strings and the null type. Nested columns,
// decimals and encrypted files are not supported; asking for one is an error that names it.
package parquetio

import (
	"context"
	"errors"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// rowsRead counts the rows read, by those runners that count.
var rowsRead = beam.NewCounter("tripstats", "rows_read")

func init() {
	beam.RegisterDoFn(reflect.TypeFor[readFn]())
	register.Emitter1[element.Columns]()
}

// Config is what the reader is told. It travels in the DoFn, as a worker may be another process than the one that has
// the flags.
type Config struct {
	Access  objstore.Access
	Memory  Memory
	Library bool // decode with arrow-go's readers alone
	Codes   bool // columns may come as dictionary arrays, of uint16 and the column's type, where the file has them so
}

// Read reads the projected columns of the files, which must carry a footer and a projection, or of pieces of them.
//
// Read transforms a PCollection<element.File> into a PCollection<element.Columns>.
func Read(s beam.Scope, cfg Config, files beam.PCollection) beam.PCollection {
	s = s.Scope("parquetio.Read")
	return beam.ParDo(s, &readFn{Config: cfg}, files)
}

// readFn is the splittable DoFn. What it reads travels in the element.
type readFn struct{ Config Config }

// Setup says what the process may take.
func (fn *readFn) Setup() { fn.Config.Memory.Bound() }

// CreateInitialRestriction is all row groups of the file, or of its piece.
func (fn *readFn) CreateInitialRestriction(f element.File) offsetrange.Restriction {
	if f.Piece != (element.Range{}) {
		return offsetrange.Restriction{Start: int64(f.Piece.Start), End: int64(f.Piece.End)}
	}
	return allRowGroups(f)
}

func allRowGroups(f element.File) offsetrange.Restriction {
	return offsetrange.Restriction{Start: 0, End: int64(len(f.RowGroupRows))}
}

// SplitRestriction cuts a file of many row groups into pieces of about equal bytes.
func (fn *readFn) SplitRestriction(f element.File, r offsetrange.Restriction) []offsetrange.Restriction {
	return splitRowGroups(r, f.RowGroupBytes, minSplitBytes, maxSplits)
}

// RestrictionSize is the compressed bytes of the projected column chunks, from the footer.
func (fn *readFn) RestrictionSize(f element.File, r offsetrange.Restriction) float64 {
	return float64(sizeOf(r, f.RowGroupBytes))
}

// CreateTracker tracks row-group indices.
func (fn *readFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

// ProcessElement emits every row of every row group it can claim. The end of the restriction may move down while it
// runs, so TryClaim alone says when to stop.
func (fn *readFn) ProcessElement(ctx context.Context, rt *sdf.LockRTracker, f element.File, emit func(element.Columns)) error {
	r := rt.GetRestriction().(offsetrange.Restriction)
	return scan(ctx, f, fn.Config, int(r.Start), int(r.End), func(rowGroup int) bool { return rt.TryClaim(int64(rowGroup)) }, emit)
}

// Scan is what [Read] does to one file, without a runner: it calls emit with every batch.
func Scan(ctx context.Context, f element.File, cfg Config, emit func(element.Columns)) error {
	groups := len(f.RowGroupRows)
	return scan(ctx, f, cfg, 0, groups, func(rowGroup int) bool { return rowGroup < groups }, emit)
}

// scan emits the rows of row groups from start on, as long as they can be claimed, and decodes up to end. Decoding runs
// ahead of the claims, in goroutines that end with the call; what they read of row groups that a split took away is
// dropped. Batches are emitted from the calling goroutine only.
func scan(ctx context.Context, f element.File, cfg Config, start, end int, claim func(rowGroup int) bool, emit func(element.Columns)) (err error) {
	if start >= end {
		return nil
	}
	in, err := openFile(ctx, cfg.Access, f)
	if err != nil {
		return err
	}
	defer func() {
		// This check comes before the emitted rows count. If the file has changed, that is also the cause of any error of the
		// decoder.
		if changed := objstore.Unchanged(in); changed != nil && ctx.Err() == nil {
			err = fault.Inputf("%s: %v", f.Source, objstore.Reason(changed))
		}
		err = errors.Join(err, in.Close())
	}()
	d, err := newDecoder(ctx, f, in, start, end, cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	var schema *arrow.Schema
	before := int64(0) // rows of the file before the row group
	for _, n := range f.RowGroupRows[:start] {
		before += n
	}
	for i := start; claim(i); i++ {
		if err := emitRowGroup(ctx, d, f, i, before, &schema, emit); err != nil {
			return err
		}
		before += f.RowGroupRows[i]
	}
	return nil
}

func emitRowGroup(ctx context.Context, d *decoder, f element.File, rg int, before int64, schema **arrow.Schema, emit func(element.Columns)) error {
	rows := f.RowGroupRows[rg]
	for done := int64(0); done < rows; {
		n := min(batchRows, rows-done)
		arrays, err := d.next(ctx, int(n))
		if err != nil {
			return err
		}
		rowsRead.Inc(ctx, n)
		if !fits(*schema, arrays) {
			*schema = schemaOf(f, arrays)
		}
		rec := array.NewRecordBatch(*schema, arrays, n)
		emit(element.Columns{Source: f.Source, Taxi: f.Taxi, Variant: f.Variant, Month: f.Month, RowGroup: rg, FirstRow: done, FileRow: before + done, Record: rec})
		rec.Release()
		for _, a := range arrays {
			a.Release()
		}
		done += n
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
func schemaOf(f element.File, arrays []arrow.Array) *arrow.Schema {
	fields := make([]arrow.Field, len(f.Projection))
	for i, c := range f.Projection {
		fields[i] = arrow.Field{Name: f.Columns[c].Name, Type: arrays[i].DataType(), Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}
