package pages

// output is where rows go: into codes, or into values if codes is nil.
type output[T uint32 | uint64] struct {
	values []T
	codes  []uint16
}

// clear sets rows [at, at+n) to 0.
func (o output[T]) clear(at, n int) {
	if o.codes != nil {
		clear(o.codes[at : at+n])
		return
	}
	clear(o.values[at : at+n])
}

// spread makes gaps for nulls. The values lie without gaps from row at on; they move to those of the n rows whose bits are set in
// data, from bit on. The other rows become 0.
func (o output[T]) spread(at, n, set int, data []byte, bit int) {
	if o.codes != nil {
		spread(o.codes[at:at+n], set, data, bit)
		return
	}
	spread(o.values[at:at+n], set, data, bit)
}

func spread[V uint16 | uint32 | uint64](rows []V, set int, data []byte, bit int) {
	// From the end, so that nothing is overwritten before it is moved.
	for i, from := len(rows)-1, set-1; i >= 0; i-- {
		if data[(bit+i)>>3]>>((bit+i)&7)&1 == 1 {
			rows[i] = rows[from]
			from--
		} else {
			rows[i] = 0
		}
	}
}

// decode sets rows to the values of their codes, nulls to 0.
func decode[T uint32 | uint64](rows, dict []T, codes []uint16, nulls int, valid []byte) {
	for i, c := range codes {
		switch {
		case nulls > 0 && valid[i>>3]>>(i&7)&1 == 0:
			rows[i] = 0
		default:
			rows[i] = dict[c]
		}
	}
}
