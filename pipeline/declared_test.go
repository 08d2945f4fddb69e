package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/vet"

	"tripstats/io/publish"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
)

// Tables in SQL: by file is one whose groups are finished with each file, and together one whose groups wait for all files.
const (
	byFile   = "CREATE TABLE by_file AS SELECT taxi, month_start, pickup_hour, count(*) AS n, median(fare_amount) AS fare FROM trips WHERE tip_amount > 0 GROUP BY ALL HAVING count(*) > 100"
	together = "CREATE TABLE together AS SELECT pickup_hour, count(*) AS n, sum(tip_amount) AS tips FROM trips GROUP BY ALL"
)

// declaredIn returns tables in SQL.
func declaredIn(t *testing.T, judged bool, texts ...string) (tables []*aggregate.Spec) {
	t.Helper()
	for _, text := range texts {
		queries, err := query.ParseTables("test.sql", text)
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, aggregate.Declared(queries[0], aggregate.Bounds{Groups: 1000, Bytes: 64 << 20}, judged))
	}
	return tables
}

// The methods of the functions of tables in SQL.
type (
	blocker interface {
		Setup()
		ProcessElement(aggregate.Source, func(int64, []byte)) error
	}
	tableMaker interface {
		Setup()
		ProcessElement([]byte, func(*int64, *aggregate.Blocks) bool, func(element.Table)) error
	}
)

// TestAFaultInATableInSQLPublishesNothing loses or adds trips on their way to the rows of a table in SQL. The run must notice this: exit
// code 1, and the message names the table, what was found and what was expected.
func TestAFaultInATableInSQLPublishesNothing(t *testing.T) {
	dir := t.TempDir()
	out, kept := filepath.Join(dir, "out"), filepath.Join(dir, "kept")
	o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Rows: 40_000, RowGroups: 2, Plant: tlcgen.Plant{NullPickup: 40}}
	truth, err := tlcgen.Generate(t.Context(), tlcgen.Tree{Dir: dir, Flat: true, Files: []tlcgen.Options{o}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, truth.Files[0].Path)

	// blocks replaces what the first block of a source becomes.
	blocks := func(becomes func(emit func(), shard int64, block []byte)) func(any) any {
		return func(own any) any {
			own.(blocker).Setup()
			return func(r aggregate.Source, emit func(int64, []byte)) error {
				first := true
				return own.(blocker).ProcessElement(r, func(shard int64, block []byte) {
					again := func() { emit(shard, block) }
					if first {
						first = false
						becomes(again, shard, block)
						return
					}
					again()
				})
			}
		}
	}
	seeds := func(plant func(*aggregate.Source)) func(any) any {
		return func(own any) any {
			return func(f element.AdmittedFiles, emit func(string, aggregate.Source)) error {
				return own.(seeder).ProcessElement(f, func(name string, r aggregate.Source) {
					plant(&r)
					emit(name, r)
				})
			}
		}
	}
	for _, c := range []struct {
		name, text, fn string
		plant          func(own any) any
		want           string
	}{
		{"the groups of a block lost", together, "aggregate.blocksFn", blocks(func(func(), int64, []byte) {}), `table together: found \d+ as the sum of the trips in its groups, expected the \d+ rows counted of all files`},
		{"the groups of a finished block lost", byFile, "aggregate.blocksFn", blocks(func(func(), int64, []byte) {}), `table by_file: found 0 as the sum of the trips in its groups, expected the \d+ rows counted of all files without the \d+ that the table filters`},
		{"a block merged twice", together, "aggregate.blocksFn", blocks(func(again func(), _ int64, _ []byte) { again(); again() }), `table together: found \d+ as the sum of the trips in its groups, expected the \d+ rows counted`},
		{"a finished block there twice", byFile, "aggregate.blocksFn", blocks(func(again func(), _ int64, _ []byte) { again(); again() }), `table by_file: found two finished groups with one key, expected one`},
		{"the state of a source lost", byFile, "aggregate.seedFn", seeds(func(r *aggregate.Source) { r.Counted++ }), `yellow_tripdata_2019-08.parquet: table by_file: found \d+ trips in its groups and \d+ filtered, expected the \d+ that count`},
		{"a count that is wrong", together, "aggregate.rowsFn", func(own any) any {
			own.(tableMaker).Setup()
			return func(b []byte, next func(*int64, *aggregate.Blocks) bool, emit func(element.Table)) error {
				return own.(tableMaker).ProcessElement(b, next, func(table element.Table) {
					table.Counted++
					emit(table)
				})
			}
		}, `table together: found \d+ as the sum of the trips in its groups, expected the \d+ rows counted of all files`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fault.Find(publishTables(t, declaredIn(t, true, c.text), path, out, kept, c.fn, c.plant))
			if f == nil || f.Code != fault.Failed || !regexp.MustCompile(c.want).MatchString(f.Message) {
				t.Errorf("found %v, expected exit code 1 with %q", f, c.want)
			}
			if _, err := os.Stat(filepath.Join(out, publish.ManifestName)); err == nil {
				t.Error("found a manifest, expected nothing published")
			}
		})
	}
	if err := publishTables(t, declaredIn(t, true, byFile, together), path, out, kept, "", nil); err != nil || len(contents(t, out)) < 3 {
		t.Errorf("found %v without a fault", err)
	}
}

