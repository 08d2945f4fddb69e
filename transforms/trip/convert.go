package trip

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/eights"
	"tripstats/transforms/element"
)

// measureColumn converts dollars, miles and passengers to units of 10^-6.
func (fn *fieldsFn) measureColumn(a arrow.Array, dst []int64) ([]int64, *badValue) {
	switch a := a.(type) {
	case *array.Float64:
		src := a.Float64Values()
		dst = dst[:len(src)]
		for done := 0; done < len(src); { // the hot loop: MillionthsMany converts nearly every value
			done += eights.MillionthsMany(dst[done:], src[done:])
			for end := min(done+8, len(src)); done < end; done++ {
				x, certain := eights.Millionths(src[done])
				if !certain {
					var ok bool
					if x, ok = fn.uncertain(a, done, src[done]); !ok {
						return nil, &badValue{done, errMeasure}
					}
				}
				dst[done] = x
			}
		}
		return dst, nil
	case *array.Float32:
		for i, v := range a.Float32Values() {
			var ok bool
			if dst[i], ok = fn.uncertain(a, i, float64(v)); !ok {
				return nil, &badValue{i, errMeasure}
			}
		}
		return dst, nil
	case *array.Int64:
		for i, v := range a.Int64Values() {
			x, ok := fixInt(v)
			if !ok {
				if x, ok = fn.uncertain(a, i, float64(v)); !ok {
					return nil, &badValue{i, errMeasure}
				}
			}
			dst[i] = x
		}
		return dst, nil
	case *array.Int32:
		return integers(fn, a, a.Int32Values(), dst)
	case *array.Uint64:
		return integers(fn, a, a.Uint64Values(), dst)
	case *array.Uint32:
		return integers(fn, a, a.Uint32Values(), dst)
	case *array.String:
		return fn.textMeasures(a, dst)
	case *array.Decimal128, *array.Decimal256:
		return fn.decimalMeasures(a, dst)
	case *array.Null:
		return dst, nil
	}
	return nil, &badValue{0, fmt.Errorf("%w, not %s", errMeasure, a.DataType())}
}

// integers converts whole numbers of less common types.
func integers[S int32 | uint32 | uint64](fn *fieldsFn, a arrow.Array, src []S, dst []int64) ([]int64, *badValue) {
	for i, v := range src {
		x, ok := fixInt(int64(min(uint64(max(v, 0)), MaxValue+1)))
		if v < 0 {
			x, ok = fixInt(int64(v))
		}
		if !ok {
			if x, ok = fn.uncertain(a, i, float64(v)); !ok {
				return nil, &badValue{i, errMeasure}
			}
		}
		dst[i] = x
	}
	return dst, nil
}

// uncertain converts a value that [eights.Millionths] or fixInt could not convert. If the value is not a number and rules are applied, it records
// the row.
func (fn *fieldsFn) uncertain(a arrow.Array, i int, v float64) (int64, bool) {
	x, ok := fixFloat(v)
	switch {
	case ok || a.IsNull(i):
		return x, true
	case !fn.Options.Judged:
		return 0, false
	}
	if x, ok = fixWide(v); !ok {
		fn.bad = append(fn.bad, int32(i))
	}
	fn.wide = true
	return x, true
}

// fillZones is fill for zones. If rules are applied, a value that cannot be a zone becomes noZone.
func fillZones[S any](fn *fieldsFn, a arrow.Array, src []S, dst []int64, f func(S) (int64, bool)) ([]int64, *badValue) {
	values, bad := fill(a, src, dst, errZone, f)
	if bad == nil || !fn.Options.Judged {
		return values, bad
	}
	for i, v := range src { // again, so that good files pay nothing for it
		x, ok := f(v)
		if dst[i] = x; !ok && a.IsValid(i) {
			fn.notAZone(dst, i)
		}
	}
	return dst, nil
}

// notAZone sets a value that cannot be a zone. Where rules know the zones, it is a number that no zone has; otherwise it is not a number.
func (fn *fieldsFn) notAZone(dst []int64, i int) {
	if dst[i] = noZone; fn.local != nil && !fn.local.HasZones {
		fn.bad = append(fn.bad, int32(i))
	}
}

// noZone is a number that no zone has. It stands for values that cannot be a zone.
const noZone = 0

