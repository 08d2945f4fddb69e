package trip

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/sidebyside"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[fieldsFn]())
	register.Emitter1[Batches]()
}

// MapFields converts a file's columns to those of trips, whatever their physical types. A value that cannot be represented is a
// fault with exit code 3 that names its file, row group, row and column.
//
// MapFields transforms a PCollection<element.ColumnsList> into a PCollection<Batches>.
func MapFields(s beam.Scope, opts Options, columns beam.PCollection) beam.PCollection {
	s = s.Scope("trip.Map(fields)")
	return beam.ParDo(s, &fieldsFn{Options: opts}, columns)
}

// fieldsFn reuses its memory for every list: an emitted list is valid until emit returns. It is also the memory of the first batch of a
// list, and of that batch's first part.
type fieldsFn struct {
	Options Options

	list   []element.Columns // that is being done
	each   func(i int) error // does a batch of the list
	shared *shared
	places []*fieldsFn // the memory of the further batches of a list
	parts  []*fieldsFn // the memory of the further parts of a batch with several taxis
	made   []Batch     // of the batch; those of the whole list when it is emitted

	*fileMapping // that of the last batch
	clock        *wallClock
	local        *element.Local // of the dataset; nil for TLC's files
	columns      [NumFields]columnMemory
	addend       columnMemory // for a column that is added to another
	kept         []kept
	wide         bool // set where a value is beyond MaxValue or not a number
	texts        textClock
	bad          []int32              // the rows of one column with values that are not numbers, or not times
	allBad       []int32              // the rows of all columns of the batch with values that are not numbers
	noTimes      [Dropoff + 1][]int32 // the rows whose pickup, and whose dropoff, is not a time
	others       []int32              // the rows in which any other time is not a time
	blank        []int32              // the rows of one column with texts that stand for nothing
	noCodes      []NoCode             // of the batch
	taxis        taxiSplitter         // of batches with several taxis
}

// source is a column of the file from which a column of trips is made. If there are several, they are added up.
type source struct {
	number      int // among the columns that are added up
	index       int // index in the record
	codes       map[string]int64
	scale       element.Scale
	sincePickup bool
}

// columnMemory is memory for converting a column, reused for every batch.
type columnMemory struct {
	values []int64
	valid  []byte // for the bitmap, if values become null
}

func (fn *fieldsFn) ProcessElement(in element.ColumnsList, emit func(Batches)) error {
	fn.list = in.List
	defer fn.done()
	fn.common().lists++
	fn.place(len(in.List) - 1) // makes those before it
	if fn.each == nil {
		fn.each = func(i int) error { return fn.place(i).add(fn.list[i]) }
	}
	if err := sidebyside.Do(len(in.List), fn.each); err != nil {
		return err
	}
	for i := 1; i < len(in.List); i++ {
		fn.made = append(fn.made, fn.place(i).made...)
	}
	if len(fn.made) > 0 {
		emit(Batches{fn.made})
	}
	return nil
}

// common is what all batches of lists have in common.
func (fn *fieldsFn) common() *shared {
	if fn.shared == nil {
		fn.shared = new(shared)
	}
	return fn.shared
}

// place returns the memory of a batch of a list.
func (fn *fieldsFn) place(i int) *fieldsFn { return fn.other(&fn.places, i) }

// part returns the memory of a part of a batch.
func (fn *fieldsFn) part(i int) *fieldsFn { return fn.other(&fn.parts, i) }

func (fn *fieldsFn) other(of *[]*fieldsFn, i int) *fieldsFn {
	if i <= 0 {
		return fn
	}
	for len(*of) < i {
		*of = append(*of, &fieldsFn{Options: fn.Options, shared: fn.common()})
	}
	return (*of)[i-1]
}

// done lets go of what the batches of the list have.
func (fn *fieldsFn) done() {
	for i := range fn.list {
		p := fn.place(i)
		p.taxis.release()
		clear(p.made)
		p.made = p.made[:0]
	}
	fn.list = nil
}

// add makes the batches of one batch of columns.
func (fn *fieldsFn) add(in element.Columns) error {
	if len(in.Shares) > 0 {
		return fn.eachTaxi(in)
	}
	b, err := fn.batch(in)
	fn.made = append(fn.made, b)
	return err
}

