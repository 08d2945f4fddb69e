package compute

import (
	"math"

	"tripstats/transforms/eights"
	"tripstats/transforms/query"
)

// relation is a comparison: one of three, or what is true where it is false.
type relation struct {
	op  byte // '<', '=' or '>'
	not bool
}

var relations = map[string]relation{
	"=": {'=', false}, "<>": {'=', true}, "<": {'<', false}, ">=": {'<', true}, ">": {'>', false}, "<=": {'>', true},
}

func init() {
	for name, r := range relations {
		builders[name] = strict(func(b *invocation) kernel { return r.build(b) })
	}
	builders["between"] = buildBetween
}

// swapped is the relation of the operands in the other order.
func (r relation) swapped() relation {
	switch r.op {
	case '<':
		r.op = '>'
	case '>':
		r.op = '<'
	}
	return r
}

func (r relation) name() string {
	for name, other := range relations {
		if other == r {
			return name
		}
	}
	return ""
}

func (r relation) build(b *invocation) kernel {
	if b.args[0].isConst {
		b.args, r = []*node{b.args[1], b.args[0]}, r.swapped()
	}
	if b.args[0].Type.Kind == query.Varchar && b.args[1].isConst && r.op != '=' {
		return perText(b, 0, query.Functions[r.name()])
	}
	byConst := b.args[1].isConst
	return func(out *register, in []*register) bool {
		to, a, c := out.makeBits(), in[0], in[1]
		if byConst {
			if !compareConst(to, r.op, a, c) {
				return false
			}
		} else {
			compare(to, r.op, a, c)
		}
		if r.not {
			invert(to)
		}
		return true
	}
}

func invert(bits []byte) {
	for i := range bits {
		bits[i] = ^bits[i]
	}
}

// compare sets the bits of the rows in which a relates to b. Where one is null, the bit has no meaning.
func compare(to []byte, op byte, a, b *register) {
	if op == '>' {
		a, b = b, a
	}
	equal := op == '='
	switch {
	case a.Type.Kind == query.Varchar && !equal:
		rows(to, a.Rows, func(i int) bool {
			return a.Texts.Of(at(a, a.Ints, i)) < b.Texts.Of(at(b, b.Ints, i))
		})
	case a.Type.Kind == query.Boolean:
		for i := range to {
			if equal {
				to[i] = ^(a.Bits[i] ^ b.Bits[i])
			} else {
				to[i] = ^a.Bits[i] & b.Bits[i]
			}
		}
	case a.Type.Kind == query.Double:
		// NaN is equal to itself and larger than every number.
		rows(to, a.Rows, func(i int) bool {
			x, y := a.Floats[i], b.Floats[i]
			if equal {
				return x == y || x != x && y != y
			}
			return x < y || y != y && x == x
		})
	case equal:
		equalInts(to, a.Ints, b.Ints)
	default:
		lessInts(to, a.Ints, b.Ints)
	}
}

// rows sets the bits of the rows for which a condition is true.
func rows(to []byte, n int, is func(row int) bool) {
	for i := range to {
		var b byte
		for j := range min(8, n-8*i) {
			b |= bit(is(8*i+j)) << j
		}
		to[i] = b
	}
}

// compareConst is compare with one value. It is false if it cannot compare with it.
func compareConst(to []byte, op byte, a, c *register) bool {
	switch a.Type.Kind {
	case query.Boolean:
		v := -(c.Bits[0] & 1)
		for i, x := range a.Bits[:len(to)] {
			switch op {
			case '=':
				to[i] = ^(x ^ v)
			case '<':
				to[i] = ^x & v
			default:
				to[i] = x &^ v
			}
		}
		return true
	case query.Double:
		v := c.Floats[0]
		if math.IsNaN(v) {
			return false
		}
		compareValues(to, op, a.Floats[:a.Rows], v)
		return true
	}
	compareValues(to, op, a.Ints[:a.Rows], c.Ints[0])
	return true
}

func compareValues[T int64 | float64](to []byte, op byte, a []T, c T) {
	switch n := compareMany(to, op, a, c); op {
	case '=':
		equalConst(to[n/8:], a[n:], c)
	case '<':
		lessConst(to[n/8:], a[n:], c)
	default:
		atMostConst(to[n/8:], a[n:], c)
		invert(to) // so NaN is larger
	}
}

