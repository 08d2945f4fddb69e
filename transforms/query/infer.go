package query

import (
	"slices"
	"strings"
)

// The functions of this file are the infer of the tables in functions.go. Each reports what does not fit, and then is not ok.

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
