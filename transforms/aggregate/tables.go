package aggregate

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// Table is a table of the output and the transform that makes it.
type Table struct {
	Name   string
	Schema *arrow.Schema
	// Rows transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
	Rows func(s beam.Scope, perSource beam.PCollection) beam.PCollection
}

// Tables lists the tables of the output. A new one is a line here. With rules applied there is a ledger of what they did,
// and the monthly table has the sums that its averages were made of.
func Tables(standard bool) []Table {
	tables := []Table{
		{Name: "trip_stats", Schema: monthlySchema(standard), Rows: func(s beam.Scope, perSource beam.PCollection) beam.PCollection {
			return Monthly(s, standard, perSource)
		}},
		{Name: "location_stats", Schema: LocationSchema, Rows: Location},
	}
	if standard {
		tables = append(tables, Table{Name: "quality", Schema: LedgerSchema, Rows: Ledger})
	}
	return tables
}

// Key is the key of the tables' groups: the trips of a taxi with their pickup in a month.
type Key struct {
	Taxi  string
	Month int32 // since 1970-01, or element.NoMonth
}

// compare orders keys as the tables are sorted: by taxi and month, the missing month last.
func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Taxi, o.Taxi), cmp.Compare(monthOrder(k.Month), monthOrder(o.Month)))
}

func monthOrder(month int32) int64 {
	if month == element.NoMonth {
		return 1 << 40
	}
	return int64(month)
}

// year and monthStart are the key's columns; ok is false where they are null.
func (k Key) year() (year int32, ok bool) {
	if k.Month == element.NoMonth {
		return 0, false
	}
	return trip.YearOf(k.Month), true
}

func (k Key) monthStart() (day arrow.Date32, ok bool) {
	if k.Month == element.NoMonth {
		return 0, false
	}
	return arrow.Date32(trip.FirstDay(k.Month)), true
}

// group is one key with its result.
type group[T any] struct {
	key   Key
	value T
}

// collect reads all groups of a side input and sorts them.
func collect[T any](next func(*Key, *T) bool) []group[T] {
	var groups []group[T]
	for {
		var g group[T]
		if !next(&g.key, &g.value) {
			slices.SortFunc(groups, func(a, b group[T]) int { return a.key.compare(b.key) })
			return groups
		}
		groups = append(groups, g)
	}
}