// compareMany sets the bits of the first rows and returns how many rows these are, a multiple of eight. For '>' it sets the bits of "at most",
// which the caller inverts.
func compareMany[T int64 | float64](to []byte, op byte, a []T, c T) int {
	relation := eights.AtMost
	switch op {
	case '=':
		relation = eights.Equal
	case '<':
		relation = eights.Less
	}
	switch a := any(a).(type) {
	case []int64:
		return relation.IntsMany(to, a, int64(c))
	case []float64:
		return relation.FloatsMany(to, a, float64(c))
	}
	return 0
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func equalConst[T int64 | float64](to []byte, a []T, c T) {
	for len(a) >= 8 {
		x := (*[8]T)(a)
		to[0] = bit(x[0] == c) | bit(x[1] == c)<<1 | bit(x[2] == c)<<2 | bit(x[3] == c)<<3 |
			bit(x[4] == c)<<4 | bit(x[5] == c)<<5 | bit(x[6] == c)<<6 | bit(x[7] == c)<<7
		a, to = a[8:], to[1:]
	}
	for i, v := range a {
		to[0] = to[0]&(1<<i-1) | bit(v == c)<<i
	}
}

func lessConst[T int64 | float64](to []byte, a []T, c T) {
	for len(a) >= 8 {
		x := (*[8]T)(a)
		to[0] = bit(x[0] < c) | bit(x[1] < c)<<1 | bit(x[2] < c)<<2 | bit(x[3] < c)<<3 |
			bit(x[4] < c)<<4 | bit(x[5] < c)<<5 | bit(x[6] < c)<<6 | bit(x[7] < c)<<7
		a, to = a[8:], to[1:]
	}
	for i, v := range a {
		to[0] = to[0]&(1<<i-1) | bit(v < c)<<i
	}
}

func atMostConst[T int64 | float64](to []byte, a []T, c T) {
	for len(a) >= 8 {
		x := (*[8]T)(a)
		to[0] = bit(x[0] <= c) | bit(x[1] <= c)<<1 | bit(x[2] <= c)<<2 | bit(x[3] <= c)<<3 |
			bit(x[4] <= c)<<4 | bit(x[5] <= c)<<5 | bit(x[6] <= c)<<6 | bit(x[7] <= c)<<7
		a, to = a[8:], to[1:]
	}
	for i, v := range a {
		to[0] = to[0]&(1<<i-1) | bit(v <= c)<<i
	}
}

// betweenConst sets the bits of the rows from low to low plus span.
func betweenConst(to []byte, a []int64, low int64, span uint64) {
	n := eights.BetweenMany(to, a, low, span)
	to, a = to[n/8:], a[n:]
	for len(a) >= 8 {
		x := (*[8]int64)(a)
		to[0] = bit(uint64(x[0]-low) <= span) | bit(uint64(x[1]-low) <= span)<<1 | bit(uint64(x[2]-low) <= span)<<2 | bit(uint64(x[3]-low) <= span)<<3 |
			bit(uint64(x[4]-low) <= span)<<4 | bit(uint64(x[5]-low) <= span)<<5 | bit(uint64(x[6]-low) <= span)<<6 | bit(uint64(x[7]-low) <= span)<<7
		a, to = a[8:], to[1:]
	}
	for i, v := range a {
		to[0] = to[0]&(1<<i-1) | bit(uint64(v-low) <= span)<<i
	}
}

func equalInts(to []byte, a, b []int64) {
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]int64)(a), (*[8]int64)(b)
		to[0] = bit(x[0] == y[0]) | bit(x[1] == y[1])<<1 | bit(x[2] == y[2])<<2 | bit(x[3] == y[3])<<3 |
			bit(x[4] == y[4])<<4 | bit(x[5] == y[5])<<5 | bit(x[6] == y[6])<<6 | bit(x[7] == y[7])<<7
		a, b, to = a[8:], b[8:], to[1:]
	}
	for i, v := range a {
		to[0] = to[0]&(1<<i-1) | bit(v == b[i])<<i
	}
}

func lessInts(to []byte, a, b []int64) {
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]int64)(a), (*[8]int64)(b)
		to[0] = bit(x[0] < y[0]) | bit(x[1] < y[1])<<1 | bit(x[2] < y[2])<<2 | bit(x[3] < y[3])<<3 |
			bit(x[4] < y[4])<<4 | bit(x[5] < y[5])<<5 | bit(x[6] < y[6])<<6 | bit(x[7] < y[7])<<7
		a, b, to = a[8:], b[8:], to[1:]
	}
	for i, v := range a {
		to[0] = to[0]&(1<<i-1) | bit(v < b[i])<<i
	}
}

// buildBetween is low <= x AND x <= high, in one pass if both ends are the same in all rows.
func buildBetween(b *invocation) kernel {
	x, low, high := b.args[0], b.args[1], b.args[2]
	_, ints := integers(low, high)
	if x.isConst || !low.isConst || !high.isConst || !ints {
		return b.as("and", b.function(">=", x, low), b.function("<=", x, high))
	}
	return strict(func(*invocation) kernel {
		return func(out *register, in []*register) bool {
			to, low, high := out.makeBits(), in[1].Ints[0], in[2].Ints[0]
			if low > high {
				clear(to)
				return true
			}
			betweenConst(to, in[0].Ints[:out.Rows], low, uint64(high)-uint64(low))
			return true
		}
	})(b)
}

// as has a call computed as another function, of other arguments.
func (b *invocation) as(name string, args ...*node) kernel {
	for _, a := range args {
		if a.never {
			return nil
		}
	}
	b.args = args
	return builders[name](b)
}

// integers returns the values of nodes that are literals with integers, and tells whether all are.
func integers(nodes ...*node) ([]int64, bool) {
	var values []int64
	for _, n := range nodes {
		if n.expr.Op != query.Literal || n.expr.Value.IsNull || n.Wide != nil || n.Ints == nil || n.Type.Kind == query.Varchar {
			return nil, false
		}
		values = append(values, n.Ints[0])
	}
	return values, true
}
