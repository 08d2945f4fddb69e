package compute

import (
	"math/bits"

	"tripstats/transforms/query"
)

func init() {
	builders["case"] = func(b *invocation) kernel { return new(chooser).choose }
	builders["coalesce"] = func(b *invocation) kernel {
		b.shares = true
		return new(chooser).firstValue
	}
	builders["least"] = func(b *invocation) kernel { return (&chooser{op: '<'}).extreme }
	builders["greatest"] = func(b *invocation) kernel { return (&chooser{op: '>'}).extreme }
}

// chooser is for calls whose result is that of one argument in each row.
type chooser struct {
	op   byte
	mask []byte // the rows that an argument is chosen in
}

// choose is CASE. It starts with ELSE and lays the results before it over it, the first as the last.
func (c *chooser) choose(out *register, in []*register) bool {
	last := len(in) - 1
	nulls := in[last].Valid != nil
	for i := 1; i < last; i += 2 {
		nulls = nulls || in[i].Valid != nil
	}
	if !nulls && c.lookUp(out, in) {
		return true
	}
	c.mask = sized(c.mask, out.Rows)
	out.copy(in[last], nulls)
	for i := last - 2; i >= 0; i -= 2 {
		condition := in[i]
		for j := range c.mask {
			c.mask[j], _ = condition.flags(j)
		}
		out.overlay(c.mask, in[i+1])
	}
	return true
}

// mostConditions is the number of conditions of a CASE for all whose combinations there is a table of the results.
const mostConditions = 4

// lookUp is CASE with few conditions and results that are the same in all rows. It tells whether that is so.
func (c *chooser) lookUp(out *register, in []*register) bool {
	count := len(in) / 2
	if count > mostConditions || in[len(in)-1].Ints == nil {
		return false
	}
	for i := range in {
		if (i&1 == 1 || i == len(in)-1) && !in[i].Const {
			return false
		}
	}
	var results [1 << mostConditions]int64
	for key := range results {
		first := min(bits.TrailingZeros(uint(key)), count)
		results[key] = in[min(2*first+1, len(in)-1)].Ints[0]
	}
	to := out.makeInts()
	for i := range (len(to) + 7) / 8 {
		var keys uint64
		for j := range count {
			flags, _ := in[2*j].flags(i)
			keys |= spread[flags] << j
		}
		if rest := to[8*i:]; len(rest) >= 8 {
			for j := range (*[8]int64)(rest) {
				rest[j] = results[keys&(1<<mostConditions-1)]
				keys >>= 8
			}
			continue
		}
		for j := 8 * i; j < len(to); j++ {
			to[j] = results[keys&(1<<mostConditions-1)]
			keys >>= 8
		}
	}
	return true
}

// spread has the bits of a byte in a byte each, the lowest bit in the lowest byte.
var spread = func() (s [256]uint64) {
	for b := range s {
		for i := range 8 {
			s[b] |= uint64(b>>i&1) << (8 * i)
		}
	}
	return s
}()

// firstValue is COALESCE.
func (c *chooser) firstValue(out *register, in []*register) bool {
	used := 1 // arguments that can be the result
	for used < len(in) && in[used-1].Valid != nil {
		used++
	}
	last := in[used-1]
	if used == 1 && !last.Const {
		out.alias(last)
		return true
	}
	c.mask = sized(c.mask, out.Rows)
	out.copy(last, last.Valid != nil)
	for i := used - 2; i >= 0; i-- {
		for j := range c.mask {
			c.mask[j] = in[i].validAt(j)
		}
		out.overlay(c.mask, in[i])
	}
	return true
}

