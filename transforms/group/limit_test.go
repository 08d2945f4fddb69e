package group

import (
	"slices"
	"testing"
)

// A HAVING that is a limit is not evaluated as an expression. It must keep the same groups as the expression.
func TestALimitInHavingKeepsTheGroupsOfItsExpression(t *testing.T) {
	batches := fixedTrips()[0]
	for _, of := range []string{"count(*)", "pickup_location_id", "max(CASE WHEN pickup_location_id > 2 THEN pickup_location_id END)"} {
		for _, operator := range []string{"=", "<>", "<", "<=", ">", ">="} {
			text := "SELECT pickup_location_id, count(*) AS n FROM trips GROUP BY pickup_location_id HAVING " + of + " " + operator + " 3"
			if q := sql(t, text); limitOf(q.Having) == nil {
				t.Errorf("%s: found no limit, expected one", text)
			}
			var found [2][]string
			for i, having := range []string{text, text + " AND count(*) > 0"} {
				q := sql(t, having)
				state, err := stateOf(q, batches)
				if err != nil {
					t.Fatal(err)
				}
				rows, _, err := Rows(q, [][]byte{state})
				if err != nil {
					t.Fatal(err)
				}
				found[i] = rowsText(rows)
			}
			if !slices.Equal(found[0], found[1]) {
				t.Errorf("%s: found %v, expected %v", text, found[0], found[1])
			}
		}
	}
	for _, having := range []string{"3 < count(*)", "count(*) > 3.5", "avg(fare_amount) > 3", "max(pickup_zone) > 'M'", "count(*) > NULL", "count(*) > 3 AND count(*) < 9"} {
		if q := sql(t, "SELECT taxi, count(*) AS n FROM trips GROUP BY taxi HAVING "+having); limitOf(q.Having) != nil {
			t.Errorf("%s: found a limit, expected none", having)
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
