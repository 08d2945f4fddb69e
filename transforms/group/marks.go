package group

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"tripstats/transforms/query"
)

// mark is a place among the values of a set that an aggregate asks for. The values at the marks of a set are in the body of its group, so that the set
// itself is read only if it is merged with another one.
type mark struct {
	between  bool // the place may be between two values; then the set has two values for the mark
	fraction query.Fraction
	float    float64 // the fraction
	unit     uint64  // 10^fraction.Scale
}

// mostDecimals is how many decimals a fraction has at most.
const mostDecimals = 18

func newMark(between bool, f query.Fraction) mark {
	return mark{between, f, f.Float(), query.Power(f.Scale).Uint64()}
}

// markOf returns the mark of an aggregate whose value is the value at a place, or lies between the values at two places.
func markOf(a *query.Aggregate) mark {
	switch a.Func.Name {
	case "min":
		return newMark(false, query.Fraction{})
	case "max":
		return newMark(false, query.Fraction{Digits: 1})
	}
	return newMark(a.Func.Name != "quantile_disc", a.Fraction)
}

// values is how many values a set has for a mark.
func (m *mark) values() int {
	if m.between {
		return 2
	}
	return 1
}

// places returns the places of a mark among so many values, counting from 0. If the mark cannot be between two values, both are the same
// place.
func (m *mark) places(count int64) (low, high int64) {
	if m.between {
		at := m.place(count)
		return int64(math.Floor(at)), int64(math.Ceil(at))
	}
	hi, lo := bits.Mul64(uint64(count), uint64(m.fraction.Digits))
	quotient, rest := bits.Div64(hi, lo, m.unit) // the fraction is at most 1, so the quotient is at most the count
	if rest == 0 && quotient > 0 {
		quotient--
	}
	return int64(quotient), int64(quotient)
}

// place is the place of a mark that may be between two values. It need not be a whole number.
func (m *mark) place(count int64) float64 { return float64(count-1) * m.float }

// marks are the marks of a set as they are written in a header: for each a byte that is 1 if the place may be between two values, the digits of its
// fraction, and the number of decimals.
type marks string

func writeMarks(list []mark) marks {
	var b []byte
	for _, m := range list {
		how := byte(0)
		if m.between {
			how = 1
		}
		b = append(b, how)
		b = binary.AppendUvarint(b, uint64(m.fraction.Digits))
		b = binary.AppendUvarint(b, uint64(m.fraction.Scale))
	}
	return marks(b)
}

// read returns the marks. ok is false if this program writes no such marks.
func (m marks) read() (list []mark, ok bool) {
	for r := (reader{in: []byte(m)}); len(r.in) > 0; {
		how, digits, decimals := r.byte(), r.number(), r.number()
		if r.short || how > 1 || decimals > mostDecimals || uint64(digits) > query.Power(int(decimals)).Uint64() {
			return nil, false
		}
		list = append(list, newMark(how == 1, query.Fraction{Digits: digits, Scale: int(decimals)}))
	}
	return list, true
}

func (m marks) known() bool {
	_, ok := m.read()
	return ok
}

// knownMarks are the marks that were read last. Consecutive groups have the same marks.
type knownMarks struct {
	of   marks
	list []mark
}

// read returns the list of m, which must be known. It reads m only if it is not the marks that were read last.
func (k *knownMarks) read(m marks) []mark {
	if k.of != m {
		k.of = m
		k.list, _ = m.read()
	}
	return k.list
}

// addMark returns the index of a mark in a list, to which it adds the mark unless the list has it.
func addMark(list []mark, m mark) ([]mark, int) {
	if i := slices.Index(list, m); i >= 0 {
		return list, i
	}
	return append(list, m), len(list)
}
