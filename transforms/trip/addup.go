package trip

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/eights"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// running is a sum to which columns are still added. Its null rows are 0.
type running struct {
	Column
	begun bool // at least one column with values has been added; until then all rows are null
	wide  bool // a value may be beyond MaxValue, so a further sum may have more than 64 bits
}

// addUp makes a column of the batch that is the sum of several columns of the file. A null adds nothing; the sum is null if all values
// are null. A sum of more than 64 bits is not a number. If no rules are applied, a sum beyond MaxValue is a fault, just like a value
// beyond MaxValue.
func (fn *fieldsFn) addUp(in element.Columns, f Field, sources []source, mem *columnMemory) (Column, error) {
	rows := int(in.Record.NumRows())
	var sum running
	for _, s := range sources {
		a := in.Record.Column(s.index)
		if a.NullN() == rows {
			continue
		}
		if sum.begun && !sum.wide && a.NullN() < rows/8 && s.scale == (element.Scale{}) {
			fn.keepNulls(a, sum.Values)
			done, bad := fn.addOnto(&sum, f, s, a)
			if bad != nil {
				return Column{}, fn.badAt(in, s, a, bad)
			}
			if done {
				fn.restoreNulls(sum.Values)
				fn.unite(&sum, a.NullN(), bitmapOf(a), mem)
				continue
			}
		}
		if err := fn.addConverted(&sum, in, f, s, mem); err != nil {
			return Column{}, err
		}
	}
	if !sum.begun {
		return withNulls(array.NewNull(rows), mem.memory(rows), mem.memory(rows)), nil
	}
	if row := within(sum.Values, -MaxValue*Unit, MaxValue*Unit+1); !fn.Options.Judged && row < rows {
		return Column{}, fault.Inputf("%s: columns %s: found a sum of %.2f, expected %v; leave the file out or repair the values",
			in.Where(row), quotedNames(in.Record, sources), float64(sum.Values[row])/Unit, errMeasure)
	}
	return sum.Column, nil
}

func quotedNames(r arrow.RecordBatch, sources []source) string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = fmt.Sprintf("%q", r.ColumnName(s.index))
	}
	return strings.Join(names, ", ")
}

// kept is a row in which the added column is null, with the sum before the column is added.
type kept struct {
	row int32
	sum int64
}

// keepNulls keeps the sums of the rows in which a is null, because addOnto adds any value there.
func (fn *fieldsFn) keepNulls(a arrow.Array, sums []int64) {
	if fn.kept = fn.kept[:0]; a.NullN() == 0 {
		return
	}
	for at, valid := range bitmapOf(a)[:(len(sums)+7)/8] {
		if valid == 0xff {
			continue
		}
		for i := at * 8; i < min(at*8+8, len(sums)); i++ {
			if valid>>(i&7)&1 == 0 {
				fn.kept = append(fn.kept, kept{int32(i), sums[i]})
			}
		}
	}
}

func (fn *fieldsFn) restoreNulls(sums []int64) {
	for _, k := range fn.kept {
		sums[k.row] = k.sum
	}
}

// unite makes the sum null in the rows in which both the sum was null and the added column is null. valid is the validity bitmap of the
// added column, if it has nulls.
func (fn *fieldsFn) unite(sum *running, nulls int, valid []byte, mem *columnMemory) {
	if sum.Valid == nil || nulls == 0 {
		sum.Valid, sum.Nulls = nil, 0
		return
	}
	n := (len(sum.Values) + 7) / 8
	if len(mem.valid) < n {
		mem.valid = make([]byte, n)
	}
	for i := range n {
		mem.valid[i] = sum.Valid[i] | valid[i]
	}
	sum.Valid = mem.valid[:n]
	if sum.Nulls = len(sum.Values) - sum.Set(0, len(sum.Values)); sum.Nulls == 0 {
		sum.Valid = nil
	}
}

