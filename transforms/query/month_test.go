package query

import "testing"

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
		"taxi, year, month(pickup_datetime)":                 false,
		"taxi, year":                                         false,
		"taxi, date_trunc('month', dropoff_datetime)":        false,
		"month_start":                                        false,
		"taxi":                                               false,
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
