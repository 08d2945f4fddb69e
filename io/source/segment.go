package source

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// part is the units of a file that a restriction has.
type part struct {
	file  *element.Recognised
	units element.Range
	shift int64 // from a unit of the restriction to that of the file
}

// opened is an open file and its units that are being read.
type opened struct {
	of    *element.Recognised
	file  objstore.Reader
	units Units
}

func (o *opened) close() error {
	o.units.Close()
	return o.file.Close()
}

// openPart opens the units of a part.
func openPart(ctx context.Context, cfg Config, p part) (o *opened, err error) {
	format, err := named(p.file.Format)
	if err != nil {
		return nil, err
	}
	o = &opened{of: p.file}
	if o.file, err = open(ctx, cfg.Access, p.file.Found); err != nil {
		return nil, err
	}
	own, inPath := inFile(*p.file)
	if len(own.Projection) == 0 && len(inPath) > 0 {
		err = errOnlyConstants
	} else {
		o.units, err = format.Open(ctx, own, o.file, p.units, cfg)
	}
	if err != nil {
		err = ofFile(p.file.Found, err)
		return nil, errors.Join(o.changed(ctx, err), o.file.Close())
	}
	return o, nil
}

// changed returns the error to report: err or, if the file has changed, an error that says so.
func (o *opened) changed(ctx context.Context, err error) error {
	if changed := objstore.Unchanged(o.file); changed != nil && ctx.Err() == nil {
		return fault.Inputf("%s: %v", o.of.Source, objstore.Reason(changed))
	}
	return err
}

// ofFile adds the name of the file to an error of its format. A fault has the name already.
func ofFile(f element.Found, err error) error {
	if known := (*fault.Fault)(nil); errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Inputf("%s: %v", f.Source, err)
}

// segment is what one goroutine opens and decodes: some files, or units of one file. It puts what it has read into a queue, which the
// goroutine of ProcessElement empties.
type segment struct {
	lanes  *lanes
	cfg    Config
	parts  []part
	cores  float64 // how many cores its decoding keeps busy
	ahead  int64   // how many bytes may wait in the queue
	footer int64   // how many bytes it takes for what it keeps of footers

	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended

	// Guarded by lanes.mu.
	queue   []item
	waiting int64 // how many bytes the batches in the queue take
	room    *sync.Cond
	ended   bool // everything is decoded

	begun   bool
	claimed int64 // the units before this one are claimed; units are counted as the restriction does
}

// item is what a segment has read: a batch, the end of a unit or of a part, or what went wrong.
type item struct {
	columns element.Columns // with a Record in a batch only
	bytes   int64           // roughly what the batch takes
	batch   Batch           // as the format gave it

	unit     int64               // of the restriction
	ended    *element.Recognised // at the end of a unit: its file
	inFile   int                 // the unit of the file
	file     *opened             // at the end of a part: what can be closed
	err      error
	panicked any
}

// lightBatch is the least number of rows that a batch is counted with: a batch of few rows needs memory too.
const lightBatch = 1 << 11

// start reads the segment in a goroutine of its own.
func (s *segment) start(ctx context.Context) {
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.done = make(chan struct{})
	stop := context.AfterFunc(s.ctx, func() {
		s.lanes.mu.Lock()
		defer s.lanes.mu.Unlock()
		s.room.Broadcast()
	})
	go func() {
		defer close(s.done)
		defer stop()
		unit := s.firstUnit()
		defer func() {
			if r := recover(); r != nil {
				s.put(item{unit: unit, panicked: fmt.Sprintf("%v\n%s", r, debug.Stack())})
			}
			s.end()
		}()
		for _, p := range s.parts {
			unit = p.first()
			if err := s.read(p, &unit); err != nil {
				s.put(item{unit: unit, err: err})
				return
			}
		}
	}()
}

// first returns the first unit of a part, counted as the restriction does.
func (p part) first() int64 { return int64(p.units.Start) - p.shift }

// firstUnit and endUnit are the range of the segment's units.
func (s *segment) firstUnit() int64 { return s.parts[0].first() }

func (s *segment) endUnit() int64 {
	p := s.parts[len(s.parts)-1]
	return int64(p.units.End) - p.shift
}

