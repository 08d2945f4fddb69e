package compute

import (
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// register holds the values of a subexpression in the rows of the current run.
type register struct {
	Vector
	// failed: a row has no value here. Every expression that needs the register is computed row by row.
	failed bool

	*memory
	bits, valid []byte
}

// memory is that of the numbers of a vector. Registers that are never needed at the same time share it.
type memory struct {
	ints   []int64
	floats []float64
}

// reset makes a register ready for a run.
func (r *register) reset(rows int) {
	r.Rows, r.Const, r.failed = rows, false, false
	r.Ints, r.Floats, r.Bits, r.Wide, r.Valid = nil, nil, nil, nil, nil
}

func (r *register) makeInts() []int64 {
	if cap(r.ints) < r.Rows {
		r.ints = make([]int64, r.Rows)
	}
	r.Ints = r.ints[:r.Rows]
	return r.Ints
}

func (r *register) makeFloats() []float64 {
	if cap(r.floats) < r.Rows {
		r.floats = make([]float64, r.Rows)
	}
	r.Floats = r.floats[:r.Rows]
	return r.Floats
}

// makeBits makes the bitmap of a boolean. It has the bits of an earlier run.
func (r *register) makeBits() []byte {
	r.bits = sized(r.bits, r.Rows)
	r.Bits = r.bits
	return r.Bits
}

// makeValid makes the bitmap of rows that are not null. It has the bits of an earlier run.
func (r *register) makeValid() []byte {
	r.valid = sized(r.valid, r.Rows)
	r.Valid = r.valid
	return r.Valid
}

// sized returns a bitmap for so many rows, in the memory of another if that is large enough.
func sized(bitmap []byte, rows int) []byte {
	n := (rows + 7) / 8
	if cap(bitmap) < n {
		return make([]byte, n)
	}
	return bitmap[:n]
}

// The one row of a vector that is null in all rows. They are never changed.
var (
	nullValid  = []byte{0}
	nullInts   = []int64{0}
	nullFloats = []float64{0}
)

// setNull makes the register null in all rows.
func (r *register) setNull() {
	r.Const, r.Valid, r.Ints, r.Floats, r.Bits = true, nullValid, nil, nil, nil
	switch r.Type.Kind {
	case query.Boolean:
		r.Bits = nullValid
	case query.Double:
		r.Floats = nullFloats
	default:
		r.Ints = nullInts
	}
}

// setOne makes the register a constant, the same value for all rows. No kernel may read the register: see node.one.
func (r *register) setOne(v int64) {
	r.Const, r.Ints = true, append(r.ints[:0], v)
	r.ints = r.Ints
}

// alias gives the register the values of another, without those that are null.
func (r *register) alias(from *register) {
	r.Ints, r.Floats, r.Bits = from.Ints, from.Floats, from.Bits
}

// andValid makes the rows null that are null in another register.
func (r *register) andValid(other *register) {
	switch {
	case other.Const || other.Valid == nil:
	case r.Valid == nil:
		r.Valid = other.Valid
	default:
		before := r.Valid
		after := r.makeValid()
		for i, v := range other.Valid[:len(after)] {
			after[i] = before[i] & v
		}
	}
}

// load makes the register the rows of a column. A list of rows is gathered, so that kernels need not know of it.
func (r *register) load(c *trip.Column, s *selection) {
	if s.rows == nil {
		r.Ints, r.Valid = c.Values[:s.n], c.Valid
		if c.Valid != nil {
			r.Valid = c.Valid[:(s.n+7)/8]
		}
		return
	}
	gather(r.makeInts(), c.Values, s.rows)
	if c.Valid != nil {
		gatherBits(r.makeValid(), c.Valid, s.rows)
	}
}

// stretch is how many rows at the least are looked at together. Nearly all rows of a list follow one another, as few are left out.
const stretch = 32

// following returns how many of the first rows follow one another; less than stretch may be 0.
func following(rows []int32) int {
	n := 0
	for next := stretch; next <= len(rows) && rows[next-1]-rows[0] == int32(next-1); next *= 2 {
		n = next
	}
	return n
}

func gather(to, from []int64, rows []int32) {
	for to = to[:len(rows)]; len(rows) > 0; {
		n := following(rows)
		if n > 0 {
			copy(to[:n], from[rows[0]:])
		} else {
			n = min(stretch, len(rows))
			for i, row := range rows[:n] {
				to[i] = from[row]
			}
		}
		to, rows = to[n:], rows[n:]
	}
}

func gatherBits(to, from []byte, rows []int32) {
	for len(rows) >= 8 {
		first := rows[0]
		if shift := first & 7; rows[7]-first == 7 {
			to[0] = from[first>>3] >> shift
			if shift > 0 {
				to[0] |= from[first>>3+1] << (8 - shift)
			}
		} else {
			var b uint64
			for _, row := range (*[8]int32)(rows) {
				b = b>>1 | uint64(from[row>>3])>>(row&7)&1<<7
			}
			to[0] = byte(b)
		}
		to, rows = to[1:], rows[8:]
	}
	for i, row := range rows {
		to[0] = to[0]&(1<<i-1) | from[row>>3]>>(row&7)&1<<i
	}
}
