// Package sourcetest has the test that every format of package source must pass.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// File is a file of the format and what must be found in it. Several units, units without rows, nulls and columns of all kinds that
// the format has make the test a good one.
type File struct {
	Path    string
	Columns []string   // names of those that can be read
	Rows    [][]string // the values of these columns as Arrow prints them, "(null)" for null
}

// Conform tests what [source.Format] promises. It registers the format, unless this is done.
func Conform(t *testing.T, format source.Format, files ...File) {
	t.Helper()
	if !source.Registered(format.Name()) {
		source.Register(format)
	}
	t.Run("Names", func(t *testing.T) { names(t, format) })
	for _, f := range files {
		t.Run(filepath.Base(f.Path), func(t *testing.T) {
			c := &conforming{format: format, file: f, known: recognised(t, format, f)}
			t.Run("Describe", c.describe)
			t.Run("Read", c.reading)
			t.Run("Counts", c.counts)
			t.Run("Projections", c.projections)
			t.Run("Units", c.units)
			t.Run("Splits", c.splits)
			t.Run("Cancelled", c.cancelled)
			t.Run("Damaged", c.damaged)
			t.Run("Changed", c.changed)
		})
	}
}

func names(t *testing.T, format source.Format) {
	if format.Name() == "" {
		t.Error("it has no name")
	}
	for _, ending := range format.Endings() {
		if !strings.HasPrefix(ending, ".") || ending != strings.ToLower(ending) {
			t.Errorf("found the ending %q, expected lower case after a dot", ending)
		}
	}
	if len(format.Endings())+len(format.Starts()) == 0 || slices.Contains(format.Starts(), "") {
		t.Error("nothing tells files of this format from others")
	}
}

// conforming is a file under test.
type conforming struct {
	format source.Format
	file   File
	known  element.Recognised
	read   []int64 // of a file of text: the rows of its units, once they are known
}

