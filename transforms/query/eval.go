package query

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"sync"
	"unicode/utf8"

	"tripstats/transforms/newyork"
)

// Leaf gives the value of a reference in the current row: of a column, a key, an aggregate or a window.
type Leaf func(*Expr) (Value, error)

// Eval computes an expression in one row. It is what expressions mean: what computes columns at once is compared with it. An error says
// what has no value: an overflow, or a whole division by zero.
func (e *Expr) Eval(leaf Leaf) (Value, error) {
	switch {
	case e.Op == Literal:
		return e.Value, nil
	case e.Op != Call:
		return leaf(e)
	case e.Func.lazy != nil:
		return e.Func.lazy(e, leaf)
	}
	if len(e.Args) > len(fewValues{}) {
		return e.call(leaf, make([]Value, len(e.Args)))
	}
	few := fewOf.Get().(*fewValues)
	v, err := e.call(leaf, few[:len(e.Args)])
	clear(few[:len(e.Args)])
	fewOf.Put(few)
	return v, err
}

// fewValues is memory for the arguments of a call. Nearly every call has at most this many. Using memory again costs less than allocating it for
// each row.
type fewValues [4]Value

var fewOf = sync.Pool{New: func() any { return new(fewValues) }}

// call evaluates the arguments into args, and then the call.
func (e *Expr) call(leaf Leaf, args []Value) (Value, error) {
	missing := false
	for i, a := range e.Args {
		v, err := a.Eval(leaf)
		if err != nil {
			return null, err
		}
		args[i] = v
		missing = missing || v.IsNull
	}
	if missing {
		return null, nil
	}
	return e.Func.eval(e, args)
}

func evalAnd(e *Expr, leaf Leaf) (Value, error) { return evalChain(e, leaf, false) }
func evalOr(e *Expr, leaf Leaf) (Value, error)  { return evalChain(e, leaf, true) }

// evalChain is AND or OR: one operand decides if it has a value, however many others are NULL.
func evalChain(e *Expr, leaf Leaf, decides bool) (Value, error) {
	result := boolValue(!decides)
	for _, a := range e.Args {
		v, err := a.Eval(leaf)
		switch {
		case err != nil:
			return null, err
		case v.IsNull:
			result = null
		case v.True() == decides:
			return v, nil
		}
	}
	return result, nil
}

func evalIsNull(e *Expr, leaf Leaf) (Value, error) {
	v, err := e.Args[0].Eval(leaf)
	return boolValue(v.IsNull), err
}

func comparison(is func(c int) bool) func(*Expr, []Value) (Value, error) {
	return func(e *Expr, v []Value) (Value, error) { return boolValue(is(e.Args[0].Type.Compare(v[0], v[1]))), nil }
}

// evalIn is true if a value is equal, else NULL if one is NULL.
func evalIn(e *Expr, leaf Leaf) (Value, error) {
	x, err := e.Args[0].Eval(leaf)
	if err != nil || x.IsNull {
		return null, err
	}
	result := boolValue(false)
	for _, a := range e.Args[1:] {
		v, err := a.Eval(leaf)
		switch {
		case err != nil:
			return null, err
		case v.IsNull:
			result = null
		case e.Args[0].Type.Compare(x, v) == 0:
			return boolValue(true), nil
		}
	}
	return result, nil
}

// evalBetween is low <= x AND x <= high.
func evalBetween(e *Expr, leaf Leaf) (Value, error) {
	var v [3]Value
	for i, a := range e.Args {
		var err error
		if v[i], err = a.Eval(leaf); err != nil {
			return null, err
		}
	}
	t := e.Args[0].Type
	switch {
	case v[0].IsNull:
		return null, nil
	case !v[1].IsNull && t.Compare(v[0], v[1]) < 0, !v[2].IsNull && t.Compare(v[0], v[2]) > 0:
		return boolValue(false), nil
	case v[1].IsNull || v[2].IsNull:
		return null, nil
	}
	return boolValue(true), nil
}

func evalCase(e *Expr, leaf Leaf) (Value, error) {
	for i := 0; i+1 < len(e.Args); i += 2 {
		v, err := e.Args[i].Eval(leaf)
		if err != nil {
			return null, err
		}
		if v.True() {
			return e.Args[i+1].Eval(leaf)
		}
	}
	return e.Args[len(e.Args)-1].Eval(leaf)
}

func evalCoalesce(e *Expr, leaf Leaf) (Value, error) {
	for _, a := range e.Args {
		if v, err := a.Eval(leaf); err != nil || !v.IsNull {
			return v, err
		}
	}
	return null, nil
}

func evalLeast(e *Expr, leaf Leaf) (Value, error)    { return evalExtreme(e, leaf, -1) }
func evalGreatest(e *Expr, leaf Leaf) (Value, error) { return evalExtreme(e, leaf, 1) }

