package trip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/transforms/element"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Batch]())
	beam.RegisterFunction(encodeBatch)
	beam.RegisterFunction(decodeBatch)
	beam.RegisterCoder(reflect.TypeFor[Batch](), encodeBatch, decodeBatch)
}

// The coded form of a Batch: source, taxi, origin (a record, or nothing), then as varints what is not a column, then the
// columns as an Arrow record, of which one of the numbers says which they are. A batch that was not derived yet lacks
// durations, and most are never judged. Some batches are coded only for a runner to know their size (prism does), so what
// is not there must not cost: with 128 KiB of nulls for each it was 20 to 40 percent more.

var columnFields = []arrow.Field{
	{Name: "pickup", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "dropoff", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "passengers", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "distance", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "amount", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "tip", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "duration", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "raw_duration", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "pickup_zone", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "dropoff_zone", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
}

// required has a bit for every column that is in every batch: all but the durations.
const required = int64(0b11_00_111111)

// wide and narrow list the columns in the order of columnFields.
func (b *Batch) wide() []*Column[int64] {
	return []*Column[int64]{&b.Pickup, &b.Dropoff, &b.Passengers, &b.Distance, &b.Amount, &b.Tip, &b.Duration, &b.RawDuration}
}
func (b *Batch) narrow() []*Column[int32] { return []*Column[int32]{&b.PickupZone, &b.DropoffZone} }

func encodeBatch(b Batch) ([]byte, error) {
	out := element.AppendString(nil, b.Source)
	out = element.AppendString(out, b.Taxi)
	var origin []byte
	if b.Origin != nil {
		var err error
		if origin, err = element.AppendRecord(nil, b.Origin); err != nil {
			return nil, err
		}
	}
	out = element.AppendString(out, string(origin))
	noZones := int64(0)
	if b.NoZones {
		noZones = 1
	}
	var fields []arrow.Field
	var arrays []arrow.Array
	present := int64(0) // a bit for each column
	add := func(i int, a arrow.Array) {
		fields, arrays = append(fields, columnFields[i]), append(arrays, a)
		present |= 1 << i
	}
	wide := b.wide()
	for i, c := range wide {
		if c.Values != nil || required>>i&1 == 1 {
			add(i, toArrow(*c, arrow.PrimitiveTypes.Int64))
		}
	}
	for i, c := range b.narrow() {
		add(len(wide)+i, toArrow(*c, arrow.PrimitiveTypes.Int32))
	}
	rec := array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(b.Rows))
	defer rec.Release()
	out = appendVarints(out, int64(b.FileMonth), int64(b.RowGroup), b.FirstRow, b.FileRow, noZones, int64(b.Rows), present,
		int64(len(b.Months)), int64(len(b.NotNumbers)), int64(len(b.Findings)))
	for _, run := range b.Months {
		refused := int64(0)
		if run.Refused {
			refused = 1
		}
		out = appendVarints(out, int64(run.Month), int64(run.End), refused)
	}
	for _, row := range b.NotNumbers {
		out = appendVarints(out, int64(row))
	}
	for _, f := range b.Findings {
		out = appendVarints(out, int64(f.Month), int64(f.Rule), f.Rows, f.Sum)
	}
	return element.AppendRecord(out, rec)
}

func appendVarints(b []byte, values ...int64) []byte {
	for _, v := range values {
		b = binary.AppendVarint(b, v)
	}
	return b
}

// varints reads what appendVarints wrote. short is set where the bytes end too early; the values are 0 from there on.
type varints struct {
	in    []byte
	short bool
}

func (v *varints) next() int64 {
	x, n := binary.Varint(v.in)
	if n <= 0 {
		v.short, v.in = true, nil
		return 0
	}
	v.in = v.in[n:]
	return x
}

func toArrow[T int32 | int64](c Column[T], typ arrow.DataType) arrow.Array {
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.GetBytes(c.Values))}
	if c.Valid != nil {
		buffers[0] = memory.NewBufferBytes(c.Valid)
	}
	data := array.NewData(typ, len(c.Values), buffers, nil, c.Nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func decodeBatch(in []byte) (b Batch, err error) {
	defer func() {
		if r := recover(); r != nil { // Arrow checks few of a record's lengths before it uses them
			b, err = Batch{}, fmt.Errorf("trip: batch: %v", r)
		}
	}()
	if b.Source, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: source: %w", err)
	}
	if b.Taxi, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: taxi: %w", err)
	}
	var origin string
	if origin, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: origin: %w", err)
	}
	if origin != "" {
		if b.Origin, err = element.CutRecord([]byte(origin)); err != nil {
			return Batch{}, err
		}
	}
	v := varints{in: in}
	b.FileMonth, b.RowGroup, b.FirstRow, b.FileRow = int32(v.next()), int(v.next()), v.next(), v.next()
	b.NoZones, b.Rows = v.next() == 1, int(v.next())
	present := v.next()
	months, notNumbers, findings := v.next(), v.next(), v.next()
	for range months {
		if b.Months = append(b.Months, MonthRun{Month: int32(v.next()), End: int(v.next()), Refused: v.next() == 1}); v.short {
			break
		}
	}
	for range notNumbers {
		if b.NotNumbers = append(b.NotNumbers, int32(v.next())); v.short {
			break
		}
	}
	for range findings {
		if b.Findings = append(b.Findings, Finding{Month: int32(v.next()), Rule: int32(v.next()), Rows: v.next(), Sum: v.next()}); v.short {
			break
		}
	}
	if v.short {
		return Batch{}, errors.New("trip: batch: the header ends too early")
	}
	in = v.in
	rec, err := element.CutRecord(in)
	if err != nil {
		return Batch{}, err
	}
	defer rec.Release() // its memory is the garbage collector's, and the columns below hold it
	if present&required != required || present>>len(columnFields) != 0 {
		return Batch{}, fmt.Errorf("trip: batch: columns %b, expected all but the durations at least", present)
	}
	var fields []arrow.Field
	for i, f := range columnFields {
		if present>>i&1 == 1 {
			fields = append(fields, f)
		}
	}
	if schema := arrow.NewSchema(fields, nil); !rec.Schema().Equal(schema) || int(rec.NumRows()) != b.Rows {
		return Batch{}, fmt.Errorf("trip: batch: found %d rows of %v, expected %d of %v", rec.NumRows(), rec.Schema(), b.Rows, schema)
	}
	columns := rec.Columns() // those that are present, in order
	for i, c := range b.wide() {
		if present>>i&1 == 1 {
			a := columns[0].(*array.Int64)
			*c = withNulls(a, a.Int64Values(), a.Int64Values())
			columns = columns[1:]
		}
	}
	for i, c := range b.narrow() { // the last, which are always there
		a := columns[i].(*array.Int32)
		*c = withNulls(a, a.Int32Values(), a.Int32Values())
	}
	return b, b.consistent()
}

// consistent returns an error unless later stages can use what was decoded: they index by these rows and runs.
func (b *Batch) consistent() error {
	if b.Duration.Values == nil && (len(b.Months) > 0 || b.RawDuration.Values != nil) {
		return errors.New("trip: batch: months or raw durations without durations")
	}
	at := 0
	for _, run := range b.Months {
		if run.End <= at || run.End > b.Rows {
			return fmt.Errorf("trip: batch: a month's rows end at %d, expected from %d to %d", run.End, at+1, b.Rows)
		}
		at = run.End
	}
	for _, row := range b.NotNumbers {
		if row < 0 || int(row) >= b.Rows {
			return fmt.Errorf("trip: batch: no number in row %d, expected less than %d", row, b.Rows)
		}
	}
	return nil
}
