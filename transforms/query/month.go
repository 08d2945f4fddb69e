package query

// HasMonth tells whether all trips of a group are of one taxi and have their pickup in one month, because the keys say both. Such a group
// has no trips of another taxi's or month's file.
func (q *Query) HasMonth() bool {
	taxi, month := false, false
	for _, k := range q.Keys {
		taxi = taxi || k.Op == ColumnRef && Columns[k.Index].Source.Taxi
		month = month || tellsMonth(k)
	}
	return taxi && month
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
