package query

import (
	"slices"
	"strings"
)

// scope is where an expression stands, which decides what can be named in it.
type scope struct {
	clause     string
	aggregates bool // aggregates can stand here
	windows    bool
	inside     string // an aggregate, FILTER or a window, if the expression is in one
}

var (
	inSelect = scope{clause: "SELECT", aggregates: true, windows: true}
	inWhere  = scope{clause: "WHERE"}
	inGroup  = scope{clause: "GROUP BY"}
	inHaving = scope{clause: "HAVING", aggregates: true}
	inOrder  = scope{clause: "ORDER BY", aggregates: true, windows: true}
)

// column looks a name up: a column of trips, else an item of SELECT.
func (c *checker) column(n *node, sc scope) *Expr {
	if n.table != "" && n.table != c.s.table && c.s.table != "" {
		c.add(n.off, msgUnknownTable, n.table, c.s.table)
		return nil
	}
	item := -1
	if n.table == "" {
		item = c.itemNamed(n.text, len(c.s.items))
	}
	if i, ok := columnNamed(n.text, c.derives); ok {
		e := &Expr{Op: ColumnRef, Type: Columns[i].Type, Index: i, off: n.off, size: 1}
		if sc.clause == inHaving.clause && sc.inside == "" && item >= 0 && !same(c.items[item], e) {
			c.add(n.off, msgAmbiguousAlias, n.text)
			return nil
		}
		return e
	}
	if item < 0 {
		c.add(n.off, msgUnknownColumn, shorten(n.text), c.suggestColumn(n.text, sc))
		return nil
	}
	return c.item(n, item, sc)
}

// item is the use of an item of SELECT by its name.
func (c *checker) item(n *node, item int, sc scope) *Expr {
	switch {
	case sc.clause == inGroup.clause:
		c.add(n.off, msgAliasInGroup, n.text)
	case sc.clause == inSelect.clause && item >= c.checked:
		c.add(n.off, msgLaterAlias, n.text)
	case sc.clause != inSelect.clause && sc.inside != "":
		c.add(n.off, msgAliasInside, n.text, sc.inside)
	case c.items[item] == nil: // was reported
	case c.has(c.items[item], AggregateRef) && !sc.aggregates:
		c.misplacedAggregate(n, sc)
	case c.has(c.items[item], WindowRef) && !sc.windows:
		c.misplacedWindow(n, sc)
	case sc.clause == inHaving.clause && c.uses[item].inside:
		c.add(n.off, msgNamedInside, n.text)
	default:
		if sc.clause == inSelect.clause {
			c.uses[c.checked].at = true
			c.uses[c.checked].inside = c.uses[c.checked].inside || sc.inside != "" || c.uses[item].inside
		}
		e := *c.items[item]
		if c.parts += e.size; c.parts > maxAllParts {
			c.add(n.off, msgTooLarge, maxAllParts)
			return nil
		}
		return &e
	}
	return nil
}

func (c *checker) misplacedAggregate(n *node, sc scope) {
	if sc.inside != "" {
		c.add(n.off, msgNested, c.textOf(n))
		return
	}
	instead := "HAVING filters groups"
	if sc.clause == inGroup.clause {
		instead = "a group is made of values of single trips"
	}
	c.add(n.off, msgAggregateIn, c.textOf(n), sc.clause, instead)
}

func (c *checker) misplacedWindow(n *node, sc scope) {
	if sc.inside != "" {
		c.add(n.off, msgNestedWindow, c.textOf(n))
		return
	}
	c.add(n.off, msgWindowIn, c.textOf(n), sc.clause)
}

// textOf is a piece of the text for a message.
func (c *checker) textOf(n *node) string { return shorten(n.String()) }

// hints are names that people use for columns which have others here.
var hints = map[string]string{
	"amount": "total_amount", "fare": "fare_amount", "tip": "tip_amount", "tips": "tip_amount", "tolls": "tolls_amount", "distance": "trip_distance", "miles": "trip_distance",
	"duration": "trip_duration_minutes", "trip_duration": "trip_duration_minutes", "minutes": "trip_duration_minutes", "passengers": "passenger_count",
	"month": "month(pickup_datetime), 1 to 12, or month_start, a date", "date": "pickup_date", "day": "pickup_date", "hour": "pickup_hour", "dow": "weekday", "isodow": "weekday", "speed": "speed_mph",
	"zone": "pickup_zone", "zone_name": "pickup_zone", "location_id": "pickup_location_id", "borough": "pickup_borough", "service_zone": "pickup_service_zone", "color": "taxi", "taxi_type": "taxi", "cab_type": "taxi", "type": "taxi",
	"surcharge": "extra", "payment": "payment_type", "vendor": "vendorid", "vendor_id": "vendorid", "rate_code": "ratecodeid", "refund": "is_refund",
	"request_source": "vendorid",
	"green":          "'green'", "yellow": "'yellow'", // a text needs single quotes
}

// suggestColumn says which column a name may have meant.
func (c *checker) suggestColumn(name string, sc scope) string {
	var names []string
	for n := range columnNames() {
		if _, ok := columnNamed(n, false); ok {
			names = append(names, n)
		}
	}
	for i, item := range c.s.items {
		if item.alias != "" && (sc.clause != inSelect.clause || i < c.checked) {
			names = append(names, item.alias)
		}
	}
	if hint, ok := hints[name]; ok {
		return "did you mean " + hint + "?"
	}
	if near := nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "tripstats show columns lists them"
}

// suggestFunction says which function a name may have meant.
func suggestFunction(name string) string {
	if other, ok := otherFunctions[name]; ok {
		return "use " + other
	}
	var names []string
	for n, f := range Functions {
		if f.Class != Operator && f.Class != Hidden {
			names = append(names, n)
		}
	}
	if near := nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	slices.Sort(names)
	return "there are cast, extract, " + strings.Join(names, ", ")
}

// nearest returns the name that differs least from another: by a third of its letters or fewer. Of several it is the first by the alphabet.
func nearest(name string, names []string) string {
	best, least := "", len(name)/3+1
	slices.Sort(names)
	for _, n := range names {
		if d := edits(name, n); d < least {
			best, least = n, d
		}
	}
	return best
}

// edits counts the letters to insert, delete, replace or swap with their neighbours that make b of a.
func edits(a, b string) int {
	const most = 64
	if len(a) > most || len(b) > most {
		return most
	}
	var d [most + 1][most + 1]int
	for i := range len(a) + 1 {
		for j := range len(b) + 1 {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = d[i-1][j-1] + 1
			}
			d[i][j] = min(d[i][j], d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
