package element

// DateOrder says whether the month or the day comes first in dates of a file such as 03/04/2021. Its values are values of --dates.
type DateOrder string

// The orders of dates. A file whose dates do not end with the year needs none.
const (
	NoOrder    DateOrder = ""
	MonthFirst DateOrder = "mdy"
	DayFirst   DateOrder = "dmy"
)

// dateOrders are the orders by their code.
var dateOrders = []DateOrder{NoOrder, MonthFirst, DayFirst}
