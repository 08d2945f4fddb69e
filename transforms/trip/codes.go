package trip

import (
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// codeTable has the values of a dictionary by code. The dictionary is converted once, by the first batch that needs it.
type codeTable struct {
	dictionary arrow.ArrayData // kept, so that no other dictionary gets its address
	last       int64           // the last list with a batch that has it

	once   sync.Once
	wide   bool            // a value is beyond MaxValue
	clean  bool            // all its values can be represented, and none stands for nothing
	values *[1 << 16]int64 // by code
}

// lookUpCodes fills dst, which has a's length. It returns false if a value of the dictionary cannot be represented or stands for null. The
// caller must then convert row by row, because it may be that no row has the value. Null rows get any value.
func (fn *fieldsFn) lookUpCodes(f Field, source int, a *array.Dictionary, dst []int64, to converter) bool {
	codes, t := fn.tabulated(f, source, a, to)
	if t == nil {
		return false
	}
	fn.wide = t.wide
	lookUp(dst, t.values, codes)
	return true
}

// tabulated returns a's codes and the table of its dictionary. It returns no table where lookUpCodes returns false.
func (fn *fieldsFn) tabulated(f Field, source int, a *array.Dictionary, to converter) ([]uint16, *codeTable) {
	codes, ok := a.Indices().(*array.Uint16)
	if !ok {
		return nil, nil
	}
	t := fn.common().table(f, source, a.Data().Dictionary())
	t.once.Do(func() {
		fn.wide = false
		t.clean = t.tabulate(fn, a.Dictionary(), to)
		t.wide = fn.wide
	})
	if !t.clean {
		return nil, nil
	}
	return codes.Uint16Values(), t
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
func (c *codeTable) tabulate(fn *fieldsFn, dictionary arrow.Array, to converter) bool {
	if c.values == nil {
		c.values = new([1 << 16]int64)
	}
	n := dictionary.Len()
	if n > len(c.values) || dictionary.NullN() > 0 {
		return false
	}
	before := len(fn.bad)
	fn.blank = fn.blank[:0]
	values, bad := to(dictionary, c.values[:n])
	if bad != nil || len(fn.bad) > before || len(fn.blank) > 0 {
		fn.bad = fn.bad[:before]
		return false
	}
	copy(c.values[:n], values) // of some types they are the dictionary's own memory
	return true
}
