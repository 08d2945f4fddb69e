package pages

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

var (
	errRuns  = errors.New("runs of levels or indices break off")
	errIndex = errors.New("an index beyond the dictionary")
)

// slack is how many bytes must be readable after the end of a hybrid's data, because hybrid loads whole words.
const slack = 8

// hybrid reads parquet's mix of run-length encoded and bit-packed integers. data has slack bytes after its end.
type hybrid struct {
	data  []byte
	pos   int // index of the next run
	end   int
	width uint
	pad   int // how many zero bytes may follow the last run

	size   int    // values in the current run
	left   int    // values that are not read yet
	eights bool   // the run has a multiple of eight values, of which up to seven may be padding
	packed bool   // the run is bit-packed, from bit on; otherwise it repeats value
	value  uint64 //
	bit    int    // in data
}

func newHybrid(data []byte, width uint) hybrid {
	return hybrid{data: data, end: len(data) - slack, width: width}
}

// run moves to the next run if the current one has no values left. An empty run is an error: no writer makes one, and other bytes
// that are taken for runs often begin with one.
func (h *hybrid) run() error {
	if h.left > 0 {
		return nil
	}
	head, n := binary.Uvarint(h.data[min(h.pos, h.end):h.end])
	if n <= 0 || head < 2 {
		return errRuns
	}
	h.pos += n
	h.eights = head&1 == 1
	room := h.end - h.pos
	if h.eights && h.width > 0 {
		groups := head >> 1
		whole := uint64(room) / uint64(h.width)
		if groups > whole && !(h.pad > 0 && groups == whole+1) {
			return errRuns
		}
		size := min(int(groups)*int(h.width), room)
		h.packed, h.size, h.bit = true, min(int(groups)*8, size*8/int(h.width)), h.pos*8
		h.left = h.size
		h.pos += size
		if h.size == 0 {
			return errRuns
		}
		return nil
	}
	count, size := head>>1, int(h.width+7)/8
	if h.eights {
		count, size = count*8, 0 // packed to no bits: all are 0
	}
	if size > room || head>>1 > 1<<31 {
		return errRuns
	}
	h.value = 0
	for i, b := range h.data[h.pos : h.pos+size] {
		h.value |= uint64(b) << (8 * i)
	}
	h.packed, h.size, h.left = false, int(count), int(count)
	h.pos += size
	return nil
}

// paddedTo is how many bit-packed integers DuckDB writes at once. It pads the last of these blocks with whatever its memory holds.
const paddedTo = 256

// spent tells whether only padding is left: the format pads bit-packed integers to a multiple of eight, and DuckDB to a whole block.
// Fastparquet pads a full eight with eight more, and writes a run without integers; its older versions do not pad the last eight, which
// [hybrid.run] allows.
func (h *hybrid) spent() bool {
	rest, fill := h.data[h.pos:h.end], 7
	if h.pad > 0 {
		fill = 8
		if h.size == 0 && len(rest) > 0 && rest[0] == 1 {
			rest = rest[1:]
		}
	}
	if h.size == paddedTo {
		fill = paddedTo - 1
	}
	return padding(rest, h.pad) && (h.left == 0 || h.eights && h.left <= fill)
}

// padding tells whether rest is empty, or has at most the given number of bytes, all of them zero.
func padding(rest []byte, most int) bool {
	if len(rest) > most {
		return false
	}
	for _, b := range rest {
		if b != 0 {
			return false
		}
	}
	return true
}

// lookup fills dst with the values of a dictionary at the next indices.
func lookup[T uint32 | uint64](h *hybrid, dst, dict []T) error {
	for len(dst) > 0 {
		if err := h.run(); err != nil {
			return err
		}
		n := min(h.left, len(dst))
		if h.packed {
			if !gather(dst[:n], dict, h.data, h.bit, h.width) {
				return errIndex
			}
			h.bit += n * int(h.width)
		} else {
			if h.value >= uint64(len(dict)) {
				return errIndex
			}
			v := dict[h.value]
			for i := range dst[:n] {
				dst[i] = v
			}
		}
		h.left -= n
		dst = dst[n:]
	}
	return nil
}

// four returns the lowest four indices of a word.
func four(x uint64, width uint, mask uint64) (a, b, c, d uint64) {
	w := width & 63
	return x & mask, x >> w & mask, x >> w >> w & mask, x >> w >> w >> w & mask
}

// gather fills dst with the values of dict at bit-packed indices, whose width is at most 32, from bit on. It returns false if an
// index is outside dict.
func gather[T uint32 | uint64](dst, dict []T, data []byte, bit int, width uint) bool {
	mask := uint64(1)<<(width&63) - 1
	n := uint64(len(dict))
	if width <= 14 { // four and up to seven bits before them fit a word
		for len(dst) >= 4 {
			a, b, c, d := four(binary.LittleEndian.Uint64(data[bit>>3:])>>(bit&7), width, mask)
			if a >= n || b >= n || c >= n || d >= n {
				return false
			}
			dst[0], dst[1], dst[2], dst[3] = dict[a], dict[b], dict[c], dict[d]
			dst = dst[4:]
			bit += 4 * int(width)
		}
	} else if width <= 28 {
		for len(dst) >= 2 {
			x := binary.LittleEndian.Uint64(data[bit>>3:]) >> (bit & 7)
			a := x & mask
			x >>= width & 63
			b := x & mask
			if a >= n || b >= n {
				return false
			}
			dst[0], dst[1] = dict[a], dict[b]
			dst = dst[2:]
			bit += 2 * int(width)
		}
	}
	for i := range dst {
		a := binary.LittleEndian.Uint64(data[bit>>3:]) >> (bit & 7) & mask
		if a >= n {
			return false
		}
		dst[i] = dict[a]
		bit += int(width)
	}
	return true
}

