package compute

import (
	"tripstats/transforms/eights"
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
	c.mask = sized(c.mask, out.Rows)
	out.copy(in[last], nulls)
	for i := last - 2; i >= 0; i -= 2 {
		out.overlay(in[i].isTrue(c.mask), in[i+1])
	}
	return true
}

// isTrue returns a bitmap of the rows in which a boolean is true. It is made in memory if the register has no such bitmap.
func (r *register) isTrue(memory []byte) []byte {
	if !r.Const && r.Valid == nil {
		return r.Bits
	}
	for i := range memory {
		memory[i], _ = r.flags(i)
	}
	return memory
}

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
	if same {
		fill(to, from[0])
		return
	}
	copy(to, from)
}

// fill sets all elements to v.
func fill[T int64 | float64](to []T, v T) {
	const block = 64
	for i := range to[:min(block, len(to))] {
		to[i] = v
	}
	for i := block; i < len(to); i += block {
		copy(to[i:], to[:block])
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
		if from.Const {
			overlayConst(r.Floats, mask, from.Floats[0])
		} else {
			overlay(r.Floats, mask, from.Floats)
		}
	case query.Null:
	default:
		if from.Const {
			overlayConst(r.Ints, mask, from.Ints[0])
		} else {
			overlay(r.Ints, mask, from.Ints)
		}
	}
}

func overlay[T int64 | float64](to []T, mask []byte, from []T) {
	n := eights.ChooseMany(to, mask, from)
	for i := n; i < len(to); i++ {
		if mask[i>>3]>>(i&7)&1 != 0 {
			to[i] = from[i]
		}
	}
}

func overlayConst[T int64 | float64](to []T, mask []byte, c T) {
	n := eights.ChooseConstMany(to, mask, c)
	for i := n; i < len(to); i++ {
		if mask[i>>3]>>(i&7)&1 != 0 {
			to[i] = c
		}
	}
}
