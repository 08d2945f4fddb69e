package group

import (
	"slices"
	"testing"

	"tripstats/transforms/query"
)

func TestGroupingFollowsFromTheKeys(t *testing.T) {
	for _, c := range []struct {
		keys   string
		judged bool
		kind   string
		values []int64
	}{
		{"", true, OneGroup, nil},
		{"taxi, month_start, weekday, pickup_hour", true, DenseCodes, []int64{1, 1, 7, 24}},
		{"taxi, month_start, pickup_hour", false, AnyCodes, []int64{1, 0, 24}},
		{"taxi, year, pickup_date", true, DenseCodes, []int64{1, 1, 31}},
		{"pickup_location_id, dropoff_location_id", true, DenseCodes, []int64{265, 265}},
		{"pickup_location_id, dropoff_location_id, pickup_hour", true, Hash, []int64{265, 265, 24}},
		{"pickup_location_id", false, AnyCodes, []int64{0}},
		{"pickup_borough, is_refund, store_and_fwd_flag", false, DenseCodes, []int64{265, 2, 2}},
		{"trip_distance", true, AnyCodes, []int64{0}},
		{"hour(pickup_datetime) // 6 + 1, CASE WHEN weekday > 5 THEN 'weekend' ELSE 'week' END", false, DenseCodes, []int64{24, 2}},
		{"date_trunc('hour', pickup_datetime), dropoff_location_id, weekday, day(dropoff_datetime)", true, Hash, []int64{744, 265, 7, 31}},
		{"month(dropoff_datetime), year(dropoff_datetime)", true, AnyCodes, []int64{12, 0}},
	} {
		text := "SELECT count(*) AS n FROM trips"
		if c.keys != "" {
			text += " GROUP BY " + c.keys
		}
		q, err := query.ParseQuery("q", text)
		if err != nil {
			t.Fatal(err)
		}
		if g := GroupingOf(q, c.judged); g.Kind != c.kind || !slices.Equal(g.Keys, c.values) {
			t.Errorf("%s, judged %v: found %v, expected %s of %v", c.keys, c.judged, g, c.kind, c.values)
		}
	}
}
