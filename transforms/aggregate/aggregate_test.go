package aggregate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

func init() { register.Function1x1(text) }

// 2020-03 and 2020-04.
const (
	march = 602
	april = 603
)

// testTrips are the batches of three files: a has nulls everywhere and rows without a pickup time, b has another taxi
// and a month of a's, c no rows at all.
func testTrips() (files []element.AdmittedFiles, batches []trip.Batch) {
	files = []element.AdmittedFiles{{Files: []element.Admitted{
		{Source: "a", Taxi: "green", Month: march},
		{Source: "b", Taxi: "yellow", Month: april},
		{Source: "c", Taxi: "green", Month: april + 1},
		{Source: "d", Taxi: "green", Month: element.NoMonth},
	}}}
	batches = []trip.Batch{
		tripsOf("a", march, c64(1_000_000, null, 2_000_000), c64(7, null, 265), c64(null, 7, 0)),
		tripsOf("a", april, c64(-500_000), c64(-3), c64(1000)),
		tripsOf("a", element.NoMonth, c64(null), c64(7), c64(7)),
		tripsOf("b", april, c64(10_000_000, 20_000_000), c64(1, 1), c64(2, 1)),
	}
	batches[3].Taxi = "yellow"
	return files, batches
}

func TestTablesFromTrips(t *testing.T) {
	fileList, batchList := testTrips()
	p, s, files := ptest.CreateList(fileList)
	perSource := PerSource(s, Tables(true), files, Partials(s, Tables(true), beam.CreateList(s, oneByOne(batchList))))
	passert.EqualsList(s, beam.ParDo(s, text, Table(s, specOf("trip_stats", true), Zones{}, perSource)), []string{`trip_stats
green 2020 2020-03-01 3 1.5 1.5 0.025 1.5 1.5 2 2 2 2 2 3 3 0.05 3 3 0 0
green 2020 2020-04-01 1 -0.5 -0.5 -0.008333333333333333 -0.5 -0.5 1 1 1 1 1 -1 -0.5 -0.008333 -0.5 -0.5 0 0
green 2020 2020-05-01 0 - - - - - 0 0 0 0 0 0 0 0 0 0 0 0
green - - 1 - - - - - 0 0 0 0 0 0 0 0 0 0 0 0
yellow 2020 2020-04-01 2 15 15 0.25 15 15 2 2 2 2 2 30 30 0.5 30 30 0 0
`})
	passert.EqualsList(s, beam.ParDo(s, text, Table(s, locationStats, Zones{}, perSource)), []string{`location_stats
green 2020 2020-03-01 0 0 1 - -
green 2020 2020-03-01 7 1 1 Astoria Queens
green 2020 2020-03-01 265 1 0 Outside of NYC N/A
green 2020 2020-03-01 - 1 1 - -
green 2020 2020-04-01 -3 1 0 - -
green 2020 2020-04-01 1000 0 1 - -
green - - 7 1 1 Astoria Queens
yellow 2020 2020-04-01 1 2 1 Newark Airport EWR
yellow 2020 2020-04-01 2 0 1 Jamaica Bay Queens
`})
	passert.EqualsList(s, beam.ParDo(s, sortedTallies, Tallies(s, Tables(true), perSource)), []element.Tallies{{List: []element.Tally{{Source: "a", Taxi: "green", Whole: "a", Rows: 5, Counted: 5, Left: element.Mean{Count: 3, Mean: 2.5 / 3 / 60}}, {Source: "b", Taxi: "yellow", Whole: "b", Rows: 2, Counted: 2, Left: element.Mean{Count: 2, Mean: 0.25}}, {Source: "c", Taxi: "green", Whole: "c"}, {Source: "d", Taxi: "green", Whole: "d"}}}})
	ptest.RunAndValidate(t, p)
}

func init() { register.Function1x1(sortedTallies) }

func sortedTallies(t element.Tallies) element.Tallies {
	list := allOf(t)
	slices.SortFunc(list, func(a, b element.Tally) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Taxi, b.Taxi))
	})
	return element.Tallies{List: list}
}

// allOf returns all entries of a list. Some of them may be in its compact list.
func allOf[T any](list interface{ All() ([]T, error) }) []T {
	all, err := list.All()
	if err != nil {
		panic(err)
	}
	return slices.Clone(all)
}

func TestTablesExistWithoutFiles(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	none := beam.ParDo(s, &seedFn{}, beam.CreateList(s, []element.AdmittedFiles{}))
	passert.EqualsList(s, beam.ParDo(s, text, Table(s, specOf("trip_stats", false), Zones{}, none)), []string{"trip_stats\n"})
	passert.EqualsList(s, beam.ParDo(s, text, Table(s, locationStats, Zones{}, none)), []string{"location_stats\n"})
	ptest.RunAndValidate(t, p)
}

func TestSchemasAreTheContract(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{fieldsOf(specOf("trip_stats", true).Schema()), "taxi:utf8 year:int32 month_start:date32 trip_count:int64 avg_passengers:float64 avg_trip_distance_miles:float64 avg_trip_duration_minutes:float64 avg_amount:float64 avg_tip:float64 passengers_counted:int64 distance_counted:int64 duration_counted:int64 amount_counted:int64 tip_counted:int64 passengers_sum:int64 distance_sum:decimal(38, 6) duration_minutes_sum:decimal(38, 6) amount_sum:decimal(38, 6) tip_sum:decimal(38, 6) refund_rows:int64 refund_sum:decimal(38, 6)"},
		{fieldsOf(specOf("trip_stats", false).Schema()), "taxi:utf8 year:int32 month_start:date32 trip_count:int64 avg_passengers:float64 avg_trip_distance_miles:float64 avg_trip_duration_minutes:float64 avg_amount:float64 avg_tip:float64"},
		{fieldsOf(locationStats.Schema()), "taxi:utf8 year:int32 month_start:date32 location_id:int32 pickups:int64 dropoffs:int64 zone:utf8 borough:utf8"},
		{fieldsOf(LedgerSchema), "taxi:utf8 source:utf8 month_start:date32 rule:utf8 scope:utf8 rows:int64"},
	} {
		if c.got != c.want {
			t.Errorf("found    %s\nexpected %s", c.got, c.want)
		}
	}
}

