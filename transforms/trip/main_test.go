package trip

import (
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "direct") }

// The taxis of the tests.
const (
	Yellow = "yellow"
	Green  = "green"
)

// testRegistry has a form with zones or coordinates, one with zones, and what is recognised and not read.
var testRegistry = []element.Dataset{
	{Name: "yellow", Taxi: Yellow, Signatures: testSignatures("tpep"), Without: []string{"lpep_pickup_datetime"}, Columns: append(testColumns("tpep"),
		element.Known{Name: "pickup_longitude", Meaning: element.PickupLongitude}, element.Known{Name: "pickup_latitude", Meaning: element.PickupLatitude},
		element.Known{Name: "dropoff_longitude", Meaning: element.DropoffLongitude}, element.Known{Name: "dropoff_latitude", Meaning: element.DropoffLatitude})},
	{Name: "green", Taxi: Green, Signatures: testSignatures("lpep")[:1], Without: []string{"tpep_pickup_datetime"}, Columns: testColumns("lpep")},
	{Name: "cars", Taxi: "cars", Signatures: [][]string{{"base"}}, Unread: "found cars"},
	{Name: "trip_stats", Signatures: [][]string{{"taxi", "month_start", "trip_count"}}, Unread: testOutput},
	{Name: "location_stats", Signatures: [][]string{{"taxi", "month_start", "location_id", "pickups", "dropoffs"}}, Unread: testOutput},
	{Name: "quality", Signatures: [][]string{{"taxi", "source", "month_start", "rule", "scope", "rows"}}, Unread: testOutput},
}

const testOutput = "one of this program's own tables, not trip records; give the files it was made of"

func testSignatures(prefix string) [][]string {
	pickup, dropoff := prefix+"_pickup_datetime", prefix+"_dropoff_datetime"
	return [][]string{
		{pickup, dropoff, "PULocationID", "DOLocationID"},
		{pickup, dropoff, "pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"},
	}
}

func testColumns(prefix string) []element.Known {
	return []element.Known{
		{Name: prefix + "_pickup_datetime", Meaning: Pickup.Meaning()},
		{Name: prefix + "_dropoff_datetime", Meaning: Dropoff.Meaning()},
		{Name: "PULocationID", Meaning: PickupZone.Meaning()},
		{Name: "DOLocationID", Meaning: DropoffZone.Meaning()},
		{Name: "trip_distance", Meaning: Distance.Meaning()},
		{Name: "passenger_count", Meaning: Passengers.Meaning()},
		{Name: "total_amount", Meaning: Amount.Meaning()},
		{Name: "tip_amount", Meaning: Tip.Meaning()},
		{Name: "VendorID"},
	}
}

// listOf is a list of batches.
func listOf(batches ...Batch) Batches { return Batches{batches} }

// columnsList is a list of batches of columns.
func columnsList(columns ...element.Columns) element.ColumnsList {
	return element.ColumnsList{List: columns}
}

// each calls f for every batch of a list.
func each(f func(Batch)) func(Batches) {
	return func(l Batches) {
		for _, b := range l.List {
			f(b)
		}
	}
}

// with returns opts with the test registry. If they do not say what is wanted, the standing columns and the duration are.
func with(opts Options) Options {
	opts.Registry = testRegistry
	if opts.Wanted == nil {
		opts.Wanted = append(slices.Clone(Standing), Duration)
	}
	return opts
}

// deriving makes the derived columns of with(Options{}).
func deriving() *deriveFn { return &deriveFn{Fields: with(Options{}).derived()} }

// col is a column of a test batch: values as text, "" for null.
type col struct {
	name   string
	typ    element.ValueType
	values []string
}

// columnsOf makes a batch from columns written as text.
func columnsOf(t testing.TB, taxi string, cols ...col) element.Columns {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, c := range cols {
		b := array.NewBuilder(memory.DefaultAllocator, c.typ.Arrow())
		for _, v := range c.values {
			if v == "" {
				b.AppendNull()
			} else if err := b.AppendValueFromString(v); err != nil {
				t.Fatal(err)
			}
		}
		fields = append(fields, arrow.Field{Name: c.name, Type: c.typ.Arrow(), Nullable: true})
		arrays = append(arrays, b.NewArray())
	}
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(len(cols[0].values)))
	return element.Columns{Source: "x.parquet", Taxi: taxi, Variant: taxi, Month: march2020, RowGroup: 2, FirstRow: 100, Record: rec}
}

// yellow returns a maker of batches of n rows: the four required columns, a trip of ten minutes in each row, with more
// columns added to them or in the place of the one of that name.
func yellow(t testing.TB) func(n int, more ...col) element.Columns {
	return func(n int, more ...col) element.Columns {
		t.Helper()
		same := func(v string) []string {
			out := make([]string, n)
			for i := range out {
				out[i] = v
			}
			return out
		}
		cols := []col{
			{"tpep_pickup_datetime", element.TimestampMicros, same("2020-03-01 10:00:00")},
			{"tpep_dropoff_datetime", element.TimestampMicros, same("2020-03-01 10:10:00")},
			{"PULocationID", element.Int64, same("132")},
			{"DOLocationID", element.Int32, same("132")},
		}
		for _, m := range more {
			if i := slices.IndexFunc(cols, func(c col) bool { return c.name == m.name }); i >= 0 {
				cols[i] = m
			} else {
				cols = append(cols, m)
			}
		}
		return columnsOf(t, Yellow, cols...)
	}
}
