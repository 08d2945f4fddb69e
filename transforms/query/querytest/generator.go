// Package querytest makes random expressions of queries for tests.
package querytest

import (
	"fmt"
	"math/rand/v2"
)

// Generator makes random expressions over trips, as texts. Some of them are not accepted: it does not regard types of numbers, nor how
// operators bind.
type Generator struct {
	*rand.Rand
	// Ties makes queries, too, whose rows or last bits DuckDB leaves to chance: values of which several are largest, keys of doubles, and
	// sums beyond what a double holds exactly.
	Ties bool
}

// pickWith picks from a list, and with Ties from more.
func (g Generator) pickWith(list []string, ties ...string) string {
	if g.Ties {
		list = append(list, ties...)
	}
	return g.Pick(list...)
}

// Pick returns one of the texts.
func (g Generator) Pick(list ...string) string { return list[g.IntN(len(list))] }

// Any makes an expression of any type. Its depth is the number of levels of calls.
func (g Generator) Any(depth int) string {
	return []func(int) string{g.Number, g.Number, g.Boolean, g.Text, g.Time}[g.IntN(5)](depth)
}

// maybe puts parentheses around an expression, or leaves them out.
func (g Generator) maybe(s string) string {
	if g.IntN(3) > 0 {
		return "(" + s + ")"
	}
	return s
}

// Number makes an expression that is a number.
func (g Generator) Number(depth int) string {
	if depth <= 0 {
		return g.Pick("pickup_location_id", "pickup_hour", "payment_type", "total_amount", "tip_amount", "trip_distance", "trip_duration_minutes", "speed_mph",
			"1", "2", "-3", "0", "1.5", "-0.25", "10.00", "2e0", "3000000000", "year", "weekday", "passenger_count")
	}
	a, b := g.Number(depth-1), g.Number(depth-1-g.IntN(2))
	switch g.IntN(12) {
	case 0, 1, 2, 3:
		return g.maybe(a) + " " + g.Pick("+", "-", "*", "/", "%", "//") + " " + g.maybe(b)
	case 4:
		return "- " + g.maybe(a)
	case 5:
		return g.Pick("round", "floor", "ceil", "abs") + "(" + a + ")"
	case 6:
		return "round(" + a + ", " + g.Pick("0", "1", "2", "-1", "7") + ")"
	case 7:
		return g.Pick("least", "greatest", "coalesce") + "(" + a + ", " + b + ")"
	case 8:
		return "nullif(" + a + ", " + b + ")"
	case 9:
		return "CASE WHEN " + g.Boolean(depth-1) + " THEN " + a + " ELSE " + b + " END"
	case 10:
		return "CAST(" + a + " AS " + g.Pick("INTEGER", "BIGINT", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(18,4)", "DECIMAL(38,6)", "HUGEINT") + ")"
	}
	return g.Pick("hour", "day", "isodow", "month", "quarter", "year", "week", "minute", "second") + "(" + g.Time(depth-1) + ")"
}

// Boolean makes a condition.
func (g Generator) Boolean(depth int) string {
	if depth <= 0 {
		return g.Pick("is_refund", "total_amount IS NULL", "pickup_location_id = 132", "TRUE", "taxi = 'yellow'", "tip_amount > 1")
	}
	a, b := g.Number(depth-1), g.Number(depth-1)
	switch g.IntN(9) {
	case 0:
		return g.maybe(a) + " " + g.Pick("=", "<>", "<", "<=", ">", ">=") + " " + g.maybe(b)
	case 1:
		return g.maybe(g.Boolean(depth-1)) + " " + g.Pick("AND", "OR") + " " + g.maybe(g.Boolean(depth-1))
	case 2:
		return "NOT " + g.maybe(g.Boolean(depth-1))
	case 3:
		return g.maybe(a) + g.Pick(" IN (", " NOT IN (") + b + ", " + g.Number(0) + g.Pick(")", ", NULL)")
	case 4:
		return g.maybe(a) + g.Pick(" BETWEEN ", " NOT BETWEEN ") + g.maybe(b) + " AND " + g.maybe(g.Number(depth-1))
	case 5:
		return g.maybe(g.Any(depth-1)) + g.Pick(" IS NULL", " IS NOT NULL")
	case 6:
		return g.maybe(g.Text(depth-1)) + g.Pick(" LIKE ", " ILIKE ", " NOT LIKE ") + g.Pick("'%e%'", "'Y_l%'", "'%airport%'", "'_'", "''", "'%%a_'")
	case 7:
		return g.maybe(g.Time(depth-1)) + g.Pick(" = ", " < ", " >= ") + g.Pick(g.maybe(g.Time(depth-1)), "'2023-12-01'")
	}
	return g.maybe(g.Text(depth-1)) + g.Pick(" = ", " < ", " >= ") + g.maybe(g.Text(depth-1))
}

// Text makes an expression that is a text.
func (g Generator) Text(depth int) string {
	if depth <= 0 {
		return g.Pick("taxi", "store_and_fwd_flag", "pickup_zone", "pickup_borough", "dropoff_service_zone", "'yellow'", "'It''s'", "''")
	}
	a := g.Text(depth - 1)
	switch g.IntN(6) {
	case 0:
		return g.Pick("lower", "upper") + "(" + a + ")"
	case 1:
		return g.Pick("coalesce", "least", "greatest", "nullif") + "(" + a + ", " + g.Text(depth-1) + ")"
	case 2:
		return "CASE " + a + " WHEN " + g.Text(0) + " THEN " + g.Text(depth-1) + " ELSE " + g.Text(0) + " END"
	case 3:
		return "CAST(" + g.Any(depth-1) + " AS VARCHAR)"
	}
	return a
}

// Time makes an expression that is a date or timestamp.
func (g Generator) Time(depth int) string {
	if depth <= 0 {
		return g.Pick("pickup_datetime", "dropoff_datetime", "month_start", "pickup_date", "DATE '2024-02-29'", "TIMESTAMP '2023-11-30 23:59:59.5'")
	}
	a := g.Time(depth - 1)
	switch g.IntN(5) {
	case 0:
		return "date_trunc('" + g.Pick("year", "quarter", "month", "week", "day", "hour", "minute", "second") + "', " + a + ")"
	case 1:
		return "CAST(" + a + " AS " + g.Pick("DATE", "TIMESTAMP") + ")"
	case 2:
		return g.maybe(a) + g.Pick(" + ", " - ") + g.maybe(g.Number(depth-2))
	case 3:
		return g.Pick("coalesce", "least", "greatest") + "(" + a + ", " + g.Time(depth-1) + ")"
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", g.Boolean(depth-1), a, g.Time(depth-1))
}