// extreme is LEAST or GREATEST: the first of the values that others do not exceed.
func (c *chooser) extreme(out *register, in []*register) bool {
	nulls := false
	for _, a := range in {
		nulls = nulls || a.Valid != nil
	}
	c.mask = sized(c.mask, out.Rows)
	out.copy(in[0], nulls)
	for _, a := range in[1:] {
		switch {
		case a.Const && a.IsNull(0):
			continue
		case !a.Const || a.Type.Kind == query.Varchar:
			compare(c.mask, c.op, a, out)
		case !compareConst(c.mask, relation{op: c.op}.swapped().op, out, a):
			return false
		}
		if nulls {
			for i, v := range out.Valid {
				c.mask[i] = (c.mask[i] | ^v) & a.validAt(i)
			}
		}
		out.overlay(c.mask, a)
	}
	return true
}

// validAt returns which of eight rows are not null.
func (r *register) validAt(i int) byte {
	switch {
	case r.Valid == nil:
		return 0xff
	case r.Const:
		return -(r.Valid[0] & 1)
	}
	return r.Valid[i]
}

// copy gives the register the values of another, in memory of its own.
func (r *register) copy(from *register, nulls bool) {
	if nulls {
		valid := r.makeValid()
		for i := range valid {
			valid[i] = from.validAt(i)
		}
	}
	switch r.Type.Kind {
	case query.Boolean:
		to := r.makeBits()
		if from.Const {
			fillBits(to, from.Bits[0]&1 == 1)
		} else {
			copy(to, from.Bits)
		}
	case query.Double:
		copyValues(r.makeFloats(), from.Floats, from.Const)
	default:
		copyValues(r.makeInts(), from.Ints, from.Const)
	}
}

func copyValues[T int64 | float64](to, from []T, same bool) {
	if !same {
		copy(to, from)
		return
	}
	v := from[0]
	for i := range to {
		to[i] = v
	}
}

// overlay gives some rows of the register the values of another. The register has a bitmap of nulls if the other has nulls.
func (r *register) overlay(mask []byte, from *register) {
	if r.Valid != nil {
		for i, m := range mask {
			r.Valid[i] = r.Valid[i]&^m | from.validAt(i)&m
		}
	}
	switch r.Type.Kind {
	case query.Boolean:
		for i, m := range mask {
			v := byte(0)
			if from.Const {
				v = -(from.Bits[0] & 1)
			} else {
				v = from.Bits[i]
			}
			r.Bits[i] = r.Bits[i]&^m | v&m
		}
	case query.Double:
		overlayFloats(r.Floats, mask, from)
	case query.Null:
	default:
		if from.Const {
			overlayConst(r.Ints, mask, from.Ints[0])
		} else {
			overlayInts(r.Ints, mask, from.Ints)
		}
	}
}

func overlayInts(to []int64, mask []byte, from []int64) {
	from = from[:len(to)]
	for _, m := range mask {
		if len(to) < 8 {
			for i := range to {
				to[i] ^= (to[i] ^ from[i]) & -int64(m>>i&1)
			}
			return
		}
		x, y := (*[8]int64)(to), (*[8]int64)(from)
		switch m {
		case 0:
		case 0xff:
			*x = *y
		default:
			for i := range x {
				x[i] ^= (x[i] ^ y[i]) & -int64(m>>i&1)
			}
		}
		to, from = to[8:], from[8:]
	}
}

func overlayConst(to []int64, mask []byte, c int64) {
	for _, m := range mask {
		if len(to) < 8 {
			for i := range to {
				to[i] ^= (to[i] ^ c) & -int64(m>>i&1)
			}
			return
		}
		x := (*[8]int64)(to)
		if m != 0 {
			for i := range x {
				x[i] ^= (x[i] ^ c) & -int64(m>>i&1)
			}
		}
		to = to[8:]
	}
}

func overlayFloats(to []float64, mask []byte, from *register) {
	for first, m := range mask {
		m &= byte(0xff) >> max(0, 8*first+8-len(to))
		for ; m != 0; m &= m - 1 {
			row := 8*first + bits.TrailingZeros8(m)
			if from.Const {
				to[row] = from.Floats[0]
			} else {
				to[row] = from.Floats[row]
			}
		}
	}
}
