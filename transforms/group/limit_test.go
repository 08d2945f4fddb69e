package group

import (
	"math/rand/v2"
	"slices"
	"testing"

	"tripstats/transforms/trip"
)

// A HAVING that is a limit is not evaluated as an expression, and groups that it drops are not finished. It must keep the same groups as the
// expression, and count the same trips in the groups that it drops.
func TestALimitInHavingKeepsTheGroupsOfItsExpression(t *testing.T) {
	batches := randomBatches(rand.New(rand.NewPCG(5, 6)), 2000, true)
	selected := []string{
		"count(*) AS n",
		"count(DISTINCT passenger_count) AS d, quantile_disc(trip_duration_seconds, 0.5) AS q, min(pickup_location_id) AS lo",
		"sum(tip_amount) AS s, count(passenger_count) AS c, max(taxi) AS t",
		"count(DISTINCT trip_duration_minutes) AS d, quantile_disc(trip_duration_minutes, 0.9) AS q, count(*) FILTER (WHERE pickup_location_id > 100) AS f",
	}
	limited, inPart := 0, 0
	for _, of := range []string{
		"count(*)", "pickup_hour", "count(passenger_count)", "count(DISTINCT passenger_count)", "count(DISTINCT trip_duration_minutes)", "count(trip_duration_minutes)",
		"count(tip_amount) FILTER (WHERE pickup_location_id > 100)", "min(pickup_location_id)", "quantile_disc(trip_duration_seconds, 0.5)",
		"max(CASE WHEN pickup_location_id > 250 THEN pickup_location_id END)", "count(CAST(NULL AS INTEGER))", "min(pickup_location_id) FILTER (WHERE FALSE)",
	} {
		for _, operator := range []string{"=", "<>", "<", "<=", ">", ">="} {
			for i, columns := range selected {
				text := "SELECT pickup_hour, weekday, " + columns + " FROM trips GROUP BY ALL HAVING " + of + " " + operator + " " + []string{"0", "3", "5", "120"}[i]
				if f := newFinisher(sql(t, text)); f.limit != nil {
					limited++
					if f.limitedPart >= 0 {
						inPart++
					}
				}
				rows, trips := finishedRows(t, text, batches)
				want, wantTrips := finishedRows(t, text+" AND count(*) > 0", batches)
				if !slices.Equal(rows, want) || trips != wantTrips {
					t.Errorf("%s: found %v of %d trips, expected %v of %d", text, rows, trips, want, wantTrips)
				}
			}
		}
	}
	if limited < 200 || inPart < 100 {
		t.Errorf("found %d limits and %d that one part answers, expected 200 and 100 at least", limited, inPart)
	}
	for _, having := range []string{"3 < count(*)", "count(*) > 3.5", "avg(fare_amount) > 3", "max(pickup_zone) > 'M'", "count(*) > NULL", "count(*) > 3 AND count(*) < 9"} {
		if q := sql(t, "SELECT taxi, count(*) AS n FROM trips GROUP BY taxi HAVING "+having); limitOf(q.Having) != nil {
			t.Errorf("%s: found a limit, expected none", having)
		}
	}
}

// finishedRows returns the rows of a query whose groups are finished at once, and how many trips were counted.
func finishedRows(t *testing.T, text string, batches []*trip.Batch) ([]string, int64) {
	t.Helper()
	q := sql(t, text)
	a := NewAdder(q, 1<<20)
	if _, err := addTo(a, batches); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	finished, err := a.Finished()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	rows, trips, err := Rows(q, [][]byte{finished})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return rowsText(rows), trips
}

// A group that HAVING drops needs no values of its sets: not even of the set whose values HAVING counts.
func TestAGroupThatHavingDropsNeedsNoSet(t *testing.T) {
	for _, of := range []string{"count(*)", "count(trip_duration_seconds)", "min(pickup_location_id)"} {
		q := sql(t, "SELECT pickup_hour, quantile_disc(trip_duration_seconds, 0.5) AS m, count(DISTINCT passenger_count) AS d FROM trips GROUP BY ALL HAVING "+of+" > 1000000")
		a := NewAdder(q, 1<<20)
		if _, err := addTo(a, randomBatches(rand.New(rand.NewPCG(5, 6)), 2000, true)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Finished(); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, f := range a.finishers {
			for i := range f.values {
				if _, ok := a.parts[i].column.(*sets); !ok {
					continue
				}
				if found++; cap(f.values[i].set.values) > 0 {
					t.Errorf("HAVING %s: part %d was read, expected no set to be", of, i)
				}
			}
		}
		if found < 2 {
			t.Errorf("HAVING %s: found %d sets, expected 2 at least", of, found)
		}
	}
}

// Consecutive groups often have the same text in a key. Such a text is not read again.
func TestATextIsReadAgainOnlyIfItDiffers(t *testing.T) {
	for _, pair := range [][2]string{{"a", "a"}, {"a", "b"}, {"", ""}, {"a\x00", "a\x00\xff"}, {"a\x00\xff", "a\x00"}, {"a\x00", "a\x00"}, {"ab", "a"}} {
		written := appendText(nil, pair[1])
		if isText(written, pair[0]) && pair[0] != pair[1] {
			t.Errorf("%q was taken for %q", pair[1], pair[0])
		}
		if got := textOf(written); got != pair[1] {
			t.Errorf("found %q, expected %q", got, pair[1])
		}
	}
	if isText([]byte{absent}, "") {
		t.Error("NULL was taken for an empty text")
	}
}
