package group

import (
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// Grouping says how an [Adder] numbers the groups of one source. The codes of the keys are looked up in a table that has an entry for
// each combination of them, or hashed where that table would be too large.
type Grouping struct {
	Kind string
	Keys []int64 // by key: how many values it can have, without NULL; 0 if its type and function do not say
}

// The kinds.
const (
	OneGroup   = "one group"
	DenseCodes = "dense codes" // whatever the trips are
	AnyCodes   = "dense codes or hash"
	Hash       = "hash" // if all values that the keys can have are there
)

// GroupingOf says how the groups of a query are found. Judged tells that rules hold the pickup in one month, and
// zones in TLC's table.
func GroupingOf(q *query.Query, judged bool) Grouping {
	g := Grouping{Kind: OneGroup}
	product, known := int64(1), true
	for _, k := range q.Keys {
		n := countOf(k, judged)
		g.Keys = append(g.Keys, n)
		known = known && n > 0
		product = times(product, n+1)
	}
	switch {
	case len(q.Keys) == 0:
	case product > mostDirect:
		g.Kind = Hash
	case known:
		g.Kind = DenseCodes
	default:
		g.Kind = AnyCodes
	}
	return g
}

// times multiplies, up to a bound that no table of codes reaches.
func times(a, b int64) int64 {
	const most = 1 << 30
	return min(most, min(a, most)*min(b, most))
}

// parts are how many values a part of a time can have.
var parts = map[string]int64{"quarter": 4, "month": 12, "week": 53, "day": 31, "isodow": 7, "hour": 24, "minute": 60, "second": 60}

// inMonth are how many values a time of one month can have, cut to a part.
var inMonth = map[string]int64{"year": 1, "quarter": 1, "month": 1, "week": 6, "day": 31, "hour": 31 * 24, "minute": 31 * 24 * 60}

// zoneCount is how many zones TLC's table has.
const zoneCount = 265

// countOf returns how many values an expression has in one source at most, 0 if that is not known.
func countOf(e *query.Expr, judged bool) int64 {
	switch e.Op {
	case query.Literal:
		return 1
	case query.ColumnRef:
		source := query.Columns[e.Index].Source
		switch d := query.Derivation(e.Index); {
		case d != nil:
			return countOf(d, judged)
		case source.Taxi: // a source has one adder for each
			return 1
		case trip.Fields[source.Field].Type == trip.Zone && judged:
			return zoneCount
		case trip.Fields[source.Field].Type == trip.Flag:
			return 2
		}
		return 0
	case query.Call:
		if n := ofFunction(e, judged); n > 0 {
			return n
		}
		product := int64(1)
		for _, a := range e.Args {
			product = times(product, countOf(a, judged))
		}
		return product
	}
	return 0
}

// ofFunction is countOf for functions that have few values whatever their arguments have.
func ofFunction(e *query.Expr, judged bool) int64 {
	name := e.Func.Name
	switch {
	case e.Type.Kind == query.Boolean:
		return 2
	case name == "zone_name" || name == "zone_borough" || name == "zone_service":
		return zoneCount
	case name == "year" && judged && isPickup(e.Args[0]):
		return 1
	case name == "date_trunc" && judged && isPickup(e.Args[1]):
		return inMonth[e.Args[0].Value.Text]
	case name == "cast" && e.Type.Kind == query.Date && judged && isPickup(e.Args[0]):
		return inMonth["day"]
	}
	return parts[name]
}

// isPickup tells whether an expression is the time of the pickup.
func isPickup(e *query.Expr) bool {
	if e.Op == query.Call && e.Func.Name == "cast" {
		return isPickup(e.Args[0])
	}
	return e.Op == query.ColumnRef && query.Derivation(e.Index) == nil && !query.Columns[e.Index].Source.Taxi && query.Columns[e.Index].Source.Field == trip.Pickup
}