func (fn *fieldsFn) batch(in element.Columns) (Batch, error) {
	fn.allBad, fn.others, fn.noCodes = fn.allBad[:0], fn.others[:0], fn.noCodes[:0]
	fn.noTimes[Pickup], fn.noTimes[Dropoff] = fn.noTimes[Pickup][:0], fn.noTimes[Dropoff][:0]
	if err := fn.remap(in); err != nil {
		return Batch{}, err
	}
	if utc := fn.textUTC(); fn.texts.order != in.Dates || fn.texts.utc != utc {
		fn.texts = textClock{order: in.Dates, utc: utc}
	}
	if err := fn.checkText(in); err != nil {
		return Batch{}, err
	}
	b := Batch{
		Source: in.Source, Taxi: in.Taxi, FileMonth: in.Month, FileRows: in.FileRows, Alone: in.Alone, NoZones: in.Coordinates,
		RowGroup: in.RowGroup, FirstRow: in.FirstRow, FileRow: in.FileRow, Rows: int(in.Record.NumRows()), Skips: in.Skips,
		Text: in.Text, Skip: in.Skip,
	}
	if fn.Options.KeepOrigin {
		b.Origin = in.Record
	}
	for _, f := range fn.fields {
		if err := fn.column(in, f, &b); err != nil {
			return b, err
		}
	}
	b.NoCodes = fn.noCodes
	for _, m := range fn.dataset.Lacks(in.Month) {
		if f, known := fieldOf(m); known {
			b.MayLack |= 1 << f
		}
	}
	b.NotPickups, b.NotDropoffs = orNil(fn.noTimes[Pickup]), orNil(fn.noTimes[Dropoff])
	b.NotNumbers = ascending(fn.allBad)
	b.NotTimes = ascending(slices.DeleteFunc(fn.others, func(row int32) bool {
		_, has := slices.BinarySearch(b.NotDropoffs, row)
		return has
	}))
	return b, nil
}

// column makes a column of the batch. If the file lacks it, it is null in all rows. If several columns of the file have this
// meaning, they are added up: a null adds nothing, and the sum is null if all are.
func (fn *fieldsFn) column(in element.Columns, f Field, b *Batch) (err error) {
	fn.bad = fn.bad[:0]
	mem, rows, out := &fn.columns[f], int(in.Record.NumRows()), &b.Columns[f]
	switch sources := fn.sources[f]; len(sources) {
	case 0:
		*out = withNulls(array.NewNull(rows), mem.memory(rows), mem.memory(rows))
	case 1:
		if *out, err = fn.convert(in, f, sources[0], mem); err != nil {
			return err
		}
		if fn.rescale(out, sources[0].scale); sources[0].sincePickup {
			fn.sincePickup(out, &b.Columns[Pickup], mem)
		}
		if len(fn.bad) > 0 && !fn.Options.Judged {
			name := in.Record.ColumnName(sources[0].index)
			return fault.Inputf("%s: column %q: found a value that has more than 64 bits as %s, expected fewer; leave the file out or repair the value", in.Where(int(fn.bad[0])), name, Fields[f].Name)
		}
	default:
		if *out, err = fn.addUp(in, f, sources, mem); err != nil {
			return err
		}
	}
	if len(fn.bad) > 0 {
		slices.Sort(fn.bad)
		fn.bad = slices.Compact(fn.bad)
		mem.valid = makeNull(out, fn.bad, mem.valid)
		switch {
		case f == Pickup || f == Dropoff:
			fn.noTimes[f] = append(fn.noTimes[f], fn.bad...)
		case Fields[f].Type == Time:
			fn.others = append(fn.others, fn.bad...)
		default:
			fn.allBad = append(fn.allBad, fn.bad...)
		}
	}
	return nil
}

// ascending sorts rows and drops those that occur again. It returns nil for no rows.
func ascending(rows []int32) []int32 {
	slices.Sort(rows)
	return orNil(slices.Compact(rows))
}

// orNil returns nil for no rows.
func orNil(rows []int32) []int32 {
	if len(rows) == 0 {
		return nil
	}
	return rows
}

// memory returns memory for n values.
func (m *columnMemory) memory(n int) []int64 {
	if len(m.values) < n {
		m.values = make([]int64, n)
	}
	return m.values[:n]
}

// makeNull makes rows of c null. It returns the memory that it used for the bitmap.
func makeNull(c *Column, rows []int32, memory []byte) []byte {
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
		c.Nulls += int(valid[r>>3] >> (r & 7) & 1)
		valid[r>>3] &^= 1 << (r & 7)
		c.Values[r] = 0
	}
	c.Valid = valid
	return memory
}

// remap finds the columns of the file, if its form is not that of the last batch.
func (fn *fieldsFn) remap(in element.Columns) error {
	of := formOf(in)
	if fn.fileMapping != nil && fn.form == of {
		return nil
	}
	m, err := fn.common().mapping(of, func() (*fileMapping, error) { return fn.Options.mapped(in) })
	if err != nil {
		return err
	}
	if fn.fileMapping = m; fn.local != m.dataset.Local {
		fn.local, fn.clock, fn.texts = m.dataset.Local, nil, textClock{}
	}
	return nil
}

