package query

import (
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/trip"
)

func TestColumnsAreDeclaredWhole(t *testing.T) {
	seen := map[string]bool{}
	for i, c := range Columns {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if name == "" || name != strings.ToLower(name) || seen[name] {
				t.Errorf("column %d: found name %q, expected one of its own in lower case", i, name)
			}
			seen[name] = true
		}
		if c.Doc == "" {
			t.Errorf("%s has no meaning", c.Name)
		}
		if e := Derivation(i); (e != nil) != (c.Derived != "") || e != nil && e.Type != c.Type {
			t.Errorf("%s is %s, and derived as %+v", c.Name, c.Type, e)
		}
	}
	// Every column of trip.Fields can be asked for. Those of rules alone, and the hour, which follows from the pickup, are not read as columns.
	for f := range trip.NumFields {
		has := slices.ContainsFunc(Columns, func(c Column) bool { return c.Derived == "" && !c.Source.Taxi && c.Source.Field == f })
		if has == (f == trip.RawDuration || f == trip.PickupHour) {
			t.Errorf("%s is a column of trips: %v", trip.Fields[f].Name, has)
		}
	}
}

// TestNamesDoNotDependOnCase also those of TLC.
func TestNamesDoNotDependOnCase(t *testing.T) {
	for _, name := range []string{"PULocationID", "VendorID", "Airport_fee", "tpep_pickup_datetime", "lpep_dropoff_datetime", "RatecodeID", "Pickup_Zone"} {
		q, err := ParseQuery("q", "SELECT "+name+" FROM trips LIMIT 1")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if q.Columns[0].Name != strings.ToLower(name) {
			t.Errorf("%s gives the column %s", name, q.Columns[0].Name)
		}
	}
}

func TestOnlyNeededColumnsAreRead(t *testing.T) {
	q, err := ParseQuery("q", `SELECT taxi, max(tip_amount) FILTER (WHERE extra > 0) AS m, rank() OVER (ORDER BY max(fare_amount)) AS r
		FROM trips WHERE tolls_amount = 0 GROUP BY taxi HAVING min(mta_tax) > 0 ORDER BY count(ehail_fee)`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range q.Reads() {
		names = append(names, Columns[i].Name)
	}
	if want := []string{"taxi", "fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "ehail_fee"}; !slices.Equal(names, want) {
		t.Errorf("found %v, expected %v", names, want)
	}
}