// TestAnyCutAndOrderGivesTheSameSource cuts random rows into batches and bundles in many ways.
func TestAnyCutAndOrderGivesTheSameSource(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const rows = 500
	column := func(nulls, limit int64) []int64 {
		out := make([]int64, rows)
		for i := range out {
			if out[i] = rng.Int64N(limit); rng.Int64N(100) < nulls {
				out[i] = null
			}
		}
		return out
	}
	measure, pickups, dropoffs := column(20, 1e14), column(3, 300), column(3, 300)
	months := make([]int32, rows)
	for i := range months {
		if months[i] = march; rng.IntN(20) == 0 {
			months[i] = []int32{element.NoMonth, -5, april}[rng.IntN(3)]
		}
	}
	sum := func(cuts int) Source {
		acc := (&sourceCombiner{}).CreateAccumulator()
		for start := 0; start < rows; {
			// A bundle of one or several batches.
			fn := &partialFn{Tables: Tables(false)}
			fn.StartBundle(nil)
			for range 1 + rng.IntN(3) {
				end := min(rows, start+1+rng.IntN(rows/cuts))
				if start == end {
					break
				}
				b := tripsOf("x", 0, c64(measure[start:end]...), c64(pickups[start:end]...), c64(dropoffs[start:end]...))
				b.Months = nil
				for i, m := range months[start:end] {
					b.Months = append(b.Months, trip.MonthRun{Month: m, End: i + 1})
				}
				if err := fn.ProcessElement(listOf(b), nil); err != nil {
					t.Fatal(err)
				}
				start = end
			}
			err := fn.FinishBundle(func(_ string, part Source) {
				var err error
				if rng.IntN(2) == 0 {
					acc, err = (&sourceCombiner{}).AddInput(acc, part)
				} else {
					acc, err = (&sourceCombiner{}).MergeAccumulators(part, acc)
				}
				if err != nil {
					t.Fatal(err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return acc
	}
	want := sum(1)
	if months := stateOf(t, want, "trip_stats").Groups; want.Rows != rows || len(months) != 4 {
		t.Fatalf("%d rows in %d months, expected %d in 4", want.Rows, len(months), rows)
	}
	for cuts := 1; cuts < 60; cuts++ {
		if got := sum(cuts); !reflect.DeepEqual(got, want) {
			t.Fatalf("cut into about %d batches: found another result than with one batch", cuts)
		}
	}
}

// stateOf is the state of a table.
func stateOf(t *testing.T, s Source, table string) State {
	t.Helper()
	state, err := s.State(table)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestMergeNeverWritesToItsInputs(t *testing.T) {
	sums := func(n int64) []Sum { return []Sum{{Count: n, Lo: uint64(n)}} }
	a := State{Filtered: 2, Groups: []Group{{Month: 1, Keys: []int64{1}, Rows: 1, Sums: sums(1)}, {Month: 1, Keys: []int64{3}, Rows: 1, Sums: sums(1)}}}
	b := State{Filtered: 3, Groups: []Group{{Month: 1, Keys: []int64{2}, Rows: 5, Sums: sums(5)}, {Month: 1, Keys: []int64{3}, Rows: 1, Sums: sums(9)}}}
	before := fmt.Sprint(a, b)
	acc := State{}.Merge(a).Merge(b)
	if got, want := fmt.Sprint(acc), "{5 [{1 0 [1] 1 0 [{1 0 1}]} {1 0 [2] 5 0 [{5 0 5}]} {1 0 [3] 2 0 [{10 0 10}]}]}"; got != want {
		t.Errorf("found %s, expected %s", got, want)
	}
	acc.Merge(b)
	if after := fmt.Sprint(a, b); after != before {
		t.Errorf("inputs changed: %s, were %s", after, before)
	}
}

// TestABatchIsAddedUpWithoutAllocating holds what a batch costs the garbage collector once its months are there.
func TestABatchIsAddedUpWithoutAllocating(t *testing.T) {
	in, fn := anyTrips(16<<10), &partialFn{Tables: Tables(true)}
	fillNeeded(&in)
	fn.StartBundle(nil)
	list := listOf(in)
	if allocs := testing.AllocsPerRun(20, func() { _ = fn.ProcessElement(list, nil) }); allocs != 0 {
		t.Errorf("found %v allocations a batch, expected none", allocs)
	}
}

// anyTrips is a batch of one month with zones and values at random.
func anyTrips(rows int) trip.Batch {
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]int64, rows)
	zones := make([]int64, rows)
	for i := range values {
		values[i], zones[i] = rng.Int64N(1e8), 1+rng.Int64N(265)
	}
	return tripsOf("x", march, c64(values...), c64(zones...), c64(zones...))
}

func BenchmarkPartials(b *testing.B) {
	const rows = 16 << 10
	in := anyTrips(rows)
	fn := &partialFn{Tables: Tables(false)}
	fn.StartBundle(nil)
	list := listOf(in)
	b.ReportAllocs()
	for b.Loop() {
		if err := fn.ProcessElement(list, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
