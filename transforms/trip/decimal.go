package trip

import (
	"math/big"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// decimals are the values of a column of decimals. A value is a whole number of units of 10^-scale.
type decimals struct {
	scale int
	// small returns a value that fits 64 bits, and whether it does.
	small func(i int) (int64, bool)
	wide  func(i int) *big.Int

	power   int64 // 10 to the power |scale - 6|, or 0 if this needs more than 64 bits
	over    bool  // the scale is more than 6
	scratch big.Int
}

// decimalsOf returns the values of an array of decimals.
func decimalsOf(a arrow.Array) *decimals {
	d := &decimals{scale: int(a.DataType().(arrow.DecimalType).GetScale())}
	switch a := a.(type) {
	case *array.Decimal128:
		values := a.Values()
		d.small = func(i int) (int64, bool) {
			low := int64(values[i].LowBits())
			return low, values[i].HighBits() == low>>63
		}
		d.wide = func(i int) *big.Int { return values[i].BigInt() }
	case *array.Decimal256:
		values := a.Values()
		d.small = func(i int) (int64, bool) {
			words := values[i].Array()
			low := int64(words[0])
			sign := uint64(low >> 63)
			return low, words[1] == sign && words[2] == sign && words[3] == sign
		}
		d.wide = func(i int) *big.Int { return values[i].BigInt() }
	}
	distance := 6 - d.scale
	if d.over = distance < 0; d.over {
		distance = -distance
	}
	if distance <= 18 {
		d.power = 1
		for range distance {
			d.power *= 10
		}
	}
	return d
}

// micros returns value i in units of 10^-6, rounded half away from zero, and whether it can be represented: see maxWide.
func (d *decimals) micros(i int) (int64, bool) {
	v, small := d.small(i)
	switch {
	case !small || d.power == 0:
		return d.wideMicros(i)
	case d.over:
		q, r := v/d.power, v%d.power
		switch half := d.power / 2; {
		case r >= half:
			q++
		case r <= -half:
			q--
		}
		return q, q <= maxWide*Unit && q >= -maxWide*Unit
	}
	most := maxWide * Unit / d.power
	return v * d.power, v <= most && v >= -most
}

// wideMicros is micros for any value; micros is faster for values of 64 bits.
func (d *decimals) wideMicros(i int) (int64, bool) {
	v := d.wide(i)
	negative := v.Sign() < 0
	v.Abs(v)
	power := d.scratch.Exp(big.NewInt(10), big.NewInt(int64(max(d.scale-6, 6-d.scale))), nil)
	if d.over {
		var rest big.Int
		v.QuoRem(v, power, &rest)
		if rest.Lsh(&rest, 1).Cmp(power) >= 0 {
			v.Add(v, big.NewInt(1))
		}
	} else {
		v.Mul(v, power)
	}
	if !v.IsInt64() || v.Int64() > maxWide*Unit {
		return 0, false
	}
	x := v.Int64()
	if negative {
		x = -x
	}
	return x, true
}

// whole returns value i if it is a whole number of 64 bits.
func (d *decimals) whole(i int) (int64, bool) {
	if v, small := d.small(i); small && d.scale <= 18 {
		power := int64(1)
		for range d.scale {
			power *= 10
		}
		return v / power, v%power == 0
	}
	v, rest := d.wide(i), new(big.Int)
	v.QuoRem(v, d.scratch.Exp(big.NewInt(10), big.NewInt(int64(d.scale)), nil), rest)
	return v.Int64(), rest.Sign() == 0 && v.IsInt64()
}

// decimalMeasures converts decimals to units of 10^-6.
func (fn *fieldsFn) decimalMeasures(a arrow.Array, dst []int64) ([]int64, *badValue) {
	d := decimalsOf(a)
	for i := range dst {
		x, ok := d.micros(i)
		if dst[i] = x; ok && x <= MaxValue*Unit && x >= -MaxValue*Unit || a.IsNull(i) {
			continue
		}
		switch {
		case !fn.Options.Judged:
			return nil, &badValue{i, errMeasure}
		case !ok:
			dst[i], fn.bad = 0, append(fn.bad, int32(i))
		default:
			fn.wide = true
		}
	}
	return dst, nil
}

// decimalZones converts decimals to zone ids.
func (fn *fieldsFn) decimalZones(a arrow.Array, dst []int64) ([]int64, *badValue) {
	d := decimalsOf(a)
	for i := range dst {
		x, ok := d.whole(i)
		if dst[i] = x; ok && int64(int32(x)) == x || a.IsNull(i) {
			continue
		}
		if !fn.Options.Judged {
			return nil, &badValue{i, errZone}
		}
		fn.notAZone(dst, i)
	}
	return dst, nil
}

// decimalCodes converts decimals to codes. A decimal that is not a whole number becomes noCode.
func decimalCodes(a arrow.Array, dst []int64) []int64 {
	d := decimalsOf(a)
	for i := range dst {
		x, ok := d.whole(i)
		if dst[i] = x; !ok && a.IsValid(i) {
			dst[i] = noCode
		}
	}
	return dst
}
