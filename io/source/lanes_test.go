package source

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// counted is a format whose files say nothing: a batch has the file, the unit and the row in three columns. It counts what is open and
// what is in use.
type counted struct {
	fake
	open, used *atomic.Int64
	fails      func(file string, unit int) error // what reading a unit gives
	opens      func(file string) error
	part       func(units, open int)                            // with the number of units of a part: open is 1 when the part is opened, and -1 when it has been read
	waits      func(ctx context.Context, file string, unit int) // before a unit is read
}

func (f counted) Open(_ context.Context, r element.Recognised, _ objstore.Reader, units element.Range, _ Config) (Units, error) {
	if f.opens != nil {
		if err := f.opens(r.Source); err != nil {
			return nil, err
		}
	}
	f.open.Add(1)
	if f.part != nil {
		f.part(units.End-units.Start, 1)
	}
	return &countedUnits{format: f, file: r, at: units.Start, units: units}, nil
}

type countedUnits struct {
	format counted
	file   element.Recognised
	at     int
	units  element.Range
}

var countedSchema = arrow.NewSchema([]arrow.Field{{Name: "unit", Type: arrow.PrimitiveTypes.Int64}, {Name: "row", Type: arrow.PrimitiveTypes.Int64}}, nil)

// batchOf is how many rows a batch of a counted file has at most.
const batchOf = 3

func (u *countedUnits) Next(ctx context.Context, emit func(Batch)) error {
	f, unit := u.format, u.at
	if u.at++; u.at == u.units.End && f.part != nil {
		defer f.part(u.units.End-u.units.Start, -1)
	}
	if f.waits != nil {
		f.waits(ctx, u.file.Source, unit)
	}
	for row := int64(0); row < u.file.UnitRows[unit]; row += batchOf {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, countedSchema)
		for i := row; i < min(row+batchOf, u.file.UnitRows[unit]); i++ {
			b.Field(0).(*array.Int64Builder).Append(int64(unit))
			b.Field(1).(*array.Int64Builder).Append(i)
		}
		f.used.Add(1)
		emit(Batch{Record: b.NewRecordBatch(), Done: func() { f.used.Add(-1) }})
		b.Release()
	}
	if f.fails != nil {
		return f.fails(u.file.Source, unit)
	}
	return nil
}

func (u *countedUnits) Close() { u.format.open.Add(-1) }

// register adds the format under a name of its own, and removes it when the test ends.
func (f counted) register(t *testing.T) counted {
	t.Helper()
	f.fake.name = t.Name()
	f.open, f.used = new(atomic.Int64), new(atomic.Int64)
	before := slices.Clone(formats)
	Register(f)
	t.Cleanup(func() {
		formats = before
		if open, used := f.open.Load(), f.used.Load(); open != 0 || used != 0 {
			t.Errorf("found %d open files and %d batches in use at the end, expected none", open, used)
		}
	})
	return f
}

// files are as many files of the format, each with units of so many rows.
func (f counted) files(t *testing.T, units ...[]int64) (w element.Work) {
	t.Helper()
	dir := t.TempDir()
	for i, rows := range units {
		path := filepath.Join(dir, fmt.Sprintf("%02d", i))
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		objects, err := objstore.Access{}.Match(t.Context(), []string{path})
		if err != nil {
			t.Fatal(err)
		}
		var file element.Recognised
		file.Found, file.Format, file.Projection = Files(objects)[0], f.fake.name, []int{0}
		file.Columns = []element.Column{{Name: "unit"}}
		for _, n := range rows {
			file.UnitRows, file.UnitBytes, file.Rows = append(file.UnitRows, n), append(file.UnitBytes, 1+n*100), file.Rows+n
		}
		w.Pieces = append(w.Pieces, element.Piece{File: file, Units: all(file)})
	}
	return w
}

// random are units of some files.
func random(rng *rand.Rand) (units [][]int64) {
	for range 1 + rng.IntN(12) {
		var rows []int64
		for range rng.IntN(8) {
			rows = append(rows, rng.Int64N(20))
		}
		units = append(units, rows)
	}
	return units
}

// process does what a runner does with a restriction, and returns its rows as text. at is called with each list.
func process(t *testing.T, cfg Config, w element.Work, r offsetrange.Restriction, at func(split func(float64) *offsetrange.Restriction)) ([]string, error) {
	t.Helper()
	fn := &ReadFn{Config: cfg}
	rt := fn.CreateTracker(r)
	var rows []string
	next := map[string]int64{} // by unit: the row that comes next
	err := fn.ProcessElement(t.Context(), rt, w, func(list element.ColumnsList) {
		for _, c := range list.List {
			units, numbers := c.Record.Column(0).(*array.Int64), c.Record.Column(1).(*array.Int64)
			unit := fmt.Sprint(c.Source, "/", c.RowGroup)
			if c.FirstRow != next[unit] || numbers.Value(0) != c.FirstRow || units.Value(0) != int64(c.RowGroup) {
				t.Errorf("found row %d of %s, expected row %d: the batches of a unit come in their order", c.FirstRow, unit, next[unit])
			}
			before := c.FileRow - c.FirstRow
			for _, p := range w.Pieces {
				if p.File.Source == c.Source {
					for _, n := range p.File.UnitRows[:c.RowGroup] {
						before -= n
					}
				}
			}
			if before != 0 {
				t.Errorf("found row %d of %s in row %d of the file", c.FirstRow, unit, c.FileRow)
			}
			next[unit] += c.Record.NumRows()
			for i := range int(c.Record.NumRows()) {
				rows = append(rows, fmt.Sprint(unit, "/", numbers.Value(i)))
			}
		}
		at(func(fraction float64) *offsetrange.Restriction {
			if _, residual, err := rt.TrySplit(fraction); err == nil && residual != nil {
				r := residual.(offsetrange.Restriction)
				return &r
			}
			return nil
		})
	})
	if err == nil && !rt.IsDone() {
		t.Errorf("%+v: the tracker is not done, %v", r, rt.GetError())
	}
	return rows, err
}

