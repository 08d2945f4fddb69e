package query

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// expr checks an expression. It returns nil if something is wrong, which is reported then.
func (c *checker) expr(n *node, sc scope) *Expr {
	e := c.part(n, sc)
	if e != nil && e.size > maxParts {
		c.add(n.off, msgTooLarge, maxParts)
		return nil
	}
	return e
}

func (c *checker) part(n *node, sc scope) *Expr {
	switch n.kind {
	case nodeColumn:
		return c.column(n, sc)
	case nodeNumber:
		return c.number(n)
	case nodeText:
		return literal(n.off, varchar, textValue(n.text))
	case nodeBool:
		return literal(n.off, boolean, boolValue(n.text == "true"))
	case nodeNull:
		return literal(n.off, untyped, null)
	case nodeTyped:
		text := literal(n.args[0].off, varchar, textValue(n.args[0].text))
		return c.textTo(text, simple(typeNames[strings.ToLower(n.text)]))
	case nodeCast:
		return c.castTo(n, sc)
	case nodeOp:
		return c.operator(n, sc)
	case nodeCall:
		return c.call(n, sc)
	}
	c.add(n.off, msgStar, sc.clause)
	return nil
}

// number is a literal: INTEGER or BIGINT by its size, DECIMAL with as many digits as it has, DOUBLE with an exponent.
func (c *checker) number(n *node) *Expr {
	unsigned := strings.TrimPrefix(n.text, "-")
	if strings.ContainsAny(unsigned, "eE") {
		f, err := strconv.ParseFloat(n.text, 64)
		if err != nil && math.IsInf(f, 0) {
			c.add(n.off, msgNumberTooLarge, shorten(n.text), "1.7976931348623157e308")
			return nil
		}
		return literal(n.off, double, floatValue(f))
	}
	whole, fraction, isDecimal := strings.Cut(unsigned, ".")
	v, _ := new(big.Int).SetString(whole+fraction, 10)
	if strings.HasPrefix(n.text, "-") {
		v.Neg(v)
	}
	switch {
	case isDecimal && len(whole+fraction) > maxWidth:
		c.add(n.off, msgNumberTooLarge, shorten(n.text), "38 digits")
		return nil
	case isDecimal:
		return literal(n.off, decimalType(len(whole+fraction), len(fraction)), bigValue(v))
	case !v.IsInt64():
		c.add(n.off, msgNumberTooLarge, shorten(n.text), "64 bits")
		return nil
	case int64(int32(v.Int64())) == v.Int64():
		return literal(n.off, integer, intValue(v.Int64()))
	}
	return literal(n.off, bigint, intValue(v.Int64()))
}

// exprs checks several expressions, all of them also if one is wrong.
func (c *checker) exprs(list []*node, sc scope) ([]*Expr, bool) {
	args, ok := make([]*Expr, len(list)), true
	for i, n := range list {
		if args[i] = c.expr(n, sc); args[i] == nil {
			ok = false
		}
	}
	return args, ok
}

func (c *checker) operator(n *node, sc scope) *Expr {
	if n.text == "case" {
		return c.caseWhen(n, sc)
	}
	args, ok := c.exprs(n.args, sc)
	if !ok {
		return nil
	}
	return c.apply(n.off, Functions[n.text], args)
}

// apply makes a call of arguments that are checked.
func (c *checker) apply(off int, f *Function, args []*Expr) *Expr {
	t, ok := f.infer(c, invocation{f, off, args})
	if !ok {
		return nil
	}
	return call(off, f, t, args...)
}