// evalExtreme is the first of the values that others do not exceed, in the direction of the sign.
func evalExtreme(e *Expr, leaf Leaf, sign int) (Value, error) {
	best := null
	for _, a := range e.Args {
		v, err := a.Eval(leaf)
		if err != nil {
			return null, err
		}
		if !v.IsNull && (best.IsNull || e.Type.Compare(v, best)*sign > 0) {
			best = v
		}
	}
	return best, nil
}

// toBig returns an exact number as a whole number of its last digit.
func toBig(t Type, v Value) *big.Int {
	if t.wide() {
		return v.Big
	}
	return big.NewInt(v.Int)
}

// fromBig is the value of an exact number, if the type can have it.
func fromBig(t Type, b *big.Int) (Value, error) {
	ok := true
	switch t.Kind {
	case Decimal:
		ok = fits(b, t.Width)
	case HugeInt:
		ok = b.BitLen() <= 127
	case BigInt:
		ok = b.IsInt64()
	case Integer:
		ok = b.IsInt64() && int64(int32(b.Int64())) == b.Int64()
	}
	if !ok {
		return null, fmt.Errorf("%s is too large for %s", formatDecimal(b, t.Scale), t)
	}
	if t.wide() {
		return bigValue(b), nil
	}
	return intValue(b.Int64()), nil
}

// arithmetic computes with doubles or exactly, as the type says.
func arithmetic(e *Expr, v []Value, floats func(a, b float64) float64, exact func(z, a, b *big.Int) *big.Int) (Value, error) {
	if e.Type.Kind == Double {
		return floatValue(floats(v[0].Float, v[1].Float)), nil
	}
	return fromBig(e.Type, exact(new(big.Int), toBig(e.Args[0].Type, v[0]), toBig(e.Args[1].Type, v[1])))
}

func evalAdd(e *Expr, v []Value) (Value, error) {
	if e.Type.Kind == Date {
		return addDays(v[0].Int, v[1].Int)
	}
	return arithmetic(e, v, func(a, b float64) float64 { return a + b }, (*big.Int).Add)
}

func evalSubtract(e *Expr, v []Value) (Value, error) {
	switch {
	case e.Type.Kind == Date:
		return addDays(v[0].Int, -v[1].Int)
	case e.Args[0].Type.Kind == Date:
		return intValue(v[0].Int - v[1].Int), nil
	}
	return arithmetic(e, v, func(a, b float64) float64 { return a - b }, (*big.Int).Sub)
}

func addDays(a, b int64) (Value, error) {
	if d := a + b; d >= minDay && d <= maxDay {
		return intValue(d), nil
	}
	return null, errors.New("the date is out of range")
}

func evalMultiply(e *Expr, v []Value) (Value, error) {
	return arithmetic(e, v, func(a, b float64) float64 { return a * b }, (*big.Int).Mul)
}

func evalDivide(_ *Expr, v []Value) (Value, error) { return floatValue(v[0].Float / v[1].Float), nil }

var errZero = errors.New("a division by zero")

func evalDivideWhole(e *Expr, v []Value) (Value, error) {
	if toBig(e.Type, v[1]).Sign() == 0 {
		return null, errZero
	}
	return arithmetic(e, v, nil, (*big.Int).Quo)
}

func evalRemainder(e *Expr, v []Value) (Value, error) {
	if e.Type.Kind != Double && toBig(e.Type, v[1]).Sign() == 0 {
		return null, errZero
	}
	if e.Type.isInteger() && v[1].Int == -1 {
		if _, err := evalDivideWhole(e, v); err != nil { // the smallest number by -1 overflows
			return null, err
		}
	}
	return arithmetic(e, v, math.Mod, (*big.Int).Rem)
}

func evalNegate(e *Expr, v []Value) (Value, error) {
	if e.Type.Kind == Double {
		return floatValue(-v[0].Float), nil
	}
	return fromBig(e.Type, new(big.Int).Neg(toBig(e.Type, v[0])))
}

func evalAbs(e *Expr, v []Value) (Value, error) {
	if e.Type.Kind == Double {
		return floatValue(math.Abs(v[0].Float)), nil
	}
	return fromBig(e.Type, new(big.Int).Abs(toBig(e.Type, v[0])))
}

