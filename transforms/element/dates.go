package element

// DateOrder says which number comes first in dates such as 03/04/2021 of a file. Its values are those of --dates.
type DateOrder string

// The orders of dates. A file whose dates do not end with the year needs none.
const (
	NoOrder    DateOrder = ""
	MonthFirst DateOrder = "mdy"
	DayFirst   DateOrder = "dmy"
)

// dateOrders are the orders, as they are coded.
var dateOrders = []DateOrder{NoOrder, MonthFirst, DayFirst}
