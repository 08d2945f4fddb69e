package aggregate

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
	"tripstats/transforms/group"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// listTables are standing tables and tables in SQL: with and without a WHERE, with texts, with sets, and of single trips.
func listTables(t *testing.T) []*Spec {
	tables := append(Tables(true),
		declaredOf(t, "by_zone", "SELECT taxi, month_start, pickup_location_id AS zone, count(*) AS n, sum(tip_amount) AS tips FROM trips GROUP BY ALL", true),
		declaredOf(t, "middles", "SELECT pickup_location_id AS zone, median(tip_amount) AS middle, count(DISTINCT total_amount) AS n FROM trips GROUP BY zone", true),
		declaredOf(t, "names", "SELECT upper(taxi) AS name, max(taxi) AS most, count(*) AS n FROM trips GROUP BY name", true),
		declaredOf(t, "rich", "SELECT taxi, month_start, sum(100 / tip_amount) AS n FROM trips WHERE tip_amount > 3 GROUP BY ALL", true),
		listing(t, "SELECT taxi, tip_amount FROM trips WHERE tip_amount > 5 LIMIT 7"),
	)
	for _, spec := range tables {
		if spec.declared() {
			spec.MostBytes = 1 << 30 // no source ends early
		}
	}
	return tables
}

// listedFiles are files of one or two taxis, and their batches, mixed. Those of a file are in their order.
func listedFiles(rng *rand.Rand) (files []element.AdmittedFiles, batches []trip.Batch) {
	var list []element.Admitted
	var queues [][]trip.Batch
	for i := range 1 + rng.IntN(5) {
		source, month := string(rune('a'+i)), int32(march+i)
		taxis := []string{"green", "yellow"}[rng.IntN(2):]
		var queue []trip.Batch
		rows := map[string]int64{}
		total := int64(0)
		for range 1 + rng.IntN(8) {
			n := 1 + rng.IntN(12)
			tips, zones := make([]int64, n), make([]int64, n)
			for row := range tips {
				tips[row], zones[row] = int64(rng.IntN(9))*1_000_000, 1+int64(rng.IntN(6))
			}
			b := tripsOf(source, month, c64(tips...), c64(zones...), c64(zones...))
			b.Taxi, b.FileMonth, b.Alone, b.FileRow = taxis[rng.IntN(len(taxis))], month, true, total
			for row := range b.Rows {
				b.Columns[trip.Pickup].Values[row] = int64(trip.FirstDay(month)) * 24 * 3600 * 1_000_000
			}
			if refused := rng.IntN(n + 1); refused > 0 && refused < n {
				b.Months = []trip.MonthRun{{Month: month, End: refused, Refused: true}, {Month: month, End: n}}
				b.Findings = []trip.Finding{{Month: month, Rule: int32(quality.Named("pickup_stray")), Rows: int64(refused)}}
			}
			b.NoCodes = []trip.NoCode{{Field: trip.Vendor, Rows: 1}}
			rows[b.Taxi] += int64(n)
			total += int64(n)
			queue = append(queue, b)
		}
		for j := range queue {
			queue[j].FileRows = total
		}
		for _, taxi := range taxis {
			list = append(list, element.Admitted{Source: source, Taxi: taxi, Month: month, Rows: rows[taxi], Alone: true})
		}
		queues = append(queues, queue)
	}
	for len(queues) > 0 {
		i := rng.IntN(len(queues))
		batches = append(batches, queues[i][0])
		if queues[i] = queues[i][1:]; len(queues[i]) == 0 {
			queues = slices.Delete(queues, i, i+1)
		}
	}
	return []element.AdmittedFiles{{Files: list}}, batches
}

// listsOf cuts batches into lists.
func listsOf(batches []trip.Batch, most int) (lists []trip.Batches) {
	for list := range slices.Chunk(batches, most) {
		lists = append(lists, listOf(list...))
	}
	return lists
}

