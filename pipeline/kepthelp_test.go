package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/forms"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// gathered is all that a run would publish.
type gathered struct {
	tables     map[string]string // as text, by name
	files      []element.Admitted
	left       []element.LeftOut
	tallies    []element.Tally
	remembered element.Remembered
}

func init() { beam.RegisterDoFn(reflect.TypeFor[gatherFn]()) }

// gatherings are the runs of this process, by ID.
var gatherings sync.Map

// gatherFn takes the place of publishing.
type gatherFn struct{ ID string }

func (fn *gatherFn) ProcessElement(_ []byte, files func(*element.AdmittedFiles) bool, left func(*element.LeftOut) bool, tallies func(*element.Tallies) bool, tables func(*element.Table) bool, remembered func(*element.Remembered) bool) {
	g := gathered{tables: map[string]string{}, left: element.Drain(left)}
	var wrong error
	if g.files, wrong = element.DrainLists(files); wrong != nil {
		panic(wrong)
	}
	if g.tallies, wrong = element.DrainLists(tallies); wrong != nil {
		panic(wrong)
	}
	for _, t := range element.Drain(tables) {
		b, err := t.Record.MarshalJSON()
		if err != nil {
			b = []byte(err.Error())
		}
		g.tables[t.Name] = fmt.Sprintf("%d %v\n%s", t.Counted, t.Record.Schema(), b)
	}
	for _, r := range element.Drain(remembered) {
		files, err := r.AllFiles()
		if err != nil {
			panic(err)
		}
		g.remembered.Files = append(g.remembered.Files, files...)
		g.remembered.Unusable = append(g.remembered.Unusable, r.Unusable...)
		g.remembered.Results = append(g.remembered.Results, r.Results...)
	}
	slices.SortFunc(g.tallies, func(a, b element.Tally) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Taxi, b.Taxi))
	})
	slices.SortFunc(g.files, func(a, b element.Admitted) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Taxi, b.Taxi))
	})
	slices.SortFunc(g.remembered.Results, func(a, b element.Packed) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Taxi, b.Taxi))
	})
	gatherings.Store(fn.ID, g)
}

// gather runs a plan and returns what it would publish.
func gather(t testing.TB, runner string, p plan) (gathered, error) {
	t.Helper()
	r, err := runners.Find(runner)
	if err != nil {
		t.Fatal(err)
	}
	p.publish.ID = newID()
	pipeline, s := beam.NewPipelineWithRoot()
	in := results(s, p)
	beam.ParDo0(s, &gatherFn{ID: p.publish.ID}, beam.Impulse(s), beam.SideInput{Input: in.Files}, beam.SideInput{Input: in.LeftOut},
		beam.SideInput{Input: in.Tallies}, beam.SideInput{Input: beam.Flatten(s, in.Tables...)}, beam.SideInput{Input: in.Remembered[0]})
	if _, err := r.Run(t.Context(), pipeline); err != nil {
		return gathered{}, err
	}
	g, _ := gatherings.LoadAndDelete(p.publish.ID)
	return g.(gathered), nil
}

func mustGather(t testing.TB, runner string, p plan) gathered {
	t.Helper()
	g, err := gather(t, runner, p)
	if err != nil {
		t.Fatal(cmp.Or[error](asError(fault.Find(err)), err))
	}
	return g
}

func asError(f *fault.Fault) error {
	if f == nil {
		return nil
	}
	return f
}

// same compares what two runs would publish.
func (g gathered) same(t testing.TB, want gathered) {
	t.Helper()
	for name, text := range want.tables {
		if g.tables[name] != text {
			t.Errorf("table %s: found\n%s\nexpected\n%s", name, g.tables[name], text)
		}
	}
	if len(g.tables) != len(want.tables) {
		t.Errorf("found %d tables, expected %d", len(g.tables), len(want.tables))
	}
	without := func(files []element.Admitted) []element.Admitted {
		files = slices.Clone(files)
		for i := range files {
			files[i].Kept = false
		}
		return files
	}
	for _, c := range []struct {
		what        string
		found, want any
	}{{"files", without(g.files), without(want.files)}, {"files that were left out", g.left, want.left}, {"tallies", g.tallies, want.tallies}} {
		if found, want := fmt.Sprintf("%+v", c.found), fmt.Sprintf("%+v", c.want); found != want {
			t.Errorf("%s: found\n%s\nexpected\n%s", c.what, found, want)
		}
	}
}

