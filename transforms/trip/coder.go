package trip

import (
	"encoding/binary"
	"fmt"
	"math"
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

// The coded form of a Batch: source, taxi, row group, first row, the months as pairs of month and end, then the
// columns as an Arrow record. A batch that was not derived yet has no duration; it is coded as all null.

var batchSchema = arrow.NewSchema([]arrow.Field{
	{Name: "pickup", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "dropoff", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "passengers", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "distance", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "amount", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "tip", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "duration", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "pickup_zone", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "dropoff_zone", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
}, nil)

// wide and narrow list the columns in the order of batchSchema.
func (b *Batch) wide() []*Column[int64] {
	return []*Column[int64]{&b.Pickup, &b.Dropoff, &b.Passengers, &b.Distance, &b.Amount, &b.Tip, &b.Duration}
}
func (b *Batch) narrow() []*Column[int32] { return []*Column[int32]{&b.PickupZone, &b.DropoffZone} }

func encodeBatch(b Batch) ([]byte, error) {
	if b.Duration.Values == nil {
		b.Duration = Column[int64]{Values: make([]int64, b.Rows), Valid: make([]byte, (b.Rows+7)/8), Nulls: b.Rows}
	}
	out := element.AppendString(nil, b.Source)
	out = element.AppendString(out, b.Taxi)
	for _, v := range []uint64{uint64(b.RowGroup), uint64(b.FirstRow), uint64(b.Rows), uint64(len(b.Months))} {
		out = binary.AppendUvarint(out, v)
	}
	for _, run := range b.Months {
		out = binary.AppendUvarint(out, uint64(uint32(run.Month)))
		out = binary.AppendUvarint(out, uint64(run.End))
	}
	var arrays []arrow.Array
	for _, c := range b.wide() {
		arrays = append(arrays, toArrow(*c, arrow.PrimitiveTypes.Int64))
	}
	for _, c := range b.narrow() {
		arrays = append(arrays, toArrow(*c, arrow.PrimitiveTypes.Int32))
	}
	rec := array.NewRecordBatch(batchSchema, arrays, int64(b.Rows))
	defer rec.Release()
	return element.AppendRecord(out, rec)
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
	if b.Source, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: source: %w", err)
	}
	if b.Taxi, in, err = element.CutString(in); err != nil {
		return Batch{}, fmt.Errorf("trip: batch: taxi: %w", err)
	}
	var head [4]uint64
	for i := range head {
		if head[i], in, err = element.CutUvarint(in); err != nil {
			return Batch{}, fmt.Errorf("trip: batch: header: %w", err)
		}
	}
	b.RowGroup, b.FirstRow, b.Rows = int(head[0]), int64(head[1]), int(head[2])
	for range head[3] {
		var month, end uint64
		if month, in, err = element.CutUvarint(in); err == nil {
			end, in, err = element.CutUvarint(in)
		}
		if err != nil || month > math.MaxUint32 {
			return Batch{}, fmt.Errorf("trip: batch: months: %w", err)
		}
		b.Months = append(b.Months, MonthRun{Month: int32(uint32(month)), End: int(end)})
	}
	rec, err := element.CutRecord(in)
	if err != nil {
		return Batch{}, err
	}
	defer rec.Release() // its memory is the garbage collector's, and the columns below hold it
	if !rec.Schema().Equal(batchSchema) || int(rec.NumRows()) != b.Rows {
		return Batch{}, fmt.Errorf("trip: batch: found %d rows of %v, expected %d of %v", rec.NumRows(), rec.Schema(), b.Rows, batchSchema)
	}
	wide := b.wide()
	for i, c := range wide {
		a := rec.Column(i).(*array.Int64)
		*c = withNulls(a, a.Int64Values(), a.Int64Values())
	}
	for i, c := range b.narrow() {
		a := rec.Column(len(wide) + i).(*array.Int32)
		*c = withNulls(a, a.Int32Values(), a.Int32Values())
	}
	return b, nil
}
