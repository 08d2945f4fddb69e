package trip

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/eights"
	"tripstats/transforms/fault"
	"tripstats/transforms/sidebyside"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[deriveFn]())
}

// Derive adds the year and month of each pickup, and the wanted columns that are derived from others. A duration of more than 64 bits
// of microseconds is a fault with exit code 3.
//
// Derive transforms a PCollection<Batches> into a PCollection<Batches>.
func Derive(s beam.Scope, opts Options, trips beam.PCollection) beam.PCollection {
	s = s.Scope("trip.Map(derive)")
	return beam.ParDo(s, &deriveFn{Fields: opts.derived()}, trips)
}

// deriveFn reuses its memory for every list: an emitted list is valid until emit returns.
type deriveFn struct {
	Fields []Field // the columns to be made: see Options.derived

	out    []Batch
	each   func(i int) error // derives for a batch of the list
	places []*derived        // by place in the list
}

// derived is the memory of one batch.
type derived struct {
	runs    []MonthRun
	columns [NumFields]columnMemory
}

func (fn *deriveFn) ProcessElement(in Batches, emit func(Batches)) error {
	fn.out = append(fn.out[:0], in.List...)
	defer clear(fn.out)
	for len(fn.places) < len(fn.out) {
		fn.places = append(fn.places, new(derived))
	}
	if fn.each == nil {
		fn.each = fn.derive
	}
	if err := sidebyside.Do(len(fn.out), fn.each); err != nil {
		return err
	}
	emit(Batches{fn.out})
	return nil
}

// derive adds columns to a batch of the list.
func (fn *deriveFn) derive(i int) error {
	to, b := fn.places[i], &fn.out[i]
	to.runs = appendRuns(to.runs[:0], &b.Columns[Pickup])
	b.Months = to.runs
	for _, f := range fn.Fields {
		if before := Fields[f].Before; before != nil {
			b.Columns[f] = b.Columns[*before]
			continue
		}
		mem := &to.columns[f]
		if n := (b.Rows + 7) / 8; len(mem.valid) < n {
			mem.valid = make([]byte, n)
		}
		b.Columns[f] = Column{Values: mem.memory(b.Rows)}
		if err := Fields[f].Derive(&b.Columns[f], b, mem.valid); err != nil {
			return err
		}
	}
	return nil
}

// between is the Derive of a column that is the time between two others, which messages call what.
func between(from, to Field, what string) func(dst *Column, b *Batch, valid []byte) error {
	return func(dst *Column, b *Batch, valid []byte) error {
		start, end := &b.Columns[from], &b.Columns[to]
		if eights.Subtract(dst.Values, end.Values, start.Values) < 0 {
			for i := range b.Rows {
				if overflows(end.Values[i], start.Values[i]) && !start.IsNull(i) && !end.IsNull(i) {
					return fault.Inputf("%s: found %s %d and %d µs from 1970, expected a duration of 64 bits in microseconds; leave the file out or repair the value",
						b.Where(i), what, start.Values[i], end.Values[i])
				}
			}
		}
		maskNulls(dst, valid, start, end)
		return nil
	}
}

// pickupHour is the Derive of PickupHour.
func pickupHour(dst *Column, b *Batch, valid []byte) error {
	const hour = 3600 * microsPerSecond
	pickup := &b.Columns[Pickup]
	for i, v := range pickup.Values {
		dst.Values[i] = floorDiv(v, hour) - floorDiv(v, microsPerDay)*24
	}
	maskNulls(dst, valid, pickup, pickup)
	return nil
}

func overflows(a, b int64) bool { return (a^b)&(a^(a-b)) < 0 }

// maskNulls makes the rows of c null that are null in a or in b. valid is memory for the bitmap.
func maskNulls(c *Column, valid []byte, a, b *Column) {
	if a.Nulls == 0 && b.Nulls == 0 {
		return
	}
	rows := len(c.Values)
	c.Valid = valid[:(rows+7)/8]
	for i := range c.Valid {
		v := byte(0xff)
		if a.Valid != nil {
			v &= a.Valid[i]
		}
		if b.Valid != nil {
			v &= b.Valid[i]
		}
		c.Valid[i] = v
	}
	c.Nulls = rows - c.Set(0, rows)
	for i := range c.Values {
		c.Values[i] &= -int64(c.Valid[i>>3] >> (i & 7) & 1)
	}
}
