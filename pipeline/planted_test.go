package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph"

	"tripstats/io/objstore"
	"tripstats/io/quarantine"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// The methods of the graph's own functions. Planted functions replace these and call them.
type (
	deriver interface {
		ProcessElement(trip.Batches, func(trip.Batches)) error
	}
	seeder interface {
		ProcessElement(element.AdmittedFiles, func(string, aggregate.Source)) error
	}
	tallier interface {
		ProcessElement(aggregate.Source, func(element.Tallies)) error
		FinishBundle(func(element.Tallies)) error
	}
	writer interface {
		StartBundle(func(quarantine.File)) error
		ProcessElement(element.Rejects, func(quarantine.File)) error
	}
)

// TestAFaultWithinTheGraphPublishesNothing replaces one function of the built graph at a time by one that loses or adds rows. The
// run must notice this: exit code 1, with unchanged tables, manifest and quarantine.
func TestAFaultWithinTheGraphPublishesNothing(t *testing.T) {
	dir := t.TempDir()
	out, kept := filepath.Join(dir, "out"), filepath.Join(dir, "kept")
	o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Rows: 40_000, RowGroups: 2, Plant: tlcgen.Plant{NullPickup: 40}}
	truth, err := tlcgen.Generate(t.Context(), tlcgen.Tree{Dir: dir, Flat: true, Files: []tlcgen.Options{o}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, truth.Files[0].Path)
	if err := publishPlanted(t, path, out, kept, "", nil); err != nil {
		t.Fatal(err)
	}
	before := contents(t, out, kept)
	if len(before) < 6 {
		t.Fatalf("found only %d files", len(before))
	}
	// From here on the tables and the manifest would differ, because the rows do.
	o.Seed = 7
	if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}

	// more returns a result of a file without rows in addition to the file's own.
	more := func(plant func(*aggregate.Source)) func(any) any {
		return func(own any) any {
			return func(f element.AdmittedFiles, emit func(string, aggregate.Source)) error {
				return own.(seeder).ProcessElement(f, func(name string, r aggregate.Source) {
					emit(name, r)
					plant(&r)
					emit(name, r)
				})
			}
		}
	}
	const august = (2019-1970)*12 + 7
	for _, c := range []struct {
		name, fn string
		plant    func(own any) any
		want     string
	}{
		{"a batch lost", "trip.deriveFn", func(own any) any {
			return func(in trip.Batches, emit func(trip.Batches)) error {
				left := slices.DeleteFunc(slices.Clone(in.List), func(b trip.Batch) bool { return b.FirstRow == 0 })
				if len(left) == 0 {
					return nil
				}
				return own.(deriver).ProcessElement(trip.Batches{List: left}, emit)
			}
		}, "rows read, expected the footer's 40000"},
		{"a batch twice", "trip.deriveFn", func(own any) any {
			return func(in trip.Batches, emit func(trip.Batches)) error {
				return own.(deriver).ProcessElement(in, func(out trip.Batches) {
					emit(out)
					for i, b := range out.List {
						if b.FirstRow == 0 {
							emit(trip.Batches{List: out.List[i : i+1]})
						}
					}
				})
			}
		}, "rows read, expected the footer's 40000"},
		{"a trip not counted", "aggregate.seedFn", more(func(r *aggregate.Source) { r.Counted-- }), "trips in the groups of trip_count and 0 filtered, expected the "},
		{"a trip lost by a table", "aggregate.seedFn", more(func(r *aggregate.Source) {
			r.States[0].State = packed(t, aggregate.Group{Month: august, Rows: -1, Sums: make([]aggregate.Sum, 6)})
		}), "table trip_stats: found "},
		{"a trip counted twice", "aggregate.seedFn", more(func(r *aggregate.Source) { r.Counted++ }), "trips in the groups of trip_count and 0 filtered, expected the "},
		{"a refusal counted twice", "aggregate.seedFn", more(func(r *aggregate.Source) {
			r.Rules = append(r.Rules, aggregate.RuleCount{Month: august, Rule: int32(quality.Named("pickup_stray")), Rows: 1})
		}), "refused, expected the 40000 read"},
		{"a trip refused that the tables count", "aggregate.tallyFn", func(own any) any {
			return func(r aggregate.Source, emit func(element.Tallies)) error {
				err := own.(tallier).ProcessElement(r, emit)
				return errors.Join(err, own.(tallier).FinishBundle(func(t element.Tallies) {
					list, _ := t.All()
					list[0].Counted--
					list[0].Refused[0].Rows++
					emit(element.Tallies{List: list})
				}))
			}
		}, "table trip_stats: found "},
		{"a pickup lost", "aggregate.seedFn", more(func(r *aggregate.Source) {
			r.States[1].State = packed(t, aggregate.Group{Month: august, Keys: []int64{132}, Rows: -1})
		}), "trips in the groups of pickups and 0 filtered, expected the "},
		{"a dropoff too many", "aggregate.seedFn", more(func(r *aggregate.Source) {
			r.States[1].State = packed(t, aggregate.Group{Month: august, Keys: []int64{132}, Or: 1})
		}), "trips in the groups of dropoffs and 0 filtered, expected the "},
		{"a file not tallied", "aggregate.tallyFn", func(any) any {
			return func(aggregate.Source, func(element.Tallies)) {}
		}, "found results of 0 files, expected 1"},
		{"no refused row kept", "quarantine.writeFn", func(any) any {
			return func(element.Rejects, func(quarantine.File)) {}
		}, "found 0 refused rows in quarantine, expected "},
		{"the refused rows of the last row group not kept", "quarantine.writeFn", func(own any) any {
			if err := own.(writer).StartBundle(nil); err != nil {
				t.Fatal(err)
			}
			return own.(writer).ProcessElement // FinishBundle is not called
		}, "refused rows in quarantine, expected "},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fault.Find(publishPlanted(t, path, out, kept, c.fn, c.plant))
			if f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, c.want) || !strings.Contains(f.Message, "nothing was published") {
				t.Errorf("found %v, expected exit code 1 with %q", f, c.want)
			}
			if after := contents(t, out, kept); !maps.Equal(before, after) {
				t.Error("what was published before has changed")
			}
		})
	}
	// Without a fault the same run publishes.
	if err := publishPlanted(t, path, out, kept, "", nil); err != nil || maps.Equal(before, contents(t, out, kept)) {
		t.Errorf("found %v, expected another output", err)
	}
}

