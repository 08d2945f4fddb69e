package compute

import (
	"slices"

	"tripstats/transforms/query"
)

func init() {
	builders["in"] = buildIn
}

// The most values that IN compares with one after the other, and the widest range of values for which it has a table.
const (
	fewValues = 3
	tableSpan = 1 << 14
)

// buildIn is x = a OR x = b ...; of many integers it looks the values up.
func buildIn(b *invocation) kernel {
	var values []int64
	hasNull, all := false, b.args[0].Type.Kind != query.Boolean && !b.args[0].isConst
	for _, a := range b.args[1:] {
		if a.expr.Op == query.Literal && a.expr.Value.IsNull {
			hasNull = true
		} else if v, ok := integers(a); ok {
			values = append(values, v...)
		} else if a.expr.Op == query.Literal && a.Type.Kind == query.Varchar {
			values = append(values, a.Ints[0])
		} else {
			all = false
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if !all || len(values) == 0 || len(values) <= fewValues && !hasNull {
		return b.asEqualities()
	}
	b.args = b.args[:1]
	find := finder(values)
	return strict(func(*invocation) kernel {
		return func(out *register, in []*register) bool {
			to := out.makeBits()
			find(to, in[0].Ints[:out.Rows])
			if !hasNull {
				return true
			}
			// What is not found is NULL.
			before := out.Valid
			after := out.makeValid()
			for i := range after {
				v := to[i]
				if before != nil {
					v &= before[i]
				}
				after[i] = v
			}
			return true
		}
	})(b)
}

func (b *invocation) asEqualities() kernel {
	var equal []*node
	for _, a := range b.args[1:] {
		equal = append(equal, b.function("=", b.args[0], a))
	}
	if len(equal) == 1 {
		equal = append(equal, equal[0])
	}
	return b.as("or", equal...)
}

// finder returns what sets the bits of the rows that have one of the values, which are ascending.
func finder(values []int64) func(to []byte, a []int64) {
	low := values[0]
	span := uint64(values[len(values)-1]) - uint64(low)
	if span >= tableSpan {
		return func(to []byte, a []int64) {
			rows(to, len(a), func(i int) bool {
				_, found := slices.BinarySearch(values, a[i])
				return found
			})
		}
	}
	table := make([]byte, span+2) // the last is for all values beyond
	for _, v := range values {
		table[v-low] = 1
	}
	return func(to []byte, a []int64) {
		last := uint64(len(table) - 1)
		for len(a) >= 8 {
			var b uint64
			for _, v := range (*[8]int64)(a) {
				b = b>>1 | uint64(table[min(uint64(v)-uint64(low), last)])<<7
			}
			to[0] = byte(b)
			a, to = a[8:], to[1:]
		}
		for i, v := range a {
			to[0] = to[0]&(1<<i-1) | table[min(uint64(v)-uint64(low), last)]<<i
		}
	}
}
