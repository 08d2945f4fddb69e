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
	Source      string
	Whole       string // name in the ledger: element.File.Whole
	Taxi        string
	Month       int32       // of the file: element.File.Month
	Coordinates bool        // the file has no zones
	Unknown     int64       // columns the registry does not know
	Rows        int64       // read, refused ones too
	Months      []Month     // ascending by Month; the rows without a pickup time first, as element.NoMonth is the least
	Rules       []RuleCount // ascending by month and rule
	RawDuration Sum         // µs, of all rows read, where rules were applied
}

// RuleCount is how often a rule fired for trips of a month: the pickup's for cell rules, the file's for row rules.
type RuleCount struct {
	Month int32
	Rule  int32 // a quality.ID
	Rows  int64
	Sum   Sum // of the values left out; only where the rule adds them up
}

// key orders rule counts by month and rule.
func (r RuleCount) key() int64 { return int64(r.Month)<<16 | int64(r.Rule) }

func mergeRules(a, b RuleCount) RuleCount {
	a.Rows += b.Rows
	a.Sum.merge(b.Sum)
	return a
}

// Counted is how many rows are in the tables.
func (s Source) Counted() int64 {
	n := int64(0)
	for _, m := range s.Months {
		n += m.Trips
	}
	return n
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
	Refunds    Sum    // negative amounts left out, dollars at trip.Unit
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
	a.RawDuration.merge(b.RawDuration)
	return Source{
		RawDuration: a.RawDuration,
		Source:      cmp.Or(a.Source, b.Source),
		Whole:       cmp.Or(a.Whole, b.Whole),
		Taxi:        cmp.Or(a.Taxi, b.Taxi),
		Month:       cmp.Or(a.Month, b.Month),
		Coordinates: a.Coordinates || b.Coordinates,
		Unknown:     a.Unknown + b.Unknown,
		Rows:        a.Rows + b.Rows,
		Rules:       mergeSorted(a.Rules, b.Rules, RuleCount.key, mergeRules),
		Months:      mergeSorted(a.Months, b.Months, func(m Month) int32 { return m.Month }, mergeMonths),
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
	a.Refunds.merge(b.Refunds)
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
	s := Source{Source: f.Source, Whole: f.Whole(), Taxi: f.Taxi, Month: f.Month, Coordinates: f.Coordinates, Unknown: int64(len(f.Unknown))}
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