// caseWhen turns CASE x WHEN y into CASE WHEN x = y. A missing ELSE is NULL.
func (c *checker) caseWhen(n *node, sc scope) *Expr {
	operand, last := n.args[0], n.args[len(n.args)-1]
	list := n.args[1 : len(n.args)-1]
	if last != nil {
		list = n.args[1:]
	}
	args, ok := c.exprs(list, sc)
	if operand != nil {
		o := c.expr(operand, sc)
		if o == nil {
			return nil
		}
		for i := 0; i+1 < len(args); i += 2 {
			if args[i] == nil {
				continue
			}
			shared := *o
			if args[i] = c.apply(args[i].off, Functions["="], []*Expr{&shared, args[i]}); args[i] == nil {
				ok = false
			}
		}
	}
	if !ok {
		return nil
	}
	if last == nil {
		args = append(args, literal(n.off, untyped, null))
	}
	return c.apply(n.off, Functions["case"], args)
}

func (c *checker) call(n *node, sc scope) *Expr {
	f := Functions[n.text]
	if f == nil || f.Class == Operator || f.Class == Hidden && !c.derives {
		c.add(n.off, msgUnknownFunction, shorten(n.text), suggestFunction(n.text))
		return nil
	}
	if n.over != nil && !f.over && f.Class != Windowed {
		c.add(n.over.off, msgOver, f.Name)
		return nil
	}
	least, most := f.least, f.most
	if len(n.args) < least || most >= 0 && len(n.args) > most {
		c.add(n.off, msgArguments, f.Name, len(n.args), f.Name+"("+f.Args+")")
		return nil
	}
	if star := slices.IndexFunc(n.args, func(a *node) bool { return a.kind == nodeStar }); star >= 0 && f.Name != "count" {
		c.add(n.args[star].off, msgStar, f.Name)
		return nil
	}
	switch {
	case f.Class == Windowed && n.over == nil:
		c.add(n.off, msgNotOver, f.Name, f.Name)
		return nil
	case n.over != nil:
		return c.window(n, f, sc)
	case f.Class == Aggregator:
		return c.aggregate(n, f, sc)
	case n.distinct:
		c.add(n.off, msgNotAggregate, f.Name, "DISTINCT")
		return nil
	case n.filter != nil:
		c.add(n.off, msgNotAggregate, f.Name, "FILTER")
		return nil
	}
	args, ok := c.exprs(n.args, sc)
	if !ok {
		return nil
	}
	if f.Name == "nullif" {
		return c.nullif(n.off, f, args)
	}
	return c.apply(n.off, f, args)
}

// nullif is CASE WHEN a = b THEN NULL ELSE a END.
func (c *checker) nullif(off int, f *Function, args []*Expr) *Expr {
	a := *args[0]
	if a.Type.Kind == Null {
		c.add(a.off, msgUntypedNull, f.what())
		return nil
	}
	equal := c.apply(off, Functions["="], args)
	if equal == nil {
		return nil
	}
	return c.apply(off, Functions["case"], []*Expr{equal, literal(off, a.Type, null), &a})
}

// aggregate adds an aggregate to the query, unless it has the same already.
func (c *checker) aggregate(n *node, f *Function, sc scope) *Expr {
	if !sc.aggregates {
		c.misplacedAggregate(n, sc)
		return nil
	}
	inner := scope{clause: sc.clause, inside: "an aggregate"}
	a := Aggregate{Func: f, Distinct: n.distinct}
	if n.distinct && (f.Name != "count" || n.args[0].kind == nodeStar) {
		c.add(n.off, msgDistinct, f.Name)
		return nil
	}
	list, ok := n.args, true
	switch {
	case f.hasFraction():
		a.Fraction, ok = c.fraction(list[1])
		list = list[:1]
	case f.Name == "median":
		a.Fraction = Fraction{Digits: 5, Scale: 1}
	case list[0].kind == nodeStar:
		list = nil
	}
	args, okArgs := c.exprs(list, inner)
	if n.filter != nil {
		a.Filter = c.condition(c.expr(n.filter, inner))
		ok = ok && a.Filter != nil
	}
	if !ok || !okArgs {
		return nil
	}
	for _, e := range args {
		if e.Type.Kind == Null {
			c.add(e.off, msgUntypedNull, f.what())
			return nil
		}
	}
	if a.Type, ok = f.infer(c, invocation{f, n.off, args}); !ok {
		return nil
	}
	a.Args = args
	i := slices.IndexFunc(c.q.Aggregates, a.same)
	if i < 0 {
		i = len(c.q.Aggregates)
		c.q.Aggregates = append(c.q.Aggregates, a)
	}
	return &Expr{Op: AggregateRef, Type: a.Type, Index: i, off: n.off, size: 1}
}

