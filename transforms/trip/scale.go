package trip

import (
	"math/bits"

	"tripstats/transforms/element"
)

// rescale converts the numbers of a column to the unit of the column of trips. A result of more than 64 bits is not a number.
func (fn *fieldsFn) rescale(c *Column, scale element.Scale) {
	if scale.Times == scale.Over { // the zero value too
		return
	}
	for i, v := range c.Values {
		x, ok := scaled(v, scale)
		if c.Values[i] = x; !ok {
			fn.bad = append(fn.bad, int32(i))
		}
	}
}

// scaled returns v * Times / Over, rounded half away from zero, and whether the result fits 64 bits.
func scaled(v int64, scale element.Scale) (int64, bool) {
	magnitude, over := uint64(v), uint64(scale.Over)
	if v < 0 {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, uint64(scale.Times))
	lo, carry := bits.Add64(lo, over/2, 0)
	if hi += carry; hi >= over {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, over)
	if q > 1<<63-1 {
		return 0, false
	}
	if v < 0 {
		return -int64(q), true
	}
	return int64(q), true
}

// sincePickup adds the spans of a column, in µs, to the pickups of their rows, so that the column has times. A row without a pickup has
// no time. A time of more than 64 bits is not a number.
func (fn *fieldsFn) sincePickup(c *Column, pickup *Column, mem *columnMemory) {
	var nulls []int32
	for i, v := range c.Values {
		switch sum := v + pickup.Values[i]; {
		case c.IsNull(i):
		case pickup.IsNull(i):
			nulls = append(nulls, int32(i))
		case (v^sum)&(pickup.Values[i]^sum) < 0:
			fn.bad = append(fn.bad, int32(i))
		default:
			c.Values[i] = sum
		}
	}
	if len(nulls) > 0 {
		mem.valid = makeNull(c, nulls, mem.valid)
	}
}
