package group

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// listOf adds batches to a lister that has listed something else before.
func listOf(t *testing.T, l *Lister, batches []*trip.Batch) []byte {
	t.Helper()
	l.Reset()
	for _, b := range batches {
		if err := l.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.State()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// numbered gives batches the rows of a file, and the file a name.
func numbered(source string, batches []*trip.Batch) []*trip.Batch {
	row := int64(0)
	for _, b := range batches {
		b.Source, b.FileRow = source, row
		row += int64(b.Rows)
	}
	return batches
}

// firstRows is the table that a query of single trips should make of batches, as text: row by row, in the order of names and rows. It
// returns how many trips WHERE leaves out, and how many it does not.
func firstRows(t *testing.T, q *query.Query, batches []*trip.Batch) (rows []string, filtered, counted int64) {
	t.Helper()
	batches = slices.SortedFunc(slices.Values(batches), func(a, b *trip.Batch) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), cmp.Compare(a.FileRow, b.FileRow))
	})
	made := newTable(q)
	for _, values := range valuesOf(t, batches) {
		leaf := func(e *query.Expr) (query.Value, error) { return values[e.Index], nil }
		if q.Where != nil {
			v, err := q.Where.Eval(leaf)
			if err != nil {
				t.Fatal(err)
			}
			if !v.True() {
				filtered++
				continue
			}
		}
		if counted++; counted > q.Limit {
			continue
		}
		for i, c := range q.Columns {
			v, err := c.Expr.Eval(leaf)
			if err != nil {
				t.Fatal(err)
			}
			made.columns[i].add(v)
		}
		made.rows++
	}
	return rowsText(made.record()), filtered, counted
}

