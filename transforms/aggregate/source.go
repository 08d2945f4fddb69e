// Package aggregate turns batches of trips into the tables of the output, on exact sums.
//
// Rows are added up in two steps. First by source file: [PerSource] sums every bundle in memory and combines the
// bundles' sums by file, so that what is shuffled is accumulators, and every file's result is a PCollection element of
// its own to reconcile. Then by table: [Monthly], [Location], each a CombinePerKey over the sources' results. A new
// table is one more file like those and one line in [Tables].
package aggregate

import (
	"cmp"
	"slices"

	"tripstats/transforms/element"
)

// Source is what the rows of one source file add up to.
type Source struct {
	Source string
	Taxi   string
	Rows   int64
	Months []Month // ascending by Month; the rows without a pickup time first, as element.NoMonth is the least
}

// Month is what the trips of one source with their pickup in one month add up to.
type Month struct {
	Month      int32 // since 1970-01, or element.NoMonth
	Trips      int64
	Passengers Sum    // trip.Unit
	Distance   Sum    // miles, trip.Unit
	Duration   Sum    // µs
	Amount     Sum    // dollars, trip.Unit
	Tip        Sum    // dollars, trip.Unit
	Zones      []Zone // ascending
	NoZone     Counts // trips whose zone is null
}

// Zone counts the trips of a month that start and end in a zone.
type Zone struct {
	Zone   int32
	Counts Counts
}

// Counts are pickups and dropoffs. A dropoff counts in the month of its trip's pickup.
type Counts struct {
	Pickups  int64
	Dropoffs int64
}

func (c Counts) plus(o Counts) Counts {
	return Counts{c.Pickups + o.Pickups, c.Dropoffs + o.Dropoffs}
}

// mergeSources adds up two results of one source. It shares no memory with either.
func mergeSources(a, b Source) Source {
	return Source{
		Source: cmp.Or(a.Source, b.Source),
		Taxi:   cmp.Or(a.Taxi, b.Taxi),
		Rows:   a.Rows + b.Rows,
		Months: mergeSorted(a.Months, b.Months, func(m Month) int32 { return m.Month }, mergeMonths),
	}
}

func mergeMonths(a, b Month) Month {
	a.Trips += b.Trips
	a.Passengers.merge(b.Passengers)
	a.Distance.merge(b.Distance)
	a.Duration.merge(b.Duration)
	a.Amount.merge(b.Amount)
	a.Tip.merge(b.Tip)
	a.Zones = mergeZones(a.Zones, b.Zones)
	a.NoZone = a.NoZone.plus(b.NoZone)
	return a
}

func mergeZones(a, b []Zone) []Zone {
	return mergeSorted(a, b, func(z Zone) int32 { return z.Zone }, func(a, b Zone) Zone {
		return Zone{Zone: a.Zone, Counts: a.Counts.plus(b.Counts)}
	})
}

// mergeSorted merges two slices that ascend strictly by key into a new one, adding up equal keys.
func mergeSorted[T any, K cmp.Ordered](a, b []T, key func(T) K, add func(T, T) T) []T {
	out := make([]T, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch c := cmp.Compare(key(a[0]), key(b[0])); {
		case c < 0:
			out, a = append(out, a[0]), a[1:]
		case c > 0:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, add(a[0], b[0])), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// seed is the result of a file before any row: it makes the file, and the month in its name, exist at zero rows.
func seed(f element.File) Source {
	s := Source{Source: f.Source, Taxi: f.Taxi}
	if f.Month != element.NoMonth {
		s.Months = []Month{{Month: f.Month}}
	}
	return s
}

// sortedKeys returns the keys of m, ascending.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
