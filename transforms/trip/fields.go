package trip

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[fieldsFn]())
	register.Emitter1[Batch]()
}

// Fields maps a file's columns to the domain: by name, whatever their physical types. A value that cannot be
// represented is a fault with exit code 3 that names its file, row group, row and column.
//
// Fields transforms a PCollection<element.Columns> into a PCollection<Batch>.
func Fields(s beam.Scope, opts Options, columns beam.PCollection) beam.PCollection {
	s = s.Scope("trip.Map(fields)")
	return beam.ParDo(s, &fieldsFn{Options: opts}, columns)
}

// fieldsFn fills the same memory for every batch: what it emits is valid while emit runs.
type fieldsFn struct {
	Options Options

	schema  *arrow.Schema // of the last batch, and its mapping
	mapping [roles]int
	clock   *wallClock
	times   [2]columnMemory[int64]
	zones   [2]columnMemory[int32]
	nums    [4]columnMemory[int64]
	valid   [4][]byte // of columns with values that are no numbers
	bad     []int32   // rows of one column with such values
	allBad  []int32   // of the batch
}

func (fn *fieldsFn) ProcessElement(in element.Columns, emit func(Batch)) error {
	b, err := fn.batch(in)
	if err != nil {
		return err
	}
	emit(b)
	return nil
}

func (fn *fieldsFn) batch(in element.Columns) (Batch, error) {
	fn.allBad = fn.allBad[:0]
	if err := fn.remap(in); err != nil {
		return Batch{}, err
	}
	b := Batch{Source: in.Source, Taxi: in.Taxi, FileMonth: in.Month, RowGroup: in.RowGroup, FirstRow: in.FirstRow, Rows: int(in.Record.NumRows())}
	b.NoZones = fn.mapping[pickupZone] < 0 && fn.mapping[dropoffZone] < 0
	if fn.Options.KeepOrigin {
		b.Origin, b.FileRow = in.Record, in.FileRow
	}
	var err error
	for i, c := range []struct {
		role role
		out  *Column[int64]
	}{{pickupTime, &b.Pickup}, {dropoffTime, &b.Dropoff}} {
		if err == nil {
			*c.out, err = convert(fn, in, c.role, &fn.times[i], fn.timeColumn)
		}
	}
	for i, c := range []struct {
		role role
		out  *Column[int32]
	}{{pickupZone, &b.PickupZone}, {dropoffZone, &b.DropoffZone}} {
		if err == nil {
			*c.out, err = convert(fn, in, c.role, &fn.zones[i], fn.zoneColumn)
		}
	}
	for i, c := range []struct {
		role role
		out  *Column[int64]
	}{{distance, &b.Distance}, {passengers, &b.Passengers}, {amount, &b.Amount}, {tip, &b.Tip}} {
		if err == nil {
			fn.bad = fn.bad[:0]
			*c.out, err = convert(fn, in, c.role, &fn.nums[i], fn.measureColumn)
			if len(fn.bad) > 0 && err == nil {
				fn.valid[i] = makeNull(c.out, fn.bad, fn.valid[i])
				fn.allBad = append(fn.allBad, fn.bad...)
			}
		}
	}
	if len(fn.allBad) > 0 {
		slices.Sort(fn.allBad)
		b.NotNumbers = slices.Compact(fn.allBad)
	}
	return b, err
}

// makeNull makes rows of c, which are not null yet, null. It returns the memory that it used for the bitmap.
func makeNull(c *Column[int64], rows []int32, memory []byte) []byte {
	n := (len(c.Values) + 7) / 8
	if cap(memory) < n {
		memory = make([]byte, n)
	}
	valid := memory[:n]
	if c.Valid != nil {
		copy(valid, c.Valid)
	} else {
		for i := range valid {
			valid[i] = 0xff
		}
	}
	for _, r := range rows {
		valid[r>>3] &^= 1 << (r & 7)
		c.Values[r] = 0
	}
	c.Valid, c.Nulls = valid, c.Nulls+len(rows)
	return memory
}

