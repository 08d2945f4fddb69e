package query

import (
	"math/rand/v2"
	"testing"

	"tripstats/transforms/element"
)

// matching parses a WHERE.
func matching(t *testing.T, where string) *Query {
	t.Helper()
	q, err := ParseQuery("q", "SELECT count(*) AS n FROM trips WHERE "+where)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestFilesWithoutAMatchAreKnown has conditions for the file of yellow taxis of March 2020.
func TestFilesWithoutAMatchAreKnown(t *testing.T) {
	const march2020 = 50*12 + 2
	for where, want := range map[string]bool{
		"taxi = 'yellow'":                   true,
		"taxi = 'green'":                    false,
		"taxi <> 'yellow'":                  false,
		"taxi IN ('green', 'blue')":         false,
		"taxi IN ('green', NULL)":           false,
		"taxi NOT IN ('green', NULL)":       false, // NULL at best
		"taxi NOT IN ('green', 'blue')":     true,
		"taxi IS NULL":                      false,
		"taxi IS NOT NULL":                  true,
		"upper(taxi) LIKE 'YE%'":            true,
		"taxi LIKE 'g%'":                    false,
		"coalesce(taxi, 'green') = 'green'": false,

		"year = 2020":              true,
		"year = 2019":              false,
		"year >= 2021":             false,
		"year < 2020":              false,
		"NOT year = 2020":          false,
		"year IN (2018, 2019)":     false,
		"year % 2 = 1":             false,
		"year + 1 = 2020":          false,
		"-year > -2020":            false,
		"year / 4 < 500":           false,
		"year * year < 4000000":    false,
		"month(pickup_date) = 3":   true,
		"month(pickup_date) > 3":   false,
		"quarter(month_start) = 1": true,
		"extract(year FROM pickup_datetime) * 100 + month(pickup_datetime) BETWEEN 201901 AND 202002": false,
		"month_start = DATE '2020-03-01'":                                              true,
		"month_start = DATE '2020-04-01'":                                              false,
		"pickup_date BETWEEN '2020-03-31' AND '2020-05-01'":                            true,
		"pickup_date BETWEEN '2020-04-01' AND '2020-05-01'":                            false,
		"pickup_date NOT BETWEEN '2020-02-01' AND '2020-05-01'":                        false,
		"pickup_date + 31 < DATE '2020-04-01'":                                         false,
		"pickup_datetime >= TIMESTAMP '2020-03-31 23:59:59.999999'":                    true,
		"pickup_datetime >= TIMESTAMP '2020-04-01'":                                    false,
		"pickup_datetime < '2020-03-01'":                                               false,
		"pickup_datetime > NULL":                                                       false,
		"date_trunc('quarter', pickup_datetime) = DATE '2020-01-01'":                   true,
		"date_trunc('year', pickup_datetime) > DATE '2020-01-01'":                      false,
		"tpep_pickup_datetime::DATE::TIMESTAMP > TIMESTAMP '2020-04-01'":               false,
		"CASE WHEN year = 2020 THEN taxi = 'green' ELSE TRUE END":                      false,
		"CASE WHEN tip_amount > 1 THEN year = 2019 ELSE taxi = 'green' END":            false,
		"CASE WHEN tip_amount > 1 THEN year = 2019 WHEN taxi = 'yellow' THEN TRUE END": true,
		"greatest(year, 2021) = 2020":                                                  false,
		"greatest(tip_amount, year) = 2020":                                            true, // each part by itself
		"least(year, 2019) > 2020":                                                     false,

		"hour(pickup_datetime) = 25":           true, // not looked at
		"isodow(pickup_date) = 1":              true,
		"pickup_location_id = 132":             true,
		"total_amount IS NULL":                 true,
		"1 = 2":                                false,
		"NULL":                                 false,
		"year = 2020 AND NULL":                 false,
		"year = 2020 OR NULL":                  true,
		"year = 2019 OR tip_amount > 1":        true,
		"year = 2019 AND tip_amount > 1":       false,
		"NOT (year = 2020 OR tip_amount > 1)":  false,
		"NOT (year = 2019 AND tip_amount > 1)": true,
		"taxi = 'green' AND year = 2020 OR taxi = 'yellow' AND year = 2019": false,
		"1 // (year - 2020) = 1": true, // the rows tell the error
	} {
		if got := matching(t, where).CanMatch(BoundsOf("yellow", march2020)); got != want {
			t.Errorf("%s: found %v, expected %v", where, got, want)
		}
	}
	if q, err := ParseQuery("q", "SELECT count(*) AS n FROM trips"); err != nil || !q.CanMatch(BoundsOf("", element.NoMonth)) {
		t.Errorf("without WHERE, %v: no row can match, expected that all do", err)
	}
	for _, where := range []string{"taxi = 'green'", "year = 1999"} {
		if !matching(t, where).CanMatch(BoundsOf("", element.NoMonth)) {
			t.Errorf("%s: no row can match, expected one can if nothing is known", where)
		}
	}
}

// TestPartsOfATimeAreBoundedWithinTheirCycle has a pickup within bounds, and what can be said of its parts.
func TestPartsOfATimeAreBoundedWithinTheirCycle(t *testing.T) {
	pickup := columnNames()["pickup_datetime"]
	for _, c := range []struct {
		first, last, where string
		want               bool
	}{
		{"2020-03-02 10:00", "2020-03-02 11:59", "pickup_hour BETWEEN 12 AND 23", false},
		{"2020-03-02 10:00", "2020-03-02 11:59", "pickup_hour = 11", true},
		{"2020-03-02 22:00", "2020-03-03 01:00", "pickup_hour = 12", true},
		{"2020-03-02", "2020-03-06", "weekday > 5", false},
		{"2020-03-06", "2020-03-09", "weekday = 7", true},
		{"2020-11-01", "2021-02-01", "month(pickup_datetime) = 6", true},
		{"2020-11-01", "2020-12-31", "month(pickup_datetime) = 6", false},
		{"2020-12-30", "2021-01-02", "week(pickup_datetime) = 52", false},
		{"2020-12-27", "2021-01-04", "week(pickup_datetime) = 52", true},
		{"2020-12-30", "2021-01-02", "year IN (2019, 2022)", false},
		{"2020-02-27", "2020-03-02", "day(pickup_datetime) = 15", true},
		{"2020-02-27", "2020-02-29", "day(pickup_datetime) < 27", false},
	} {
		first, _ := parseTimestamp(c.first)
		last, _ := parseTimestamp(c.last)
		known := func(column int) (low, high Value, ok bool) { return intValue(first), intValue(last), column == pickup }
		if got := matching(t, c.where).CanMatch(known); got != c.want {
			t.Errorf("from %s to %s: %s: found %v, expected %v", c.first, c.last, c.where, got, c.want)
		}
	}
}

// TestARowThatMatchesCanMatch has random conditions, and random rows within random bounds.
func TestARowThatMatchesCanMatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	g := generator{rng}
	matches, excluded, conditions := 0, 0, 0
	for _, extremes := range []bool{false, true} {
		rows := randomTrips(t, rng, 200, extremes)
		for range 4000 {
			where := g.boolean(1 + g.IntN(4))
			q, err := ParseQuery("q", "SELECT count(*) AS n FROM trips WHERE "+where)
			if err != nil || q.Where == nil {
				continue // the generator has no regard to types, and makes TRUE
			}
			conditions++
			for range 8 {
				row := rows[rng.IntN(len(rows))]
				known := around(rng, row, rows)
				v, err := q.Where.Eval(func(e *Expr) (Value, error) { return row[e.Index], nil })
				can := q.CanMatch(known)
				if !can {
					excluded++
				}
				if err != nil || !v.True() {
					continue
				}
				if matches++; !can {
					t.Fatalf("WHERE %s: a row matches that cannot match", where)
				}
			}
		}
	}
	t.Logf("%d conditions, %d rows match, %d cannot match", conditions, matches, excluded)
	if conditions < 1000 || matches < 1000 || excluded < 1000 {
		t.Errorf("%d conditions, %d rows match, %d cannot match: expected 1000 of each", conditions, matches, excluded)
	}
}

// around makes bounds that a row is within: of each column of files nothing, its value, or a range to the value of another row.
func around(rng *rand.Rand, row []Value, rows [][]Value) Bounds {
	type bounds struct {
		low, high Value
		ok        bool
	}
	known := make([]bounds, len(Columns))
	for i, c := range Columns {
		if c.Derived != "" || rng.IntN(4) == 0 {
			continue
		}
		b := bounds{row[i], row[i], true}
		if other := rows[rng.IntN(len(rows))][i]; rng.IntN(2) == 0 && !other.IsNull && !row[i].IsNull {
			if c.Type.Compare(other, b.low) < 0 {
				b.low = other
			} else {
				b.high = other
			}
		}
		known[i] = b
	}
	return func(column int) (low, high Value, ok bool) { b := known[column]; return b.low, b.high, b.ok }
}
