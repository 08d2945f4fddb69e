package trip

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// codedValues converts columns that come as codes of a dictionary. It converts the dictionary once and looks up each row.
type codedValues struct {
	dictionary arrow.ArrayData // the last one; kept, so that no other dictionary gets its address
	wide       bool            // a value is beyond MaxValue
	clean      bool            // all its values can be represented, and none stands for nothing
	table      *[1 << 16]int64 // by code
}

// convert fills dst, which has a's length. It returns false if a value of the dictionary cannot be represented or stands for null. The
// caller must then convert row by row, because it may be that no row has the value. Null rows get any value.
func (c *codedValues) convert(fn *fieldsFn, a *array.Dictionary, dst []int64, to converter) bool {
	codes, ok := c.tabulated(fn, a, to)
	if ok {
		fn.wide = c.wide
		lookUp(dst, c.table, codes)
	}
	return ok
}

// tabulated returns a's codes once the table is that of its dictionary. It returns false as convert does.
func (c *codedValues) tabulated(fn *fieldsFn, a *array.Dictionary, to converter) ([]uint16, bool) {
	codes, ok := a.Indices().(*array.Uint16)
	if !ok {
		return nil, false
	}
	if d := a.Data().Dictionary(); d != c.dictionary {
		fn.wide = false
		c.dictionary, c.clean = d, c.tabulate(fn, a.Dictionary(), to)
		c.wide = fn.wide
	}
	return codes.Uint16Values(), c.clean
}

// lookUp fills dst with the values of table at codes.
func lookUp(dst []int64, table *[1 << 16]int64, codes []uint16) {
	dst = dst[:len(codes)]
	n := len(codes) &^ 7
	for i := 0; i < n; i += 8 { // one bounds check for eight codes
		d, c := (*[8]int64)(dst[i:]), (*[8]uint16)(codes[i:])
		d[0], d[1], d[2], d[3] = table[c[0]], table[c[1]], table[c[2]], table[c[3]]
		d[4], d[5], d[6], d[7] = table[c[4]], table[c[5]], table[c[6]], table[c[7]]
	}
	for i, c := range codes[n:] {
		dst[n+i] = table[c]
	}
}

// tabulate makes the table for a dictionary.
func (c *codedValues) tabulate(fn *fieldsFn, dictionary arrow.Array, to converter) bool {
	if c.table == nil {
		c.table = new([1 << 16]int64)
	}
	n := dictionary.Len()
	if n > len(c.table) || dictionary.NullN() > 0 {
		return false
	}
	before := len(fn.bad)
	fn.blank = fn.blank[:0]
	values, bad := to(dictionary, c.table[:n])
	if bad != nil || len(fn.bad) > before || len(fn.blank) > 0 {
		fn.bad = fn.bad[:before]
		return false
	}
	copy(c.table[:n], values) // of some types they are the dictionary's own memory
	return true
}
