package query

import "strings"

// Class is where a function can stand.
type Class uint8

// The classes.
const (
	Operator   Class = iota // written with signs or words
	Scalar                  // of values of one row
	Aggregator              // of the trips of a group; some also OVER
	Windowed                // only OVER
	Hidden                  // only in the derivations of columns
)

// Function is an operator or a function of the dialect. A pointer to it tells which it is.
type Function struct {
	Name  string
	Class Class
	Args  string // how its arguments are called; those in brackets can be left out
	Doc   string

	least, most int // arguments; most is -1 if there can be any number
	// infer returns the type of a call. It casts the arguments in place to what eval expects, and reports those that do not fit.
	infer func(c *checker, at invocation) (Type, bool)

	// eval computes a call of arguments that are not NULL; if one is, so is the call. lazy, if it is set, computes instead of eval, and
	// sees NULLs.
	eval func(e *Expr, args []Value) (Value, error)
	lazy func(e *Expr, leaf Leaf) (Value, error)

	over bool // of an Aggregator: it can stand with OVER
}

// invocation is a call that is being checked.
type invocation struct {
	f    *Function
	off  int
	args []*Expr
}

// what names the call in a message.
func (f *Function) what() string {
	if f.Name == "negate" {
		return "-"
	}
	return strings.ToUpper(f.Name)
}

// Functions are all operators and functions, by name.
var Functions = map[string]*Function{}

func init() {
	for class, table := range [][]Function{Operator: operators, Scalar: scalars, Aggregator: aggregates, Windowed: windows, Hidden: hidden} {
		for i := range table {
			table[i].Class = Class(class)
			Functions[table[i].Name] = &table[i]
		}
	}
	for _, d := range dateParts {
		f := &Function{
			Name: d.name, Class: Scalar, Args: "time", Doc: "the " + d.name + " of a date or timestamp: EXTRACT(" + d.name + " FROM time)",
			least: 1, most: 1, infer: ofTime(bigint),
			eval: func(_ *Expr, v []Value) (Value, error) { return intValue(d.of(v[0].Int)), nil },
		}
		if d.name == "isodow" {
			f.Doc = "the day of the week, 1 is Monday, 7 is Sunday"
		}
		Functions[d.name] = f
	}
}

var operators = []Function{
	{Name: "or", least: 2, most: -1, infer: conditions, lazy: evalOr},
	{Name: "and", least: 2, most: -1, infer: conditions, lazy: evalAnd},
	{Name: "not", least: 1, most: 1, infer: conditions, eval: func(_ *Expr, v []Value) (Value, error) { return boolValue(v[0].Int == 0), nil }},
	{Name: "is null", least: 1, most: 1, infer: fixed(boolean), lazy: evalIsNull},
	{Name: "=", least: 2, most: 2, infer: compares, eval: comparison(func(c int) bool { return c == 0 })},
	{Name: "<>", least: 2, most: 2, infer: compares, eval: comparison(func(c int) bool { return c != 0 })},
	{Name: "<", least: 2, most: 2, infer: compares, eval: comparison(func(c int) bool { return c < 0 })},
	{Name: "<=", least: 2, most: 2, infer: compares, eval: comparison(func(c int) bool { return c <= 0 })},
	{Name: ">", least: 2, most: 2, infer: compares, eval: comparison(func(c int) bool { return c > 0 })},
	{Name: ">=", least: 2, most: 2, infer: compares, eval: comparison(func(c int) bool { return c >= 0 })},
	{Name: "in", least: 2, most: -1, infer: compares, lazy: evalIn},
	{Name: "between", least: 3, most: 3, infer: compares, lazy: evalBetween},
	{Name: "like", least: 2, most: 2, infer: patterns, eval: evalLike},
	{Name: "ilike", least: 2, most: 2, infer: patterns, eval: evalLike},
	{Name: "+", least: 2, most: 2, infer: adds, eval: evalAdd},
	{Name: "-", least: 2, most: 2, infer: adds, eval: evalSubtract},
	{Name: "*", least: 2, most: 2, infer: multiplies, eval: evalMultiply},
	{Name: "/", least: 2, most: 2, infer: divides, eval: evalDivide},
	{Name: "//", least: 2, most: 2, infer: dividesWhole, eval: evalDivideWhole},
	{Name: "%", least: 2, most: 2, infer: remainders, eval: evalRemainder},
	{Name: "negate", least: 1, most: 1, infer: likeNumber, eval: evalNegate},
	{Name: "case", least: 3, most: -1, infer: cases, lazy: evalCase},
	{Name: "cast", least: 1, most: 1, eval: func(e *Expr, v []Value) (Value, error) { return convert(e.Args[0].Type, e.Type, v[0]) }},
}