// unpack fills dst with the next indices. All must be below limit, and limit is at most MaxCodes.
func unpack(h *hybrid, dst []uint16, limit int) error {
	for len(dst) > 0 {
		if err := h.run(); err != nil {
			return err
		}
		n := min(h.left, len(dst))
		if h.packed {
			if !unpackRun(dst[:n], h.data, h.bit, h.width, uint64(limit)) {
				return errIndex
			}
			h.bit += n * int(h.width)
		} else {
			if h.value >= uint64(limit) {
				return errIndex
			}
			for i := range dst[:n] {
				dst[i] = uint16(h.value)
			}
		}
		h.left -= n
		dst = dst[n:]
	}
	return nil
}

// unpackRun fills dst with bit-packed indices, whose width is at most 32, from bit on. It tells whether all are below limit.
func unpackRun(dst []uint16, data []byte, bit int, width uint, limit uint64) bool {
	rows := len(dst)
	start := min(rows, unaligned(bit, width))
	most := unpackSome(dst[:start], data, bit, width)
	dst, bit = dst[start:], bit+start*int(width)
	n, largest := unpackMany(dst, data[min(bit>>3, len(data)):], width)
	dst, bit = dst[n:], bit+n*int(width)
	return max(most, largest, unpackSome(dst, data, bit, width)) < limit || rows == 0
}

// unaligned is the number of indices before the next one that begins at a byte boundary. One of eight does.
func unaligned(bit int, width uint) (n int) {
	for ; bit&7 != 0 && n < 8; n++ {
		bit += int(width)
	}
	return n
}

// unpackSome fills dst with bit-packed indices and returns the largest.
func unpackSome(dst []uint16, data []byte, bit int, width uint) (most uint64) {
	mask := uint64(1)<<(width&63) - 1
	if width <= 14 { // four and up to seven bits before them fit a word
		for len(dst) >= 4 {
			a, b, c, d := four(binary.LittleEndian.Uint64(data[bit>>3:])>>(bit&7), width, mask)
			most = max(most, a, b, c, d)
			dst[0], dst[1], dst[2], dst[3] = uint16(a), uint16(b), uint16(c), uint16(d)
			dst = dst[4:]
			bit += 4 * int(width)
		}
	}
	for i := range dst {
		x := binary.LittleEndian.Uint64(data[bit>>3:]) >> (bit & 7) & mask
		dst[i] = uint16(x)
		most = max(most, x)
		bit += int(width)
	}
	return most
}

// setBits sets bits [from, to) of a bitmap.
func setBits(bitmap []byte, from, to int) {
	for ; from < to && from&7 != 0; from++ {
		bitmap[from>>3] |= 1 << (from & 7)
	}
	for ; from+8 <= to; from += 8 {
		bitmap[from>>3] = 0xff
	}
	for ; from < to; from++ {
		bitmap[from>>3] |= 1 << (from & 7)
	}
}

// clearBits clears bits [from, to) of a bitmap.
func clearBits(bitmap []byte, from, to int) {
	for ; from < to && from&7 != 0; from++ {
		bitmap[from>>3] &^= 1 << (from & 7)
	}
	for ; from+8 <= to; from += 8 {
		bitmap[from>>3] = 0
	}
	for ; from < to; from++ {
		bitmap[from>>3] &^= 1 << (from & 7)
	}
}

// copyBits copies n bits of data, from bit on, to bits [at, at+n) of a bitmap. data has slack bytes after its end.
func copyBits(bitmap []byte, at int, data []byte, bit, n int) {
	for ; n > 0 && at&7 != 0; n-- {
		b := data[bit>>3] >> (bit & 7) & 1
		bitmap[at>>3] = bitmap[at>>3]&^(1<<(at&7)) | b<<(at&7)
		at, bit = at+1, bit+1
	}
	for ; n >= 8; n -= 8 {
		bitmap[at>>3] = byte(binary.LittleEndian.Uint16(data[bit>>3:]) >> (bit & 7))
		at, bit = at+8, bit+8
	}
	for ; n > 0; n-- {
		b := data[bit>>3] >> (bit & 7) & 1
		bitmap[at>>3] = bitmap[at>>3]&^(1<<(at&7)) | b<<(at&7)
		at, bit = at+1, bit+1
	}
}

// countBits counts the set bits in [bit, bit+n) of data. data has slack bytes after its end.
func countBits(data []byte, bit, n int) int {
	set := 0
	for n > 0 {
		k := min(n, 56)
		x := binary.LittleEndian.Uint64(data[bit>>3:]) >> (bit & 7) & (1<<k - 1)
		set += bits.OnesCount64(x)
		bit, n = bit+k, n-k
	}
	return set
}