func noSplit(func(float64) *offsetrange.Restriction) {}

// expected are all rows of a work.
func expected(w element.Work) (rows []string) {
	for _, p := range w.Pieces {
		for unit, n := range p.File.UnitRows {
			for row := range n {
				rows = append(rows, fmt.Sprint(p.File.Source, "/", unit, "/", row))
			}
		}
	}
	slices.Sort(rows)
	return rows
}

var someLanes = []int{0, 1, 2, 7, AllCores}

// TestLanesReadEveryRowOnce reads any restriction, and splits it at any time where it may be split.
func TestLanesReadEveryRowOnce(t *testing.T) {
	f := counted{}.register(t)
	rng := rand.New(rand.NewPCG(7, 8))
	for range 60 {
		w := f.files(t, random(rng)...)
		fn := &ReadFn{}
		for _, lanes := range someLanes {
			cfg := Config{Lanes: lanes}
			left := []offsetrange.Restriction{fn.CreateInitialRestriction(w)}
			var rows []string
			for len(left) > 0 {
				r := left[0]
				left = left[1:]
				if r.End > r.Start && rng.IntN(3) == 0 { // a runner may split before it begins
					at := r.Start + rng.Int64N(r.End-r.Start)
					left = append(left, offsetrange.Restriction{Start: at, End: r.End})
					r.End = at
				}
				got, err := process(t, cfg, w, r, func(split func(float64) *offsetrange.Restriction) {
					if rng.IntN(6) == 0 {
						if residual := split(rng.Float64()); residual != nil {
							left = append(left, *residual)
						}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				rows = append(rows, got...)
			}
			slices.Sort(rows)
			if !slices.Equal(rows, expected(w)) {
				t.Fatalf("%d lanes: found %d rows, expected %d, each once", lanes, len(rows), len(expected(w)))
			}
		}
	}
}

// TestClaimsAscendAndComeBeforeTheRows has every unit claimed once, before the first of its rows is emitted.
func TestClaimsAscendAndComeBeforeTheRows(t *testing.T) {
	f := counted{}.register(t)
	rng := rand.New(rand.NewPCG(9, 10))
	for range 40 {
		w := f.files(t, random(rng)...)
		r := new(ReadFn).CreateInitialRestriction(w)
		first := map[string]int64{}
		n := int64(0)
		for _, p := range w.Pieces {
			first[p.File.Source] = n
			n += int64(len(p.File.UnitRows))
		}
		for _, lanes := range someLanes {
			end := rng.Int64N(r.End + 1) // no claim from here on
			next, rows := int64(0), 0
			whole, err := read(t.Context(), Config{Lanes: lanes}, w, element.Range{End: int(r.End)}, func(unit int64) bool {
				if unit != next {
					t.Errorf("%d lanes: claimed unit %d, expected %d", lanes, unit, next)
				}
				next++
				return unit < end
			}, func(list []element.Columns) {
				for _, c := range list {
					rows += int(c.Record.NumRows())
					if unit := first[c.Source] + int64(c.RowGroup); unit >= next || unit >= end {
						t.Errorf("%d lanes: found rows of unit %d, expected rows of claimed units, which are those before %d", lanes, unit, min(next, end))
					}
				}
			})
			want, unit := 0, int64(0)
			for _, p := range w.Pieces {
				for _, n := range p.File.UnitRows {
					if unit < end {
						want += int(n)
					}
					unit++
				}
			}
			if err != nil || whole != (end == r.End) || rows != want || next != min(end+1, r.End) {
				t.Errorf("%d lanes: found %d rows, %d claims, whole=%v, %v, expected %d rows of the units before %d", lanes, rows, next, whole, err, want, end)
			}
		}
	}
}

// TestTheErrorIsThatOfTheFirstFile that has one, though a later file fails at once and the first one much later.
func TestTheErrorIsThatOfTheFirstFile(t *testing.T) {
	for _, where := range []string{"open", "read", "panic"} {
		t.Run(where, func(t *testing.T) {
			failed := make(chan struct{}, 100)
			fail := func(file string) error {
				switch {
				case file < "02" || file == "03":
					return nil
				case file != "02":
					failed <- struct{}{}
				}
				if where == "panic" {
					panic("file " + file)
				}
				return errors.New("it is broken")
			}
			f := counted{}
			if where == "open" {
				f.opens = fail
			} else {
				f.fails = func(file string, _ int) error { return fail(file) }
			}
			for _, lanes := range someLanes {
				f.waits = func(ctx context.Context, file string, _ int) {
					if lanes > 2 && file < "02" { // the first files are read when a later file has failed
						select {
						case <-failed:
						case <-ctx.Done():
						}
					}
				}
				t.Run(fmt.Sprint(lanes), func(t *testing.T) {
					f := f.register(t)
					w := f.files(t, []int64{900}, []int64{9}, []int64{9}, []int64{9}, []int64{9}, []int64{9})
					for i := range w.Pieces { // each file is a segment
						w.Pieces[i].File.UnitBytes = []int64{sharedBytes}
					}
					defer func() {
						if r := recover(); (r != nil) != (where == "panic") || r != nil && !strings.HasPrefix(fmt.Sprint(r), "file 02") {
							t.Errorf("found the panic %v, expected that of file 02", r)
						}
					}()
					rows, err := process(t, Config{Lanes: lanes}, w, new(ReadFn).CreateInitialRestriction(w), noSplit)
					if why := fault.Find(err); why == nil || !strings.HasPrefix(why.Message, "02: it is broken") {
						t.Errorf("found %v, expected that of file 02", err)
					}
					if n := len(slices.DeleteFunc(rows, func(row string) bool { return row > "02" })); n != 909 {
						t.Errorf("found %d rows of the files before it, expected all", n)
					}
				})
			}
		})
	}
}

// TestNothingIsLeftWhenReadingIsGivenUp: no goroutine, no open file, no batch in use.
func TestNothingIsLeftWhenReadingIsGivenUp(t *testing.T) {
	f := counted{}.register(t)
	w := f.files(t, []int64{50, 50}, []int64{50}, []int64{50}, []int64{50, 50, 50}, []int64{50}, []int64{50})
	r := new(ReadFn).CreateInitialRestriction(w)
	before := runtime.NumGoroutine()
	for _, lanes := range someLanes {
		for at := range 8 {
			for _, how := range []string{"panic", "cancel", "claim"} {
				ctx, cancel := context.WithCancel(t.Context())
				lists, claims := 0, 0
				func() {
					defer func() { recover() }() //nolint:errcheck // it is the test's own
					_, err := read(ctx, Config{Lanes: lanes}, w, element.Range{End: int(r.End)}, func(int64) bool {
						claims++
						return how != "claim" || claims <= at
					}, func([]element.Columns) {
						if lists++; lists > at {
							switch how {
							case "panic":
								panic("a later stage")
							case "cancel":
								cancel()
							}
						}
					})
					if how == "cancel" && !errors.Is(err, context.Canceled) || how == "claim" && err != nil {
						t.Errorf("%d lanes, %s: found %v", lanes, how, err)
					}
				}()
				cancel()
			}
		}
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		runtime.Gosched() // context.AfterFunc may run its function a moment later
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("found %d goroutines, expected the %d that were there before", after, before)
	}
}

// TestManyFilesAreOpenedSideBySide has files whose opening waits until three are being opened.
func TestManyFilesAreOpenedSideBySide(t *testing.T) {
	together := make(chan struct{})
	var opening atomic.Int64
	f := counted{opens: func(string) error {
		if opening.Add(1) == 3 {
			close(together)
		}
		<-together
		return nil
	}}.register(t)
	w := f.files(t, slices.Repeat([][]int64{{5}}, 20)...)
	if rows, err := process(t, Config{Lanes: 3}, w, new(ReadFn).CreateInitialRestriction(w), noSplit); err != nil || len(rows) != 100 {
		t.Errorf("found %d rows, %v", len(rows), err)
	}
}

// TestAListHasBatchesOfSeveralFilesAndOfOne: stages then have work for several cores, however many files there are.
func TestAListHasBatchesOfSeveralFilesAndOfOne(t *testing.T) {
	f := counted{}.register(t)
	for _, files := range []int{1, 8} {
		w := f.files(t, slices.Repeat([][]int64{{4 * batchOf}}, files)...)
		for i := range w.Pieces {
			w.Pieces[i].File.UnitBytes = []int64{sharedBytes}
		}
		l := newLanes(t.Context(), Config{Lanes: 8}, w, element.Range{End: files}, func(int64) bool { return true })
		for { // until all files are decoded
			l.mu.Lock()
			ended := 0
			for _, s := range l.open {
				if s.ended {
					ended++
				}
			}
			l.mu.Unlock()
			if ended == files {
				break
			}
			<-l.wake
		}
		list, err := l.next()
		if len(list) != 4 || err != nil {
			t.Errorf("%d files: found a list of %d batches, %v, expected 4", files, len(list), err)
		}
		sources := map[string]bool{}
		for _, it := range list {
			sources[it.columns.Source] = true
		}
		if len(sources) != min(files, 4) {
			t.Errorf("%d files: found batches of %d files in a list of 4", files, len(sources))
		}
		l.close()
	}
}
