package query

import (
	"bytes"
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
	if t.Kind == Varchar && !v.IsNull {
		return v.Text
	}
	return string(t.Append(nil, v))
}

// Append appends the text that Format returns.
func (t Type) Append(b []byte, v Value) []byte {
	switch {
	case v.IsNull:
		return append(b, "NULL"...)
	case t.Kind == Varchar:
		return append(b, v.Text...)
	case t.Kind == Double:
		return appendFloat(b, v.Float)
	case !t.wide():
		return t.AppendInt(b, v.Int)
	case v.Big.IsInt64():
		return t.AppendInt(b, v.Big.Int64())
	case t.Kind == HugeInt:
		return v.Big.Append(b, 10)
	}
	return append(b, t.withoutZero(formatDecimal(v.Big, t.Scale))...)
}

// AppendInt is Append for a value of 64 bits of a type that is neither Double nor Varchar. v is a decimal without its point: with two digits
// after the point, 150 is 1.50.
func (t Type) AppendInt(b []byte, v int64) []byte {
	switch t.Kind {
	case Boolean:
		return strconv.AppendBool(b, v != 0)
	case Decimal:
		if t.Scale > 0 {
			return t.appendPoint(b, v)
		}
	case Date:
		return appendDate(b, v)
	case Timestamp:
		return appendTimestamp(b, v)
	}
	return strconv.AppendInt(b, v, 10)
}

// appendPoint appends a decimal with digits after the point.
func (t Type) appendPoint(b []byte, v int64) []byte {
	var memory [24 + maxWidth]byte
	digits := memory[:maxWidth]
	for i := range digits {
		digits[i] = '0' // zeros before the first digit
	}
	magnitude := uint64(v)
	if v < 0 {
		b, magnitude = append(b, '-'), -magnitude
	}
	digits = strconv.AppendUint(digits, magnitude, 10)
	point := len(digits) - t.Scale
	start := min(maxWidth, point-1)
	if t.Width == t.Scale && start == point-1 && digits[start] == '0' { // the type has no digit before the point
		start = point
	}
	b = append(b, digits[start:point]...)
	return append(append(b, '.'), digits[point:]...)
}

// withoutZero removes the zero before the point if the type is a decimal with no digit there.
func (t Type) withoutZero(s string) string {
	if t.Width == t.Scale {
		s = strings.Replace(s, "0.", ".", 1)
	}
	return s
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

func formatFloat(f float64) string { return string(appendFloat(nil, f)) }

// appendFloat writes the fewest digits that give the same double. It writes an exponent if the magnitude is below 1e-4, or 1e16 or more.
func appendFloat(b []byte, f float64) []byte {
	const mostWhole = 1e15 // a double that is a smaller whole number is written with exactly the digits of that number
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 0):
		return append(b, strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")...)
	case f != 0 && (size < 1e-4 || size >= 1e16):
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	case f == math.Trunc(f) && size < mostWhole && f != 0:
		return append(strconv.AppendInt(b, int64(f), 10), ".0"...)
	}
	start := len(b)
	if b = strconv.AppendFloat(b, f, 'f', -1, 64); bytes.IndexByte(b[start:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return b
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
