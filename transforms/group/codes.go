package group

import (
	"math/big"
	"runtime"
	"slices"

	"tripstats/transforms/compute"
	"tripstats/transforms/eights"
	"tripstats/transforms/query"
)

// mostSpan is the largest span of values that are looked up in a table to get their codes.
const mostSpan = 1 << 16

// codes numbers the values of a key. NULL is 0.
type codes struct {
	t      query.Type
	texts  *texts
	count  int              // codes, NULL's too
	values []int64          // by code less 1: as intsOf makes them
	wide   map[int]*big.Int // those of more than 64 bits, by code

	// The codes from 1 to ordered stand for consecutive values: first, first + 1 and so on. The code of such a value is computed, not looked up.
	ordered uint32
	first   int64

	base   int64
	table  []uint32 // by value less base: the code, 0 if there is none
	hash   numbers  // if the values span too much for a table
	hashed bool
	wides  map[string]int

	memory  []int64
	ofTexts []uint32 // by text of a vector: its code; 0 if it has not occurred
}

func (c *codes) reset() {
	c.texts.forget()
	c.ordered = 0
	c.count, c.values, c.wide, c.wides = 1, c.values[:0], nil, nil
	c.table, c.hashed = c.table[:0], false
	c.hash.reset()
}

func (c *codes) bytes() int64 {
	return int64(cap(c.values)+cap(c.memory))*8 + int64(cap(c.table))*4 + c.hash.bytes() + int64(len(c.wide))*250 + c.texts.bytes()
}

// of sets out to the codes of the first n rows of a vector.
func (c *codes) of(v *compute.Vector, out *coded, n int) {
	out.runs = out.runs[:0]
	switch {
	case v.Const:
		code := make([]uint32, 1)
		c.each(v, code)
		out.runs = append(out.runs, codeRun{code[0], n})
	case v.Type.Kind == query.Null:
		out.runs = append(out.runs, codeRun{0, n})
	case v.Wide != nil || v.Valid != nil:
		list := out.room(n)
		c.each(v, list)
		for from, ends := 0, endsOf(list, &out.ends); len(ends) > 0; ends = ends[1:] {
			out.runs = append(out.runs, codeRun{list[from], ends[0]})
			from = ends[0]
		}
	case v.Texts != nil && v.Texts.Len() < n/4:
		known := c.texts.codesOf(v.Texts)
		ends := endsOf(v.Ints[:n], &out.ends)
		if len(ends) == 0 {
			c.listTexts(v.Ints[:n], known, out.room(n))
		}
		for from := 0; len(ends) > 0; ends = ends[1:] {
			out.runs = append(out.runs, codeRun{c.code(known[v.Ints[from]]), ends[0]})
			from = ends[0]
		}
	default:
		ints := intsOf(v, n, c.texts, &c.memory)
		ends := endsOf(ints, &out.ends)
		if len(ends) == 0 {
			c.list(ints, out.room(n))
		}
		for from := 0; len(ends) > 0; ends = ends[1:] {
			out.runs = append(out.runs, codeRun{c.code(ints[from]), ends[0]})
			from = ends[0]
		}
	}
	out.count, out.bytes = c.count, c.bytes()
}

// each sets out to the codes of rows. Some of the values may be NULL.
func (c *codes) each(v *compute.Vector, out []uint32) {
	if v.Wide != nil {
		for i := range out {
			out[i] = c.wideCode(v, i)
		}
		return
	}
	for i, x := range intsOf(v, len(out), c.texts, &c.memory) {
		if out[i] = 0; v.Type.Kind != query.Null && !v.IsNull(i) {
			out[i] = c.code(x)
		}
	}
}

// listTexts sets out to the codes of texts. There are few different texts, and known has a value for each.
func (c *codes) listTexts(texts, known []int64, out []uint32) {
	c.ofTexts = slices.Grow(c.ofTexts[:0], len(known))[:len(known)]
	of := c.ofTexts
	clear(of)
	for i, x := range texts {
		if of[x] == 0 {
			of[x] = c.code(known[x])
		}
		out[i] = of[x]
	}
}

