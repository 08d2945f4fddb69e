package aggregate

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tripstats/transforms/trip"
)

// largeBatch returns a batch of a whole file. It has enough rows to be added in parts.
func largeBatch(rng *rand.Rand) trip.Batch {
	const rows = 3*fewRows + 5
	tips, zones := make([]int64, rows), make([]int64, rows)
	for row := range tips {
		tips[row], zones[row] = int64(rng.IntN(9))*1_000_000, 1+int64(rng.IntN(6))
	}
	b := tripsOf("a", march, c64(tips...), c64(zones...), c64(zones...))
	b.FileMonth, b.Alone, b.FileRows = march, true, rows
	b.Months = []trip.MonthRun{{Month: march, End: rows / 2}, {Month: march, End: rows/2 + 3, Refused: true}, {Month: march, End: rows}}
	b.NoCodes = []trip.NoCode{{Field: trip.Vendor, Rows: 1}}
	return b
}

// A batch that is the only one of its list is added in parts, one for each core. The result is that of the whole batch.
func TestABatchIsAddedInParts(t *testing.T) {
	tables := listTables(t)
	b := largeBatch(rand.New(rand.NewPCG(23, 1)))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := added(t, tables, listsOf([]trip.Batch{b}, 1))
	for _, cores := range []int{2, 3, 8} {
		runtime.GOMAXPROCS(cores)
		if got := added(t, tables, listsOf([]trip.Batch{b}, 1)); !reflect.DeepEqual(got, want) {
			t.Errorf("%d cores: the result differs from that of one core", cores)
		}
	}
	set := &tableSet{tables: tables, declared: true}
	if n := set.parts(b.Rows); n != 3 {
		t.Errorf("a batch of %d rows has %d parts, expected 3 for this test", b.Rows, n)
	}
}

// If several rows of a batch that is added in parts have an error, the error of the first of them is returned. It names the row in the file.
func TestTheErrorOfAPartNamesTheRow(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	const tooLarge = "SELECT CAST(pickup_location_id * 1000000000 AS INTEGER) AS big, count(*) AS n FROM trips "
	for _, where := range []string{"", "WHERE passenger_count >= 0 "} {
		b := largeBatch(rand.New(rand.NewPCG(23, 2)))
		b.FirstRow = 1000
		zones := b.Columns[trip.PickupZone].Values
		for row := range zones {
			if zones[row] = 1; row == 2*fewRows || row == 2*fewRows+8 {
				zones[row] = 9
			}
		}
		fn := &partialFn{Tables: []*Spec{declaredOf(t, "big", tooLarge+where+"GROUP BY big", true)}}
		fn.StartBundle(nil)
		if err := fn.ProcessElement(listOf(b), nil); err == nil || !strings.Contains(err.Error(), "a: row group 0: row 9192:") {
			t.Errorf("%s: found the error %v, expected that of row 9192", where, err)
		}
	}
}

// The tables whose tasks took longest begin first, for all sources.
func TestTasksThatTakeLongBeginFirst(t *testing.T) {
	var l listAdder
	l.costs = []time.Duration{3, 1, 5}
	for range 2 {
		for table := -1; table < 3; table++ {
			l.tasks = append(l.tasks, task{table: table})
		}
	}
	l.plan()
	if want := []int{2, 6, 0, 4, 1, 5, 3, 7}; !slices.Equal(l.order, want) {
		t.Errorf("found the order %v, expected %v", l.order, want)
	}
}
