package compute

import (
	"math"
	"math/bits"

	"tripstats/transforms/query"
)

func init() {
	builders["+"] = strict(buildAdd)
	builders["-"] = strict(buildSubtract)
	builders["*"] = strict(buildMultiply)
	builders["//"] = strict(buildDivideWhole)
	builders["%"] = strict(buildRemainder)
	builders["negate"] = strict(buildNegate)
	builders["abs"] = strict(buildAbs)
}

// strict is for calls that are NULL where an argument is. The kernel computes the other rows; what it makes of the NULLs has no
// meaning.
func strict(build builder) builder {
	return func(b *invocation) kernel {
		k := build(b)
		if k == nil {
			return nil
		}
		return func(out *register, in []*register) bool {
			for _, a := range in {
				if a.Const && a.IsNull(0) {
					out.setNull()
					return true
				}
			}
			for _, a := range in {
				out.andValid(a)
			}
			return k(out, in)
		}
	}
}

// narrow sets the limits of the result to those of the values and of the type. It tells whether the kernel must check the latter.
func (b *invocation) narrow(of limits) bool {
	l := b.limits
	if of.within(l) {
		b.limits = of
		return false
	}
	b.limits = limits{max(of.low, l.low), min(of.high, l.high)}
	return true
}

// checked has a kernel check that all values are values of the type.
func (b *invocation) checked(check bool, k kernel) kernel {
	if !check {
		return k
	}
	l := limitsOf(b.e.Type)
	return func(out *register, in []*register) bool { return k(out, in) && inside(out.Ints, l) }
}

func buildAdd(b *invocation) kernel {
	if b.e.Type.Kind == query.Double {
		return doubleKernel(b, '+')
	}
	if b.args[0].isConst {
		b.args = []*node{b.args[1], b.args[0]}
	}
	sum, safe := b.args[0].limits.plus(b.args[1].limits)
	check := b.narrow(sum)
	if b.args[1].isConst {
		return b.checked(check, func(out *register, in []*register) bool {
			return addConst(out.makeInts(), in[0].Ints, in[1].Ints[0])
		})
	}
	if safe {
		return b.checked(check, func(out *register, in []*register) bool {
			addSafely(out.makeInts(), in[0].Ints, in[1].Ints)
			return true
		})
	}
	return b.checked(check, func(out *register, in []*register) bool { return addInts(out.makeInts(), in[0].Ints, in[1].Ints) })
}

func addSafely(to, a, b []int64) {
	a, b = a[:len(to)], b[:len(to)]
	for i := range to {
		to[i] = a[i] + b[i]
	}
}

// addInts tells whether no sum overflows.
func addInts(to, a, b []int64) bool {
	a, b = a[:len(to)], b[:len(to)]
	overflow := int64(0)
	for i := range to {
		v := a[i] + b[i]
		overflow |= (a[i] ^ v) & (b[i] ^ v) // the sign bit is set if this sum overflowed
		to[i] = v
	}
	return overflow >= 0
}

func addConst(to, a []int64, c int64) bool {
	a = a[:len(to)]
	overflow := int64(0)
	for i := range to {
		v := a[i] + c
		overflow |= (a[i] ^ v) & (c ^ v)
		to[i] = v
	}
	return overflow >= 0
}

func buildSubtract(b *invocation) kernel {
	if b.e.Type.Kind == query.Double {
		return doubleKernel(b, '-')
	}
	difference, _ := b.args[0].limits.plus(b.args[1].limits.negated())
	if b.args[1].limits.low == math.MinInt64 {
		difference = noLimits
	}
	check := b.narrow(difference)
	switch {
	case b.args[0].isConst:
		return b.checked(check, func(out *register, in []*register) bool {
			return subtractFrom(out.makeInts(), in[0].Ints[0], in[1].Ints)
		})
	case b.args[1].isConst:
		return b.checked(check, func(out *register, in []*register) bool {
			c := in[1].Ints[0]
			return c != math.MinInt64 && addConst(out.makeInts(), in[0].Ints, -c)
		})
	}
	return b.checked(check, func(out *register, in []*register) bool { return subtractInts(out.makeInts(), in[0].Ints, in[1].Ints) })
}

func subtractInts(to, a, b []int64) bool {
	a, b = a[:len(to)], b[:len(to)]
	overflow := int64(0)
	for i := range to {
		v := a[i] - b[i]
		overflow |= (a[i] ^ b[i]) & (a[i] ^ v)
		to[i] = v
	}
	return overflow >= 0
}

func subtractFrom(to []int64, c int64, b []int64) bool {
	b = b[:len(to)]
	overflow := int64(0)
	for i := range to {
		v := c - b[i]
		overflow |= (c ^ b[i]) & (c ^ v)
		to[i] = v
	}
	return overflow >= 0
}