// found is the file as it is matched.
func found(t *testing.T, path string) element.Found {
	t.Helper()
	objects, err := objstore.Access{}.Match(t.Context(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	return source.Files(objects)[0]
}

// recognised is the file with all its columns that can be read to be read.
func recognised(t *testing.T, format source.Format, f File) element.Recognised {
	t.Helper()
	d, err := source.DescribeAs(t.Context(), objstore.Access{}, found(t, f.Path), format)
	if err != nil {
		t.Fatal(err)
	}
	known := element.Recognised{Described: d, Taxi: "yellow", Variant: "test", Alone: true, Coordinates: true}
	for _, name := range f.Columns {
		i := slices.IndexFunc(d.Columns, func(c element.Column) bool { return c.Name == name })
		if i < 0 {
			t.Fatalf("found columns %+v, expected one named %s", d.Columns, name)
		}
		known.Projection = append(known.Projection, i)
	}
	slices.Sort(known.Projection)
	return withBytes(known)
}

// withBytes adds what the projection takes.
func withBytes(f element.Recognised) element.Recognised {
	f.UnitBytes = f.BytesOf(f.Projection)
	return f
}

// isText tells whether the file is one of text, of which only reading tells how many rows there are.
func (c *conforming) isText() bool { return c.known.Rows == element.UnknownRows }

// unitRows are the rows of each unit. Those of a file of text are what reading the unit gives.
func (c *conforming) unitRows(t *testing.T) []int64 {
	t.Helper()
	if !c.isText() {
		return c.known.UnitRows
	}
	if c.read != nil {
		return c.read
	}
	for unit := range c.known.UnitRows {
		fn, rows := new(source.ReadFn), int64(0)
		piece := element.Piece{File: c.known, Units: element.Range{Start: unit, End: unit + 1}}
		err := fn.ProcessElement(t.Context(), fn.CreateTracker(offsetrange.Restriction{End: 1}), element.Work{Pieces: []element.Piece{piece}}, func(list element.ColumnsList) {
			for _, b := range list.List {
				rows += b.Record.NumRows()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		c.read = append(c.read, rows)
	}
	return c.read
}

func (c *conforming) describe(t *testing.T) {
	d := c.known.Described
	total := int64(0)
	for _, n := range c.unitRows(t) {
		if n < 0 {
			t.Errorf("found a unit of %d rows", n)
		}
		total += n
	}
	if total != int64(len(c.file.Rows)) || d.Rows != total && !c.isText() {
		t.Errorf("found %d rows, %d in units, expected %d", d.Rows, total, len(c.file.Rows))
	}
	chunks := len(d.UnitRows)
	if c.isText() {
		size := int64(0)
		for _, n := range d.TextBytes {
			size += n
		}
		if chunks = 0; size != d.Size || len(d.TextBytes) != len(d.UnitRows) {
			t.Errorf("found %d units of %d bytes, expected %d of %d", len(d.TextBytes), size, len(d.UnitRows), d.Size)
		}
	}
	for i, col := range d.Columns {
		if col.Name == "" || col.Found == "" || len(col.ChunkBytes) != chunks || slices.ContainsFunc(col.ChunkBytes, func(n int64) bool { return n < 0 }) {
			t.Errorf("column %d is described as %+v, expected a name, a type and bytes of each of %d units", i, col, chunks)
		}
	}
	again, err := source.DescribeAs(t.Context(), objstore.Access{}, d.Found, c.format)
	if err != nil || !reflect.DeepEqual(again, d) {
		t.Errorf("described again it is %+v, %v, expected %+v", again, err, d)
	}
	if asked, err := source.Describe(t.Context(), objstore.Access{}, d.Found); err != nil || asked.Format != c.format.Name() {
		t.Errorf("by name and first bytes its format is %q, %v, expected %q", asked.Format, err, c.format.Name())
	}
}

// expected are the values of a projection, from a row up to another.
func (c *conforming) expected(f element.Recognised, from, to int64) []string {
	var rows []string
	for _, row := range c.file.Rows[from:to] {
		var cells []string
		for _, p := range f.Projection {
			cells = append(cells, row[slices.Index(c.file.Columns, f.Columns[p].Name)])
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return rows
}

// rows returns a function that takes batches as they come and checks where they say that they are from. It returns their rows.
func (c *conforming) rows(t *testing.T, f element.Recognised) (take func(element.Columns), rows *[]string) {
	rows = new([]string)
	return func(b element.Columns) {
		before := int64(0)
		for _, n := range c.unitRows(t)[:b.RowGroup] {
			before += n
		}
		if place := before + b.FirstRow; c.isText() {
			c.places(t, b, place)
			before = -b.FirstRow // there is no row in the file
		}
		if b.Source != f.Source || b.Taxi != f.Taxi || b.Variant != f.Variant || b.Month != f.Month || b.FileRow != before+b.FirstRow {
			t.Errorf("found a batch of %s from unit %d, row %d, file row %d", b.Source, b.RowGroup, b.FirstRow, b.FileRow)
		}
		if b.FileRows != f.Rows || b.Alone != f.Alone || b.Coordinates != f.Coordinates {
			t.Errorf("found a batch of a file of %d rows, alone %v, coordinates %v, expected %d, %v, %v", b.FileRows, b.Alone, b.Coordinates, f.Rows, f.Alone, f.Coordinates)
		}
		if int(b.Record.NumCols()) != len(f.Projection) {
			t.Fatalf("found %d columns, expected %d", b.Record.NumCols(), len(f.Projection))
		}
		var columns []arrow.Array
		for i, p := range f.Projection {
			col, err := element.Plain(b.Record.Column(i))
			if err != nil {
				t.Fatal(err)
			}
			columns = append(columns, col)
			if want := f.Columns[p]; b.Record.ColumnName(i) != want.Name || !arrow.TypeEqual(col.DataType(), want.Arrow()) {
				t.Errorf("found a column %s of %s, expected %s of %s", b.Record.ColumnName(i), col.DataType(), want.Name, want.Arrow())
			}
		}
		for i := range int(b.Record.NumRows()) {
			cells := make([]string, len(columns))
			for k, col := range columns {
				cells[k] = strings.Clone(col.ValueStr(i)) // the text is in memory that is used again
			}
			*rows = append(*rows, strings.Join(cells, "|"))
		}
	}, rows
}

// same compares rows.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: found %d rows, expected %d; they differ at row %d: found %.300q, expected %.300q", what, len(got), len(want), i, got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
		}
	}
}

// scan reads all of a file in one of the ways that are possible.
func (c *conforming) scan(t *testing.T, what string, f element.Recognised, cfg source.Config) {
	t.Helper()
	take, rows := c.rows(t, f)
	if err := source.Scan(t.Context(), f, cfg, take); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	same(t, what, *rows, c.expected(f, 0, int64(len(c.file.Rows))))
}

// read reads the file as it is, with what reading does not need dropped, and as another process gets it.
func (c *conforming) reading(t *testing.T) {
	for _, cfg := range []source.Config{{}, {Codes: true}, {Library: true}} {
		what := fmt.Sprintf("library=%v codes=%v", cfg.Library, cfg.Codes)
		c.scan(t, what, c.known, cfg)
		narrowed, err := source.Narrow(c.known)
		if err != nil {
			t.Fatal(err)
		}
		if len(narrowed.Columns) != len(narrowed.Projection) || len(narrowed.UnitRows) != len(c.known.UnitRows) {
			t.Errorf("narrowed it has %d columns, of which %d are read", len(narrowed.Columns), len(narrowed.Projection))
		}
		c.scan(t, what+" narrowed", narrowed, cfg)
		coded, err := element.EncodeRow(narrowed)
		if err != nil {
			t.Fatal(err)
		}
		travelled, err := element.DecodeRow[element.Recognised](coded)
		if err != nil {
			t.Fatal(err)
		}
		c.scan(t, what+" travelled", travelled, cfg)
	}
}

// projections reads each column alone, and none but the last.
func (c *conforming) projections(t *testing.T) {
	for _, p := range c.known.Projection {
		f := c.known
		f.Projection = []int{p}
		f = withBytes(f)
		c.scan(t, f.Columns[p].Name, f, source.Config{})
		narrowed, err := source.Narrow(f)
		if err != nil {
			t.Fatal(err)
		}
		c.scan(t, f.Columns[p].Name+" narrowed", narrowed, source.Config{})
	}
}

// process does what a runner does with a restriction. at is called after each list of batches.
func (c *conforming) process(t *testing.T, lanes int, w element.Work, r offsetrange.Restriction, at func(list int, split func(float64) *offsetrange.Restriction)) []string {
	t.Helper()
	fn := &source.ReadFn{Config: source.Config{Lanes: lanes}}
	rt := fn.CreateTracker(r)
	take, rows := c.rows(t, c.known)
	n := 0
	err := fn.ProcessElement(t.Context(), rt, w, func(list element.ColumnsList) {
		for _, b := range list.List {
			take(b)
		}
		at(n, func(fraction float64) *offsetrange.Restriction {
			if _, residual, err := rt.TrySplit(fraction); err == nil && residual != nil {
				r := residual.(offsetrange.Restriction)
				return &r
			}
			return nil
		})
		n++
	})
	if err != nil || !rt.IsDone() {
		t.Fatalf("units [%d, %d): done %v, %v", r.Start, r.End, rt.IsDone(), err)
	}
	return *rows
}

func noSplit(int, func(float64) *offsetrange.Restriction) {}

// units reads every range of units, and two ranges as one element.
func (c *conforming) units(t *testing.T) {
	first := []int64{0}
	for _, n := range c.unitRows(t) {
		first = append(first, first[len(first)-1]+n)
	}
	whole := element.Work{Pieces: []element.Piece{{File: c.known, Units: element.Range{End: len(c.known.UnitRows)}}}}
	most := min(len(c.known.UnitRows), 12)
	for start := range most + 1 {
		for end := start; end <= most; end++ {
			want := c.expected(c.known, first[start], first[end])
			twice := slices.Concat(want, want)
			part := element.Piece{File: c.known, Units: element.Range{Start: start, End: end}}
			for _, lanes := range someLanes {
				once := c.process(t, lanes, whole, offsetrange.Restriction{Start: int64(start), End: int64(end)}, noSplit)
				both := c.process(t, lanes, element.Work{Pieces: []element.Piece{part, part}}, offsetrange.Restriction{End: int64(2 * (end - start))}, noSplit)
				if lanes > 1 { // units are read side by side
					for _, rows := range [][]string{want, twice, once, both} {
						slices.Sort(rows)
					}
				}
				same(t, fmt.Sprintf("units [%d, %d), %d lanes", start, end, lanes), once, want)
				same(t, fmt.Sprintf("units [%d, %d) twice in one element, %d lanes", start, end, lanes), both, twice)
			}
		}
	}
}

// someLanes are values of source.Config's Lanes, those that keep the order first.
var someLanes = []int{0, 1, 2, 7}

// splits splits a running restriction over two pieces at every batch. What is read side by side is never split.
func (c *conforming) splits(t *testing.T) {
	units := len(c.known.UnitRows)
	piece := element.Piece{File: c.known, Units: element.Range{End: units}}
	w := element.Work{Pieces: []element.Piece{piece, piece}}
	all := c.expected(c.known, 0, int64(len(c.file.Rows)))
	want := slices.Concat(all, all)
	slices.Sort(want)
	for i := range min(2*units, 8) * 6 {
		batch, tenths := i/6, i%6*2
		var left []offsetrange.Restriction
		got := c.process(t, 0, w, offsetrange.Restriction{End: int64(2 * units)}, func(n int, split func(float64) *offsetrange.Restriction) {
			if n == batch {
				if r := split(float64(tenths) / 10); r != nil {
					left = append(left, *r)
				}
			}
		})
		for _, r := range left {
			got = append(got, c.process(t, 0, w, r, noSplit)...)
		}
		slices.Sort(got)
		same(t, fmt.Sprintf("split at list %d, %d/10", batch, tenths), got, want)
	}
}

// cancelled gives up at the first batch.
func (c *conforming) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	batches := 0
	err := source.Scan(ctx, c.known, source.Config{}, func(element.Columns) { batches++; cancel() })
	if err != nil && !errors.Is(err, context.Canceled) || err == nil && batches > 1 {
		t.Errorf("after %d batches: found %v, expected %v", batches, err, context.Canceled)
	}
}

// damaged cuts the file short and replaces bytes: a fault of the input or other rows, never a panic or another fault.
func (c *conforming) damaged(t *testing.T) {
	content, err := os.ReadFile(c.file.Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(c.file.Path))
	check := func(what string, b []byte) {
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		of := found(t, path)
		d, err := source.DescribeAs(t.Context(), objstore.Access{}, of, c.format)
		if err == nil {
			f := element.Recognised{Described: d}
			for i, col := range d.Columns {
				if col.Type != element.Unsupported {
					f.Projection = append(f.Projection, i)
				}
			}
			err = source.Scan(t.Context(), withBytes(f), source.Config{}, func(element.Columns) {})
		}
		if why := (*fault.Fault)(nil); err != nil && (!errors.As(err, &why) || why.Code != fault.Input || !strings.HasPrefix(why.Message, of.Source+":")) {
			t.Errorf("%s: found %v, expected a fault of the input that names it", what, err)
		}
	}
	check("nothing", nil)
	const steps = 40
	for i := range steps {
		at := len(content) * i / steps
		check(fmt.Sprintf("%d of %d bytes", at, len(content)), content[:at])
		other := slices.Clone(content)
		for k := at; k < min(at+3, len(other)); k++ {
			other[k] ^= 0xa5
		}
		check(fmt.Sprintf("other bytes at %d", at), other)
	}
}

// changed overwrites the file after it was described.
func (c *conforming) changed(t *testing.T) {
	content, err := os.ReadFile(c.file.Path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(c.file.Path))
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	f := recognised(t, c.format, File{Path: path, Columns: c.file.Columns, Rows: c.file.Rows})
	if err := os.WriteFile(path, append(content, 'x'), 0o666); err != nil {
		t.Fatal(err)
	}
	err = source.Scan(t.Context(), f, source.Config{}, func(element.Columns) {})
	if why := fault.Find(err); len(c.file.Rows) > 0 && (why == nil || why.Code != fault.Input) {
		t.Errorf("found %v, expected a fault of the input", err)
	}
}