// store writes the results of a run to a file below dir, as a version of an output has them, and returns the index.
func (g gathered) store(t testing.TB, dir, name string) []kept.Input {
	t.Helper()
	var all bytes.Buffer
	results := map[string][]kept.Result{}
	for _, p := range g.remembered.Results {
		sum := sha256.Sum256(p.Bytes)
		r := kept.Result{Taxi: p.Taxi, Rows: p.Rows, Numbers: p.Numbers, At: kept.Ref{File: name, Offset: int64(all.Len()), Length: int64(len(p.Bytes)), SHA256: hex.EncodeToString(sum[:])}}
		for _, table := range p.Tables {
			r.Tables = append(r.Tables, kept.Table{Name: table.Name, Digest: table.Digest, Alone: table.Alone})
		}
		results[p.Source] = append(results[p.Source], r)
		all.Write(p.Bytes)
	}
	if err := os.WriteFile(filepath.Join(dir, name), all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var inputs []kept.Input
	for _, f := range g.remembered.Files {
		inputs = append(inputs, kept.Input{Source: f.Source, File: f, Results: results[f.Source]})
	}
	for _, f := range g.remembered.Unusable {
		inputs = append(inputs, kept.Input{Source: f.Source, Unusable: &f})
	}
	return inputs
}

// reusing returns the plan p with the results of inputs. some tells for each whether it is used at all, and of a file that is, which
// tables are taken from its results; nil for all.
func (p plan) reusing(inputs []kept.Input, some func(source string) (use bool, tables []string)) plan {
	p.files = slices.Clone(p.files)
	p.kept, p.partly = nil, nil
	for _, in := range inputs {
		at := slices.IndexFunc(p.files, func(f element.Found) bool { return f.Source == in.Source })
		use, tables := some(in.Source)
		if at < 0 || !use {
			continue
		}
		whole := true
		in.Results = slices.Clone(in.Results)
		for i := range in.Results {
			r := &in.Results[i]
			r.Tables = slices.DeleteFunc(slices.Clone(r.Tables), func(k kept.Table) bool {
				return tables != nil && !slices.Contains(tables, k.Name) || !slices.ContainsFunc(p.tables, func(s *aggregate.Spec) bool { return s.Name == k.Name && s.Digest() == k.Digest })
			})
			whole = whole && len(r.Tables) == len(p.tables)
		}
		if whole {
			if in.Unusable == nil {
				in.File.Found = p.files[at]
			}
			p.kept = append(p.kept, &in)
			p.files = slices.Delete(p.files, at, at+1)
			continue
		}
		skip := uint64(0)
		for i, spec := range p.tables {
			everywhere := true
			for _, r := range in.Results {
				everywhere = everywhere && slices.ContainsFunc(r.Tables, func(k kept.Table) bool { return k.Name == spec.Name })
			}
			if everywhere {
				skip |= 1 << i
			}
		}
		for i := range in.Results {
			r := &in.Results[i]
			r.Tables = slices.DeleteFunc(r.Tables, func(k kept.Table) bool {
				i := slices.IndexFunc(p.tables, func(s *aggregate.Spec) bool { return s.Name == k.Name })
				return skip>>i&1 == 0
			})
		}
		if skip != 0 {
			p.files[at].Skip = skip
			p.partly = append(p.partly, &in)
		}
	}
	return p
}

// all uses everything.
func all(string) (bool, []string) { return true, nil }

// planOf is the plan of a run over a pattern, whose output is the folder out.
func planOf(t testing.TB, judged bool, out, pattern string, tables ...*aggregate.Spec) plan {
	t.Helper()
	objects, err := objstore.Access{}.Match(t.Context(), []string{pattern})
	if err != nil {
		t.Fatal(err)
	}
	mode := "raw"
	if judged {
		mode = "standard"
	}
	p := plan{
		files: source.Files(objects), trips: tripOptions(trip.UTCRefuse, judged, tables), standard: judged, tables: tables,
		quality: quality.Config{AsOf: (2030 - 1970) * 12}, publish: tablesConfig(mode, quality.Config{}, tables),
	}
	p.publish.Output = out
	return p
}

// tree writes files of every kind into a folder: with several row groups, of text, of two taxis, in parts, without a month if monthless, of
// another taxi, and one that has no trips. Rules find faults in them if they are judged.
func tree(t testing.TB, judged, monthless bool) (dir string) {
	t.Helper()
	dir = t.TempDir()
	yellow := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 3), Rows: 3_000, RowGroups: 3}
	at := func(o tlcgen.Options, taxi tlcgen.Taxi, month int) tlcgen.Options {
		o.Taxi, o.Month = taxi, tlcgen.MonthOf(2019, month)
		return o
	}
	csv := at(yellow, tlcgen.Yellow, 5)
	csv.Format, csv.Text = tlcgen.CSVGzip, tlcgen.Text{BlankLines: 2}
	if judged { // otherwise such a file is refused
		csv.Plant = tlcgen.Plant{Malformed: 3, NotNumber: 4}
	}
	files := map[string]tlcgen.Options{
		"yellow_tripdata_2019-03.parquet":           yellow,
		"yellow_tripdata_2019-04.parquet":           {Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 4), Rows: 2_900, RowGroups: 2},
		"green_tripdata_2019-03.parquet":            at(yellow, tlcgen.Green, 3),
		"yellow_tripdata_2019-05.csv.gz":            csv,
		"yellow_tripdata_2019-06.parquet/a.parquet": at(yellow, tlcgen.Yellow, 6),
		"yellow_tripdata_2019-06.parquet/b.parquet": {Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 6), Rows: 500, Seed: 9},
		"sub/fhvhv_tripdata_2019-03.parquet":        at(yellow, tlcgen.FHVHV, 3),
		"yellow_tripdata_2019-07.parquet":           {Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 7)},
	}
	if monthless {
		files["more.parquet"] = at(yellow, tlcgen.Green, 9)
	}
	for name, o := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
	}
	two := tlcgen.Options{Month: tlcgen.MonthOf(2019, 8), Rows: 900, JobColumns: true}
	a, b := two, two
	a.Taxi, b.Taxi = tlcgen.Yellow, tlcgen.Green
	content, err := forms.Together(t.Context(), "color", a, b)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "trips_2019-08.csv"), content, 0o600)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "zones.csv"), []byte("LocationID,Borough\n1,EWR\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func describe(t *testing.T, p plan, f element.Found) (element.Described, error) {
	t.Helper()
	return source.Describe(t.Context(), p.read.Access, f)
}