// addOnto adds a column in one pass, without a copy of its values. In rows in which the column is null it may add anything. If it cannot
// add a column of this type, it adds nothing and returns false.
func (fn *fieldsFn) addOnto(sum *running, f Field, s source, a arrow.Array) (done bool, bad *badValue) {
	if Fields[f].Type != Measure {
		return false, nil
	}
	switch a := a.(type) {
	case *array.Float64:
		fn.wide = false
		bad = fn.addDoubles(sum.Values, a)
		sum.wide = fn.wide
		return true, bad
	case *array.Dictionary:
		return fn.addCodes(f, s.number, a, sum.Values, fn.converter(f, s)), nil
	}
	return false, nil
}

// addDoubles adds a column to sums that are not wide.
func (fn *fieldsFn) addDoubles(sums []int64, a *array.Float64) *badValue {
	src := a.Float64Values()
	sums = sums[:len(src)]
	for done := 0; done < len(src); { // the hot loop: AddMillionthsMany adds nearly every value
		done += eights.AddMillionthsMany(sums[done:], src[done:])
		for end := min(done+8, len(src)); done < end; done++ {
			x, certain := eights.Millionths(src[done])
			if !certain {
				var ok bool
				if x, ok = fn.uncertain(a, done, src[done]); !ok {
					return &badValue{done, errMeasure}
				}
			}
			sums[done] += x // the sum is not wide, so the result has at most 64 bits even if x is wide
		}
	}
	return nil
}

// addConverted converts a column and adds its values.
func (fn *fieldsFn) addConverted(sum *running, in element.Columns, f Field, s source, mem *columnMemory) error {
	own := mem
	if sum.begun {
		own = &fn.addend
	}
	fn.wide = false
	c, err := fn.convert(in, f, s, own)
	if err != nil {
		return err
	}
	if s.scale != (element.Scale{}) {
		fn.rescale(&c, s.scale)
		fn.wide = true
	}
	if !sum.begun {
		if values := mem.memory(len(c.Values)); len(values) > 0 && &values[0] != &c.Values[0] { // the values are in memory of the file
			copy(values, c.Values)
			c.Values = values
		}
		*sum = running{Column: c, begun: true, wide: fn.wide}
		return nil
	}
	sum.wide = sum.wide || fn.wide
	for i, v := range sum.Values {
		total := v + c.Values[i]
		if sum.wide && overflowed(v, c.Values[i], total) {
			fn.bad = append(fn.bad, int32(i))
			total = 0
		}
		sum.Values[i] = total
	}
	fn.unite(sum, c.Nulls, c.Valid, mem)
	return nil
}

// overflowed tells whether a + b needs more than 64 bits. sum is a + b computed in 64 bits.
func overflowed(a, b, sum int64) bool { return (a^sum)&(b^sum) < 0 }

// addCodes adds the values of a to sums that are not wide. If the caller must convert a instead, it adds nothing and returns false.
func (fn *fieldsFn) addCodes(f Field, source int, a *array.Dictionary, sums []int64, to converter) bool {
	codes, t := fn.tabulated(f, source, a, to)
	if t == nil || t.wide {
		return false
	}
	addCoded(sums, t.values, codes)
	return true
}

// addCoded adds the values of table at codes.
func addCoded(sums []int64, table *[1 << 16]int64, codes []uint16) {
	sums = sums[:len(codes)]
	n := len(codes) &^ 7
	for i := 0; i < n; i += 8 { // one bounds check for eight codes
		s, c := (*[8]int64)(sums[i:]), (*[8]uint16)(codes[i:])
		s[0] += table[c[0]]
		s[1] += table[c[1]]
		s[2] += table[c[2]]
		s[3] += table[c[3]]
		s[4] += table[c[4]]
		s[5] += table[c[5]]
		s[6] += table[c[6]]
		s[7] += table[c[7]]
	}
	for i, c := range codes[n:] {
		sums[n+i] += table[c]
	}
}
