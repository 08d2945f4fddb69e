package group

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// picked are the rows of a batch that a mask chooses. If most of the chosen rows are in long stretches, picked has the stretches, otherwise it lists the rows.
type picked struct {
	of        int // the rows of the batch
	stretches []stretch
	rows      []int32
}

// stretch is consecutive rows, from the first up to, but without, end.
type stretch struct{ first, end int32 }

// rowsInStretch is the least average number of rows in a stretch and the gap after it.
const rowsInStretch = 16

// choose sets the rows to those of n rows that a mask chooses. The mask must choose at least one row.
func (p *picked) choose(mask []byte, n int) {
	p.of, p.stretches, p.rows = n, p.stretches[:0], p.rows[:0]
	for end := 0; ; {
		first := nextBit(mask, 1, end, n)
		if first == n {
			return
		}
		if len(p.stretches) > n/rowsInStretch {
			p.rows = listOnes(p.rows, mask, n)
			return
		}
		end = nextBit(mask, 0, first, n)
		p.stretches = append(p.stretches, stretch{int32(first), int32(end)})
	}
}

// each calls f for each of the rows, ascending.
func (p *picked) each(f func(row int)) {
	if len(p.rows) > 0 {
		for _, row := range p.rows {
			f(int(row))
		}
		return
	}
	for _, s := range p.stretches {
		for row := s.first; row < s.end; row++ {
			f(int(row))
		}
	}
}

// gather returns the values of n rows: those that are chosen, or all if chosen is nil. A constant has one value for all rows.
func gather[T any](memory *[]T, from []T, constant bool, n int, chosen *picked) []T {
	if chosen == nil && !constant {
		return from[:n]
	}
	*memory = slices.Grow((*memory)[:0], n)[:n]
	out := *memory
	switch {
	case constant:
		for i := range out {
			out[i] = from[0]
		}
	case len(chosen.rows) > 0:
		for i, row := range chosen.rows {
			out[i] = from[row]
		}
	default:
		for _, s := range chosen.stretches {
			out = out[copy(out, from[s.first:s.end]):]
		}
	}
	return *memory
}

// listOnes returns the first n bits of a mask that are 1. It may use memory.
func listOnes(memory []int32, mask []byte, n int) []int32 {
	out := slices.Grow(memory[:0], n)[:n]
	k := 0
	for i := 0; i < n; i += 8 {
		m := mask[i>>3]
		for j := i; j < min(n, i+8); j++ {
			out[k] = int32(j)
			k += int(m & 1)
			m >>= 1
		}
	}
	return out[:k]
}

// nextBit returns the first place, from the place from on, at which a mask has the given bit. It returns n if there is none before n.
func nextBit(mask []byte, bit byte, from, n int) int {
	other := bit - 1 // eight bits that are not the bit
	if from&7 != 0 {
		if rest := (mask[from>>3] ^ other) >> (from & 7); rest != 0 {
			return min(n, from+bits.TrailingZeros8(rest))
		}
		from = from&^7 + 8
	}
	others := uint64(other) * (math.MaxUint64 / math.MaxUint8)
	for ; from < n; from += 8 {
		if len(mask) >= from>>3+8 && binary.LittleEndian.Uint64(mask[from>>3:]) == others {
			from += 56
			continue
		}
		if m := mask[from>>3] ^ other; m != 0 {
			return min(n, from+bits.TrailingZeros8(m))
		}
	}
	return n
}

// ones counts the first n bits of a mask that are 1.
func ones(mask []byte, n int) int {
	if mask == nil {
		return n
	}
	c, whole := 0, n/8
	for len(mask) >= 8 && whole >= 8 {
		c += bits.OnesCount64(binary.LittleEndian.Uint64(mask))
		mask, whole = mask[8:], whole-8
	}
	for _, m := range mask[:whole] {
		c += bits.OnesCount8(m)
	}
	if n%8 > 0 {
		c += bits.OnesCount8(mask[whole] << (8 - n%8))
	}
	return c
}