// added adds up lists and returns the results by key. Each source and taxi must have one result, before the bundle ends.
func added(t *testing.T, tables []*Spec, lists []trip.Batches) map[string]Source {
	t.Helper()
	results := map[string]Source{}
	emit := func(key string, s Source) {
		if _, twice := results[key]; twice {
			t.Errorf("found two results of %s, expected one", key)
		}
		results[key] = s
	}
	fn := &partialFn{Tables: tables}
	fn.StartBundle(emit)
	for _, l := range lists {
		if err := fn.ProcessElement(l, emit); err != nil {
			t.Fatal(err)
		}
	}
	before := len(results)
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	if len(results) > before {
		t.Errorf("found %d results at the end of the bundle, expected all when their files are whole", len(results)-before)
	}
	return results
}

// Lists give the results that their batches give one by one, and that the batches of one file after the other give.
func TestListsAddUpToWhatTheirBatchesDo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	tables := listTables(t)
	rng := rand.New(rand.NewPCG(19, 3))
	finished := 0
	for range 30 {
		_, batches := listedFiles(rng)
		inTurn := slices.Clone(batches)
		slices.SortStableFunc(inTurn, func(a, b trip.Batch) int { return strings.Compare(a.Source, b.Source) })
		want := added(t, tables, listsOf(inTurn, 1))
		for _, most := range []int{1, 2, 5, len(batches)} {
			if got := added(t, tables, listsOf(batches, most)); !reflect.DeepEqual(got, want) {
				t.Fatalf("lists of %d: found other results than of one file after the other", most)
			}
		}
		for _, s := range want {
			if c, err := group.Header(s.bytes("by_zone")); err != nil || c.Counted != s.Counted {
				t.Fatalf("found %+v, %v, expected a state of %d trips", c, err, s.Counted)
			} else if c.Finished {
				finished++
			}
		}
	}
	if finished == 0 {
		t.Error("found no state with finished groups: nothing was tested")
	}
}

