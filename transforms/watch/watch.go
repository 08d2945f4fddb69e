// Package watch counts what a run has done so far, for whoever shows it while the run goes on.
//
// DoFns travel to their workers and cannot carry a [Run]. They carry its name in an exported field and ask [Of] for it. In a process where
// nobody has made a Run of this name, such as a worker of a cluster, Of returns nil. All methods of a nil Run do nothing.
package watch

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// runs has the runs of this process by name, because a DoFn cannot carry one.
var runs sync.Map

// Stage is what a run does.
type Stage int

// The stages of a run, in their order.
const (
	Finding    Stage = iota // it finds its inputs
	Looking                 // it looks at each input: footers, or the beginning of texts
	Reading                 // it reads rows
	Adding                  // it has read all rows
	Locking                 // it waits for the lock of the output
	Publishing              // it holds the lock
)

// File is a file that a run reads.
type File struct {
	Source string
	Taxi   string
	Units  int   // row groups, or blocks of text
	Rows   int64 // negative if only reading the file tells
	Others int64 // rows beside these, of taxis that nobody wants: they are read too, and do not count
	Bytes  int64 // of the columns that are read
}

// Done is what became of a file.
type Done struct {
	File
	Rows    int64 // that were read
	Refused int64 // of these, by row rules
	Took    time.Duration
}

// State is how far a run is.
type State struct {
	Stage Stage
	Since time.Time // the stage began

	Inputs, Looked int // files that the run looks at, and those it has looked at

	// What the run reads, kept inputs not included, and what it has read of that.
	Files, FilesDone int
	Rows, RowsDone   int64 // Rows is negative if only reading tells
	Bytes, BytesDone int64

	Refused int64    // of RowsDone, by row rules
	Open    []string // the files that are read at the moment, the first begun first
}

// Run counts what a run does.
type Run struct {
	name  string
	ended func(Done)

	mu    sync.Mutex
	state State // Open is not set; BytesDone is without the open files
	open  map[string]*open
	begun int // how many files were
}

// open is a file that has been begun.
type open struct {
	File
	number  int // of those begun
	units   int // done
	bytes   int64
	all     int64 // rows read, with others
	refused int64
	began   time.Time
}

// New makes a run of a name that no other has. ended, which may be nil, is called when the last row of a file has been read. The caller must
// Close the run.
func New(name string, ended func(Done)) *Run {
	r := &Run{name: name, ended: ended, open: map[string]*open{}}
	r.state.Since = time.Now()
	runs.Store(name, r)
	return r
}

// Of returns the run of a name, or nil.
func Of(name string) *Run {
	if r, ok := runs.Load(name); ok {
		return r.(*Run)
	}
	return nil
}

// Close forgets the name of the run. Its counts stay.
func (r *Run) Close() {
	if r != nil {
		runs.Delete(r.name)
	}
}

// Stage says what the run does from now on.
func (r *Run) Stage(s Stage) {
	r.do(func() { r.stage(s) })
}

func (r *Run) stage(s Stage) { r.state.Stage, r.state.Since = s, time.Now() }

// Inputs says how many files the run looks at.
func (r *Run) Inputs(n int) {
	r.do(func() {
		r.state.Inputs = n
		r.stage(Looking)
	})
}

// Looked says that the run has looked at a file.
func (r *Run) Looked() {
	r.do(func() { r.state.Looked++ })
}

// Due adds files to what the run reads.
func (r *Run) Due(files ...File) {
	for _, f := range files {
		r.do(func() {
			if r.state.Stage < Reading {
				r.stage(Reading)
			}
			s := &r.state
			s.Files++
			s.Bytes += f.Bytes
			if s.Rows += f.Rows; f.Rows < 0 {
				s.Rows = unknown
			}
			s.Rows = max(s.Rows, unknown)
		})
		if f.Units == 0 { // nobody will begin it
			r.Begin(f)
			r.Unit(f.Source, 0)
		}
	}
}

// unknown is so low that the sum with the rows of other files stays negative.
const unknown = -1 << 62

// Begin says that some units of a file are about to be read, perhaps not the first.
func (r *Run) Begin(f File) {
	r.do(func() {
		if r.open[f.Source] == nil {
			r.begun++
			r.open[f.Source] = &open{File: f, number: r.begun, began: time.Now()}
		}
	})
}

// Rows says that rows of a file were read, wanted or not.
func (r *Run) Rows(source string, rows int64) {
	r.do(func() {
		if f := r.open[source]; f != nil {
			before := f.rows()
			f.all += rows
			r.state.RowsDone += f.rows() - before
		}
	})
}

// Refused says how many rows of those just read were refused by row rules.
func (r *Run) Refused(source string, rows int64) {
	r.do(func() {
		r.state.Refused += rows
		if f := r.open[source]; f != nil {
			f.refused += rows
		}
	})
}

// Unit says that all rows of a unit were read, and have gone through the rules. bytes are the unit's.
func (r *Run) Unit(source string, bytes int64) {
	var done Done
	ended := false
	r.do(func() {
		f := r.open[source]
		if f == nil {
			return
		}
		f.units++
		f.bytes += bytes
		if ended = f.units >= f.Units; !ended {
			return
		}
		delete(r.open, source)
		s := &r.state
		s.FilesDone++
		s.BytesDone += f.Bytes
		if s.FilesDone >= s.Files && s.Stage == Reading {
			r.stage(Adding)
		}
		done = Done{File: f.File, Rows: f.rows(), Refused: f.refused, Took: time.Since(f.began)}
	})
	if ended && r.ended != nil {
		r.ended(done)
	}
}

// State returns how far the run is.
func (r *Run) State() (s State) {
	r.do(func() {
		s = r.state
		byNumber := func(a, b *open) int { return a.number - b.number }
		for _, f := range slices.SortedFunc(maps.Values(r.open), byNumber) {
			s.Open = append(s.Open, f.Source)
			s.BytesDone += f.bytesDone()
		}
	})
	return s
}

// rows is how many of the wanted rows were read: exactly at the end of the file, and before that about so many, because nobody tells which
// rows these are.
func (f *open) rows() int64 {
	if f.Others == 0 {
		return f.all
	}
	return int64(float64(f.File.Rows) * (float64(f.all) / float64(f.File.Rows+f.Others)))
}

// bytesDone is about the bytes of the rows that were read. A unit may be a whole file of millions of rows, so the rows count where their
// number is known.
func (f *open) bytesDone() int64 {
	if f.File.Rows > 0 {
		return int64(float64(f.Bytes) * min(1, float64(f.all)/float64(f.File.Rows+f.Others)))
	}
	return min(f.bytes, f.Bytes)
}

// do calls change with the lock held, unless r is nil.
func (r *Run) do(change func()) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}
