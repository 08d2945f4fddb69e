package compute

func init() {
	builders["and"] = func(*invocation) kernel { return chain(false) }
	builders["or"] = func(*invocation) kernel { return chain(true) }
	builders["not"] = strict(func(*invocation) kernel { return not })
	builders["is null"] = func(*invocation) kernel { return isNull }
}

func not(out *register, in []*register) bool {
	to := out.makeBits()
	for i, v := range in[0].Bits[:len(to)] {
		to[i] = ^v
	}
	return true
}

func isNull(out *register, in []*register) bool {
	to := out.makeBits()
	if in[0].Const { // a column may turn out to be null in all rows
		fillBits(to, in[0].IsNull(0))
		return true
	}
	if in[0].Valid == nil {
		clear(to)
		return true
	}
	for i, v := range in[0].Valid[:len(to)] {
		to[i] = ^v
	}
	return true
}

func fillBits(to []byte, bit bool) {
	b := byte(0)
	if bit {
		b = 0xff
	}
	for i := range to {
		to[i] = b
	}
}

// flags returns eight rows of a boolean: which are true, and which are not null.
func (r *register) flags(i int) (bits, valid byte) {
	if r.Const {
		i = 0
		bits, valid = -(r.Bits[0] & 1), 0xff
		if r.Valid != nil {
			valid = -(r.Valid[0] & 1)
		}
		return bits & valid, valid
	}
	bits, valid = r.Bits[i], 0xff
	if r.Valid != nil {
		valid = r.Valid[i]
	}
	return bits & valid, valid
}

// chain is AND, or OR, in which one operand decides if it has a value, however many others are NULL: false decides AND, true decides OR.
func chain(decides bool) kernel {
	flip := byte(0xff)
	if decides {
		flip = 0
	}
	return func(out *register, in []*register) bool {
		to := out.makeBits()
		nulls := false
		for _, a := range in {
			nulls = nulls || a.Valid != nil
		}
		if !nulls {
			chainOfValues(to, in, decides)
			return true
		}
		valid := out.makeValid()
		for i := range to {
			decided, known := byte(0), byte(0xff)
			for _, a := range in {
				bits, v := a.flags(i)
				decided |= (bits ^ flip) & v
				known &= v
			}
			to[i] = decided ^ flip
			valid[i] = decided | known
		}
		return true
	}
}

// chainOfValues is chain of operands that are nowhere NULL.
func chainOfValues(to []byte, in []*register, decides bool) {
	fillBits(to, !decides)
	for _, a := range in {
		switch {
		case a.Const:
			if a.Bits[0]&1 == 1 == decides {
				fillBits(to, decides)
				return
			}
		case decides:
			for i, v := range a.Bits[:len(to)] {
				to[i] |= v
			}
		default:
			for i, v := range a.Bits[:len(to)] {
				to[i] &= v
			}
		}
	}
}