// TestTheFirstTripsAreListed cuts the trips of three files into bundles in any way, and merges them in any order.
func TestTheFirstTripsAreListed(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	const everything = "SELECT *, trip_distance > 2 AS far, upper(store_and_fwd_flag) AS flag, CAST(NULL AS DATE) AS nothing, 1.5 AS constant, trip_distance / 3 AS third FROM trips"
	for round := range 60 {
		text := everything + []string{
			" LIMIT 0", " LIMIT 1", " WHERE fare_amount > 20 LIMIT 7", " WHERE taxi = 'none' LIMIT 7", " WHERE payment_type IN (1, 2) LIMIT 40", " LIMIT 10000",
		}[round%6]
		q := sql(t, text)
		var all []*trip.Batch
		var sources [][]*trip.Batch
		for _, name := range []string{"b.parquet", "a.parquet", "a", "a\x00", "a/b.parquet"} {
			s := numbered(name, randomBatches(rng, 1+rng.IntN(200), round%3 == 0))
			sources, all = append(sources, s), append(all, s...)
		}
		want, filtered, counted := firstRows(t, q, all)
		l := NewLister(q)
		whole := listOf(t, l, all)
		c, err := Header(whole)
		if err != nil || c.Filtered != filtered || c.Counted != counted || c.Groups != min(counted, q.Limit) {
			t.Fatalf("%s\n  found %+v, expected %d filtered and %d counted, %v", text, c, filtered, counted, err)
		}
		check := func(what string, blocks [][]byte) {
			found, n, err := Rows(q, blocks)
			if err != nil || n != counted {
				t.Fatalf("%s\n  %s: found %d trips, expected %d, %v", text, what, n, counted, err)
			}
			compare(t, text+" "+what, found, want)
			if !found.Schema().Equal(Schema(q)) {
				t.Fatalf("%s\n  %s: found the schema %s, expected %s", text, what, found.Schema(), Schema(q))
			}
		}
		check("whole", [][]byte{whole})

		backwards := slices.Clone(all)
		slices.Reverse(backwards)
		if !bytes.Equal(listOf(t, l, backwards), whole) {
			t.Errorf("%s\n  batches in reverse give other bytes", text)
		}
		var states, blocks [][]byte // of sources
		for _, s := range sources {
			merged := listOf(t, l, nil)
			rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
			for len(s) > 0 {
				n := 1 + rng.IntN(len(s))
				if merged, err = Merge(listOf(t, l, s[:n]), merged); err != nil {
					t.Fatal(err)
				}
				s = s[n:]
			}
			if merged, err = First(merged, q.Limit); err != nil {
				t.Fatal(err)
			}
			states = append(states, merged)
			if err := Blocks(merged, func(_ uint32, finished bool, b []byte) error {
				if !finished {
					t.Errorf("%s\n  found a block that is not finished", text)
				}
				blocks = append(blocks, b)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		rng.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
		check("in blocks", blocks)
		merged := states[0]
		for _, s := range states[1:] {
			if merged, err = Merge(merged, s); err != nil {
				t.Fatal(err)
			}
		}
		if merged, err = First(merged, q.Limit); err != nil || !bytes.Equal(merged, whole) {
			t.Errorf("%s\n  the merge of %d states has not the bytes of all, %v", text, len(states), err)
		}
	}
}

// TestColumnsAreComputedOfListedTripsAlone: a trip behind the first ones needs no value, and one of the first has a place.
func TestColumnsAreComputedOfListedTripsAlone(t *testing.T) {
	b := func() *trip.Batch {
		b := &trip.Batch{Source: "x.parquet", Taxi: "green", RowGroup: 1, FirstRow: 5, FileRow: 105, Rows: 4, Months: []trip.MonthRun{{End: 1, Refused: true}, {End: 4}}}
		b.Columns[trip.PaymentType].Values = []int64{0, 1, 0, 0}
		return b
	}
	tell := func(text string) error {
		q := sql(t, text)
		l := NewLister(q)
		if err := l.Add(b()); err != nil {
			return err
		}
		s, err := l.State()
		if err != nil {
			return err
		}
		_, _, err = Rows(q, [][]byte{s})
		return err
	}
	for _, c := range []struct{ text, want string }{
		{"SELECT 1 // payment_type AS x FROM trips LIMIT 1", ""},
		{"SELECT taxi, 1 // payment_type AS x FROM trips LIMIT 2", "x.parquet: row 107 of the file: x: a division by zero"},
		{"SELECT taxi FROM trips WHERE 1 // payment_type = 1 LIMIT 1", "x.parquet: row group 1: row 7: a division by zero"},
	} {
		found := ""
		if err := tell(c.text); err != nil {
			found = err.Error()
		}
		if found != c.want {
			t.Errorf("%s\n  found the error    %q\n  expected %q", c.text, found, c.want)
		}
	}
}

// TestATripThatIsListedTwiceIsAnError: a bundle was merged twice.
func TestATripThatIsListedTwiceIsAnError(t *testing.T) {
	q := sql(t, "SELECT taxi FROM trips LIMIT 3")
	s := listOf(t, NewLister(q), []*trip.Batch{{Source: "x", Rows: 2, Months: []trip.MonthRun{{End: 2}}}})
	if _, err := Merge(s, s); err == nil {
		t.Error("found no error of a merge")
	}
	if _, _, err := Rows(q, [][]byte{s, s}); err == nil {
		t.Error("found no error of the rows")
	}
	if _, err := First(s[:len(s)-1], 1); err == nil {
		t.Error("found no error of a state that is cut")
	}
}

func TestAListerReadsWhatItsQueryNames(t *testing.T) {
	l := NewLister(sql(t, "SELECT speed_mph, taxi, is_refund, trip_distance FROM trips WHERE pickup_hour = 3 LIMIT 3"))
	want := []trip.Field{trip.Pickup, trip.Distance, trip.Duration, trip.RecordedAmount}
	if slices.Sort(want); !slices.Equal(l.Fields(), want) {
		t.Errorf("found %v, expected %v", l.Fields(), want)
	}
}
