package compute

import (
	"math/big"

	"tripstats/transforms/query"
)

// Vector holds the values of an expression in consecutive rows. Only one of Ints, Floats, Bits and Wide has them; which one follows
// from the type. Where a row is null, its value has no meaning, but a code is always one of Texts. Bits of bitmaps beyond the last row have
// no meaning.
type Vector struct {
	Type query.Type
	Rows int
	// Const: every row has the same value, and the slices hold it once, as row 0.
	Const bool

	Ints   []int64    // Integer, BigInt, Date and Timestamp; HugeInt and Decimal unless Wide is set; Varchar: codes of Texts
	Floats []float64  // Double
	Bits   []byte     // Boolean: a bitmap, least significant bit first
	Wide   []*big.Int // HugeInt and Decimal, if a value of the vector needs more than 64 bits
	Texts  *Texts     // Varchar

	Valid []byte // bitmap, least significant bit first; nil if no row is null
}

// IsNull tells whether the value of a row is null.
func (v *Vector) IsNull(row int) bool {
	if v.Const {
		row = 0
	}
	return v.Valid != nil && v.Valid[row>>3]>>(row&7)&1 == 0
}

// Value returns the value of a row.
func (v *Vector) Value(row int) query.Value {
	if v.Const {
		row = 0
	}
	switch {
	case v.IsNull(row):
		return query.Value{IsNull: true}
	case v.Wide != nil:
		return query.Value{Big: v.Wide[row]}
	}
	switch v.Type.Kind {
	case query.Null:
		return query.Value{IsNull: true}
	case query.Boolean:
		return query.Value{Int: int64(v.Bits[row>>3] >> (row & 7) & 1)}
	case query.Double:
		return query.Value{Float: v.Floats[row]}
	case query.Varchar:
		return query.Value{Text: v.Texts.Of(v.Ints[row])}
	case query.HugeInt, query.Decimal:
		return query.Value{Big: big.NewInt(v.Ints[row])}
	}
	return query.Value{Int: v.Ints[row]}
}

// Texts numbers texts, each once. Codes count from 0.
type Texts struct {
	list  []string
	codes map[string]int64
}

// Code returns the code of a text.
func (t *Texts) Code(s string) int64 {
	c, known := t.codes[s]
	if !known {
		if t.codes == nil {
			t.codes = map[string]int64{}
		}
		c = int64(len(t.list))
		t.list, t.codes[s] = append(t.list, s), c
	}
	return c
}

// Of returns the text of a code.
func (t *Texts) Of(code int64) string { return t.list[code] }

// Len returns how many texts there are.
func (t *Texts) Len() int { return len(t.list) }