// remap finds the columns of the roles, anew when the schema is another one than the last batch had.
func (fn *fieldsFn) remap(in element.Columns) error {
	if fn.schema == in.Record.Schema() {
		return nil
	}
	names := make([]string, in.Record.NumCols())
	for i := range names {
		names[i] = in.Record.ColumnName(i)
	}
	i := slices.IndexFunc(fn.Options.Registry, func(v element.Variant) bool { return v.Name == in.Variant })
	if i < 0 {
		return fault.New(fault.Failed, "%s: found variant %q, expected one of the registry", in.Source, in.Variant)
	}
	var m [roles]int
	for r, fd := range fields {
		var err error
		if m[r], err = index(names, fn.Options.Registry[i].Find(fd.meaning)); err != nil {
			return fault.Inputf("%s: %v", in.Source, err)
		}
	}
	fn.schema, fn.mapping = in.Record.Schema(), m
	return nil
}

// badValue says which row's value could not be represented.
type badValue struct {
	row      int
	expected error
}

// converter converts an array into dst, which has its length, or returns other memory with the values in it. Null
// rows may come out as anything.
type converter[T int32 | int64] func(a arrow.Array, dst []T) ([]T, *badValue)

// columnMemory is what converting a column needs, batch after batch.
type columnMemory[T int32 | int64] struct {
	values []T
	codes  codedValues[T]
}

// convert converts the column of a role. A missing column is all null.
func convert[T int32 | int64](fn *fieldsFn, in element.Columns, role role, mem *columnMemory[T], to converter[T]) (Column[T], error) {
	rows := int(in.Record.NumRows())
	if len(mem.values) < rows {
		mem.values = make([]T, rows)
	}
	dst := mem.values[:rows]
	var a arrow.Array = array.NewNull(rows)
	if i := fn.mapping[role]; i >= 0 {
		a = in.Record.Column(i)
	}
	if coded, ok := a.(*array.Dictionary); ok {
		if mem.codes.convert(fn, coded, dst, to) {
			return withNulls(a, dst, dst), nil
		}
		var err error
		if a, err = element.Plain(a); err != nil {
			return Column[T]{}, fmt.Errorf("%s: column %q: %w", in.Where(0), in.Record.ColumnName(fn.mapping[role]), err)
		}
	}
	values, bad := to(a, dst)
	if bad != nil {
		name := in.Record.ColumnName(fn.mapping[role])
		return Column[T]{}, fault.Inputf("%s: column %q: found %s, expected %v; leave the file out or repair the value", in.Where(bad.row), name, found(a, bad.row), bad.expected)
	}
	return withNulls(a, values, dst), nil
}

// withNulls sets null rows to zero, in dst where values is not ours to write to, and adds the validity bitmap.
func withNulls[T int32 | int64](a arrow.Array, values, dst []T) Column[T] {
	c := Column[T]{Values: values, Nulls: a.NullN()}
	if c.Nulls == 0 {
		return c
	}
	if len(values) > 0 && &values[0] != &dst[0] {
		copy(dst, values)
		c.Values = dst
	}
	if c.Nulls == a.Len() {
		clear(c.Values)
		c.Valid = make([]byte, (a.Len()+7)/8)
		return c
	}
	c.Valid = bitmapOf(a)
	for i := range c.Values {
		c.Values[i] &= -T(c.Valid[i>>3] >> (i & 7) & 1)
	}
	return c
}

// bitmapOf returns the validity bitmap from the array's first row on.
func bitmapOf(a arrow.Array) []byte {
	if off := a.Data().Offset(); off == 0 {
		return a.NullBitmapBytes()
	}
	bitmap := make([]byte, (a.Len()+7)/8)
	for i := range a.Len() {
		if a.IsValid(i) {
			bitmap[i>>3] |= 1 << (i & 7)
		}
	}
	return bitmap
}

