package source

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
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
	Library bool   // decode with the format's library alone, where the program has a decoder of its own
	Run     string // the watch.Run that counts what is read, if it is in this process
	Codes   bool   // columns may come as dictionary arrays, of uint16 and the column's type, where the file has them so

	// Lanes is how many parts of the work are read side by side; [AllCores] for as many as keep all cores of the process busy. It is 0
	// where the work is dealt out to several workers: then a worker reads one part, and claims its units one by one.
	Lanes int

	// Tables is how many tables hold groups of each file that is read. Each is added up on a core of its own, so the more there are, the fewer
	// files are read side by side, and the fewer groups are held.
	Tables int

	// Ahead is how many batches of a column a format may decode before they are needed; 0 for its own choice. The reader sets it.
	Ahead int
}

// Read reads the projected columns of the files, or of parts of them.
//
// Read transforms a PCollection<element.Work> into a PCollection<element.ColumnsList>.
func Read(s beam.Scope, cfg Config, works beam.PCollection) beam.PCollection {
	s = s.Scope("source.Read")
	return beam.ParDo(s, &ReadFn{Config: cfg}, works)
}

// ReadFn is the splittable DoFn of [Read]. Its restrictions are ranges of the units of an element.Work, counted from 0 over all
// its pieces and files. It is exported for tests that act as a runner. All that it needs to know of the files is in the element.
type ReadFn struct {
	Config Config
}

// Setup says what the process may take.
func (fn *ReadFn) Setup() { fn.Config.Memory.Bound(fn.Config.Tables) }

// CreateInitialRestriction is all units.
func (fn *ReadFn) CreateInitialRestriction(w element.Work) offsetrange.Restriction {
	units := int64(0)
	for _, p := range w.Pieces {
		units += int64(p.Units.End - p.Units.Start)
	}
	for _, f := range w.Files {
		units += int64(len(f.UnitBytes))
	}
	return offsetrange.Restriction{Start: 0, End: units}
}

// SplitRestriction cuts work of many units into ranges of about equal bytes, unless this process reads all of it side by side.
func (fn *ReadFn) SplitRestriction(w element.Work, r offsetrange.Restriction) []offsetrange.Restriction {
	if fn.Config.Lanes != 0 {
		return []offsetrange.Restriction{r}
	}
	return split(r, sizesOf(w), minSplitBytes, maxSplits)
}

// RestrictionSize is the bytes that hold the projected columns.
func (fn *ReadFn) RestrictionSize(w element.Work, r offsetrange.Restriction) float64 {
	return float64(sizeOf(r, sizesOf(w)))
}

// CreateTracker tracks units. If this process reads all of the work side by side, the tracker refuses to split it. prism splits what takes
// long and gives the rest to the same process. Each call of ProcessElement would then have lanes for all cores and open files again, and the run
// would take several times the memory that it may take.
func (fn *ReadFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	t := offsetrange.NewTracker(r)
	if fn.Config.Lanes != 0 {
		return sdf.NewLockRTracker(wholeTracker{t})
	}
	return sdf.NewLockRTracker(t)
}

// wholeTracker is a tracker whose restriction is never split. Beam takes a split without a residual as one that failed, and goes on
// with the work. A checkpoint is a split too, but [ReadFn.ProcessElement] never asks to be resumed, so there is none.
type wholeTracker struct{ *offsetrange.Tracker }

// TrySplit returns no residual.
func (t wholeTracker) TrySplit(float64) (primary, residual any, err error) {
	return t.GetRestriction(), nil, nil
}

// ProcessElement emits every row of every unit it can claim. If the work is dealt out to several workers, the end of the restriction may move down
// while it runs, so TryClaim alone says when to stop.
func (fn *ReadFn) ProcessElement(ctx context.Context, rt *sdf.LockRTracker, w element.Work, emit func(element.ColumnsList)) error {
	r := rt.GetRestriction().(offsetrange.Restriction)
	all, err := read(ctx, fn.Config, w, element.Range{Start: int(r.Start), End: int(r.End)}, func(unit int64) bool { return rt.TryClaim(unit) }, func(list []element.Columns) {
		for _, c := range list {
			rowsRead.Inc(ctx, c.Record.NumRows())
		}
		emit(element.ColumnsList{List: list})
		for _, c := range list {
			fn.Config.rowsRead(c)
		}
	})
	if err == nil && all {
		rt.TryClaim(r.End) // tells the tracker that all is done
	}
	return err
}

// Scan is what [Read] does to one file, without a runner: it calls emit with every batch. It does not count as reading for who watches the
// run: a file may be scanned before it is read.
func Scan(ctx context.Context, f element.Recognised, cfg Config, emit func(element.Columns)) error {
	cfg.Lanes, cfg.Run = 0, ""
	_, err := read(ctx, cfg, element.Work{Pieces: []element.Piece{{File: f, Units: all(f)}}}, all(f), func(int64) bool { return true }, func(list []element.Columns) {
		for _, c := range list {
			emit(c)
		}
	})
	return err
}

// all returns all units of a file.
func all(f element.Recognised) element.Range { return element.Range{End: len(f.UnitRows)} }

// read emits the rows of units of w, counted over all its pieces, as long as it can claim them, and tells whether it could claim all. It
// reads ahead of the claims; what was read of units that a split took away is dropped. Batches are emitted from the calling goroutine only,
// and their memory is used again when emit has returned.
func read(ctx context.Context, cfg Config, w element.Work, units element.Range, claim func(unit int64) bool, emit func([]element.Columns)) (all bool, err error) {
	l := newLanes(ctx, cfg, w, units, claim)
	defer l.close() // there is something to close after an error, or a panic of a later stage
	var columns []element.Columns
	for {
		list, err := l.next()
		if err != nil {
			return false, err
		}
		if len(list) > 0 {
			columns = columns[:0]
			for _, it := range list {
				columns = append(columns, it.columns)
			}
			emit(columns)
		}
		if err := l.release(); err != nil {
			return false, err
		}
		if len(list) == 0 {
			return !l.short, nil
		}
	}
}
