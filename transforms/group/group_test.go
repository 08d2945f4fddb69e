package group

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/query"
	"tripstats/transforms/query/querytest"
	"tripstats/transforms/query/querytest/reference"
	"tripstats/transforms/trip"
)

// sql parses a query.
func sql(t testing.TB, text string) *query.Query {
	t.Helper()
	q, err := query.ParseQuery("test", text)
	if err != nil {
		t.Fatal(text, err)
	}
	return q
}

// stateOf adds batches to an adder that has added something else before.
func stateOf(q *query.Query, batches []*trip.Batch) ([]byte, error) {
	a := NewAdder(q, 1<<20)
	return addTo(a, batches)
}

func addTo(a *Adder, batches []*trip.Batch) ([]byte, error) {
	a.Reset()
	for _, b := range batches {
		if err := a.Add(b); err != nil {
			return nil, err
		}
	}
	state, err := plainState(a)
	if err != nil {
		return nil, err
	}
	return state, sameFinished(a, state)
}

// plainState returns the plain form of an adder's state.
func plainState(a *Adder) ([]byte, error) {
	state, err := a.State()
	if err != nil {
		return nil, err
	}
	return Plain(state)
}

// sameFinished tells whether an adder finishes its groups as its state is finished.
func sameFinished(a *Adder, state []byte) error {
	want, wantErr := Finish(a.q, state)
	found, err := a.Finished()
	if !bytes.Equal(found, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
		return fmt.Errorf("%s: found %x, %v of the adder, expected %x, %v as of its state", a.q.SQL, found, err, want, wantErr)
	}
	return nil
}

