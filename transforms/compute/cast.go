package compute

import (
	"math"
	"math/big"

	"tripstats/transforms/eights"
	"tripstats/transforms/query"
)

func init() {
	builders["cast"] = strict(buildCast)
}

func buildCast(b *invocation) kernel {
	from, to := b.args[0].Type, b.e.Type
	switch {
	case from == to:
		return b.same()
	case from.Kind == query.Null:
		return func(out *register, in []*register) bool {
			out.setNull()
			return true
		}
	case to.Kind == query.Varchar:
		return perValue(b)
	case from.Kind == query.Boolean:
		return b.bitsToInts()
	case to.Kind == query.Double:
		return toDoubles(from)
	case from.Kind == query.Double:
		return b.fromDoubles()
	case from.Kind == query.Date:
		return b.scaled(microsPerDay)
	case from.Kind == query.Timestamp:
		return buildDate(b)
	case to.Scale < from.Scale:
		return divided(b, from.Scale-to.Scale, 0, halfAway)
	case to.Scale-from.Scale > maxDigits:
		return nil
	case to.Scale > from.Scale:
		return b.scaled(powersOfTen[to.Scale-from.Scale])
	}
	check := b.narrow(b.args[0].limits)
	b.shares = true
	return b.checked(check, alias)
}

// scaled multiplies with a constant.
func (b *invocation) scaled(factor int64) kernel {
	product, _ := b.args[0].limits.times(limits{factor, factor})
	most := math.MaxInt64 / factor
	safe := b.args[0].limits.within(limits{-most, most})
	check := b.narrow(product)
	return b.checked(check, func(out *register, in []*register) bool {
		to := out.makeInts()
		a := in[0].Ints[:len(to)]
		if !safe && !inside(a, limits{-most, most}) {
			return false
		}
		for i, v := range a {
			to[i] = v * factor
		}
		return true
	})
}

func (b *invocation) bitsToInts() kernel {
	if b.e.Type.Scale != 0 {
		return nil
	}
	b.narrow(limits{0, 1})
	return func(out *register, in []*register) bool {
		to := out.makeInts()
		for i := range to {
			to[i] = int64(in[0].Bits[i>>3] >> (i & 7) & 1)
		}
		return true
	}
}

// The largest whole number below which all are doubles, and the largest power of ten that is one.
const (
	mostExact = 1 << 53
	mostScale = 22
)

// toDoubles returns the kernel of the double that is nearest to an exact number.
func toDoubles(from query.Type) kernel {
	if from.Scale == 0 {
		return func(out *register, in []*register) bool {
			quotients(out.makeFloats(), in[0].Ints, 1)
			return true
		}
	}
	unit, most := math.Pow10(from.Scale), uint64(mostExact)
	if from.Scale > mostScale {
		most = 0
	}
	return func(out *register, in []*register) bool {
		to := out.makeFloats()
		a := in[0].Ints[:len(to)]
		for done := 0; done < len(a); {
			if most > 0 {
				done += eights.QuotientsMany(to[done:], a[done:], unit)
			}
			for end := min(done+8, len(a)); done < end; done++ {
				if v := a[done]; uint64(v)+most > 2*most { // v or the unit is not exact as a double, so a division would round twice
					to[done] = nearest(v, from.Scale)
				} else {
					to[done] = float64(v) / unit
				}
			}
		}
		return true
	}
}

func nearest(v int64, scale int) float64 {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	f, _ := new(big.Rat).SetFrac(big.NewInt(v), unit).Float64()
	return f
}

// fromDoubles rounds to integers half to even, to decimals half away from zero.
func (b *invocation) fromDoubles() kernel {
	t := b.e.Type
	l := limitsOf(t)
	most := float64(1 << 62)
	unit := math.Pow10(t.Scale)
	return func(out *register, in []*register) bool {
		to := out.makeInts()
		for i, f := range in[0].Floats[:len(to)] {
			if t.Kind == query.Decimal {
				f = math.Round(f * unit)
			} else {
				f = math.RoundToEven(f)
			}
			if !(f > -most && f < most) { // also if it is NaN
				if !out.IsNull(i) {
					return false
				}
				f = 0
			}
			to[i] = int64(f)
		}
		return l == noLimits || inside(to, l)
	}
}