// read puts all units of a part into the queue. It says which unit it has come to.
func (s *segment) read(p part, at *int64) (err error) {
	s.cfg.begin(*p.file)
	o, err := openPart(s.ctx, s.cfg, p)
	if err != nil {
		return err
	}
	defer func() { s.put(item{unit: *at, file: o}) }() // whatever happened: batches may still be in use
	f := p.file
	c := element.Columns{
		Source: f.Source, Taxi: f.Taxi, Variant: f.Variant, Month: f.Month, FileRows: f.RowsToRead(), Alone: f.Alone, Coordinates: f.Coordinates,
		Dates: f.Dates, TaxiColumn: f.TaxiColumn, Shares: f.Shares, Skip: f.Skip,
	}
	isText := f.Rows == element.UnknownRows
	_, inPath := inFile(*f)
	constants := constantArrays{file: *f, columns: inPath}
	defer constants.release()
	if !isText {
		for _, n := range f.UnitRows[:p.units.Start] {
			c.FileRow += n
		}
	}
	for unit := p.units.Start; unit < p.units.End; unit++ {
		*at = int64(unit) - p.shift
		c.RowGroup, c.FirstRow = unit, 0
		if err := s.ctx.Err(); err != nil {
			return err
		}
		err := o.units.Next(s.ctx, func(b Batch) {
			if own := b.Record; len(inPath) > 0 {
				b.Record = constants.addTo(own)
				own.Release()
			}
			rows := b.Record.NumRows()
			c.Record, c.Text = b.Record, b.Text
			s.put(item{unit: *at, columns: c, batch: b, bytes: max(rows, lightBatch) * (1 + b.Record.NumCols()) * 8})
			c.FirstRow += rows
			if !isText {
				c.FileRow += rows
			}
		})
		if err == nil {
			if want := f.UnitRows[unit]; c.FirstRow != want && !isText {
				err = fault.New(fault.Failed, "%s: row group %d: read %d rows where %d were due", f.Source, unit, c.FirstRow, want)
			}
		}
		if err != nil {
			return o.changed(s.ctx, ofFile(f.Found, err)) // if the file has changed, that is also the cause of any error of the format
		}
		s.put(item{unit: *at, ended: f, inFile: unit})
	}
	return nil
}

// put puts an item into the queue. A batch waits until there is room for it, or until the segment is cancelled. A batch must not be given
// back here, because those before it may still be in use: see [Batch.Done].
func (s *segment) put(it item) {
	l := s.lanes
	l.mu.Lock()
	for it.bytes > 0 && s.waiting > 0 && s.waiting+it.bytes > s.ahead && s.ctx.Err() == nil {
		s.room.Wait()
	}
	s.waiting += it.bytes
	l.waiting += it.bytes
	if it.file != nil {
		l.decoded++
	}
	s.queue = append(s.queue, it)
	l.mu.Unlock()
	l.tell()
}

// pop takes the first item out of the queue. The caller holds the lock.
func (s *segment) pop() item {
	it := s.queue[0]
	s.queue[0] = item{}
	s.queue = s.queue[1:]
	s.waiting -= it.bytes
	s.lanes.waiting -= it.bytes
	if it.file != nil {
		s.lanes.decoded--
	}
	if it.bytes > 0 {
		s.room.Signal()
	}
	return it
}

// ofAnotherFile tells whether the next batch in the queue is not of the given file. The caller holds the lock.
func (s *segment) ofAnotherFile(source string) bool {
	next := slices.IndexFunc(s.queue, func(it item) bool { return it.bytes > 0 })
	return next >= 0 && s.queue[next].columns.Source != source
}

// end says that everything is decoded.
func (s *segment) end() {
	s.lanes.mu.Lock()
	s.ended = true
	s.lanes.fill()
	s.lanes.mu.Unlock()
	s.lanes.tell()
}

// abandon ends the goroutine, drops what it has read and returns its files, which are still open.
func (s *segment) abandon() []*opened {
	s.cancel()
	<-s.done
	var files []*opened
	s.lanes.mu.Lock()
	for len(s.queue) > 0 {
		it := s.pop()
		if it.bytes > 0 {
			it.batch.release()
		}
		if it.file != nil {
			files = append(files, it.file)
		}
	}
	s.lanes.mu.Unlock()
	return files
}