// declaredPlan is the plan of a run with tables in SQL beside the standing ones.
func declaredPlan(t *testing.T, answers bool) plan {
	t.Helper()
	rules := quality.Config{Keep: quality.KeepCells}
	tables := append(aggregate.Tables(true), declaredIn(t, true, byFile, together)...)
	if answers {
		rules.Keep, tables = quality.KeepNone, declaredIn(t, true, byFile)
	}
	return plan{
		files: []element.Found{{Source: "a"}}, dealt: true, standard: true, answers: answers,
		trips: tripOptions("", true, tables), tables: tables, quality: rules, publish: tablesConfig("standard", rules, tables),
	}
}

func edgesOf(t *testing.T, p plan) (*beam.Pipeline, []*graph.MultiEdge) {
	t.Helper()
	pipeline, s := beam.NewPipelineWithRoot()
	build(s, p)
	edges, _, err := pipeline.Build()
	if err != nil {
		t.Fatal(err)
	}
	return pipeline, edges
}

// TestTheGraphOfATableInSQL finds its steps in the pipeline that a runner gets, registered, and with no element that a runner takes apart.
func TestTheGraphOfATableInSQL(t *testing.T) {
	for _, answers := range []bool{false, true} {
		pipeline, edges := edgesOf(t, declaredPlan(t, answers))
		proto := protoOf(t, edges)
		has := func(pattern, urn string) bool {
			for _, tr := range proto.GetComponents().GetTransforms() {
				if is, _ := regexp.MatchString(pattern, tr.GetUniqueName()); is && tr.GetSpec().GetUrn() == urn {
					return true
				}
			}
			return false
		}
		steps := []string{`aggregate\.Table\(by_file\)/CombinePerKey\(by_file\)/`}
		if !answers {
			steps = append(steps, `aggregate\.Table\(together\)/CombinePerKey\(together\)/`, `aggregate\.Table\(trip_stats\)/CombinePerKey\(monthly\)/`)
		}
		for _, s := range steps {
			if !has(s, urnCombine) {
				t.Errorf("found no CombinePerKey named %s", s)
			}
		}
		if has(`aggregate\.Pruned/`, urnParDo) != answers {
			t.Errorf("answers %v: found another graph, expected files pruned for an answer alone", answers)
		}
		for _, c := range proto.GetComponents().GetCoders() {
			if c.GetSpec().GetUrn() == "beam:coder:row:v1" {
				t.Error("a runner would see a row; give the type a coder of its own")
			}
		}
		found, err := vet.Evaluate(context.Background(), pipeline)
		if err != nil {
			t.Fatal(err)
		}
		if found.RequiresRegistrations() {
			_, err := beam.Run(context.Background(), "vet", pipeline)
			t.Errorf("a function or type is not registered, one with NEED_TYPE or NEED_FUNCTION: %v", err)
		}
	}
}

// TestWorkersAreToldTheSQL checks that queries travel to workers as text, in every function that computes them.
func TestWorkersAreToldTheSQL(t *testing.T) {
	_, edges := edgesOf(t, declaredPlan(t, false))
	told := map[string]int{}
	for _, e := range edges {
		if e.DoFn != nil && e.DoFn.Recv != nil {
			b, err := json.Marshal(e.DoFn.Recv)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), "sum(tip_amount)") {
				_, name, _ := strings.Cut(e.DoFn.Name(), ".")
				told[name]++
			}
		}
	}
	if want := map[string]int{"partialFn": 1, "seedFn": 1, "tallyFn": 1, "blocksFn": 1, "rowsFn": 1, "packFn": 1, "publishFn": 1}; !maps.Equal(told, want) {
		t.Errorf("found %v, expected %v", told, want)
	}
}

// TestTheMemoryGoalGrowsWithEachTableInSQL unless the user has given it.
func TestTheMemoryGoalGrowsWithEachTableInSQL(t *testing.T) {
	s := &settings{runner: "direct"}
	standing := s.mostMemory(aggregate.Tables(true))
	if found, want := s.mostMemory(append(aggregate.Tables(true), declaredIn(t, true, byFile, together)...)), standing+2*tableMemory; found != want {
		t.Errorf("found %d MiB, expected %d", found>>20, want>>20)
	}
	s.parsed.memory = 300 << 20
	if found := s.mostMemory(declaredIn(t, true, byFile)); found != 300<<20 {
		t.Errorf("found %d MiB, expected the 300 that are given", found>>20)
	}
}
