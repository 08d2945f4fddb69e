package query

import "testing"

func TestTheTaxiOfAGroupFollowsFromWhere(t *testing.T) {
	for where, want := range map[string]bool{
		"taxi = 'yellow'": true,
		"trip_distance > 1 AND 'green' = taxi AND tip_amount > 0": true,
		"taxi IN ('yellow')":                true,
		"taxi IN ('yellow', 'green')":       false,
		"taxi = 'yellow' OR taxi = 'green'": false,
		"taxi <> 'yellow'":                  false,
		"NOT (taxi = 'yellow')":             false,
		"taxi = lower(taxi)":                false,
		"taxi LIKE 'yellow'":                false,
		"trip_distance > 1":                 false,
	} {
		queries, err := ParseTables("t.sql", "CREATE TABLE t AS SELECT month_start, count(*) AS n FROM trips WHERE "+where+" GROUP BY month_start")
		if err != nil {
			t.Fatal(err)
		}
		if found := queries[0].HasMonth(); found != want {
			t.Errorf("WHERE %s: found %v, expected %v", where, found, want)
		}
	}
}

func TestTheMonthOfAGroupFollowsFromItsKeys(t *testing.T) {
	for keys, want := range map[string]bool{
		"taxi, month_start":                                  true,
		"taxi, pickup_date":                                  true,
		"pickup_datetime, taxi":                              true,
		"taxi, date_trunc('month', pickup_datetime)":         true,
		"taxi, date_trunc('hour', pickup_datetime)":          true,
		"taxi, CAST(date_trunc('day', pickup_date) AS DATE)": true,
		"taxi, date_trunc('quarter', pickup_datetime)":       false,
		"taxi, date_trunc('week', pickup_datetime)":          false,
		"taxi, year, month(pickup_datetime)":                 true,
		"taxi, extract(month FROM pickup_date), year":        true,
		"taxi, year(pickup_date), month(dropoff_datetime)":   false,
		"taxi, year, quarter(pickup_datetime)":               false,
		"taxi, month(pickup_datetime)":                       false,
		"taxi, year + 1, month(pickup_datetime)":             false,
		"taxi, year":                                         false,
		"taxi, date_trunc('month', dropoff_datetime)":        false,
		"month_start": false,
		"taxi":        false,
	} {
		queries, err := ParseTables("t.sql", "CREATE TABLE t AS SELECT count(*) AS n FROM trips GROUP BY "+keys)
		if err != nil {
			t.Fatal(err)
		}
		if found := queries[0].HasMonth(); found != want {
			t.Errorf("GROUP BY %s: found %v, expected %v", keys, found, want)
		}
	}
}