// fraction is that of a quantile: a number from 0 to 1, without an exponent.
func (c *checker) fraction(n *node) (Fraction, bool) {
	if n.kind != nodeNumber {
		c.add(n.off, msgConstant, "the fraction of a quantile")
		return Fraction{}, false
	}
	const mostDecimals = 18
	whole, decimals, _ := strings.Cut(n.text, ".")
	f := Fraction{Scale: len(decimals)}
	var err error
	f.Digits, err = strconv.ParseInt(whole+decimals, 10, 64)
	if err != nil || f.Scale > mostDecimals || f.Digits < 0 || big.NewInt(f.Digits).Cmp(powersOfTen[f.Scale]) > 0 {
		c.add(n.off, msgFraction, shorten(n.text))
		return Fraction{}, false
	}
	return f, true
}

// window adds a window to the query, unless it has the same already.
func (c *checker) window(n *node, f *Function, sc scope) *Expr {
	if !sc.windows {
		c.misplacedWindow(n, sc)
		return nil
	}
	inner := scope{clause: sc.clause, aggregates: true, inside: "a window"}
	switch {
	case n.distinct:
		c.add(n.off, msgOverWhat, f.Name, "DISTINCT")
		return nil
	case n.filter != nil:
		c.add(n.off, msgOverWhat, f.Name, "FILTER")
		return nil
	}
	w := Window{Func: f}
	list := n.args
	if f.Name == "count" && list[0].kind == nodeStar {
		list = nil
	}
	args, ok := c.exprs(list, inner)
	if w.Partition, ok = c.keysOf(n.over.partition, inner, ok); !ok {
		return nil
	}
	for _, o := range n.over.order {
		keys, good := c.keysOf([]*node{o.expr}, inner, ok)
		w.Order, ok = append(w.Order, OrderKey{keys[0], o.descending, o.nullsFirst}), good
	}
	if !ok || f.Name == "lag" && !c.lag(&w, args) {
		return nil
	}
	if f.Name == "lag" {
		args = args[:1]
	}
	if len(args) == 1 && args[0].Type.Kind == Null {
		c.add(args[0].off, msgUntypedNull, f.what())
		return nil
	}
	if w.Type, ok = f.infer(c, invocation{f, n.off, args}); !ok {
		return nil
	}
	w.Args = args
	i := slices.IndexFunc(c.q.Windows, w.same)
	if i < 0 {
		i = len(c.q.Windows)
		c.q.Windows = append(c.q.Windows, w)
	}
	return &Expr{Op: WindowRef, Type: w.Type, Index: i, off: n.off, size: 1}
}

// keysOf checks what rows are partitioned or ordered by.
func (c *checker) keysOf(list []*node, sc scope, ok bool) ([]*Expr, bool) {
	keys, good := c.exprs(list, sc)
	for i, k := range keys {
		if k != nil && !varies(k) {
			c.add(list[i].off, msgWindowConstant)
			good = false
		}
	}
	return keys, ok && good
}

