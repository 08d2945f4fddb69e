package csvio

import (
	"encoding/binary"
	"math/bits"
)

// marks says where the commas and line ends of some whole lines are.
type marks struct {
	at     []int32 // the places of commas and line ends, ascending, after a first element of -1
	ends   []int32 // the indices in at of line ends
	quotes bool    // there are quotes in the lines

	bits []uint64 // memory
}

// marked is how many bytes of text are marked at once: one bit for each in a 64-bit word.
const marked = 64

// of sets m to the marks of text. slack bytes after text may be read.
func (m *marks) of(text []byte) {
	blocks := (len(text) + marked - 1) / marked
	if len(m.bits) < 2*blocks {
		m.bits = make([]uint64, 2*blocks)
	}
	if room := blocks*marked + 17; len(m.at) < room {
		m.at = make([]int32, room)
	}
	m.ends = m.ends[:0]
	m.at[0] = -1
	n := 1
	padded := text[:blocks*marked]
	rest := len(text) - (blocks-1)*marked // the length of the last block
	quotes := maskMany(padded, m.bits)
	for i := range blocks {
		both, ends := m.bits[2*i], m.bits[2*i+1]
		if i == blocks-1 && rest < marked {
			both, ends = both&(1<<rest-1), ends&(1<<rest-1)
		}
		base := int32(i * marked)
		for e := ends; e != 0; e &= e - 1 {
			m.ends = append(m.ends, int32(n+bits.OnesCount64(both&(e&-e-1))))
		}
		count := bits.OnesCount64(both)
		out := m.at[n:]
		for len(out) >= 8 && both != 0 { // eight at a time, because the number in a block cannot be predicted
			o := (*[8]int32)(out)
			o[0] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[1] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[2] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[3] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[4] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[5] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[6] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			o[7] = base + int32(bits.TrailingZeros64(both))
			both &= both - 1
			out = out[8:]
		}
		n += count
	}
	m.quotes = quotes
}

// mask sets two words of out for each 64 bytes of text. The first word has a bit for each comma and each line end, the second for each
// line end. mask tells whether text has quotes.
func mask(text []byte, out []uint64) (quotes bool) {
	any := uint64(0)
	for i := 0; len(text) >= marked; i += 2 {
		both, ends := uint64(0), uint64(0)
		for k := 0; k < marked; k += 8 {
			w := binary.LittleEndian.Uint64(text[k:])
			e := equal(w, '\n')
			ends |= gather(e) << k
			both |= gather(e|equal(w, ',')) << k
			any |= equal(w, '"')
		}
		out[i], out[i+1] = both, ends
		text = text[marked:]
	}
	return any != 0
}

const (
	eachByte = 0x0101010101010101
	low7     = 0x7f * eachByte
)

// equal returns a word with the highest bit set in each byte that is c in w.
func equal(w uint64, c byte) uint64 {
	x := w ^ uint64(c)*eachByte
	return ^((x&low7 + low7) | x | low7)
}

// gather collects the highest bits of the bytes of w.
func gather(w uint64) uint64 { return w >> 7 * 0x0102040810204080 >> 56 }