func buildMultiply(b *invocation) kernel {
	if b.e.Type.Kind == query.Double {
		return doubleKernel(b, '*')
	}
	if b.args[0].isConst {
		b.args = []*node{b.args[1], b.args[0]}
	}
	product, safe := b.args[0].limits.times(b.args[1].limits)
	check := b.narrow(product)
	if b.args[1].isConst {
		return b.checked(check, func(out *register, in []*register) bool {
			return multiplyConst(out.makeInts(), in[0].Ints, in[1].Ints[0], safe)
		})
	}
	return b.checked(check, func(out *register, in []*register) bool {
		return multiplyInts(out.makeInts(), in[0].Ints, in[1].Ints, safe)
	})
}

// bitsOf returns the number of bits, without the sign, that the value of the largest magnitude has.
func bitsOf(values []int64) int {
	used := int64(0)
	for _, v := range values {
		used |= v ^ v>>63
	}
	return bits.Len64(uint64(used))
}

// multiplyConst tells whether no product overflows. It is safe if that is known before.
func multiplyConst(to, a []int64, c int64, safe bool) bool {
	a = a[:len(to)]
	// A value of n bits is at least -2^n, so a product of n and m bits has a magnitude of at most 2^(n+m).
	if !safe && bitsOf(a)+bits.Len64(uint64(c^c>>63)) > 62 {
		return false
	}
	for i := range to {
		to[i] = a[i] * c
	}
	return true
}

func multiplyInts(to, a, b []int64, safe bool) bool {
	a, b = a[:len(to)], b[:len(to)]
	if safe || bitsOf(a)+bitsOf(b) <= 62 {
		for i := range to {
			to[i] = a[i] * b[i]
		}
		return true
	}
	for i := range to {
		v, ok := multiply(a[i], b[i])
		if !ok {
			return false
		}
		to[i] = v
	}
	return true
}

func buildDivideWhole(b *invocation) kernel {
	b.narrow(noLimits)
	if b.args[1].isConst {
		return func(out *register, in []*register) bool {
			c := in[1].Ints[0]
			return c != 0 && c != -1 && divideConst(out.makeInts(), in[0].Ints, c)
		}
	}
	least := limitsOf(b.e.Type).low
	return func(out *register, in []*register) bool {
		to, x, y := out.makeInts(), in[0].Ints, in[1].Ints
		return eachDivisor(out, in, least, func(i int) { to[i] = at(in[0], x, i) / y[i] })
	}
}

// at returns the value of a row of a register that may be constant.
func at(r *register, values []int64, row int) int64 {
	if r.Const {
		return values[0]
	}
	return values[row]
}

func divideConst(to, a []int64, c int64) bool {
	a = a[:len(to)]
	for i := range to {
		to[i] = a[i] / c
	}
	return true
}

// eachDivisor computes the rows that are not null. It tells whether none divides by zero, nor the least number by -1, which overflows.
func eachDivisor(out *register, in []*register, least int64, compute func(row int)) bool {
	for i, d := range in[1].Ints {
		switch {
		case out.IsNull(i):
			out.Ints[i] = 0
			continue
		case d == 0, d == -1 && at(in[0], in[0].Ints, i) <= least:
			return false
		}
		compute(i)
	}
	return true
}

func buildRemainder(b *invocation) kernel {
	if b.e.Type.Kind == query.Double {
		return doubleKernel(b, '%')
	}
	if b.args[1].isConst {
		return func(out *register, in []*register) bool {
			c := in[1].Ints[0]
			if c == 0 || c == -1 {
				return false
			}
			to := out.makeInts()
			for i, v := range in[0].Ints[:len(to)] {
				to[i] = v % c
			}
			return true
		}
	}
	least := int64(math.MinInt64)
	if b.e.Type.Kind == query.Integer {
		least = math.MinInt32
	}
	return func(out *register, in []*register) bool {
		to, x, y := out.makeInts(), in[0].Ints, in[1].Ints
		return eachDivisor(out, in, least, func(i int) { to[i] = at(in[0], x, i) % y[i] })
	}
}

func buildNegate(b *invocation) kernel {
	if b.e.Type.Kind == query.Double {
		return func(out *register, in []*register) bool {
			to := out.makeFloats()
			for i, v := range in[0].Floats[:len(to)] {
				to[i] = -v
			}
			return true
		}
	}
	check := b.narrow(b.args[0].limits.negated())
	return b.checked(check, func(out *register, in []*register) bool { return subtractFrom(out.makeInts(), 0, in[0].Ints) })
}

func buildAbs(b *invocation) kernel {
	if b.e.Type.Kind == query.Double {
		return func(out *register, in []*register) bool {
			to := out.makeFloats()
			for i, v := range in[0].Floats[:len(to)] {
				to[i] = math.Abs(v)
			}
			return true
		}
	}
	l := b.args[0].limits
	of := limits{0, math.MaxInt64}
	if l.low != math.MinInt64 {
		of.high = max(-l.low, l.high)
	}
	check := b.narrow(of)
	return b.checked(check, func(out *register, in []*register) bool {
		to := out.makeInts()
		overflow := int64(0)
		for i, v := range in[0].Ints[:len(to)] {
			v = (v ^ v>>63) - v>>63
			overflow |= v // only the least number stays negative
			to[i] = v
		}
		return overflow >= 0
	})
}