// mapped returns the mapping of a file.
func (o Options) mapped(in element.Columns) (*fileMapping, error) {
	names := make([]string, in.Record.NumCols())
	for i := range names {
		names[i] = in.Record.ColumnName(i)
	}
	of := formOf(in)
	dataset, known := o.Dataset(of.variant, of.byTaxi)
	if !known {
		return nil, fault.New(fault.Failed, "%s: found variant %q, expected one of the registry", in.Source, in.Variant)
	}
	m := &fileMapping{form: of, dataset: dataset, fields: o.fields()}
	for _, f := range m.fields {
		for _, known := range dataset.Find(f.Meaning()) {
			at, err := index(names, known)
			if err != nil {
				return nil, fault.Inputf("%s: %v", in.Source, err)
			}
			if at >= 0 {
				m.sources[f] = append(m.sources[f], source{len(m.sources[f]), at, known.Codes, known.Scale, known.SincePickup})
			}
		}
	}
	return m, nil
}

// badValue is the error for a value that cannot be represented. It names the row.
type badValue struct {
	row      int
	expected error
}

// converter converts an array into dst, which has its length, or returns other memory that has the values. Null rows get any
// value.
type converter func(a arrow.Array, dst []int64) ([]int64, *badValue)

// converter returns the function that converts a column.
func (fn *fieldsFn) converter(f Field, s source) converter {
	if s.sincePickup {
		return fn.measureColumn
	}
	switch Fields[f].Type {
	case Time:
		return fn.timeColumn
	case Zone:
		return fn.zoneColumn
	case Code, Flag:
		codes := s.codes
		if codes == nil && Fields[f].Type == Flag {
			codes = flags
		}
		return func(a arrow.Array, dst []int64) ([]int64, *badValue) { return fn.codeColumn(a, codes, dst) }
	}
	return fn.measureColumn
}

// convert converts a column of the file.
func (fn *fieldsFn) convert(in element.Columns, f Field, s source, mem *columnMemory) (Column, error) {
	dst, a, to := mem.memory(int(in.Record.NumRows())), in.Record.Column(s.index), fn.converter(f, s)
	if coded, ok := a.(*array.Dictionary); ok {
		if fn.lookUpCodes(f, s.number, coded, dst, to) {
			return fn.finish(f, withNulls(a, dst, dst), mem), nil
		}
		var err error
		if a, err = element.Plain(a); err != nil {
			return Column{}, fmt.Errorf("%s: column %q: %w", in.Where(0), in.Record.ColumnName(s.index), err)
		}
	}
	fn.blank = fn.blank[:0]
	values, bad := to(a, dst)
	if bad != nil {
		return Column{}, fn.badAt(in, s, a, bad)
	}
	c := withNulls(a, values, dst)
	if len(fn.blank) > 0 {
		mem.valid = makeNull(&c, fn.blank, mem.valid)
	}
	return fn.finish(f, c, mem), nil
}

// badAt is the fault for a value that cannot be represented.
func (fn *fieldsFn) badAt(in element.Columns, s source, a arrow.Array, bad *badValue) error {
	name, advice := in.Record.ColumnName(s.index), "; leave the file out or repair the value"
	if bad.expected == errOffset {
		advice = "" // it has its own
	}
	return fault.Inputf("%s: column %q: found %s, expected %v%s", in.Where(bad.row), name, found(a, bad.row), bad.expected, advice)
}

// finish makes the values null that are not codes, in a column of codes, and counts them.
func (fn *fieldsFn) finish(f Field, c Column, mem *columnMemory) Column {
	if t := Fields[f].Type; t == Code || t == Flag {
		nulls := c.Nulls
		if mem.valid = dropNoCodes(&c, mem.valid); c.Nulls > nulls {
			fn.noCodes = append(fn.noCodes, NoCode{f, int64(c.Nulls - nulls)})
		}
	}
	return c
}

// withNulls sets null rows to zero and adds the validity bitmap. If values must not be written to, it copies them to dst.
func withNulls(a arrow.Array, values, dst []int64) Column {
	c := Column{Values: values, Nulls: a.NullN()}
	if c.Nulls == 0 {
		return c
	}
	if len(values) > 0 && len(dst) > 0 && &values[0] != &dst[0] {
		copy(dst, values)
		c.Values = dst
	}
	if c.Nulls == a.Len() {
		clear(c.Values)
		c.Valid = make([]byte, (a.Len()+7)/8)
		return c
	}
	c.Valid = bitmapOf(a)
	for at, valid := range c.Valid[:(len(c.Values)+7)/8] {
		if valid == 0xff { // nearly always: a column has few nulls or nothing else
			continue
		}
		for i := at * 8; i < min(at*8+8, len(c.Values)); i++ {
			c.Values[i] &= -int64(valid >> (i & 7) & 1)
		}
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

// found returns a value as text, for a message.
func found(a arrow.Array, row int) string {
	text := fault.Shortened(a.ValueStr(row), 60)
	if _, isText := a.(*array.String); isText {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// fill converts src value by value. A value that f refuses is an error unless its row is null.
func fill[S any](a arrow.Array, src []S, dst []int64, expected error, f func(S) (int64, bool)) ([]int64, *badValue) {
	for i, v := range src {
		x, ok := f(v)
		if !ok && a.IsValid(i) {
			return nil, &badValue{i, expected}
		}
		dst[i] = x
	}
	return dst, nil
}
