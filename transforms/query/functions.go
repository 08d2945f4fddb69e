package query

import (
	"slices"
	"strings"
)

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

// The inferences. Each reports what does not fit, and then is not ok.

func fixed(t Type) func(*checker, invocation) (Type, bool) {
	return func(*checker, invocation) (Type, bool) { return t, true }
}

// typed is the type of the first argument.
func typed(_ *checker, at invocation) (Type, bool) { return at.args[0].Type, true }

// want reports an argument that is not of a kind.
func (c *checker) want(at invocation, i int, ok bool, expected string) bool {
	a := at.args[i]
	switch {
	case ok:
		return true
	case a.Type.Kind == Null:
		c.add(a.off, msgUntypedNull, at.f.what())
	default:
		c.add(a.off, msgArgument, a.Type, expected, at.f.what())
	}
	return false
}

func conditions(c *checker, at invocation) (Type, bool) {
	for i, a := range at.args {
		if at.args[i] = c.condition(a); at.args[i] == nil {
			return Type{}, false
		}
	}
	return boolean, true
}

// condition is an expression that must be true or false.
func (c *checker) condition(e *Expr) *Expr {
	if e == nil || e.Type.Kind == Boolean {
		return e
	}
	if e.Type.Kind == Null {
		return c.cast(e, boolean)
	}
	c.add(e.off, msgCondition, e.Type)
	return nil
}

// compares casts all arguments to one type, which for decimals may have more digits than a column can have: a comparison is exact.
func compares(c *checker, at invocation) (Type, bool) {
	_, _, ok := c.unify(at, at.args)
	return boolean, ok
}

// unified casts all arguments to one type, which is the result's.
func unified(c *checker, at invocation) (Type, bool) { return c.unifyExactly(at, at.args) }

func (c *checker) unifyExactly(at invocation, args []*Expr) (Type, bool) {
	before := joinTypes(args)
	t, exact, ok := c.unify(at, args)
	if ok && !exact {
		c.add(at.off, msgTooWide, before, at.f.what())
		return t, false
	}
	return t, ok
}