// packed returns a state with one group.
func packed(t *testing.T, g aggregate.Group) []byte {
	t.Helper()
	b, err := aggregate.State{Groups: []aggregate.Group{g}}.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// publishPlanted runs the pipeline with rules and a quarantine in this process. plant returns the replacement for one of the graph's
// functions. This works only on the direct runner, which calls the functions in the graph itself.
func publishPlanted(t *testing.T, path, out, kept, fn string, plant func(own any) any) error {
	t.Helper()
	return publishTables(t, aggregate.Tables(true), path, out, kept, fn, plant)
}

// publishTables is publishPlanted for some tables.
func publishTables(t *testing.T, tables []*aggregate.Spec, path, out, kept, fn string, plant func(own any) any) error {
	t.Helper()
	objects, err := objstore.Access{}.Match(t.Context(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	r, err := runners.Find("direct")
	if err != nil {
		t.Fatal(err)
	}
	rules := quality.Config{AsOf: element.NoMonth, Keep: quality.KeepRows}
	p := plan{
		files: source.Files(objects), trips: tripOptions("", true, tables),
		standard: true, tables: tables, quality: rules, publish: tablesConfig("standard", rules, tables),
	}
	p.trips.KeepOrigin = p.quarantined()
	p.publish.Output, p.publish.Quarantine.Dir = out, kept
	area, err := quarantine.Open(t.Context(), *p.publish.Quarantine)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := area.Close(); err != nil {
			t.Error(err)
		}
	}()
	pipeline, scope := beam.NewPipelineWithRoot()
	build(scope, p)
	if plant != nil {
		edges, _, err := pipeline.Build()
		if err != nil {
			t.Fatal(err)
		}
		putInto(t, edges, fn, plant)
	}
	_, err = r.Run(t.Context(), pipeline)
	return err
}

// putInto replaces the function with the given name.
func putInto(t *testing.T, edges []*graph.MultiEdge, name string, plant func(own any) any) {
	t.Helper()
	for _, e := range edges {
		if e.DoFn == nil || !strings.HasSuffix(e.DoFn.Name(), name) {
			continue
		}
		fn, err := graph.NewDoFn(plant(e.DoFn.Recv))
		if err != nil {
			t.Fatal(err)
		}
		e.DoFn = fn
		return
	}
	t.Fatalf("no DoFn %s in the graph", name)
}

// contents returns the files below folders, by path.
func contents(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			found[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
