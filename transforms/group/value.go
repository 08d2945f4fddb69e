package group

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"

	"tripstats/transforms/query"
)

// class is how the values of a type are written. Written values of one class compare by their bytes as the values do, NULL last.
// Both zeros of a double are written as 0, and every NaN as one.
type class uint8

const (
	exact  class = 1 + iota // whole numbers of any size: a byte with the sign and the length, then the magnitude
	double                  // a byte, then the bits in an order that compares
	text                    // a byte, then the bytes, each 0 as 0 255, then 0 0
)

const (
	absent  = 0xff // the first byte of NULL
	present = 0x01 // the first byte of a double and of a text
	zero    = 0x80 // the first byte of a number is as much more as the magnitude has bytes, less if it is negative
	longest = 126  // bytes of a magnitude
)

func classOf(t query.Type) class {
	switch t.Kind {
	case query.Double:
		return double
	case query.Varchar:
		return text
	}
	return exact
}

func appendValue(b []byte, t query.Type, v query.Value) []byte {
	switch {
	case v.IsNull:
		return append(b, absent)
	case t.Kind == query.Double:
		return appendDouble(b, v.Float)
	case t.Kind == query.Varchar:
		return appendText(b, v.Text)
	case v.Big != nil:
		return appendBig(b, v.Big)
	}
	return appendInt(b, v.Int)
}

func appendInt(b []byte, v int64) []byte {
	if v >= 0 {
		n := (bits.Len64(uint64(v)) + 7) / 8
		b = append(b, zero+byte(n))
		for i := n - 1; i >= 0; i-- {
			b = append(b, byte(v>>(8*i)))
		}
		return b
	}
	m := -uint64(v)
	n := (bits.Len64(m) + 7) / 8
	b = append(b, zero-byte(n))
	for i := n - 1; i >= 0; i-- {
		b = append(b, ^byte(m>>(8*i)))
	}
	return b
}

func appendBig(b []byte, v *big.Int) []byte {
	if v.IsInt64() {
		return appendInt(b, v.Int64())
	}
	m := v.Bytes()
	if v.Sign() > 0 {
		return append(append(b, zero+byte(len(m))), m...)
	}
	b = append(b, zero-byte(len(m)))
	for _, x := range m {
		b = append(b, ^x)
	}
	return b
}

func appendDouble(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(append(b, present), uint64(floatOrder(f))^1<<63)
}

// floatOrder maps doubles to integers that compare as the doubles do. It maps both zeros to one, and every NaN.
func floatOrder(f float64) int64 {
	switch {
	case f == 0:
		return 0
	case f != f:
		return math.MaxInt64
	}
	i := int64(math.Float64bits(f))
	return i ^ int64(uint64(i>>63)>>1)
}

// orderFloat is the opposite of floatOrder.
func orderFloat(i int64) float64 {
	if i == math.MaxInt64 {
		return math.NaN()
	}
	return math.Float64frombits(uint64(i ^ int64(uint64(i>>63)>>1)))
}

func appendText(b []byte, s string) []byte {
	b = append(b, present)
	for i := range len(s) {
		if b = append(b, s[i]); s[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 0)
}

// length returns how many bytes the value at the start of b takes. It is 0 if none is there.
func (c class) length(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	n := 1
	switch first := b[0]; {
	case first == absent:
		return 1
	case c == exact:
		if first >= zero {
			n += int(first - zero)
		} else {
			n += int(zero - first)
		}
		if n > 1+longest || n > len(b) || n > 1 && (first > zero && b[1] == 0 || first < zero && b[1] == 0xff) {
			return 0
		}
	case first != present:
		return 0
	case c == double:
		if n = 9; len(b) < n {
			return 0
		}
	case c == text:
		for {
			i := bytes.IndexByte(b[n:], 0)
			if i < 0 || n+i+1 >= len(b) {
				return 0
			}
			n += i + 2
			if end := b[n-1]; end == 0 {
				return n
			} else if end != 0xff {
				return 0
			}
		}
	default:
		return 0
	}
	return n
}

// int64Of returns a written number, if it has 64 bits.
func int64Of(b []byte) (int64, bool) {
	if b[0] == absent || len(b) > 9 {
		return 0, false
	}
	m := uint64(0)
	if b[0] >= zero {
		for _, x := range b[1:] {
			m = m<<8 | uint64(x)
		}
		return int64(m), m < 1<<63
	}
	for _, x := range b[1:] {
		m = m<<8 | uint64(^x)
	}
	return -int64(m), m <= 1<<63
}

func bigOf(b []byte) *big.Int {
	if v, ok := int64Of(b); ok {
		return big.NewInt(v)
	}
	if b[0] >= zero {
		return new(big.Int).SetBytes(b[1:])
	}
	m := make([]byte, len(b)-1)
	for i, x := range b[1:] {
		m[i] = ^x
	}
	v := new(big.Int).SetBytes(m)
	return v.Neg(v)
}

// valueOf returns a written value. It is not ok if the type cannot have it.
func valueOf(t query.Type, b []byte) (v query.Value, ok bool) {
	if b[0] == absent {
		return query.Value{IsNull: true}, true
	}
	switch t.Kind {
	case query.Double:
		return query.Value{Float: orderFloat(int64(binary.BigEndian.Uint64(b[1:]) ^ 1<<63))}, true
	case query.Varchar:
		return query.Value{Text: textOf(b)}, true
	case query.Decimal, query.HugeInt:
		return query.Value{Big: bigOf(b)}, true
	}
	i, ok := int64Of(b)
	return query.Value{Int: i}, ok
}

func textOf(b []byte) string {
	b = b[1 : len(b)-2]
	if bytes.IndexByte(b, 0) < 0 {
		return string(b)
	}
	return string(bytes.ReplaceAll(b, []byte{0, 0xff}, []byte{0}))
}

// isText tells whether a written value is the text s. It may return false for a text with a zero byte, although textOf returns s.
func isText(b []byte, s string) bool {
	return len(b) == len(s)+3 && b[0] == present && string(b[1:len(b)-2]) == s && bytes.IndexByte(b[1:len(b)-2], 0) < 0
}
