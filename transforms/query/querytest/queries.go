package querytest

import (
	"strconv"
	"strings"
)

// Query makes a SELECT with groups.
func (g Generator) Query() string {
	var items, keys []string
	for i := range g.IntN(4) {
		key := g.pickWith([]string{
			"taxi", "year", "month_start", "pickup_hour", "weekday", "payment_type", "pickup_borough", "pickup_location_id", "is_refund", "store_and_fwd_flag",
			"pickup_hour // 6", "CASE WHEN trip_distance < 3 THEN 'short' ELSE 'long' END", "date_trunc('week', pickup_datetime)", "upper(taxi)", "floor(total_amount / 10)",
			"round(tip_amount)", "coalesce(pickup_zone, 'none')",
		},
			"speed_mph", "date_trunc('hour', pickup_datetime)", "pickup_date", "dropoff_location_id", "tip_amount * 10000000000000")
		items, keys = append(items, key+" AS k"+strconv.Itoa(i)), append(keys, key)
	}
	for i := range 1 + g.IntN(4) {
		items = append(items, g.aggregate(1)+" AS v"+strconv.Itoa(i))
	}
	windowed := len(keys) > 0 && g.IntN(3) == 0
	if windowed {
		items = append(items, g.window(keys)+" AS w")
	}
	sql := "SELECT " + strings.Join(items, ", ") + " FROM trips"
	if g.IntN(3) == 0 {
		sql += " WHERE " + g.Boolean(1)
	}
	if len(keys) > 0 {
		switch g.IntN(3) {
		case 0:
			sql += " GROUP BY " + strings.Join(keys, ", ")
		case 1:
			sql += " GROUP BY k0"
			for i := range keys[1:] {
				sql += ", " + strconv.Itoa(i+2)
			}
		default:
			sql += " GROUP BY ALL"
		}
	}
	if g.IntN(4) == 0 {
		sql += " HAVING " + g.Pick("count(*) > 3", "v0 IS NOT NULL", "sum(tip_amount) > 1", "min(total_amount) < max(total_amount)")
	}
	if g.IntN(2) == 0 && len(keys) > 0 {
		sql += " ORDER BY "
		for i := range keys {
			sql += "k" + strconv.Itoa(i) + g.Pick("", " DESC", " NULLS FIRST", " DESC NULLS LAST") + ", "
		}
		if sql += "count(*) DESC"; g.IntN(2) == 0 {
			sql += " LIMIT " + g.Pick("0", "1", "5", "1000")
		}
	}
	return sql
}

func (g Generator) aggregate(depth int) string {
	column := g.pickWith([]string{
		"total_amount", "tip_amount", "trip_distance", "trip_duration_seconds", "payment_type", "pickup_location_id", "passenger_count", "pickup_hour + 1",
		"total_amount * 2", "tip_amount + 0.5",
	}, "speed_mph", "trip_duration_minutes", "total_amount * 3e-200", "total_amount * 100000000000000", "trip_duration_minutes * 2 / 7", "2 * trip_distance")
	s := ""
	switch g.IntN(12) {
	case 0:
		s = "count(*)"
	case 1:
		s = "count(" + g.Pick("", "DISTINCT ") + g.Any(0) + ")"
	case 2, 3:
		s = g.Pick("sum", "avg", "min", "max", "median") + "(" + column + ")"
	case 4:
		s = g.Pick("quantile_cont", "quantile_disc") + "(" + column + ", " + g.Pick("0", "1", "0.5", "0.05", "0.9", "0.07", "0.333") + ")"
	case 5:
		s = g.Pick("min", "max") + "(" + g.Any(0) + ")"
	case 6:
		s = g.Pick("arg_min", "arg_max") + "(" + column + ", dropoff_datetime)"
	case 7:
		s = g.pickWith([]string{"median(pickup_date)", "quantile_cont(dropoff_datetime, 0.25)", "quantile_disc(taxi, 0.5)", "max(pickup_zone)"},
			"arg_max(pickup_zone, tip_amount)", "arg_min(dropoff_datetime, pickup_zone)", "count(DISTINCT trip_duration_minutes * 1e-300 / 1e17)")
	default:
		if depth == 0 {
			return "count(*)"
		}
		a, b := g.aggregate(0), g.aggregate(0)
		return g.Pick("sum(tip_amount) / nullif(sum(total_amount), 0)", "round(avg("+column+"), 2)", "coalesce(sum("+column+"), 0)", "CASE WHEN "+a+" IS NULL THEN 0 ELSE 1 END",
			"("+a+" = "+b+")", "count(*) * 100.0 / 7", "max(total_amount) - min(total_amount)", "sum(pickup_hour) // 3", "greatest(count(*), 10)")
	}
	if g.IntN(4) == 0 {
		s += " FILTER (WHERE " + g.Boolean(g.IntN(2)) + ")"
	}
	return s
}

func (g Generator) window(keys []string) string {
	order := "ORDER BY count(*)" + g.Pick("", " DESC")
	total := order + ", " + strings.Join(keys, ", ")
	partition := g.Pick("", "PARTITION BY "+keys[0]+" ")
	return g.Pick(
		"rank() OVER ("+partition+order+")",
		"row_number() OVER ("+partition+total+")",
		"lag(sum(tip_amount)) OVER ("+partition+total+")",
		"lag(count(*), 2, 0) OVER ("+partition+total+")",
		"sum(count(*)) OVER ("+partition+")",
		"sum(sum(total_amount)) OVER ("+partition+order+")",
		"count(max(tip_amount)) OVER ("+partition+order+")",
		"count(*) / sum(count(*)) OVER ("+partition+")",
		"sum(avg(tip_amount)) OVER ("+partition+order+")",
	)
}
