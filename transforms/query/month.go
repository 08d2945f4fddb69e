package query

import "slices"

// HasMonth tells whether all trips of a group are of one taxi and have their pickup in one month, because the keys and WHERE fix both. Such a
// group has no trips of a file of another taxi or month.
func (q *Query) HasMonth() bool {
	taxi, month, year, monthOfYear := oneTaxi(q.Where), false, false, false
	for _, k := range q.Keys {
		taxi = taxi || isTaxi(k)
		month = month || tellsMonth(k)
		year = year || isPart(k, "year")
		monthOfYear = monthOfYear || isPart(k, "month")
	}
	return taxi && (month || year && monthOfYear)
}

func isTaxi(e *Expr) bool { return e.Op == ColumnRef && Columns[e.Index].Source.Taxi }

// oneTaxi tells whether a condition is true only for trips of one taxi.
func oneTaxi(where *Expr) bool {
	if where == nil || where.Op != Call {
		return false
	}
	switch where.Func.Name {
	case "and":
		return slices.ContainsFunc(where.Args, oneTaxi)
	case "=", "in":
		if len(where.Args) > 2 {
			return false
		}
		a, b := where.Args[0], where.Args[1]
		return isTaxi(a) && b.Op == Literal || isTaxi(b) && a.Op == Literal
	}
	return false
}

// isPart tells whether an expression is the given part, such as the month, of the pickup's date.
func isPart(e *Expr, part string) bool {
	switch e.Op {
	case ColumnRef:
		d := Derivation(e.Index)
		return d != nil && isPart(d, part)
	case Call:
		return e.Func.Name == part && tellsMonth(e.Args[0]) || e.Func.Name == "cast" && e.Type.isInteger() && isPart(e.Args[0], part)
	}
	return false
}

// tellsMonth tells whether the month of the pickup follows from the value of an expression.
func tellsMonth(e *Expr) bool {
	switch e.Op {
	case ColumnRef:
		if d := Derivation(e.Index); d != nil {
			return tellsMonth(d)
		}
		return Columns[e.Index].Name == pickupColumn
	case Call:
		switch {
		case e.Func.Name == "date_trunc":
			return withinMonth[e.Args[0].Value.Text] && tellsMonth(e.Args[1])
		case e.Func.Name == "cast" && e.Type.isTime():
			return tellsMonth(e.Args[0])
		}
	}
	return false
}

const pickupColumn = "pickup_datetime"

// withinMonth has the parts of a time that do not reach beyond a month.
var withinMonth = map[string]bool{"month": true, "day": true, "hour": true, "minute": true, "second": true}
