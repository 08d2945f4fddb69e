package compute

import (
	"math"
	"math/bits"

	"tripstats/transforms/query"
)

func init() {
	builders["round"] = strict(buildRound)
	builders["floor"] = strict(func(b *invocation) kernel { return buildWhole(b, math.Floor, towardsLess) })
	builders["ceil"] = strict(func(b *invocation) kernel { return buildWhole(b, math.Ceil, towardsMore) })
}

// divisor divides by a constant above 1, with a multiplication.
type divisor struct {
	factor uint64
	shift  uint
	by     uint64
}

// divisorOf makes a divisor of numbers below 2^63. The factor is the first whole number above 2^(63+l) / by, where l is the number of
// bits of by - 1. It is too large by at most 1 part of by, and by is at most 2^l, so no quotient of such a number changes.
func divisorOf(by int64) divisor {
	l := uint(bits.Len64(uint64(by - 1)))
	quotient, _ := bits.Div64(1<<(l-1), 0, uint64(by))
	return divisor{factor: quotient + 1, shift: l - 1, by: uint64(by)}
}

func (d divisor) of(n uint64) uint64 {
	high, _ := bits.Mul64(d.factor, n)
	return high >> (d.shift & 63)
}

// rounding says what is added to the magnitude of a number before it is divided without a remainder.
type rounding func(by int64) (positive, negative int64)

func halfAway(by int64) (int64, int64)    { return by / 2, by / 2 } // the divisor is even
func towardsLess(by int64) (int64, int64) { return 0, by - 1 }
func towardsMore(by int64) (int64, int64) { return by - 1, 0 }

// divided returns a kernel that divides by a power of ten, rounds, and multiplies with another power of ten.
func divided(b *invocation, drop, back int, round rounding) kernel {
	if drop < 1 || drop > maxDigits || back > drop {
		return nil
	}
	by := powersOfTen[drop]
	positive, negative := round(by)
	d, factor := divisorOf(by), powersOfTen[back]
	l := b.args[0].limits
	of, _ := limits{l.low/by - 1, l.high/by + 1}.times(limits{factor, factor})
	check := b.narrow(of)
	return b.checked(check, func(out *register, in []*register) bool {
		return divideRounded(out.makeInts(), in[0].Ints, d, positive, negative, factor)
	})
}

func divideRounded(to, a []int64, d divisor, positive, negative, factor int64) bool {
	a = a[:len(to)]
	overflow := int64(0)
	for i, v := range a {
		sign := v >> 63
		n := (v ^ sign) - sign + (positive &^ sign) + (negative & sign)
		overflow |= n
		q := int64(d.of(uint64(n))) * factor
		to[i] = (q ^ sign) - sign
	}
	return overflow >= 0
}

func buildRound(b *invocation) kernel {
	digits := int64(0)
	if len(b.args) == 2 {
		digits = b.args[1].expr.Value.Int
	}
	from := b.args[0].Type
	switch {
	case from.Kind == query.Double:
		return roundDoubles(digits, len(b.args) == 2)
	case digits >= int64(from.Scale):
		return b.same()
	case digits < -maxDigits || int64(from.Scale)-digits > maxDigits:
		return nil
	}
	return divided(b, from.Scale-int(digits), int(max(0, -digits)), halfAway)
}

// same is the kernel of a call that returns its first argument.
func (b *invocation) same() kernel {
	b.shares = true
	b.narrow(b.args[0].limits)
	return alias
}

func alias(out *register, in []*register) bool {
	out.alias(in[0])
	return true
}

// roundDoubles scales, rounds and scales back, each as IEEE says.
func roundDoubles(digits int64, hasDigits bool) kernel {
	unit := math.Pow(10, math.Abs(float64(digits)))
	return func(out *register, in []*register) bool {
		to := out.makeFloats()
		a := in[0].Floats[:len(to)]
		switch {
		case !hasDigits:
			for i, f := range a {
				to[i] = math.Round(f)
			}
		case digits < 0:
			for i, f := range a {
				r := float64(math.Round(f/unit)) * unit
				if r-r != 0 { // it is infinite or NaN
					if r = 0; f-f != 0 {
						r = f
					}
				}
				to[i] = r
			}
		default:
			for i, f := range a {
				r := math.Round(float64(f*unit)) / unit
				if r-r != 0 {
					r = f
				}
				to[i] = r
			}
		}
		return true
	}
}

func buildWhole(b *invocation, floats func(float64) float64, round rounding) kernel {
	from := b.args[0].Type
	switch {
	case from.Kind == query.Double:
		return func(out *register, in []*register) bool {
			to := out.makeFloats()
			for i, f := range in[0].Floats[:len(to)] {
				to[i] = floats(f)
			}
			return true
		}
	case from.Scale == 0:
		return b.same()
	}
	return divided(b, from.Scale, 0, round)
}