// list sets out to the codes of values that are not NULL.
func (c *codes) list(ints []int64, out []uint32) {
	if c.hashed {
		for i, x := range ints {
			out[i] = c.code(x)
		}
		return
	}
	if c.count == 1 && len(ints) >= mostOrdered {
		c.order(ints)
	}
	for len(ints) > 0 {
		n := eights.OrdinalsMany(out, ints, c.first, c.ordered)
		ints, out = ints[n:], out[n:]
		n = min(len(ints), lookedUp)
		for i, x := range ints[:n] {
			code := uint32(0)
			if at := uint64(x - c.base); at < uint64(len(c.table)) {
				code = c.table[at]
			}
			if code == 0 {
				code = c.code(x)
			}
			out[i] = code
		}
		ints, out = ints[n:], out[n:]
	}
}

const (
	// mostOrdered is the largest number of consecutive values that get codes at once.
	mostOrdered = 1 << 9
	// lookedUp is how many values are looked up if one of the next eight is not ordered. Values that are not ordered often come together.
	lookedUp = 1 << 6
)

// order gives codes to all numbers from the least to the largest of ints, in their order. It does nothing if these are more than mostOrdered, or if fewer
// than half of them occur. There must be no codes yet.
func (c *codes) order(ints []int64) {
	low, high := eights.Least(ints[0], ints), eights.Most(ints[0], ints)
	if uint64(high)-uint64(low) >= mostOrdered {
		return
	}
	var seen [mostOrdered]bool
	different := int64(0)
	for _, x := range ints {
		if s := &seen[(x-low)%mostOrdered]; !*s {
			*s = true
			different++
		}
	}
	if count := high - low + 1; different >= count/2 {
		c.first, c.ordered = low, uint32(count)
		for i := range count {
			c.add(low + i)
		}
		c.widen(high)
	}
}

// code returns the code of a value, a new one if it has none.
func (c *codes) code(x int64) uint32 {
	if !c.hashed {
		if at := uint64(x - c.base); at < uint64(len(c.table)) {
			if c.table[at] == 0 {
				c.table[at] = c.add(x)
			}
			return c.table[at]
		}
		if c.widen(x) {
			return c.code(x)
		}
	}
	code, known := c.hash.find(uint64(x))
	if !known {
		code = c.add(x)
		c.hash.put(uint64(x), code)
	}
	return code
}

func (c *codes) add(x int64) uint32 {
	c.values = append(c.values, x)
	c.count++
	return uint32(c.count - 1)
}

// widen makes a table that has a place for a value. If the table would be too large, it turns to hashing and returns false.
func (c *codes) widen(x int64) bool {
	low, high := x, x
	for i, v := range c.values {
		if c.wide[i+1] == nil {
			low, high = min(low, v), max(high, v)
		}
	}
	span := uint64(high) - uint64(low)
	if span >= mostSpan {
		c.hashed = true
		for i, v := range c.values {
			if c.wide[i+1] == nil {
				c.hash.put(uint64(v), uint32(i+1))
			}
		}
		return false
	}
	slack := int64(min(mostSpan-1-span, span/2+8))
	if low > -1<<62 {
		low -= slack / 2
	}
	c.base = low
	n := int(span) + 1 + int(slack)
	c.table = slices.Grow(c.table[:0], n)[:n]
	clear(c.table)
	for i, v := range c.values {
		if c.wide[i+1] == nil {
			c.table[v-low] = uint32(i + 1)
		}
	}
	return true
}

// wideCode is the code of a value of a vector with values of more than 64 bits.
func (c *codes) wideCode(v *compute.Vector, i int) uint32 {
	switch {
	case v.IsNull(i):
		return 0
	case v.Wide[i].IsInt64():
		return c.code(v.Wide[i].Int64())
	}
	name := string(v.Wide[i].Append(nil, 62))
	code, known := c.wides[name]
	if !known {
		if c.wides == nil {
			c.wides, c.wide = map[string]int{}, map[int]*big.Int{}
		}
		code = int(c.add(0))
		c.wides[name], c.wide[code] = code, new(big.Int).Set(v.Wide[i])
	}
	return uint32(code)
}