// lag takes the rows and the default of lag out of its arguments.
func (c *checker) lag(w *Window, args []*Expr) bool {
	w.Offset = 1
	if len(args) > 1 {
		rows := args[1]
		if rows.Op != Literal || rows.Type.Kind != Integer || rows.Value.IsNull {
			c.add(rows.off, msgConstant, "the rows of lag")
			return false
		}
		w.Offset = rows.Value.Int
	}
	if len(args) < 3 || args[2].isNull() {
		return true
	}
	value, other := args[0], args[2]
	if t, ok, exact := combine(value.Type, other.Type); !other.isText() && (!ok || !exact || t != value.Type) {
		c.add(other.off, msgArgument, other.Type, value.Type, "the default of lag")
		return false
	}
	w.Default = c.cast(other, value.Type)
	return w.Default != nil
}

// castTo is CAST(... AS type).
func (c *checker) castTo(n *node, sc scope) *Expr {
	e := c.expr(n.args[0], sc)
	if e == nil {
		return nil
	}
	to := parseType(n.text)
	if e.Type != to && !e.isText() && !castable(e.Type, to) {
		instead := "compare it, or use CASE"
		switch {
		case e.Type.Kind == Varchar:
			instead = "compare it with texts"
		case e.Type.Kind == Double:
			instead = "cast it to DECIMAL(p,s) before"
		}
		c.add(n.off, msgCast, e.Type, to, instead)
		return nil
	}
	if e.isText() && to.Kind == Varchar {
		return call(n.off, Functions["cast"], to, e) // from here on it is a value like any other
	}
	return c.cast(e, to)
}

// parseType reads a type that typeName wrote.
func parseType(s string) Type {
	var t Type
	if n, _ := fmt.Sscanf(s, "DECIMAL(%d,%d)", &t.Width, &t.Scale); n == 2 {
		t.Kind = Decimal
		return t
	}
	return simple(typeNames[strings.ToLower(s)])
}

// cast makes an expression of another type. Literals are converted at once.
func (c *checker) cast(e *Expr, to Type) *Expr {
	switch {
	case e.Type == to:
		return e
	case e.isText():
		return c.textTo(e, to)
	case e.Op == Literal:
		v, err := convert(e.Type, to, e.Value)
		if err != nil {
			c.add(e.off, msgComputes, err)
			return nil
		}
		return literal(e.off, to, v)
	}
	return call(e.off, Functions["cast"], to, e)
}

// textTo reads a text in quotes as a value of a type.
func (c *checker) textTo(e *Expr, to Type) *Expr {
	text := e.Value.Text
	var v Value
	ok, expected := false, ""
	switch to.Kind {
	case Varchar:
		return e
	case Date:
		expected = "a date such as 2024-01-31"
		v.Int, ok = parseDate(text)
	case Timestamp:
		expected = "a time such as 2024-01-31 or 2024-01-31 13:05:59"
		v.Int, ok = parseTimestamp(text)
	case Boolean:
		expected = "true or false"
		v, ok = boolValue(text == "true"), text == "true" || text == "false"
	default:
		expected = "a number of type " + to.String()
		v, ok = parseNumber(text, to)
	}
	if !ok {
		c.add(e.off, msgTextValue, shorten(text), expected)
		return nil
	}
	return literal(e.off, to, v)
}

// parseNumber reads digits with a sign and a point, and for a DOUBLE with an exponent, or its inf and nan.
func parseNumber(s string, t Type) (Value, bool) {
	if t.Kind == Double && (s == "inf" || s == "-inf" || s == "nan") {
		f, err := strconv.ParseFloat(s, 64)
		return floatValue(f), err == nil
	}
	unsigned := strings.TrimPrefix(s, "-")
	if n := numberLength(unsigned); unsigned == "" || n < len(unsigned) || unsigned == "." {
		return Value{}, false
	}
	if t.Kind == Double {
		f, err := strconv.ParseFloat(s, 64)
		return floatValue(f), err == nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > t.Scale || strings.ContainsAny(s, "eE") {
		return Value{}, false
	}
	b, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", t.Scale-len(fraction)), 10)
	if !ok {
		return Value{}, false
	}
	v, err := fromBig(t, b)
	return v, err == nil
}
