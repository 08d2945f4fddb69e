package query

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Value is the value of an expression in one row. Which field has it follows from the type of the expression.
type Value struct {
	IsNull bool
	Int    int64    // Boolean (0 or 1), Integer, BigInt, Date, Timestamp
	Big    *big.Int // HugeInt, and Decimal as a whole number of its last digit; it is never changed
	Float  float64  // Double
	Text   string   // Varchar
}

var null = Value{IsNull: true}

func intValue(v int64) Value     { return Value{Int: v} }
func bigValue(v *big.Int) Value  { return Value{Big: v} }
func floatValue(v float64) Value { return Value{Float: v} }
func textValue(s string) Value   { return Value{Text: s} }

func boolValue(b bool) Value {
	if b {
		return Value{Int: 1}
	}
	return Value{}
}

// True tells whether v, a boolean, is true: neither false nor NULL.
func (v Value) True() bool { return !v.IsNull && v.Int != 0 }

// Compare orders two values of a type that are not NULL, as DuckDB does: NaN is equal to itself and larger than every number,
// texts are compared by their bytes.
func (t Type) Compare(a, b Value) int {
	switch t.Kind {
	case HugeInt, Decimal:
		return a.Big.Cmp(b.Big)
	case Double:
		return compareFloats(a.Float, b.Float)
	case Varchar:
		return strings.Compare(a.Text, b.Text)
	}
	return cmp.Compare(a.Int, b.Int)
}

func compareFloats(a, b float64) int {
	if math.IsNaN(a) || math.IsNaN(b) {
		return -cmp.Compare(a, b) // cmp has NaN first
	}
	return cmp.Compare(a, b)
}

// same tells whether two values are the same, for grouping and for the comparison of literals.
func (t Type) same(a, b Value) bool {
	if a.IsNull || b.IsNull {
		return a.IsNull == b.IsNull
	}
	return t.Kind == Null || t.Compare(a, b) == 0
}

// Format returns a value as CAST(... AS VARCHAR) does.
func (t Type) Format(v Value) string {
	if v.IsNull {
		return "NULL"
	}
	switch t.Kind {
	case Boolean:
		return strconv.FormatBool(v.Int != 0)
	case HugeInt:
		return v.Big.String()
	case Decimal:
		s := formatDecimal(v.Big, t.Scale)
		if t.Width == t.Scale { // there is no digit before the point
			s = strings.Replace(s, "0.", ".", 1)
		}
		return s
	case Double:
		return formatFloat(v.Float)
	case Varchar:
		return v.Text
	case Date:
		return formatDate(v.Int)
	case Timestamp:
		return formatTimestamp(v.Int)
	}
	return strconv.FormatInt(v.Int, 10)
}

func formatDecimal(v *big.Int, scale int) string {
	s := new(big.Int).Abs(v).String()
	if scale > 0 {
		if len(s) <= scale {
			s = strings.Repeat("0", scale+1-len(s)) + s
		}
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if v.Sign() < 0 {
		s = "-" + s
	}
	return s
}

// formatFloat writes the fewest digits that give the same double, with an exponent beyond sixteen digits.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exponent, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exponent < -4 || exponent >= 16 {
		return s
	}
	if s = strconv.FormatFloat(f, 'f', -1, 64); !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// powersOfTen are 10^0 to 10^76: a product of two decimals has up to 76 digits.
var powersOfTen = func() (p [2*maxWidth + 1]*big.Int) {
	for i := range p {
		p[i] = new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i)), nil)
	}
	return p
}()

// fits tells whether a decimal has at most width digits.
func fits(v *big.Int, width int) bool { return v.CmpAbs(powersOfTen[width]) < 0 }

// rescale returns a decimal with another number of digits after the point, rounded half away from zero.
func rescale(v *big.Int, from, to int) *big.Int {
	if to >= from {
		return new(big.Int).Mul(v, powersOfTen[to-from])
	}
	return roundTo(v, powersOfTen[from-to])
}

// roundTo returns v / unit, rounded half away from zero.
func roundTo(v, unit *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(v, unit, new(big.Int))
	if r.Lsh(r, 1); r.CmpAbs(unit) >= 0 {
		q.Add(q, big.NewInt(int64(v.Sign())))
	}
	return q
}

// decimalToFloat returns the double that is nearest to a decimal.
func decimalToFloat(v *big.Int, scale int) float64 {
	if v.IsInt64() && scale <= 22 { // both are doubles without an error, so one division rounds once
		if n := v.Int64(); n <= 1<<53 && n >= -1<<53 {
			return float64(n) / math.Pow10(scale)
		}
	}
	f, _ := new(big.Rat).SetFrac(v, powersOfTen[scale]).Float64()
	return f
}