// written returns each code's value as keys have it.
func (c *codes) written() [][]byte {
	all := make([][]byte, c.count)
	all[0] = []byte{absent}
	for i, v := range c.values {
		if b := c.wide[i+1]; b != nil {
			all[i+1] = appendBig(nil, b)
		} else {
			all[i+1] = appendNumber(nil, classOf(c.t), v, c.texts)
		}
	}
	return all
}

// intsOf returns the values of n rows as numbers: those of doubles by floatOrder, texts by their codes in t. The vector is not Wide.
func intsOf(v *compute.Vector, n int, t *texts, memory *[]int64) []int64 {
	if v.Ints != nil && v.Texts == nil {
		return v.Ints[:n]
	}
	*memory = slices.Grow((*memory)[:0], n)
	out := (*memory)[:n]
	switch {
	case v.Texts != nil:
		codes := t.codesOf(v.Texts)
		for i, x := range v.Ints[:n] {
			if uint64(x) < uint64(len(codes)) {
				out[i] = codes[x]
			} else { // the row is null
				out[i] = 0
			}
		}
	case v.Floats != nil:
		for i, x := range v.Floats[:n] {
			out[i] = floatOrder(x)
		}
	case v.Bits != nil:
		for i := range out {
			out[i] = int64(v.Bits[i>>3] >> (i & 7) & 1)
		}
	default:
		clear(out)
	}
	return out
}

// appendNumber writes a value that intsOf made.
func appendNumber(b []byte, c class, v int64, t *texts) []byte {
	switch c {
	case double:
		return appendDouble(b, orderFloat(v))
	case text:
		return appendText(b, t.list[v])
	}
	return appendInt(b, v)
}

// texts numbers the texts of all vectors of an adder.
type texts struct {
	list  []string
	codes map[string]int64
	size  int64

	known []knownTexts // of the last vectors; programs in different places have texts of their own
}

// knownTexts are the codes of the texts of vectors.
type knownTexts struct {
	of    *compute.Texts
	codes []int64 // by the number of a text in of
}

// mostKnown is for how many different texts of vectors codes are kept.
func mostKnown() int { return 1 + runtime.GOMAXPROCS(0) }

// mostTextBytes is what texts that no group needs may take.
const mostTextBytes = 1 << 20

// forget is called when no group is left: texts that are different in every trip would grow from source to source. A few texts, such as names
// of zones, are kept, because the next source has them too.
func (t *texts) forget() {
	if t.size > mostTextBytes {
		*t = texts{}
	}
}

// codesOf returns the codes of the texts of a vector. A code of the same compute.Texts always means the same text.
func (t *texts) codesOf(v *compute.Texts) []int64 {
	if t.codes == nil {
		t.codes = map[string]int64{}
	}
	at := slices.IndexFunc(t.known, func(k knownTexts) bool { return k.of == v })
	if at < 0 {
		if len(t.known) >= mostKnown() {
			t.known = slices.Delete(t.known, 0, 1)
		}
		at = len(t.known)
		t.known = append(t.known, knownTexts{of: v})
	}
	known := &t.known[at]
	for i := len(known.codes); i < v.Len(); i++ {
		s := v.Of(int64(i))
		code, seen := t.codes[s]
		if !seen {
			code = int64(len(t.list))
			t.list, t.codes[s] = append(t.list, s), code
			t.size += int64(len(s)) + 64
		}
		known.codes = append(known.codes, code)
	}
	return known.codes
}

// bytes counts the codes of only one place, so that the memory that a table is said to take does not depend on the number of places.
func (t *texts) bytes() int64 {
	most := 0
	for _, k := range t.known {
		most = max(most, cap(k.codes))
	}
	return t.size + int64(most)*8
}