func TestListsGiveTheSameTables(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	tables := listTables(t)
	fileList, batches := listedFiles(rand.New(rand.NewPCG(19, 4)))
	var want []string
	for _, runner := range []string{"direct", "prism"} {
		for _, most := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s/%d", runner, most), func(t *testing.T) {
				p, s, files := ptest.CreateList(fileList)
				perSource := PerSource(s, tables, files, Partials(s, tables, beam.CreateList(s, listsOf(batches, most))))
				for i, spec := range tables {
					found := beam.ParDo(s, text, Table(s, spec, Zones{}, perSource))
					if len(want) <= i {
						want = append(want, tableText(t, tables, spec, fileList, batches))
					}
					passert.EqualsList(s, found, []string{want[i]})
				}
				if _, err := beam.Run(t.Context(), runner, p); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// tableText is the table of batches that are added one by one.
func tableText(t *testing.T, tables []*Spec, spec *Spec, files []element.AdmittedFiles, batches []trip.Batch) (out string) {
	t.Helper()
	all := added(t, tables, listsOf(batches, 1))
	emit := func(key string, s Source) {
		merged, err := mergeSources(all[key], s)
		if err != nil {
			t.Fatal(err)
		}
		all[key] = merged
	}
	for _, l := range files {
		if err := (&seedFn{Tables: tables}).ProcessElement(l, emit); err != nil {
			t.Fatal(err)
		}
	}
	take := func(table element.Table) { out = text(table) }
	keys := sortedKeys(all)
	if !spec.declared() {
		states := map[Block]State{}
		for _, key := range keys {
			if err := (&monthsFn{Table: spec.Name}).ProcessElement(all[key], func(b Block, packed []byte) {
				state, err := (&stateCombiner{}).AddInput(states[b], packed)
				if err != nil {
					t.Fatal(err)
				}
				states[b] = state
			}); err != nil {
				t.Fatal(err)
			}
		}
		var blocks []Block
		for b := range states {
			blocks = append(blocks, b)
		}
		(&tableFn{Spec: spec}).ProcessElement(nil, func(b *Block, s *State) bool {
			if len(blocks) == 0 {
				return false
			}
			*b, *s, blocks = blocks[0], states[blocks[0]], blocks[1:]
			return true
		}, take)
		return out
	}
	shards := map[int64]Blocks{}
	cut := &blocksFn{Spec: spec}
	cut.Setup()
	for _, key := range keys {
		if err := cut.ProcessElement(all[key], func(shard int64, block []byte) {
			blocks, err := shards[shard].add(block)
			if err != nil {
				t.Fatal(err)
			}
			shards[shard] = blocks
		}); err != nil {
			t.Fatal(err)
		}
	}
	left := sortedKeys(shards)
	rows := &rowsFn{Spec: spec}
	rows.Setup()
	if err := rows.ProcessElement(nil, func(shard *int64, b *Blocks) bool {
		if len(left) == 0 {
			return false
		}
		*shard, *b, left = left[0], shards[left[0]], left[1:]
		return true
	}, take); err != nil {
		t.Fatal(err)
	}
	return out
}

// A list may have batches of several sources. For each source the results of other tables may be kept; these tables skip its batches.
func TestAListMixesSourcesWhoseTablesAreKept(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	tables := listTables(t)
	var declared uint64
	for i, spec := range tables {
		if spec.declared() {
			declared |= 1 << i
		}
	}
	rng := rand.New(rand.NewPCG(19, 3))
	for round := range 20 {
		_, batches := listedFiles(rng)
		skips := map[string]uint64{}
		for i := range batches {
			b := &batches[i]
			if _, known := skips[b.Source]; !known {
				skips[b.Source] = []uint64{0, declared, rng.Uint64() & declared, 1}[rng.IntN(4)]
			}
			b.Skip = skips[b.Source]
		}
		want := added(t, tables, listsOf(batches, 1))
		for _, most := range []int{2, 5, len(batches)} {
			if got := added(t, tables, listsOf(batches, most)); !reflect.DeepEqual(got, want) {
				t.Fatalf("round %d: lists of %d differ from lists of one", round, most)
			}
		}
	}
}

// The error is that of the first batch of a list that has one, and of the first table.
func TestTheErrorOfAListIsThatOfItsFirstBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	const tooLarge = "SELECT CAST(pickup_location_id * 1000000000 AS INTEGER) AS big, count(*) AS n FROM trips "
	shared, own := declaredOf(t, "shared", tooLarge+"GROUP BY big", true), declaredOf(t, "own", tooLarge+"WHERE passenger_count >= 0 GROUP BY big", true)
	of := func(source string, row int64, zone int64) trip.Batch {
		b := tripsOf(source, march, c64(1_000_000), c64(zone), c64(zone))
		b.FirstRow, b.FileRows = row, 100
		return b
	}
	list := []trip.Batch{of("a", 0, 1), of("b", 1, 1), of("b", 2, 9), of("a", 3, 9), of("b", 4, 9), of("c", 5, 1)}
	for name, tables := range map[string][]*Spec{"computed together": {shared}, "with a WHERE": {own}, "both": {own, shared}} {
		message := func(lists []trip.Batches) string {
			fn := &partialFn{Tables: tables}
			fn.StartBundle(nil)
			for _, l := range lists {
				if err := fn.ProcessElement(l, nil); err != nil {
					return err.Error()
				}
			}
			return ""
		}
		want := message(listsOf(list, 1))
		if !strings.Contains(want, "b: row group 0: row 2") {
			t.Fatalf("%s: found %q, expected the error of the third batch", name, want)
		}
		for range 20 {
			for _, most := range []int{2, 4, 6} {
				if got := message(listsOf(list, most)); got != want {
					t.Fatalf("%s: lists of %d: found %q, expected %q", name, most, got, want)
				}
			}
		}
	}
}

// A source of which no batch comes any more does not stay open, although rows are missing. If they come after all, they are one more result.
func TestASourceWhoseRowsAreElsewhereEnds(t *testing.T) {
	tables := Tables(true)
	of := func(source string) trip.Batches {
		b := tripsOf(source, march, c64(1), c64(1), c64(1))
		b.FileRows = 1000
		return listOf(b)
	}
	ended := map[string]int64{}
	results := 0
	emit := func(_ string, s Source) { ended[s.Source] += s.Rows; results++ }
	fn := &partialFn{Tables: tables}
	fn.StartBundle(emit)
	run := func(source string, n int) {
		for range n {
			if err := fn.ProcessElement(of(source), emit); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("a", 3)
	run("b", idleLists-1)
	if len(ended) > 0 || len(fn.open) != 2 {
		t.Fatalf("found %v ended and %d open, expected two open sources", ended, len(fn.open))
	}
	run("b", 1)
	if ended["a"] != 3 || len(fn.open) != 1 {
		t.Fatalf("found %v ended and %d open, expected the end of a", ended, len(fn.open))
	}
	run("a", 2)
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	if ended["a"] != 5 || ended["b"] != idleLists || results != 3 {
		t.Errorf("found %v in %d results, expected 5 rows of a in two and %d of b", ended, results, idleLists)
	}
}

// The groups of several open sources may together take as much memory as those of one. If they take more, results are emitted early.
func TestOpenSourcesTogetherStayWithinTheMemoryOfOne(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	spec := declaredOf(t, "many", "SELECT total_amount, tip_amount, count(*) AS n FROM trips GROUP BY ALL", true)
	spec.MostGroups, spec.MostBytes = 1<<20, 3<<20
	const sources, batches, rows = 6, 8, 256
	var list []trip.Batch
	value := int64(0)
	for range batches {
		for s := range sources {
			values := make([]int64, rows)
			for i := range values {
				value++
				values[i] = value
			}
			b := tripsOf(string(rune('a'+s)), march, c64(values...), c64(make([]int64, rows)...), c64(make([]int64, rows)...))
			b.FileRows = batches * rows
			list = append(list, b)
		}
	}
	found := map[string]int64{}
	results, most, before := 0, int64(0), element.Groups.Load()
	fn := &partialFn{Tables: []*Spec{spec}}
	emit := func(_ string, s Source) { found[s.Source] += s.Counted; results++ }
	fn.StartBundle(emit)
	for _, l := range listsOf(list, sources) {
		if err := fn.ProcessElement(l, emit); err != nil {
			t.Fatal(err)
		}
		bytes := int64(0)
		for _, o := range fn.open {
			bytes += o.sums[0].tables.list[0].bytes()
		}
		if got := element.Groups.Load() - before; got != bytes {
			t.Fatalf("the reader is told of %d bytes of groups, expected %d", got, bytes)
		}
		for _, a := range fn.spare {
			bytes += a.list[0].bytes()
		}
		most = max(most, bytes)
	}
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	if got := element.Groups.Load() - before; got != 0 {
		t.Errorf("the reader is told of %d bytes of groups after the bundle, expected none", got)
	}
	if results <= sources || most > spec.MostBytes {
		t.Errorf("found %d results of %d sources and %d bytes of groups at once, expected more results and at most %d bytes", results, sources, most, spec.MostBytes)
	}
	for source, n := range found {
		if n != batches*rows {
			t.Errorf("%s: found %d trips, expected %d", source, n, batches*rows)
		}
	}
}

// A panic while a batch is added is one of the caller, so that the runner reports it.
func TestAPanicOfABatchReachesTheCaller(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	fine := tripsOf("a", march, c64(1), c64(1), c64(1))
	broken := tripsOf("b", march, c64(1), c64(1), c64(1))
	broken.Months = []trip.MonthRun{{Month: march, End: 5}}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "out of range") {
			t.Errorf("found %s, expected the panic", p)
		}
	}()
	fn := &partialFn{Tables: Tables(true)}
	fn.StartBundle(nil)
	err := fn.ProcessElement(listOf(fine, broken, fine), nil)
	t.Errorf("found %v, expected a panic", err)
}
