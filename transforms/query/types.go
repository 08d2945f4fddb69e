package query

import "fmt"

// Kind is what the values of an expression are.
type Kind uint8

// The kinds of values. Null is the kind of a NULL that has no type of its own.
const (
	Null Kind = iota
	Boolean
	Integer   // 32 bits
	BigInt    // 64 bits
	HugeInt   // 128 bits: sums of integers
	Decimal   // exact, with Type.Scale digits after the point
	Double    // IEEE 754, 64 bits
	Varchar   // UTF-8
	Date      // days since 1970-01-01
	Timestamp // µs since 1970-01-01, New York wall clock
)

// Type is the type of an expression. Types, and the types of what is made of them, are DuckDB's.
type Type struct {
	Kind  Kind
	Width int // digits of a Decimal, at most 38
	Scale int // digits of a Decimal after the point
}

// maxWidth is the largest number of digits that a decimal can have.
const maxWidth = 38

// kinds are the names of the kinds. Digits is the width of the decimal that holds every value of an integer kind.
var kinds = [...]struct {
	name   string
	digits int
}{
	Null: {name: "NULL"}, Boolean: {name: "BOOLEAN"}, Integer: {"INTEGER", 10}, BigInt: {"BIGINT", 19}, HugeInt: {"HUGEINT", 38},
	Decimal: {name: "DECIMAL"}, Double: {name: "DOUBLE"}, Varchar: {name: "VARCHAR"}, Date: {name: "DATE"}, Timestamp: {name: "TIMESTAMP"},
}

// typeNames are the names that a cast can have, without the width of a decimal.
var typeNames = map[string]Kind{
	"boolean": Boolean, "bool": Boolean, "integer": Integer, "int": Integer, "int4": Integer, "bigint": BigInt, "int8": BigInt,
	"hugeint": HugeInt, "decimal": Decimal, "numeric": Decimal, "double": Double, "float8": Double,
	"varchar": Varchar, "text": Varchar, "string": Varchar, "date": Date, "timestamp": Timestamp, "datetime": Timestamp,
}

func simple(k Kind) Type { return Type{Kind: k} }

func decimalType(width, scale int) Type { return Type{Decimal, width, scale} }

// String returns the type as SQL has it.
func (t Type) String() string {
	if t.Kind == Decimal {
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Width, t.Scale)
	}
	return kinds[t.Kind].name
}

// Published is the type that a column of a published table has: a HUGEINT, which files do not know, is a DECIMAL(38,0).
func (t Type) Published() Type {
	if t.Kind == HugeInt {
		return decimalType(maxWidth, 0)
	}
	return t
}

func (t Type) isInteger() bool { return t.Kind >= Integer && t.Kind <= HugeInt }
func (t Type) isNumber() bool  { return t.Kind >= Integer && t.Kind <= Double }
func (t Type) isTime() bool    { return t.Kind == Date || t.Kind == Timestamp }
func (t Type) wide() bool      { return t.Kind == Decimal || t.Kind == HugeInt } // a value is Value.Big

// asDecimal is the decimal that holds every value of an exact number.
func (t Type) asDecimal() Type {
	if t.Kind == Decimal {
		return t
	}
	return decimalType(kinds[t.Kind].digits, 0)
}

// combine returns the type to which values of both types are cast where they meet: in CASE, COALESCE, IN and comparisons.
// It is not exact where a decimal would need more digits than there are.
func combine(a, b Type) (t Type, ok, exact bool) {
	switch {
	case a == b || b.Kind == Null:
		return a, true, true
	case a.Kind == Null:
		return b, true, true
	case a.isTime() && b.isTime():
		return simple(Timestamp), true, true
	case !a.isNumber() || !b.isNumber():
		return Type{}, false, false
	case a.Kind == Double || b.Kind == Double:
		return simple(Double), true, true
	case a.isInteger() && b.isInteger():
		return simple(max(a.Kind, b.Kind)), true, true
	}
	da, db := a.asDecimal(), b.asDecimal()
	scale := max(da.Scale, db.Scale)
	width := max(da.Width-da.Scale, db.Width-db.Scale) + scale
	if a.Kind == HugeInt || b.Kind == HugeInt {
		return decimalType(maxWidth, scale), true, true
	}
	return decimalType(width, scale), true, width <= maxWidth
}

// common is combine over several types.
func common(args []*Expr) (t Type, ok, exact bool) {
	ok, exact = true, true
	for _, a := range args {
		var exactly bool
		if t, ok, exactly = combine(t, a.Type); !ok {
			return t, false, false
		}
		exact = exact && exactly
	}
	return t, true, exact
}

// castable tells whether values of a type can be cast. Text can only be cast from a literal: see
// checker.cast. A DOUBLE has no text, as DuckDB's of NaN depends on the machine.
func castable(from, to Type) bool {
	switch {
	case from == to, from.Kind == Null:
		return true
	case to.Kind == Varchar:
		return from.Kind != Double
	case from.isNumber():
		return to.isNumber()
	case from.isTime():
		return to.isTime()
	case from.Kind == Boolean:
		return to.isInteger()
	}
	return false
}