// blocksOf cuts states into blocks and merges those that meet.
func blocksOf(states ...[]byte) (blocks [][]byte, err error) {
	var shards [Shards][]byte
	for _, s := range states {
		err := Blocks(s, func(shard uint32, finished bool, block []byte) (err error) {
			if finished {
				blocks = append(blocks, block)
				return nil
			}
			if shards[shard] != nil {
				block, err = Merge(shards[shard], block)
			}
			shards[shard] = block
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, b := range shards {
		if b != nil {
			blocks = append(blocks, b)
		}
	}
	return blocks, nil
}

// rowsText is a table as text, a line for each row.
func rowsText(r arrow.RecordBatch) []string {
	var out []string
	for i := range int(r.NumRows()) {
		var row []string
		for _, c := range r.Columns() {
			row = append(row, c.ValueStr(i))
		}
		out = append(out, strings.Join(row, "|"))
	}
	return out
}

// expected is the table that a query should make of trips, as text.
func expected(q *query.Query, trips [][]query.Value) ([]string, error) {
	rows, err := reference.Grouped(q, trips)
	if err != nil {
		return nil, err
	}
	t := newTable(q)
	t.limit = -1
	for _, row := range rows {
		for i, v := range row {
			t.columns[i].add(v)
		}
		t.rows++
	}
	return rowsText(t.record()), nil
}

// check computes a query of sources in one piece and in many, and compares with what its parts mean.
func check(t *testing.T, rng *rand.Rand, text string, q *query.Query, sources [][]*trip.Batch) (failed bool) {
	t.Helper()
	var all []*trip.Batch
	for _, s := range sources {
		all = append(all, s...)
	}
	trips := valuesOf(t, all)
	want, wantErr := expected(q, trips)
	whole, err := stateOf(q, all)
	if err == nil {
		var blocks [][]byte
		var found arrow.RecordBatch
		if blocks, err = blocksOf(whole); err == nil {
			if found, _, err = Rows(q, blocks); err == nil && wantErr == nil {
				compare(t, text, found, want)
			}
		}
	}
	if (err != nil) != (wantErr != nil) {
		t.Errorf("%s\n  found the error %v\n  expected %v", text, err, wantErr)
	}
	if err != nil {
		return true
	}
	slow := newSlowAdder(q, 1<<20)
	for _, b := range all {
		if err := slow.Add(b); err != nil {
			t.Fatal(text, err)
		}
	}
	if s, err := slow.State(); err != nil || !bytes.Equal(s, whole) {
		t.Errorf("%s\n  the state is not that of an adder that goes row by row, %v", text, err)
	}
	if c, err := Header(whole); err != nil || c.Filtered+c.Counted != int64(len(trips)) {
		t.Errorf("%s\n  found %d filtered and %d counted, expected together %d, %v", text, c.Filtered, c.Counted, len(trips), err)
	}
	pieces(t, rng, text, q, sources, whole, want)
	return false
}

// pieces computes a query in pieces that are cut and merged at random. The taxi is a key if groups of a source are finished early.
func pieces(t *testing.T, rng *rand.Rand, text string, q *query.Query, sources [][]*trip.Batch, whole []byte, want []string) {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(text, err)
		}
		return b
	}
	adder := NewAdder(q, 1<<20)
	var states [][]byte
	for _, s := range sources {
		for len(s) > 0 {
			n := 1 + rng.IntN(len(s))
			states, s = append(states, must(addTo(adder, s[:n]))), s[n:]
		}
	}
	rng.Shuffle(len(states), func(i, j int) { states[i], states[j] = states[j], states[i] })
	total := must(NewAdder(q, 1).State())
	var counted int64
	for _, s := range states {
		total = must(Merge(total, s))
		c, _ := Header(s)
		counted += c.Counted
	}
	if !bytes.Equal(total, whole) {
		t.Errorf("%s\n  the merge of %d states is not the state of all", text, len(states))
	}
	finishedBy(t, rng, text, q, states, counted, want)
	if rng.IntN(2) == 0 {
		states = [][]byte{must(Finish(q, total))}
	}
	blocks, err := blocksOf(states...)
	if err != nil {
		t.Fatal(text, err)
	}
	rng.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	found, n, err := Rows(q, blocks)
	if err != nil {
		t.Errorf("%s\n  found the error %v in pieces", text, err)
		return
	}
	if n != counted {
		t.Errorf("%s\n  found %d trips in groups, expected %d", text, n, counted)
	}
	compare(t, text, found, want)
}

func compare(t *testing.T, text string, found arrow.RecordBatch, want []string) {
	t.Helper()
	got := rowsText(found)
	if len(got) != len(want) {
		t.Errorf("%s\n  found %d rows, expected %d", text, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s\n  found    %s in row %d\n  expected %s", text, got[i], i, want[i])
			return
		}
	}
}

func TestRandomQueriesMeanWhatTheirPartsMean(t *testing.T) {
	n := 300
	if os.Getenv("TRIPSTATS_SOAK") != "" {
		n = 10_000
	}
	rng := rand.New(rand.NewPCG(21, uint64(n)))
	accepted, failures := 0, 0
	for range n {
		g := querytest.Generator{Rand: rng, Ties: true}
		text := g.Query()
		q, err := query.ParseQuery("test", text)
		if err != nil || !q.Grouped {
			continue
		}
		accepted++
		extremes := rng.IntN(3) == 0
		if check(t, rng, text, q, [][]*trip.Batch{randomBatches(rng, rng.IntN(100), extremes), randomBatches(rng, 1+rng.IntN(200), extremes)}) {
			failures++
		}
		if accepted%4 == 0 {
			check(t, rng, text, q, [][]*trip.Batch{longBatches(rng, 700, false), randomBatches(rng, 10, false)})
		}
	}
	t.Logf("%d queries of %d are accepted, %d have no value", accepted, n, failures)
	if accepted < n/2 || failures > accepted/3 {
		t.Errorf("too few queries have rows")
	}
}

func TestQueriesOfDuckDBsTestMeanWhatTheirPartsMean(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "query", "testdata", "queries.sql"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(22, 1))
	for _, text := range strings.Split(string(b), ";") {
		if q, err := query.ParseQuery("test", text); err == nil && q.Grouped {
			check(t, rng, text, q, [][]*trip.Batch{randomBatches(rng, 100, false), randomBatches(rng, 150, false)})
		}
	}
}
