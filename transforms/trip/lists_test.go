package trip

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() { register.Function2x0(encodedOfAll) }

// encodedOfAll emits the coded form of each batch of a list: all that it has.
func encodedOfAll(l Batches, emit func(string)) {
	for _, b := range l.List {
		coded, err := encodeBatch(b)
		if err != nil {
			panic(err)
		}
		emit(string(coded))
	}
}

// cut cuts a batch of a row group into several, which have the same dictionaries.
func cut(rng *rand.Rand, in element.Columns, source string, rowGroup int) (batches []element.Columns) {
	in.Source, in.RowGroup = source, rowGroup
	for start, rows := int64(0), in.Record.NumRows(); start < rows; {
		end := min(rows, start+1+rng.Int64N(rows))
		one := in
		one.FirstRow, one.FileRow = in.FirstRow+start, in.FileRow+start
		one.Record = in.Record.NewSlice(start, end)
		batches = append(batches, one)
		start = end
	}
	return batches
}

// mixedColumns are batches of several sources, row groups, forms and taxis, mixed. Those of a row group are in their order.
func mixedColumns(t *testing.T, rng *rand.Rand) []element.Columns {
	var groups [][]element.Columns
	for i := range 2 + rng.IntN(5) {
		source := fmt.Sprintf("%c.parquet", 'a'+i%3)
		in := moneyed(t, 20+rng.IntN(60))
		switch rng.IntN(4) {
		case 0:
			in = forms(t, in)["codes"]
		case 1:
			var colors []string
			for range 12 {
				colors = append(colors, []string{"yellow", "green", "Green"}[rng.IntN(3)])
			}
			if in = severalTaxis(t, colors); rng.IntN(2) == 0 {
				in = colorInCodes(in)
			}
		case 2:
			groups = append(groups, []element.Columns{goodTexts()})
			continue
		}
		groups = append(groups, cut(rng, in, source, i))
	}
	var mixed []element.Columns
	for len(groups) > 0 {
		i := rng.IntN(len(groups))
		mixed = append(mixed, groups[i][0])
		if groups[i] = groups[i][1:]; len(groups[i]) == 0 {
			groups = slices.Delete(groups, i, i+1)
		}
	}
	return mixed
}

// listsOf cuts batches into lists.
func listsOf(batches []element.Columns, most int) (lists []element.ColumnsList) {
	for list := range slices.Chunk(batches, most) {
		lists = append(lists, columnsList(list...))
	}
	return lists
}

// stages maps and derives lists and returns the coded form of each batch that comes out.
func stages(t *testing.T, opts Options, lists []element.ColumnsList) (coded []string) {
	t.Helper()
	fields, derive := &fieldsFn{Options: opts}, &deriveFn{Fields: opts.derived()}
	for _, l := range lists {
		if err := fields.ProcessElement(l, func(b Batches) {
			if err := derive.ProcessElement(b, func(b Batches) { encodedOfAll(b, func(s string) { coded = append(coded, s) }) }); err != nil {
				t.Fatal(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	return coded
}

// A list gives what its batches give one by one, in their order, whatever sources, row groups and taxis are mixed in it.
func TestAListGivesWhatItsBatchesGive(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	opts := with(Options{Judged: true, KeepOrigin: true})
	rng := rand.New(rand.NewPCG(19, 1))
	for range 40 {
		batches := mixedColumns(t, rng)
		want := stages(t, opts, listsOf(batches, 1))
		for _, most := range []int{2, 5, len(batches)} {
			if got := stages(t, opts, listsOf(batches, most)); !slices.Equal(got, want) {
				t.Fatalf("lists of %d: found other batches than one by one", most)
			}
		}
	}
}

func TestListsInAPipelineGiveWhatTheirBatchesGive(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	batches := mixedColumns(t, rand.New(rand.NewPCG(19, 2)))
	opts := with(Options{Judged: true})
	want := stages(t, opts, listsOf(batches, 1))
	for _, runner := range []string{"direct", "prism"} {
		for _, most := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s/%d", runner, most), func(t *testing.T) {
				p, s, in := ptest.CreateList(listsOf(batches, most))
				passert.EqualsList(s, beam.ParDo(s, encodedOfAll, Derive(s, opts, MapFields(s, opts, in))), want)
				if _, err := beam.Run(t.Context(), runner, p); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// The error is that of the first batch of a list that has one, whatever batch is done first.
func TestTheErrorOfAListIsThatOfItsFirstBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	good, bad := yellow(t)(3), yellow(t)(1, col{"total_amount", element.Float64, []string{"NaN"}})
	first, second := bad, bad
	first.Source, second.Source = "first.parquet", "second.parquet"
	for range 20 {
		err := (&fieldsFn{Options: with(Options{})}).ProcessElement(columnsList(good, good, first, good, second, second), func(Batches) {
			t.Error("found a list, expected none")
		})
		if f := fault.Find(err); f == nil || !strings.HasPrefix(f.Message, "first.parquet: ") {
			t.Fatalf("found %v, expected the error of the first", err)
		}
	}
	long := Batch{Source: "x.parquet", Rows: 1, Columns: [NumFields]Column{Pickup: {Values: []int64{-1 << 62}}, Dropoff: {Values: []int64{1 << 62}}}}
	fine := Batch{Source: "x.parquet", Rows: 1, Columns: [NumFields]Column{Pickup: {Values: []int64{0}}, Dropoff: {Values: []int64{1}}}}
	other := long
	long.RowGroup, other.RowGroup = 1, 2
	for range 20 {
		err := deriving().ProcessElement(listOf(fine, long, other), func(Batches) { t.Error("found a list, expected none") })
		if f := fault.Find(err); f == nil || !strings.Contains(f.Message, "row group 1") {
			t.Fatalf("found %v, expected the error of the first", err)
		}
	}
}

// A panic of any batch is one of the caller, so that the runner reports it.
func TestAPanicOfABatchReachesTheCaller(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	broken := Batch{Source: "x.parquet", Rows: 3, Columns: [NumFields]Column{Pickup: {Values: []int64{0}}, Dropoff: {Values: []int64{1}}}}
	fine := broken
	fine.Rows = 1
	err := func() (err error) {
		defer func() { err = errors.New(fmt.Sprint(recover())) }()
		return deriving().ProcessElement(listOf(fine, fine, broken), func(Batches) {})
	}()
	if !strings.Contains(err.Error(), "out of range") {
		t.Errorf("found %v, expected the panic", err)
	}
}

// Tables of dictionaries are made once for all places, and those of row groups that are over are used for others.
func TestATableOfADictionaryIsMadeOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	rng := rand.New(rand.NewPCG(19, 3))
	fn := &fieldsFn{Options: with(Options{})}
	for i := range 200 {
		in := forms(t, moneyed(t, 40))["codes"]
		batches := cut(rng, in, "a.parquet", i)
		if err := fn.ProcessElement(columnsList(slices.Concat(batches, batches)...), func(Batches) {}); err != nil {
			t.Fatal(err)
		}
		if tables := fn.shared.codes[Amount][0]; len(tables) > mostTables() || tables[len(tables)-1].last != int64(i+1) {
			t.Fatalf("found %d tables of a column, expected one for each of the last row groups, %d at most", len(tables), mostTables())
		}
	}
}
