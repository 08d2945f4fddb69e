package trip

import (
	"strings"
	"testing"

	"tripstats/transforms/element"
)

func TestATableOfThisProgramIsCalledOne(t *testing.T) {
	for columns, own := range map[string]bool{
		"taxi month_start trip_count avg_passengers avg_tip":  true,
		"taxi month_start location_id pickups dropoffs":       true,
		"taxi source month_start rule scope rows":             true,
		"month_start trip_count":                              false,
		"LocationID Borough Zone service_zone":                false,
		"taxi month_start trip_count tpep_pickup_datetime":    false, // trip records that somebody joined with something
		"month_start location_id pickups passengers dropoffs": false,
	} {
		f := element.Described{Found: element.Found{Source: "x.parquet"}}
		for _, name := range strings.Fields(columns) {
			f.Columns = append(f.Columns, element.Column{Name: name, Type: element.Int64})
		}
		_, err := Recognise(f, with(Options{}))
		if err == nil || strings.Contains(err.Error(), "one of this program's own tables, not trip records; give the files it was made of") != own {
			t.Errorf("%s: found %v, expected own=%v", columns, err, own)
		}
	}
}