// evalRound rounds half away from zero. A double is scaled, rounded and scaled back, each as IEEE says.
func evalRound(e *Expr, v []Value) (Value, error) {
	to := int64(0)
	if len(v) == 2 {
		to = v[1].Int
	}
	from := e.Args[0].Type
	switch {
	case from.Kind == Double:
		return floatValue(roundFloat(v[0].Float, to, len(v) == 2)), nil
	case to >= int64(from.Scale):
		return v[0], nil
	}
	b := toBig(from, v[0])
	if drop := int64(from.Scale) - to; drop <= 2*maxWidth {
		b = roundTo(b, powersOfTen[drop])
	} else {
		b = new(big.Int)
	}
	if to < 0 && b.Sign() != 0 {
		b = b.Mul(b, powersOfTen[-to])
	}
	return fromBig(e.Type, b)
}

func roundFloat(f float64, to int64, hasDigits bool) float64 {
	unit := math.Pow(10, math.Abs(float64(to)))
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		return f
	case !hasDigits:
		return math.Round(f)
	case to < 0:
		if r := float64(math.Round(f/unit)) * unit; !math.IsInf(r, 0) && !math.IsNaN(r) {
			return r
		}
		return 0
	}
	if r := math.Round(float64(f*unit)) / unit; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return f
}

func evalFloor(e *Expr, v []Value) (Value, error) { return toWhole(e, v, math.Floor, -1) }
func evalCeil(e *Expr, v []Value) (Value, error)  { return toWhole(e, v, math.Ceil, 1) }

// toWhole rounds towards the sign.
func toWhole(e *Expr, v []Value, floats func(float64) float64, sign int) (Value, error) {
	if e.Type.Kind == Double {
		return floatValue(floats(v[0].Float)), nil
	}
	q, r := new(big.Int).QuoRem(v[0].Big, powersOfTen[e.Args[0].Type.Scale], new(big.Int))
	if r.Sign() == sign {
		q.Add(q, big.NewInt(int64(sign)))
	}
	return fromBig(e.Type, q)
}

func evalTruncate(_ *Expr, v []Value) (Value, error) {
	for _, d := range dateParts {
		if d.name == v[0].Text {
			return intValue(d.trunc(v[1].Int)), nil
		}
	}
	return null, fmt.Errorf("%s is no part of a time", v[0].Text)
}

func evalLike(e *Expr, v []Value) (Value, error) {
	s, pattern := v[0].Text, v[1].Text
	if e.Func.Name == "ilike" {
		s, pattern = strings.ToLower(s), strings.ToLower(pattern)
	}
	return boolValue(like(s, pattern)), nil
}

// like matches a whole text: _ is one character, % any number of them.
func like(s, pattern string) bool {
	star, again := -1, 0 // the last % and the place in s that it reaches to
	i, j := 0, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '%':
			star, again = j, i
			j++
		case j < len(pattern) && pattern[j] == '_':
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
			j++
		case j < len(pattern) && pattern[j] == s[i]:
			i++
			j++
		case star >= 0:
			_, n := utf8.DecodeRuneInString(s[again:])
			again += n
			i, j = again, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "%") == ""
}

func evalZone(e *Expr, v []Value) (Value, error) {
	if v[0].Int < 1 || v[0].Int > newyork.NumZones {
		return null, nil
	}
	z := newyork.Zones()[v[0].Int]
	switch e.Func.Name {
	case "zone_borough":
		return textValue(z.Borough), nil
	case "zone_service":
		return textValue(z.ServiceZone), nil
	}
	return textValue(z.Name), nil
}

// convert casts a value. Doubles go to integers half to even, to decimals half away from zero, as decimals do.
func convert(from, to Type, v Value) (Value, error) {
	switch {
	case v.IsNull || from == to:
		return v, nil
	case to.Kind == Varchar:
		return textValue(from.Format(v)), nil
	case to.Kind == Double:
		if from.wide() {
			return floatValue(decimalToFloat(v.Big, from.Scale)), nil
		}
		return floatValue(float64(v.Int)), nil
	case from.Kind == Double:
		return fromFloat(to, v.Float)
	case from.Kind == Date && to.Kind == Timestamp:
		const most = math.MaxInt64 / microsPerDay
		if v.Int < -most || v.Int > most {
			return null, errors.New("the date is out of range of TIMESTAMP")
		}
		return intValue(v.Int * microsPerDay), nil
	case from.Kind == Timestamp:
		return intValue(dayOf(v.Int)), nil
	}
	return fromBig(to, rescale(toBig(from, v), from.Scale, to.Scale))
}

func fromFloat(to Type, f float64) (Value, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return null, fmt.Errorf("%s is no value of %s", formatFloat(f), to)
	}
	whole := math.RoundToEven(f)
	if to.Kind == Decimal {
		whole = math.Round(f * math.Pow10(to.Scale))
	}
	if math.IsInf(whole, 0) {
		return null, fmt.Errorf("%s is too large for %s", formatFloat(f), to)
	}
	b, _ := big.NewFloat(whole).Int(nil)
	return fromBig(to, b)
}
