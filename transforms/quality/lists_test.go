package quality

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

func init() { register.Function2x0(textsOf) }

// textsOf emits what the judge makes of each batch of a list.
func textsOf(l trip.Batches, emit func(string)) {
	for _, b := range l.List {
		var columns []string
		for f := range trip.NumFields {
			for row := range b.Columns[f].Values {
				columns = append(columns, fmt.Sprint(b.Columns[f].Values[row], b.Columns[f].IsNull(row)))
			}
		}
		emit(fmt.Sprint(b.Source, b.RowGroup, b.Taxi, b.Months, b.Findings, b.Origin != nil, columns))
	}
}

// oddLists are lists of batches of several sources, row groups and places, of which many rows break rules.
func oddLists(rng *rand.Rand, n, most int) []trip.Batches {
	ids := array.NewInt64Builder(memory.DefaultAllocator)
	var batches []trip.Batch
	for i := range n {
		b := oddBatch(rng)
		b.Source, b.RowGroup, b.FileRow = string(rune('a'+rng.IntN(3))), i, int64(i)*100
		b.Taxi = []string{"yellow", "chicago"}[rng.IntN(2)]
		for row := range b.Rows {
			ids.Append(int64(i*100 + row))
		}
		b.Origin = array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}}, nil), []arrow.Array{ids.NewArray()}, int64(b.Rows))
		batches = append(batches, b)
	}
	var lists []trip.Batches
	for list := range slices.Chunk(batches, most) {
		lists = append(lists, listOf(list...))
	}
	return lists
}

// listConfig judges trips of two places.
var listConfig = Config{AsOf: element.NoMonth, Keep: KeepCells, Places: []Place{{"chicago", element.Local{TimeZone: "America/Chicago", HasZones: true, First: 1, Last: 77}}}}

// A list gives what its batches give one by one, and their rejects, in their order.
func TestAListIsJudgedLikeItsBatches(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	results := func(lists []trip.Batches) (batches, alone, rejects []string) {
		both, one := &judgeAndKeepFn{Config: listConfig}, &judgeFn{Config: listConfig}
		if err := both.Setup(); err != nil {
			t.Fatal(err)
		}
		if err := one.Setup(); err != nil {
			t.Fatal(err)
		}
		for _, l := range lists {
			if err := both.ProcessElement(l, func(l trip.Batches) { textsOf(l, func(s string) { batches = append(batches, s) }) },
				func(r element.Rejects) { rejects = append(rejects, textOf(r)) }); err != nil {
				t.Fatal(err)
			}
			if err := one.ProcessElement(l, func(l trip.Batches) { textsOf(l, func(s string) { alone = append(alone, s) }) }); err != nil {
				t.Fatal(err)
			}
		}
		return batches, alone, rejects
	}
	for seed := range uint64(20) {
		batches, alone, rejects := results(oddLists(rand.New(rand.NewPCG(seed, 19)), 12, 1))
		if len(batches) != 12 || len(rejects) < 6 {
			t.Fatalf("found %d batches and %d rejects, expected more", len(batches), len(rejects))
		}
		for _, most := range []int{2, 5, 12} {
			b, a, r := results(oddLists(rand.New(rand.NewPCG(seed, 19)), 12, most))
			if !slices.Equal(b, batches) || !slices.Equal(a, alone) || !slices.Equal(r, rejects) {
				t.Fatalf("lists of %d: found other batches or rejects than one by one", most)
			}
		}
	}
}

func TestListsAreJudgedInAPipeline(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	lists := func(most int) []trip.Batches { return oddLists(rand.New(rand.NewPCG(3, 19)), 10, most) }
	var batches, rejects []string
	fn := &judgeAndKeepFn{Config: listConfig}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	for _, l := range lists(1) {
		if err := fn.ProcessElement(l, func(l trip.Batches) { textsOf(l, func(s string) { batches = append(batches, s) }) },
			func(r element.Rejects) { rejects = append(rejects, textOf(r)) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, runner := range []string{"direct", "prism"} {
		for _, most := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s/%d", runner, most), func(t *testing.T) {
				p, s, in := ptest.CreateList(lists(most))
				out, left := JudgedWithRejects(s, listConfig, in)
				passert.EqualsList(s, beam.ParDo(s, textsOf, out), batches)
				passert.EqualsList(s, beam.ParDo(s, textOf, left), rejects)
				if _, err := beam.Run(t.Context(), runner, p); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestTheErrorOfAListIsThatOfItsFirstBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	fn := &judgeFn{Config: Config{AsOf: element.NoMonth}}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	good := batchOf(march2020, row{}, row{})
	first, second := pruned(good, nil), pruned(good, nil)
	first.Source, second.Source = "first", "second"
	for range 20 {
		err := fn.ProcessElement(listOf(good, first, good, second), func(trip.Batches) { t.Error("found a list, expected none") })
		if f := fault.Find(err); f == nil || !strings.HasPrefix(f.Message, "first: ") {
			t.Fatalf("found %v, expected the error of the first", err)
		}
	}
}