// zoneColumn converts zone ids, which have 32 bits.
func (fn *fieldsFn) zoneColumn(a arrow.Array, dst []int64) ([]int64, *badValue) {
	switch a := a.(type) {
	case *array.Int32:
		return widen(dst, a.Int32Values()), nil
	case *array.Int64:
		if src := a.Int64Values(); within(src, math.MinInt32, math.MaxInt32+1) == len(src) { // the hot one
			return src, nil
		}
		return fillZones(fn, a, a.Int64Values(), dst, zoneInt)
	case *array.Uint32:
		return fillZones(fn, a, a.Uint32Values(), dst, func(v uint32) (int64, bool) { return zoneInt(int64(v)) })
	case *array.Uint64:
		return fillZones(fn, a, a.Uint64Values(), dst, func(v uint64) (int64, bool) { return zoneInt(int64(min(v, 1<<40))) })
	case *array.Float64:
		return fillZones(fn, a, a.Float64Values(), dst, zoneFloat)
	case *array.Float32:
		return fillZones(fn, a, a.Float32Values(), dst, func(v float32) (int64, bool) { return zoneFloat(float64(v)) })
	case *array.String:
		return fn.textZones(a, dst)
	case *array.Decimal128, *array.Decimal256:
		return fn.decimalZones(a, dst)
	case *array.Null:
		return dst, nil
	}
	return nil, &badValue{0, fmt.Errorf("%w, not %s", errZone, a.DataType())}
}

func widen(dst []int64, src []int32) []int64 {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = int64(v)
	}
	return dst
}

// timeColumn converts times to µs of the wall clock of the dataset's place.
func (fn *fieldsFn) timeColumn(a arrow.Array, dst []int64) ([]int64, *badValue) {
	values, bad := fn.storedTimes(a, dst)
	if bad != nil || fn.local == nil || fn.local.Stored != element.StoredUTC {
		return values, bad
	}
	if err := fn.needClock(); err != nil {
		return nil, err
	}
	return fill(a, values, dst, errTime, fn.clock.at)
}

// storedTimes converts times to µs, as they are stored. Those that a file marks as UTC are converted if --utc says so.
func (fn *fieldsFn) storedTimes(a arrow.Array, dst []int64) ([]int64, *badValue) {
	switch a := a.(type) {
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		values, bad := micros(a, t.Unit, dst)
		if bad != nil || t.TimeZone == "" || fn.Options.UTC != UTCConvert || fn.local != nil {
			return values, bad
		}
		if err := fn.needClock(); err != nil {
			return nil, err
		}
		return fill(a, values, dst, errTime, fn.clock.at)
	case *array.FixedSizeBinary:
		for i := range dst {
			if a.IsNull(i) {
				continue
			}
			v := a.Value(i)
			x, ok := microsFromInt96(int64(binary.LittleEndian.Uint64(v)), int32(binary.LittleEndian.Uint32(v[8:])))
			if !ok {
				return nil, &badValue{i, errTime}
			}
			dst[i] = x
		}
		return dst, nil
	case *array.String:
		return fn.textTimes(a, dst)
	case *array.Null:
		return dst, nil
	}
	return nil, &badValue{0, fmt.Errorf("%w, not %s", errTime, a.DataType())}
}

// needClock makes the clock that converts instants: that of the dataset's place.
func (fn *fieldsFn) needClock() *badValue {
	if fn.clock != nil {
		return nil
	}
	var err error
	if fn.local != nil {
		fn.clock, err = clockOf(fn.local.TimeZone)
	} else {
		fn.clock, err = newWallClock()
	}
	if err != nil {
		return &badValue{0, err}
	}
	return nil
}

func micros(a *array.Timestamp, unit arrow.TimeUnit, dst []int64) ([]int64, *badValue) {
	raw := arrow.GetData[int64](arrow.GetBytes(a.TimestampValues()))
	switch unit {
	case arrow.Microsecond:
		return raw, nil
	case arrow.Millisecond:
		return fill(a, raw, dst, errTime, microsFromMillis)
	case arrow.Nanosecond:
		return fill(a, raw, dst, errTime, microsFromNanos)
	}
	return nil, &badValue{0, fmt.Errorf("%w, not in %s", errTime, unit)}
}
