package inflate

import "math/bits"

// A table of a Huffman code is looked up with the next bits of input, as many as its first level has. An entry:
//
//	bit  31     literal: its value is in bits 16 to 23
//	bit  15     exceptional: end of block, or a table of the second level, or no code at all
//	bit  14     of an exceptional one: a second level; bits 16 to 30 say where, bits 8 to 13 how many bits it has
//	bit  13     of an exceptional one: end of block
//	bits 16-30  else: the base of a length or distance
//	bits 8-12   else: bits of the code word alone
//	bits 0-5    how many bits to consume, those that follow the code word included
const (
	litBits  = 11
	distBits = 8
	preBits  = 7

	// The most entries that a code of so many symbols, with words of 15 bits at most, can need over both levels
	// (zlib's program enough computes them): 286 and 288 symbols over 11 bits, 30 and 32 over 8.
	litTable  = 2342
	distTable = 402

	maxLit  = 288
	maxDist = 32
	maxWord = 15

	litSize  = 1 << litBits
	distSize = 1 << distBits

	literal     = 1 << 31
	exceptional = 1 << 15
	secondLevel = 1 << 14
	endOfBlock  = 1 << 13
)

// Lengths and distances: base and bits that follow, RFC 1951, 3.2.5. Symbols that no valid stream uses stay 0.
var (
	lengthEntries = [maxLit]uint32{}
	distEntries   = [maxDist]uint32{}
	preEntries    = [19]uint32{}

	// preOrder is the order in which the lengths of the code for code lengths are written.
	preOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

func init() {
	for i := range 256 {
		lengthEntries[i] = literal | uint32(i)<<16
	}
	lengthEntries[256] = exceptional | endOfBlock
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(i/4-1, 0))
		lengthEntries[257+i] = base<<16 | extra
		base += 1 << extra
	}
	lengthEntries[285] = 258 << 16
	lengthEntries[286], lengthEntries[287] = exceptional, exceptional
	base = 1
	for i := range 30 {
		extra := uint32(max(i/2-1, 0))
		distEntries[i] = base<<16 | extra
		base += 1 << extra
	}
	distEntries[30], distEntries[31] = exceptional, exceptional
	for i := range preEntries {
		preEntries[i] = uint32(i) << 16
	}
}

// build makes the table of the canonical code whose words have the given lengths, 0 for symbols that have none, and
// tells whether there is such a code. As in zlib and Go's compress/flate, a code without words passes, and one with a single word
// of one bit; no other may leave words unused.
func (d *Decoder) build(table []uint32, tableBits int, lens []uint8, entries []uint32) bool {
	var count [maxWord + 1]int
	for _, n := range lens {
		count[n]++
	}
	count[0] = 0
	longest, used := 0, 0 // used of the 1<<maxWord words of that length
	for n := 1; n <= maxWord; n++ {
		used += count[n] << (maxWord - n)
		if count[n] > 0 {
			longest = n
		}
	}
	if used != 1<<maxWord && (used != 0 && (longest != 1 || count[1] != 1)) {
		return false
	}

	// Symbols in the order of their words.
	var at [maxWord + 2]int
	for n := 1; n <= maxWord; n++ {
		at[n+1] = at[n] + count[n]
	}
	symbols := d.sorted[:at[maxWord+1]]
	for s, n := range lens {
		if n > 0 {
			symbols[at[n]] = uint16(s)
			at[n]++
		}
	}

	first := table[:1<<tableBits]
	if used != 1<<maxWord { // none or one word: all others are no code
		for i := range first {
			first[i] = exceptional
		}
		if used != 0 {
			for i := 0; i < len(first); i += 2 {
				first[i] = entryOf(entries[symbols[0]], 1)
			}
		}
		return true
	}

	// word is the next code word, first bit lowest, as input is read. As long as words are shorter than the table is
	// wide, the table so far is doubled with every bit.
	word, next := 0, 0
	for n := 1; n <= tableBits; n++ {
		if n > 1 {
			copy(first[1<<(n-1):1<<n], first[:1<<(n-1)])
		}
		for range count[n] {
			first[word] = entryOf(entries[symbols[next]], n)
			next++
			word = following(word, n)
		}
	}
	free, prefix, start, sub := 1<<tableBits, -1, 0, 0
	for n := tableBits + 1; n <= longest; n++ {
		for left := count[n]; left > 0; left-- {
			if low := word & (1<<tableBits - 1); low != prefix {
				// As many bits as the words with this prefix need: those of this length alone, or of longer ones too.
				prefix, start, sub = low, free, n-tableBits
				for room := 1<<sub - left; room > 0 && sub+tableBits < longest; {
					sub++
					room = room<<1 - count[tableBits+sub]
				}
				free += 1 << sub
				if free > len(table) {
					return false // cannot be: the sizes are the most there can be
				}
				table[low] = exceptional | secondLevel | uint32(start)<<16 | uint32(sub)<<8 | uint32(tableBits)
			}
			e := entryOf(entries[symbols[next]], n-tableBits)
			next++
			for i := word >> tableBits; i < 1<<sub; i += 1 << (n - tableBits) {
				table[start+i] = e
			}
			word = following(word, n)
		}
	}
	return true
}

// entryOf is the entry of a symbol whose word has n bits at this level. What may follow the word adds to the bits to
// consume.
func entryOf(symbol uint32, n int) uint32 {
	if symbol&(literal|exceptional) != 0 {
		return symbol | uint32(n)
	}
	return symbol + uint32(n)<<8 + uint32(n)
}

// following is the code word after one of n bits, both with their first bit lowest: n bits of 1 have none, and give 0.
func following(word, n int) int {
	rest := word ^ (1<<n - 1)
	if rest == 0 {
		return 0
	}
	bit := 1 << (bits.Len(uint(rest)) - 1)
	return word&(bit-1) | bit
}
