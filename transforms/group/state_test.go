package group

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// everyKind has a part of every kind and class.
const everyKind = `SELECT taxi, pickup_location_id, count(*) AS a, count(*) FILTER (WHERE tip_amount > 1) AS b, sum(total_amount) AS c, avg(speed_mph) AS d, min(pickup_zone) AS e,
	max(pickup_datetime) AS f, arg_min(dropoff_zone, speed_mph) AS g, arg_max(total_amount, pickup_zone) AS h, median(trip_duration_minutes) AS i, count(DISTINCT dropoff_zone) AS j,
	quantile_disc(speed_mph, 0.9) AS k FROM trips WHERE fare_amount > 0 GROUP BY taxi, pickup_location_id HAVING count(*) > 1`

func fixedTrips() [][]*trip.Batch {
	rng := rand.New(rand.NewPCG(5, 5))
	return [][]*trip.Batch{randomBatches(rng, 60, false), randomBatches(rng, 60, false)}
}

func TestTheFormOfAStateIsHeld(t *testing.T) {
	q := sql(t, everyKind)
	state, err := stateOf(q, fixedTrips()[0])
	if err != nil {
		t.Fatal(err)
	}
	done, err := Finish(q, state)
	if err != nil {
		t.Fatal(err)
	}
	found := fmt.Sprintf("version %d\n\n%s\n%s", Version, hex.Dump(state), hex.Dump(done))
	path := filepath.Join("testdata", "state.txt")
	if *update {
		if err := os.WriteFile(path, []byte(found), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != found {
		t.Errorf("the form of a state has changed (%v): give it a new version, then run the test with -update", err)
	}
}

func TestAStateOfAnotherVersionIsRefused(t *testing.T) {
	state, err := stateOf(sql(t, everyKind), fixedTrips()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range [][]byte{nil, {Version + 1, 0, 0}, append([]byte{Version + 1}, state[1:]...)} {
		if _, err := Header(b); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("expected version %d", Version)) {
			t.Errorf("found %v, expected an error that names the version", err)
		}
	}
}

func TestStatesOfTwoTablesAreNotMerged(t *testing.T) {
	a, _ := stateOf(sql(t, everyKind), fixedTrips()[0])
	b, _ := stateOf(sql(t, "SELECT taxi, count(*) AS n FROM trips GROUP BY taxi"), fixedTrips()[0])
	if _, err := Merge(a, b); err == nil {
		t.Error("two tables are merged")
	}
}

// counts returns what is counted in groups, and what Rows finds in blocks.
func counts(t *testing.T, q *query.Query, change func(blocks [][]byte) [][]byte) (counted, found int64) {
	t.Helper()
	var states [][]byte
	for _, s := range fixedTrips() {
		state, err := stateOf(q, s)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Header(state)
		if err != nil {
			t.Fatal(err)
		}
		counted += c.Counted
		states = append(states, state)
	}
	blocks, err := blocksOf(states...)
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err = Rows(q, change(blocks)); err != nil {
		t.Fatal(err)
	}
	return counted, found
}

func TestALostGroupShowsInTheRowsCounted(t *testing.T) {
	q := sql(t, everyKind)
	if counted, found := counts(t, q, func(b [][]byte) [][]byte { return b }); counted != found || counted == 0 {
		t.Errorf("found %d trips in groups, expected %d", found, counted)
	}
	if counted, found := counts(t, q, func(b [][]byte) [][]byte { return b[1:] }); found >= counted {
		t.Errorf("a block is missing, but of %d trips %d are found", counted, found)
	}
}

func TestABlockThatIsMergedTwiceShowsInTheRowsCounted(t *testing.T) {
	counted, found := counts(t, sql(t, everyKind), func(b [][]byte) [][]byte {
		twice, err := Merge(b[0], b[0])
		if err != nil {
			t.Fatal(err)
		}
		return append(b[1:], twice)
	})
	if found <= counted {
		t.Errorf("a block is there twice, but of %d trips %d are found", counted, found)
	}
}

func TestFinishedGroupsAreNeverMerged(t *testing.T) {
	q := sql(t, "SELECT taxi, count(*) AS n FROM trips GROUP BY taxi")
	state, _ := stateOf(q, fixedTrips()[0])
	done, err := Finish(q, state)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range [][]byte{done, state} {
		if _, _, err := Rows(q, [][]byte{other, done}); err == nil || !strings.Contains(err.Error(), "two finished groups with one key") {
			t.Errorf("found %v", err)
		}
	}
}

func TestGroupsThatHavingDropsAreCounted(t *testing.T) {
	for _, text := range []string{"SELECT taxi, count(*) AS n FROM trips GROUP BY taxi HAVING count(*) > 1000", "SELECT count(*) AS n FROM trips HAVING count(*) > 1000"} {
		q := sql(t, text)
		state, _ := stateOf(q, fixedTrips()[0])
		c, _ := Header(state)
		done, err := Finish(q, state)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := blocksOf(done)
		if err != nil {
			t.Fatal(err)
		}
		rows, n, err := Rows(q, blocks)
		if err != nil || n != c.Counted || n == 0 || rows.NumRows() != 0 {
			t.Errorf("%s: found %d trips in %d rows, expected %d in none, %v", text, n, rows.NumRows(), c.Counted, err)
		}
	}
}

func TestNoTripsMakeNoBlocks(t *testing.T) {
	q := sql(t, "SELECT count(*) AS n, sum(tip_amount) AS tips FROM trips")
	state, _ := stateOf(q, nil)
	blocks, err := blocksOf(state)
	if err != nil || len(blocks) > 0 {
		t.Errorf("found %d blocks, %v", len(blocks), err)
	}
	rows, _, err := Rows(q, nil)
	if err != nil || !slices.Equal(rowsText(rows), []string{"0|(null)"}) {
		t.Errorf("found %v, %v, expected the one row of a query without keys", rowsText(rows), err)
	}
}

func TestTooManyGroupsAreAnErrorThatSaysWhatHelps(t *testing.T) {
	q := sql(t, "CREATE TABLE many AS SELECT pickup_location_id, count(*) AS n FROM trips GROUP BY pickup_location_id")
	a := NewAdder(q, 3)
	_, err := addTo(a, fixedTrips()[0])
	if err == nil {
		t.Fatal("found no error")
	}
	for _, part := range []string{"more than 3 groups", "--max-groups", "WHERE"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("found %v, expected %q in it", err, part)
		}
	}
}

// The error is found also if HAVING drops the group.
func TestASumThatDoesNotFitNamesColumnAndGroup(t *testing.T) {
	const text = "SELECT taxi, sum(total_amount * 999999999999999999.9) AS big FROM trips GROUP BY taxi"
	batch := fixedTrips()[0][0]
	c := &batch.Columns[trip.Amount]
	*c = trip.Column{Values: make([]int64, batch.Rows)}
	for i := range c.Values {
		c.Values[i] = 900_000_000_000_000_000
	}
	batch.Months = []trip.MonthRun{{End: batch.Rows}}
	for _, text := range []string{text, text + " HAVING count(*) > 1000"} {
		q := sql(t, text)
		state, err := stateOf(q, []*trip.Batch{batch, batch, batch, batch, batch})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Finish(q, state)
		_, errOfShards := FinishShards(q, [][][]byte{{state}})
		for _, err := range []error{err, errOfShards} {
			if err == nil || !strings.HasPrefix(err.Error(), "big, group "+batch.Taxi+": ") {
				t.Errorf("%s: found %v", text, err)
			}
		}
	}
}

func TestBlocksAreAtMostAMebibyte(t *testing.T) {
	q := sql(t, "SELECT pickup_datetime, dropoff_datetime, count(*) AS n FROM trips GROUP BY ALL")
	rng := rand.New(rand.NewPCG(9, 9))
	var batches []*trip.Batch
	for range 60 {
		batches = append(batches, randomBatches(rng, 5000, false)...)
	}
	state, err := stateOf(q, batches)
	if err != nil {
		t.Fatal(err)
	}
	done, err := Finish(q, state)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	if err := Blocks(done, func(_ uint32, finished bool, b []byte) error {
		if blocks++; len(b) > 1<<20 || !finished {
			t.Errorf("found a block of %d bytes, finished %v", len(b), finished)
		}
		return nil
	}); err != nil || blocks < 2 {
		t.Errorf("found %d blocks, %v", blocks, err)
	}
}

func TestSchemaHasTheTypesOfColumns(t *testing.T) {
	q := sql(t, "SELECT pickup_hour, vendorid, month_start, pickup_datetime, is_refund, taxi, sum(vendorid) AS s, avg(tip_amount) AS a, sum(tip_amount) AS t FROM trips GROUP BY ALL")
	var types []string
	for _, f := range Schema(q).Fields() {
		types = append(types, f.Type.String())
	}
	want := "int32 int64 date32 timestamp[us] bool utf8 decimal(38, 0) float64 decimal(38, 6)"
	if found := strings.Join(types, " "); found != want {
		t.Errorf("found %s, expected %s", found, want)
	}
}

func TestSumsOfDoublesAreExact(t *testing.T) {
	odd := []float64{
		0, math.Copysign(0, -1), 5e-324, -5e-324, 1e-310, 1e-30, -1e-30, 1, -1, 0.1, 1 << 37, 1<<38 - 1, 1 << 38, -(1 << 38), 1e300, -1e300, math.MaxFloat64, -math.MaxFloat64,
		math.Ldexp(1, -38), math.Ldexp(1, -39), math.Ldexp(1+0x1p-52, -38), math.Inf(1), math.Inf(-1), math.NaN(),
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for range 20_000 {
		limit := []int{len(odd), len(odd) - 3, len(odd) - 7, 2, 12}[rng.IntN(5)]
		var want query.FloatSum
		rat, n := new(big.Rat), 1+rng.IntN(6)
		s, finite, negatives := floatSums{}, true, true
		s.grow(1)
		for range n {
			f := odd[rng.IntN(limit)]
			want.Add(f)
			s.add([]uint32{0}, rng.IntN(2) == 0, values{floats: []float64{f}})
			if finite = finite && !math.IsInf(f, 0) && !math.IsNaN(f); finite {
				rat.Add(rat, new(big.Rat).SetFloat64(f))
			}
			negatives = negatives && f == 0 && math.Signbit(f)
		}
		sum := readFloats(&reader{in: s.append([]byte{byte(n)}, 0, int64(n))})
		if found := sum.by(1); math.Float64bits(found) != math.Float64bits(want.Sum()) && !math.IsNaN(want.Sum()) {
			t.Fatalf("found %g, expected %g", found, want.Sum())
		}
		if average, _ := rat.Quo(rat, big.NewRat(int64(n), 1)).Float64(); finite && !negatives && sum.by(int64(n)) != average {
			t.Fatalf("found the average %g, expected %g", sum.by(int64(n)), average)
		}
	}
}

func TestManyValuesAreKeptExactly(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, spread := range []int64{10, 1 << 20, math.MaxInt64} {
		s := &sets{class: exact, texts: &texts{}}
		want := map[uint32]map[int64]int64{}
		const n = 1 << 14
		ids, ints := make([]uint32, n), make([]int64, n)
		for range 80 {
			for i := range ids {
				ids[i], ints[i] = uint32(rng.IntN(7)*100), (rng.Int64N(spread)-spread/2)/25*25
				if want[ids[i]] == nil {
					want[ids[i]] = map[int64]int64{}
				}
				want[ids[i]][ints[i]]++
			}
			s.add(ids, false, values{ints: ints})
		}
		s.close(601)
		for id := range uint32(601) {
			body, tail := s.appendSet(&s.filler, []byte{0}, nil, id, 1<<40)
			var head setHead
			var found, at set
			r := groupReader{reader: reader{in: body[1:]}, tail: reader{in: tail}, rows: 1 << 40}
			head.read(&r, exact, nil, &at)
			found.read(&r, &head, exact)
			if len(found.counts) != len(want[id]) {
				t.Fatalf("spread %d, group %d: found %d values, expected %d", spread, id, len(found.counts), len(want[id]))
			}
			for i, v := range found.values {
				if want[id][v] != found.counts[i] {
					t.Fatalf("spread %d, group %d: found %d of %d, expected %d", spread, id, found.counts[i], v, want[id][v])
				}
			}
		}
	}
}

// FuzzState reads states that were changed: they may be refused, and nothing else happens.
func FuzzState(f *testing.F) {
	q := sql(f, everyKind)
	state, err := stateOf(q, fixedTrips()[0])
	if err != nil {
		f.Fatal(err)
	}
	done, err := Finish(q, state)
	if err != nil {
		f.Fatal(err)
	}
	chunked := inOneChunk(f, state, false)
	for _, b := range [][]byte{state, done, chunked, inOneChunk(f, state, true)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = Header(b)
		_ = Check(b)
		_, _ = Compact(b)
		_, _ = FinishShards(q, [][][]byte{{b, chunked}, {bytes.Clone(b)}})
		_, _ = Merge(b, b)
		_, _ = Merge(b, state)
		_, _ = Finish(q, b)
		_ = Blocks(b, func(uint32, bool, []byte) error { return nil })
		_, _, _ = Rows(q, [][]byte{b, state})
		_, _, _ = Rows(q, [][]byte{b})
	})
}

// TestChangedStatesAreReadWithoutHarm is FuzzState with changes at random.
func TestChangedStatesAreReadWithoutHarm(t *testing.T) {
	q := sql(t, everyKind)
	state, _ := stateOf(q, fixedTrips()[0])
	done, _ := Finish(q, state)
	rng := rand.New(rand.NewPCG(6, 6))
	for range 3000 {
		b := bytes.Clone([][]byte{state, done}[rng.IntN(2)])
		for range 1 + rng.IntN(3) {
			at := rng.IntN(len(b))
			switch rng.IntN(3) {
			case 0:
				b[at] = byte(rng.IntN(256))
			case 1:
				b = append(b[:at], b[min(len(b), at+1+rng.IntN(4)):]...)
			default:
				b = slices.Insert(b, at, byte(rng.IntN(256)))
			}
			if len(b) == 0 {
				b = []byte{Version}
			}
		}
		_, _ = Merge(b, state)
		_, _ = Finish(q, b)
		_, _, _ = Rows(q, [][]byte{b, done})
	}
}

func BenchmarkRows(b *testing.B) {
	q := sql(b, `SELECT taxi, month_start, pickup_location_id, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.5) AS median_seconds
		FROM trips GROUP BY ALL ORDER BY trips DESC`)
	// Groups of 11 months.
	var blocks [][]byte
	for m := range 11 {
		batches := month()[:64]
		for _, batch := range batches {
			for i := range batch.Columns[trip.Pickup].Values {
				batch.Columns[trip.Pickup].Values[i] += int64(m) * 31 * day
			}
		}
		state, err := stateOf(q, batches)
		if err != nil {
			b.Fatal(err)
		}
		if state, err = Finish(q, state); err != nil {
			b.Fatal(err)
		}
		more, err := blocksOf(state)
		if err != nil {
			b.Fatal(err)
		}
		blocks = append(blocks, more...)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var rows arrow.RecordBatch
	for range b.N {
		rows, _, _ = Rows(q, blocks)
	}
	b.ReportMetric(float64(rows.NumRows()), "groups")
}