var scalars = []Function{
	{Name: "date_trunc", Args: "part, time", Doc: "the first moment of the part that a time is in", least: 2, most: 2, infer: truncates, eval: evalTruncate},
	{Name: "round", Args: "number [, digits]", Doc: "to so many digits after the point, half away from zero", least: 1, most: 2, infer: rounds, eval: evalRound},
	{Name: "floor", Args: "number", Doc: "the next smaller whole number", least: 1, most: 1, infer: wholes, eval: evalFloor},
	{Name: "ceil", Args: "number", Doc: "the next larger whole number", least: 1, most: 1, infer: wholes, eval: evalCeil},
	{Name: "abs", Args: "number", Doc: "without its sign", least: 1, most: 1, infer: likeNumber, eval: evalAbs},
	{Name: "least", Args: "value, ...", Doc: "the smallest that is not NULL", least: 1, most: -1, infer: unified, lazy: evalLeast},
	{Name: "greatest", Args: "value, ...", Doc: "the largest that is not NULL", least: 1, most: -1, infer: unified, lazy: evalGreatest},
	{Name: "coalesce", Args: "value, ...", Doc: "the first that is not NULL", least: 1, most: -1, infer: unified, lazy: evalCoalesce},
	{Name: "nullif", Args: "value, other", Doc: "NULL if both are equal, else the value: CASE WHEN value = other THEN NULL ELSE value END", least: 2, most: 2},
	{Name: "lower", Args: "text", Doc: "in lower case", least: 1, most: 1, infer: ofText, eval: func(_ *Expr, v []Value) (Value, error) { return textValue(strings.ToLower(v[0].Text)), nil }},
	{Name: "upper", Args: "text", Doc: "in upper case", least: 1, most: 1, infer: ofText, eval: func(_ *Expr, v []Value) (Value, error) {
		return textValue(strings.ToUpper(strings.ReplaceAll(v[0].Text, "ß", "ẞ"))), nil
	}},
}

var aggregates = []Function{
	{Name: "count", Args: "* | [DISTINCT] value", Doc: "how many trips, or values that are not NULL", least: 1, most: 1, over: true, infer: fixed(bigint)},
	{Name: "sum", Args: "number", Doc: "the exact sum, rounded once if it is a DOUBLE", least: 1, most: 1, over: true, infer: sums},
	{Name: "avg", Args: "number", Doc: "the exact sum by the count, rounded once", least: 1, most: 1, infer: averages},
	{Name: "min", Args: "value", Doc: "the smallest", least: 1, most: 1, infer: typed},
	{Name: "max", Args: "value", Doc: "the largest", least: 1, most: 1, infer: typed},
	{Name: "median", Args: "value", Doc: "quantile_cont(value, 0.5)", least: 1, most: 1, infer: quantiles},
	{Name: "quantile_cont", Args: "value, fraction", Doc: "the value at the fraction, between two values in proportion", least: 2, most: 2, infer: quantiles},
	{Name: "quantile_disc", Args: "value, fraction", Doc: "the value at the fraction, one that occurs", least: 2, most: 2, infer: typed},
	{Name: "arg_min", Args: "value, by", Doc: "the value where another is smallest; of several the smallest", least: 2, most: 2, infer: typed},
	{Name: "arg_max", Args: "value, by", Doc: "the value where another is largest; of several the smallest", least: 2, most: 2, infer: typed},
}

// hasFraction tells whether the second argument is the fraction of a quantile.
func (f *Function) hasFraction() bool { return strings.HasPrefix(f.Name, "quantile") }

var windows = []Function{
	{Name: "rank", Doc: "the place in the order, the same for equal rows", infer: fixed(bigint)},
	{Name: "row_number", Doc: "the place in the order, another for each row: equal rows are in the order of the group's keys", infer: fixed(bigint)},
	{Name: "lag", Args: "value [, rows [, default]]", Doc: "the value so many rows before, or 1", least: 1, most: 3, infer: typed},
}

var hidden = []Function{
	{Name: "zone_name", least: 1, most: 1, infer: fixed(varchar), eval: evalZone},
	{Name: "zone_borough", least: 1, most: 1, infer: fixed(varchar), eval: evalZone},
	{Name: "zone_service", least: 1, most: 1, infer: fixed(varchar), eval: evalZone},
}

// otherFunctions are functions that others have, or had, for what this dialect has too.
var otherFunctions = map[string]string{
	"approx_quantile": "quantile_disc, which is exact", "quantile": "quantile_disc", "percentile_cont": "quantile_cont(value, fraction)",
	"percentile_disc": "quantile_disc(value, fraction)", "approx_count_distinct": "count(DISTINCT ...), which is exact", "mean": "avg",
	"argmax": "arg_max", "argmin": "arg_min", "max_by": "arg_max", "min_by": "arg_min", "count_if": "count(*) FILTER (WHERE ...)",
	"countif": "count(*) FILTER (WHERE ...)", "count_star": "count(*)", "if": "CASE", "iff": "CASE", "ifnull": "coalesce", "nvl": "coalesce", "isnull": "coalesce",
	"dayofweek": "isodow, in which Monday is 1 and Sunday is 7", "dow": "isodow, in which Monday is 1 and Sunday is 7", "weekday": "isodow, or the column weekday",
	"dayofmonth": "day", "date_part": "extract(part FROM time)", "datepart": "extract(part FROM time)", "datetrunc": "date_trunc", "weekofyear": "week",
	"to_date": "CAST(... AS DATE)", "date": "CAST(... AS DATE)", "strftime": "year, month, day, hour or date_trunc", "date_diff": "trip_duration_minutes, trip_duration_seconds or a difference of dates",
	"datediff": "trip_duration_minutes, trip_duration_seconds or a difference of dates", "epoch": "trip_duration_seconds", "trunc": "floor or round",
	"ceiling": "ceil", "dense_rank": "rank", "lead": "lag in the other order", "lcase": "lower", "ucase": "upper", "pow": "*", "power": "*", "mod": "%", "div": "//",
	"round_even": "round", "any_value": "min", "first": "arg_min(value, by)", "last": "arg_max(value, by)", "mode": "GROUP BY, ORDER BY and LIMIT",
	"concat": "columns side by side",
}
