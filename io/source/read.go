package source

import (
	"context"
	"errors"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
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
	beam.RegisterDoFn(reflect.TypeFor[ReadFn]())
	register.Emitter1[element.Columns]()
}

// Config is what the reader is told. It travels in the DoFn, because a worker may be another process than the one that has
// the flags.
type Config struct {
	Access  objstore.Access
	Memory  Memory
	Library bool // decode with the format's library alone, where the program has a decoder of its own
	Codes   bool // columns may come as dictionary arrays, of uint16 and the column's type, where the file has them so
}

// Read reads the projected columns of the files, or of parts of them.
//
// Read transforms a PCollection<element.Work> into a PCollection<element.Columns>.
func Read(s beam.Scope, cfg Config, works beam.PCollection) beam.PCollection {
	s = s.Scope("source.Read")
	return beam.ParDo(s, &ReadFn{Config: cfg}, works)
}

// ReadFn is the splittable DoFn of [Read]. Its restrictions are ranges of the units of an element.Work, counted from 0 over all
// its pieces. It is exported for tests that act as a runner. All that it needs to know of the files is in the element.
type ReadFn struct{ Config Config }

// Setup says what the process may take.
func (fn *ReadFn) Setup() { fn.Config.Memory.Bound() }

// CreateInitialRestriction is all units.
func (fn *ReadFn) CreateInitialRestriction(w element.Work) offsetrange.Restriction {
	units := int64(0)
	for _, p := range w.Pieces {
		units += int64(p.Units.End - p.Units.Start)
	}
	return offsetrange.Restriction{Start: 0, End: units}
}

// SplitRestriction cuts work of many units into ranges of about equal bytes.
func (fn *ReadFn) SplitRestriction(w element.Work, r offsetrange.Restriction) []offsetrange.Restriction {
	return split(r, sizesOf(w), minSplitBytes, maxSplits)
}

// RestrictionSize is the bytes that hold the projected columns.
func (fn *ReadFn) RestrictionSize(w element.Work, r offsetrange.Restriction) float64 {
	return float64(sizeOf(r, sizesOf(w)))
}

// CreateTracker tracks units.
func (fn *ReadFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

// ProcessElement emits every row of every unit it can claim. The end of the restriction may move down while it runs, so TryClaim
// alone says when to stop.
func (fn *ReadFn) ProcessElement(ctx context.Context, rt *sdf.LockRTracker, w element.Work, emit func(element.Columns)) error {
	r := rt.GetRestriction().(offsetrange.Restriction)
	counted := func(c element.Columns) {
		rowsRead.Inc(ctx, c.Record.NumRows())
		emit(c)
	}
	first := int64(0) // unit of the piece, counted over all pieces
	for _, p := range w.Pieces {
		next := first + int64(p.Units.End-p.Units.Start)
		if next > r.Start && first < r.End {
			shift := int64(p.Units.Start) - first
			units := element.Range{Start: int(max(r.Start, first) + shift), End: int(min(r.End, next) + shift)}
			goOn, err := scan(ctx, p.File, fn.Config, units, func(unit int) bool { return rt.TryClaim(int64(unit) - shift) }, counted)
			if err != nil || !goOn {
				return err
			}
		}
		first = next
	}
	rt.TryClaim(r.End) // tells the tracker that all is done
	return nil
}

// Scan is what [Read] does to one file, without a runner: it calls emit with every batch.
func Scan(ctx context.Context, f element.Recognised, cfg Config, emit func(element.Columns)) error {
	_, err := scan(ctx, f, cfg, all(f), func(int) bool { return true }, emit)
	return err
}

// all returns all units of a file.
func all(f element.Recognised) element.Range { return element.Range{End: len(f.UnitRows)} }

// scan emits the rows of units as long as it can claim them, and tells whether it could claim all. Formats read ahead of the claims;
// what they have read of units that a split took away is dropped. Batches are emitted from the calling goroutine only.
func scan(ctx context.Context, f element.Recognised, cfg Config, units element.Range, claim func(unit int) bool, emit func(element.Columns)) (all bool, err error) {
	if units.Start >= units.End {
		return true, nil
	}
	format, err := named(f.Format)
	if err != nil {
		return false, err
	}
	in, err := open(ctx, cfg.Access, f.Found)
	if err != nil {
		return false, err
	}
	defer func() {
		// This check comes before the emitted rows count. If the file has changed, that is also the cause of any error of the
		// format.
		if changed := objstore.Unchanged(in); changed != nil && ctx.Err() == nil {
			err = fault.Inputf("%s: %v", f.Source, objstore.Reason(changed))
		}
		err = errors.Join(err, in.Close())
	}()
	reader, err := format.Open(ctx, f, in, units, cfg)
	if err != nil {
		return false, ofFile(f.Found, err)
	}
	defer reader.Close()
	c := element.Columns{Source: f.Source, Taxi: f.Taxi, Variant: f.Variant, Month: f.Month, FileRows: f.Rows, Alone: f.Alone, Coordinates: f.Coordinates, Dates: f.Dates}
	isText := f.Rows == element.UnknownRows
	for _, n := range f.UnitRows[:units.Start] {
		if !isText {
			c.FileRow += n
		}
	}
	for unit := units.Start; unit < units.End; unit++ {
		if !claim(unit) {
			return false, nil
		}
		c.RowGroup, c.FirstRow = unit, 0
		if err := next(ctx, reader, func(rec arrow.RecordBatch, text *element.Text) {
			rows := rec.NumRows()
			c.Record, c.Text = rec, text
			emit(c)
			c.FirstRow += rows
			if !isText {
				c.FileRow += rows
			}
		}); err != nil {
			return false, ofFile(f.Found, err)
		}
		if want := f.UnitRows[unit]; c.FirstRow != want && !isText {
			return false, fault.New(fault.Failed, "%s: row group %d: read %d rows where %d were due", f.Source, unit, c.FirstRow, want)
		}
	}
	return true, nil
}

// next reads a unit of any format. Only a format of text has a Text for a batch.
func next(ctx context.Context, reader Units, emit func(arrow.RecordBatch, *element.Text)) error {
	if text, is := reader.(TextUnits); is {
		return text.NextText(ctx, emit)
	}
	return reader.Next(ctx, func(rec arrow.RecordBatch) { emit(rec, nil) })
}

// ofFile adds the name of the file to an error of its format. A fault has the name already.
func ofFile(f element.Found, err error) error {
	if known := (*fault.Fault)(nil); errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Inputf("%s: %v", f.Source, err)
}