func joinTypes(args []*Expr) string {
	var types []string
	for _, a := range args {
		if t := a.Type.String(); !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return strings.Join(types, ", ")
}

// unify casts the arguments, in place, to the type that all of them have in common. Text in quotes takes the type of the others.
func (c *checker) unify(at invocation, args []*Expr) (t Type, exact, ok bool) {
	var others []*Expr
	for _, a := range args {
		if !a.isText() {
			others = append(others, a)
		}
	}
	t, ok, exact = common(others)
	if ok && (t.Kind == Null || len(others) == 0) && len(others) < len(args) {
		t = varchar
	}
	if !ok {
		before := args[0]
		for _, a := range args[1:] {
			if _, fit, _ := combine(before.Type, a.Type); !fit && !a.isText() {
				c.add(at.off, msgMixed, before.Type, a.Type, at.f.what())
				return t, false, false
			}
			if before.Type.Kind == Null || before.isText() {
				before = a
			}
		}
		c.add(at.off, msgMixed, joinTypes(args), "others", at.f.what())
		return t, false, false
	}
	originals := slices.Clone(args)
	for i, a := range originals {
		if args[i] = c.cast(a, t); args[i] == nil {
			return t, false, false
		}
	}
	return t, exact, true
}

func cases(c *checker, at invocation) (Type, bool) {
	results := []*Expr{}
	for i := 0; i+1 < len(at.args); i += 2 {
		if at.args[i] = c.condition(at.args[i]); at.args[i] == nil {
			return Type{}, false
		}
		results = append(results, at.args[i+1])
	}
	results = append(results, at.args[len(at.args)-1])
	t, ok := c.unifyExactly(at, results)
	for i, r := range results {
		at.args[min(2*i+1, len(at.args)-1)] = r
	}
	return t, ok
}

func patterns(c *checker, at invocation) (Type, bool) {
	if !c.want(at, 0, at.args[0].Type.Kind == Varchar, "VARCHAR") {
		return Type{}, false
	}
	if !at.args[1].isText() {
		c.add(at.args[1].off, msgPattern)
		return Type{}, false
	}
	return boolean, true
}

func ofText(c *checker, at invocation) (Type, bool) {
	return varchar, c.want(at, 0, at.args[0].Type.Kind == Varchar, "VARCHAR")
}

// ofTime takes a date or a timestamp.
func ofTime(t Type) func(*checker, invocation) (Type, bool) {
	return func(c *checker, at invocation) (Type, bool) {
		last := len(at.args) - 1
		if !c.want(at, last, at.args[last].Type.isTime(), "DATE or TIMESTAMP") {
			return Type{}, false
		}
		at.args[last] = c.cast(at.args[last], moment)
		return t, at.args[last] != nil
	}
}

func truncates(c *checker, at invocation) (Type, bool) {
	part := at.args[0]
	if !part.isText() {
		c.add(part.off, msgConstant, "the part of date_trunc")
		return Type{}, false
	}
	name := strings.ToLower(part.Value.Text)
	if !slices.Contains(partNames(true), name) {
		c.add(part.off, msgDatePart, "'"+shorten(part.Value.Text)+"'", strings.Join(partNames(true), ", "))
		return Type{}, false
	}
	at.args[0] = literal(part.off, varchar, textValue(name))
	return ofTime(moment)(c, at)
}

func (c *checker) wantNumbers(at invocation) bool {
	for i, a := range at.args {
		if !c.want(at, i, a.Type.isNumber(), "a number") {
			return false
		}
	}
	return true
}

// castAll casts the arguments, which are numbers.
func (c *checker) castAll(at invocation, t Type) bool {
	for i, a := range at.args {
		if at.args[i] = c.cast(a, t); at.args[i] == nil {
			return false
		}
	}
	return true
}

func likeNumber(c *checker, at invocation) (Type, bool) { return at.args[0].Type, c.wantNumbers(at) }

// adds is for + and -. A date and an INTEGER make a date, two dates the days between them.
func adds(c *checker, at invocation) (Type, bool) {
	a, b := at.args[0].Type, at.args[1].Type
	subtracts := at.f.Name == "-"
	switch {
	case a.Kind == Date && b.Kind == Date && subtracts:
		return bigint, true
	case a.isTime() && b.isTime() && subtracts:
		c.add(at.off, msgInterval)
		return Type{}, false
	case a.Kind == Date:
		return date, c.want(at, 1, b.Kind == Integer, "INTEGER, a number of days,")
	case b.Kind == Date && !subtracts:
		return date, c.want(at, 0, a.Kind == Integer, "INTEGER, a number of days,")
	case !c.wantNumbers(at):
		return Type{}, false
	}
	t, _, _ := combine(a, b)
	if t.Kind != Decimal {
		return t, c.castAll(at, t)
	}
	scale, whole := max(a.Scale, b.Scale), 0
	for i, arg := range at.args {
		d := arg.Type.asDecimal()
		digits := d.Width - d.Scale
		whole = max(whole, digits)
		if at.args[i] = c.cast(arg, decimalType(min(digits+scale, maxWidth), scale)); at.args[i] == nil {
			return t, false
		}
	}
	return decimalType(min(whole+scale+1, maxWidth), scale), true
}

// multiplies adds widths and scales of decimals. The width stays within 64 bits where both factors are, as in DuckDB.
func multiplies(c *checker, at invocation) (Type, bool) {
	if !c.wantNumbers(at) {
		return Type{}, false
	}
	a, b := at.args[0].Type, at.args[1].Type
	t, _, _ := combine(a, b)
	if t.Kind != Decimal {
		return t, c.castAll(at, t)
	}
	a, b = a.asDecimal(), b.asDecimal()
	const narrow = 18
	t = decimalType(a.Width+b.Width, a.Scale+b.Scale)
	switch {
	case t.Scale > maxWidth:
		c.add(at.off, msgScale, t.Scale)
		return Type{}, false
	case t.Width > narrow && max(a.Width, b.Width) <= narrow && t.Scale < narrow:
		t.Width = narrow
	case t.Width > maxWidth:
		t.Width = maxWidth
	}
	at.args[0], at.args[1] = c.cast(at.args[0], a), c.cast(at.args[1], b)
	return t, at.args[0] != nil && at.args[1] != nil
}

func divides(c *checker, at invocation) (Type, bool) {
	return double, c.wantNumbers(at) && c.castAll(at, double)
}

func dividesWhole(c *checker, at invocation) (Type, bool) {
	if !c.wantNumbers(at) {
		return Type{}, false
	}
	t, _, _ := combine(at.args[0].Type, at.args[1].Type)
	if !t.isInteger() {
		c.add(at.off, msgWholeDivision, t)
		return Type{}, false
	}
	return t, c.castAll(at, t)
}

func remainders(c *checker, at invocation) (Type, bool) {
	if !c.wantNumbers(at) {
		return Type{}, false
	}
	if t, _, _ := common(at.args); t.Kind == Decimal && slices.ContainsFunc(at.args, func(a *Expr) bool { return a.Type.Kind == HugeInt }) {
		c.add(at.off, msgTooWide, joinTypes(at.args), at.f.what())
		return Type{}, false
	}
	return c.unifyExactly(at, at.args)
}

// rounds keeps the type of an integer or double. A decimal loses its digits behind the last one that stays.
func rounds(c *checker, at invocation) (Type, bool) {
	t := at.args[0].Type
	if !c.want(at, 0, t.isNumber(), "a number") {
		return Type{}, false
	}
	to := int64(0)
	if len(at.args) == 2 {
		digits := at.args[1]
		if digits.Op != Literal || digits.Type.Kind != Integer || digits.Value.IsNull {
			c.add(digits.off, msgConstant, "the digits of round")
			return Type{}, false
		}
		to = digits.Value.Int
	}
	switch {
	case t.Kind != Decimal || to >= int64(t.Scale) && to >= 0:
		return t, true
	case -to > int64(t.Width-t.Scale):
		c.add(at.args[1].off, msgRoundsAway, to, t, t.Scale-t.Width)
		return Type{}, false
	case t.Scale == 0: // 9 becomes 10
		t.Width = min(t.Width+1, maxWidth)
	}
	t.Scale = int(max(to, 0))
	return t, true
}

// wholes is for floor and ceil, which make a DOUBLE of an integer.
func wholes(c *checker, at invocation) (Type, bool) {
	t := at.args[0].Type
	switch {
	case !c.wantNumbers(at):
		return Type{}, false
	case t.Kind == Decimal:
		t.Scale = 0
		return t, true
	}
	return double, c.castAll(at, double)
}

func sums(c *checker, at invocation) (Type, bool) {
	if at.args[0].Type.Kind == Boolean {
		at.args[0] = c.cast(at.args[0], integer)
	}
	if !c.wantNumbers(at) {
		return Type{}, false
	}
	switch t := at.args[0].Type; {
	case t.isInteger():
		return hugeint, true
	case t.Kind == Decimal:
		return decimalType(maxWidth, t.Scale), true
	}
	return double, true
}

func averages(c *checker, at invocation) (Type, bool) { return double, c.wantNumbers(at) }

// quantiles are between values: those of integers are DOUBLE, those of dates TIMESTAMP.
func quantiles(c *checker, at invocation) (Type, bool) {
	t := at.args[0].Type
	switch {
	case t.isInteger():
		return double, true
	case t.Kind == Date:
		return moment, true
	}
	return t, c.want(at, 0, t.isNumber() || t.isTime(), "a number, DATE or TIMESTAMP")
}