// found renders a value for a message.
func found(a arrow.Array, row int) string {
	text := a.ValueStr(row)
	if len(text) > 60 {
		text = text[:60] + "..."
	}
	if _, isText := a.(*array.String); isText {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// fill converts src value by value. A value that f refuses is bad unless its row is null.
func fill[S any, T int32 | int64](a arrow.Array, src []S, dst []T, expected error, f func(S) (T, bool)) ([]T, *badValue) {
	for i, v := range src {
		x, ok := f(v)
		if !ok && a.IsValid(i) {
			return nil, &badValue{i, expected}
		}
		dst[i] = x
	}
	return dst, nil
}

func fillText[T int32 | int64](a *array.String, dst []T, expected error, f func(string) (T, bool)) ([]T, *badValue) {
	for i := range dst {
		if a.IsNull(i) {
			continue
		}
		x, ok := f(a.Value(i))
		if !ok {
			return nil, &badValue{i, expected}
		}
		dst[i] = x
	}
	return dst, nil
}

// measureColumn converts dollars, miles and passengers to fixed point.
func (fn *fieldsFn) measureColumn(a arrow.Array, dst []int64) ([]int64, *badValue) {
	switch a := a.(type) {
	case *array.Float64:
		src := a.Float64Values()
		dst = dst[:len(src)]
		for done := 0; done < len(src); { // the hot one: nearly every value is taken by what converts many
			done += fixMany(dst[done:], src[done:])
			for end := min(done+8, len(src)); done < end; done++ {
				x, certain := fixFast(src[done])
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
		return fillText(a, dst, errMeasure, fixText)
	case *array.Null:
		return dst, nil
	}
	return nil, &badValue{0, fmt.Errorf("%w, not %s", errMeasure, a.DataType())}
}

// integers converts whole numbers of the rarer types.
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

// uncertain converts a value that fixFast or fixInt was not certain of, and notes it where it is no number but may pass.
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
	return x, true
}

// fillZones is fill for zones. Where rules judge what cannot be one, it comes as noZone.
func fillZones[S any](fn *fieldsFn, a arrow.Array, src []S, dst []int32, f func(S) (int32, bool)) ([]int32, *badValue) {
	values, bad := fill(a, src, dst, errZone, f)
	if bad == nil || !fn.Options.Judged {
		return values, bad
	}
	return fill(a, src, dst, errZone, func(v S) (int32, bool) { // again, so that good files pay nothing for it
		x, ok := f(v)
		if !ok {
			x = noZone
		}
		return x, true
	})
}

// narrow converts values to 32 bits and tells whether all fit.
func narrow(dst []int32, src []int64) bool {
	dst = dst[:len(src)]
	n, wide := narrowMany(dst, src)
	for i := n; i < len(src); i++ {
		v := src[i]
		x := int32(v)
		wide |= int64(x) ^ v
		dst[i] = x
	}
	return wide == 0
}

// noZone is an id that no zone has, and that stands for numbers that are none.
const noZone = 0

// zoneColumn converts zone ids.
func (fn *fieldsFn) zoneColumn(a arrow.Array, dst []int32) ([]int32, *badValue) {
	switch a := a.(type) {
	case *array.Int32:
		return a.Int32Values(), nil
	case *array.Int64:
		if narrow(dst, a.Int64Values()) { // the hot one
			return dst, nil
		}
		return fillZones(fn, a, a.Int64Values(), dst, zoneInt)
	case *array.Uint32:
		return fillZones(fn, a, a.Uint32Values(), dst, func(v uint32) (int32, bool) { return zoneInt(int64(v)) })
	case *array.Uint64:
		return fillZones(fn, a, a.Uint64Values(), dst, func(v uint64) (int32, bool) { return zoneInt(int64(min(v, 1<<40))) })
	case *array.Float64:
		return fillZones(fn, a, a.Float64Values(), dst, zoneFloat)
	case *array.Float32:
		return fillZones(fn, a, a.Float32Values(), dst, func(v float32) (int32, bool) { return zoneFloat(float64(v)) })
	case *array.String:
		return fillText(a, dst, errZone, zoneText)
	case *array.Null:
		return dst, nil
	}
	return nil, &badValue{0, fmt.Errorf("%w, not %s", errZone, a.DataType())}
}

// timeColumn converts times to µs of New York wall clock.
func (fn *fieldsFn) timeColumn(a arrow.Array, dst []int64) ([]int64, *badValue) {
	switch a := a.(type) {
	case *array.Timestamp:
		t := a.DataType().(*arrow.TimestampType)
		values, bad := micros(a, t.Unit, dst)
		if bad != nil || t.TimeZone == "" || fn.Options.UTC != UTCConvert {
			return values, bad
		}
		if fn.clock == nil {
			var err error
			if fn.clock, err = newWallClock(); err != nil {
				return nil, &badValue{0, err}
			}
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
		return fillText(a, dst, errTimeText, microsFromText)
	case *array.Null:
		return dst, nil
	}
	return nil, &badValue{0, fmt.Errorf("%w, not %s", errTime, a.DataType())}
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
