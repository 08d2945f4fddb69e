package query

import (
	"strings"
	"testing"
)

func TestTheNamesOfColumnsAreThoseOfAllClauses(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT count(*) AS n FROM trips": "",
		"SELECT pickup_zone, sum(tip_amount) FILTER (WHERE fare_amount > 1) AS s FROM trips WHERE year(pickup_datetime) = 2020 GROUP BY pickup_zone HAVING max(trip_distance) > 1": "fare_amount pickup_datetime pickup_zone tip_amount trip_distance",
		"SELECT dropoff_borough FROM trips LIMIT 3": "dropoff_borough",
	} {
		q, err := ParseQuery("q", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(q.ColumnNames(), " "); got != want {
			t.Errorf("%s: found %s, expected %s", text, got, want)
		}
	}
}
