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
	register.Emitter1[element.ColumnsList]()
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
// Read transforms a PCollection<element.Work> into a PCollection<element.ColumnsList>.
func Read(s beam.Scope, cfg Config, works beam.PCollection) beam.PCollection {
	s = s.Scope("source.Read")
	return beam.ParDo(s, &ReadFn{Config: cfg}, works)
}

// ReadFn is the splittable DoFn of [Read]. Its restrictions are ranges of the units of an element.Work, counted from 0 over all
// its pieces. It is exported for tests that act as a runner. All that it needs to know of the files is in the element.
type ReadFn struct {
	Config Config

	ahead *ahead // the units that come next, while they are being opened or read ahead
}

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
func (fn *ReadFn) ProcessElement(ctx context.Context, rt *sdf.LockRTracker, w element.Work, emit func(element.ColumnsList)) error {
	r := rt.GetRestriction().(offsetrange.Restriction)
	list := make([]element.Columns, 1)
	counted := func(c element.Columns) {
		rowsRead.Inc(ctx, c.Record.NumRows())
		list[0] = c
		emit(element.ColumnsList{List: list})
	}
	whole := false
	defer func() {
		if !whole { // an error, a split, or a panic of a later stage
			fn.ahead.close()
			fn.ahead = nil
		}
	}()
	parts := partsOf(w, r)
	for i, p := range parts {
		var next *part
		switch {
		case i+1 < len(parts):
			next = &parts[i+1]
		case w.Ordered:
			next = fn.after(w, r)
		}
		goOn, err := fn.scan(ctx, p, next, func(unit int) bool { return rt.TryClaim(int64(unit) - p.shift) }, counted)
		if err != nil || !goOn {
			return err
		}
	}
	rt.TryClaim(r.End) // tells the tracker that all is done
	whole = true
	return nil
}

// part is the units of a file that a restriction has.
type part struct {
	file  element.Recognised
	units element.Range
	shift int64 // from a unit of the restriction to that of the file
}

// partsOf returns the parts of a restriction that have units.
func partsOf(w element.Work, r offsetrange.Restriction) (parts []part) {
	first := int64(0) // unit of the piece, counted over all pieces
	for _, p := range w.Pieces {
		next := first + int64(p.Units.End-p.Units.Start)
		if max(r.Start, first) < min(r.End, next) {
			shift := int64(p.Units.Start) - first
			parts = append(parts, part{p.File, element.Range{Start: int(max(r.Start, first) + shift), End: int(min(r.End, next) + shift)}, shift})
		}
		first = next
	}
	return parts
}

// after returns what the reader gets after a restriction, nil if that is not known.
func (fn *ReadFn) after(w element.Work, r offsetrange.Restriction) *part {
	if r.End == fn.CreateInitialRestriction(w).End {
		w, r = element.Work{Pieces: w.Then}, offsetrange.Restriction{}
	}
	for _, next := range fn.SplitRestriction(w, fn.CreateInitialRestriction(w)) {
		if next.Start != r.End {
			continue
		}
		if parts := partsOf(w, next); len(parts) > 0 {
			return &parts[0]
		}
	}
	return nil
}

// Scan is what [Read] does to one file, without a runner: it calls emit with every batch.
func Scan(ctx context.Context, f element.Recognised, cfg Config, emit func(element.Columns)) error {
	fn := &ReadFn{Config: cfg}
	_, err := fn.scan(ctx, part{file: f, units: all(f)}, nil, func(int) bool { return true }, emit)
	return err
}

// all returns all units of a file.
func all(f element.Recognised) element.Range { return element.Range{End: len(f.UnitRows)} }

// scan emits the rows of units as long as it can claim them, and tells whether it could claim all. Formats read ahead of the claims; what
// they have read of units that a split took away is dropped. Batches are emitted from the calling goroutine only. The next units, if they
// are known, are opened while the last units of p are decoded.
func (fn *ReadFn) scan(ctx context.Context, p part, next *part, claim func(unit int) bool, emit func(element.Columns)) (all bool, err error) {
	f, units := p.file, p.units
	if units.Start >= units.End {
		return true, nil
	}
	o, err := fn.open(ctx, p)
	if err != nil {
		return false, err
	}
	defer func() {
		// This check comes before the emitted rows count. If the file has changed, that is also the cause of any error of the
		// format.
		err = errors.Join(o.changed(ctx, p, err), o.close())
	}()
	_, inPath := inFile(f)
	c := element.Columns{
		Source: f.Source, Taxi: f.Taxi, Variant: f.Variant, Month: f.Month, FileRows: f.RowsToRead(), Alone: f.Alone, Coordinates: f.Coordinates,
		Dates: f.Dates, TaxiColumn: f.TaxiColumn, Shares: f.Shares, Skip: f.Skip,
	}
	isText := f.Rows == element.UnknownRows
	constants := constantArrays{file: f, columns: inPath}
	defer constants.release()
	if ending, ok := o.units.(Ending); ok && next != nil {
		if when := ending.Ending(); when != nil {
			fn.ahead = openAhead(ctx, fn.Config, *next, when)
		}
	}
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
		if err := nextUnit(ctx, o.units, func(rec arrow.RecordBatch, text *element.Text) {
			rows := rec.NumRows()
			if len(inPath) > 0 {
				rec = constants.addTo(rec)
				defer rec.Release()
			}
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

// nextUnit reads a unit of any format. Only a format of text has a Text for a batch.
func nextUnit(ctx context.Context, reader Units, emit func(arrow.RecordBatch, *element.Text)) error {
	if text, is := reader.(TextUnits); is {
		return text.NextText(ctx, emit)
	}
	return reader.Next(ctx, func(rec arrow.RecordBatch) { emit(rec, nil) })
}

// open opens units, unless they were opened ahead.
func (fn *ReadFn) open(ctx context.Context, p part) (opened, error) {
	a := fn.ahead
	fn.ahead = nil
	if a != nil && a.of(p) {
		<-a.done
		return a.opened, a.err
	}
	a.close()
	return openPart(ctx, fn.Config, p)
}

// ofFile adds the name of the file to an error of its format. A fault has the name already.
func ofFile(f element.Found, err error) error {
	if known := (*fault.Fault)(nil); errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Inputf("%s: %v", f.Source, err)
}
