package aggregate

import (
	"math/big"
	"reflect"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// sumType holds an exact sum at 10^-6.
var sumType = &arrow.Decimal128Type{Precision: 38, Scale: 6}

// MonthlySchema is the table trip_stats: one row for each taxi and month, sorted by both. An average is null where
// nothing was averaged.
var MonthlySchema = arrow.NewSchema([]arrow.Field{
	{Name: "taxi", Type: arrow.BinaryTypes.String},
	{Name: "year", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "month_start", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "trip_count", Type: arrow.PrimitiveTypes.Int64},
	{Name: "avg_passengers", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "avg_trip_distance_miles", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "avg_trip_duration_minutes", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "avg_amount", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "avg_tip", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
}, nil)

// sumsSchema is what trip_stats has after that where rules were applied, so that months can be rolled up exactly: how many
// values were counted, and their sums. A refund is a trip like any other, but its amount is in refund_sum alone.
var sumsSchema = arrow.NewSchema([]arrow.Field{
	{Name: "passengers_counted", Type: arrow.PrimitiveTypes.Int64},
	{Name: "distance_counted", Type: arrow.PrimitiveTypes.Int64},
	{Name: "duration_counted", Type: arrow.PrimitiveTypes.Int64},
	{Name: "amount_counted", Type: arrow.PrimitiveTypes.Int64},
	{Name: "tip_counted", Type: arrow.PrimitiveTypes.Int64},
	{Name: "passengers_sum", Type: arrow.PrimitiveTypes.Int64},
	{Name: "distance_sum", Type: sumType},
	{Name: "duration_minutes_sum", Type: sumType},
	{Name: "amount_sum", Type: sumType},
	{Name: "tip_sum", Type: sumType},
	{Name: "refund_rows", Type: arrow.PrimitiveTypes.Int64},
	{Name: "refund_sum", Type: sumType},
}, nil)

func monthlySchema(sums bool) *arrow.Schema {
	if !sums {
		return MonthlySchema
	}
	return arrow.NewSchema(slices.Concat(MonthlySchema.Fields(), sumsSchema.Fields()), nil)
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[monthsFn]())
	beam.RegisterDoFn(reflect.TypeFor[monthlyTableFn]())
	register.Combiner1[Month](&monthlyCombiner{})
	register.Emitter2[Key, Month]()
	register.Emitter1[element.Table]()
	register.Iter2[Key, Month]()
}

// Monthly makes the table of monthly averages, and with sums what they were made of.
//
// Monthly transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
func Monthly(s beam.Scope, sums bool, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Monthly")
	months := beam.ParDo(s, &monthsFn{}, beam.DropKey(s, perSource))
	merged := beam.CombinePerKey(s.Scope("CombinePerKey(monthly)"), &monthlyCombiner{}, months)
	return beam.ParDo(s, &monthlyTableFn{Sums: sums}, beam.Impulse(s), beam.SideInput{Input: merged})
}

// monthsFn takes a source's months apart. Zones are another table's.
type monthsFn struct{}

func (fn *monthsFn) ProcessElement(r Source, emit func(Key, Month)) {
	for _, m := range r.Months {
		m.Zones, m.NoZone = nil, Counts{}
		emit(Key{Taxi: r.Taxi, Month: m.Month}, m)
	}
}

// monthlyCombiner adds up what sources have of a month.
type monthlyCombiner struct{}

func (c *monthlyCombiner) CreateAccumulator() Month { return Month{} }
func (c *monthlyCombiner) AddInput(acc, in Month) Month {
	acc.Month = in.Month
	return mergeMonths(acc, in)
}
func (c *monthlyCombiner) MergeAccumulators(a, b Month) Month { return c.AddInput(a, b) }
func (c *monthlyCombiner) ExtractOutput(acc Month) Month      { return acc }

// monthlyTableFn makes the rows of the table.
type monthlyTableFn struct{ Sums bool }

func (fn *monthlyTableFn) ProcessElement(_ []byte, next func(*Key, *Month) bool, emit func(element.Table)) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, monthlySchema(fn.Sums))
	defer b.Release()
	for _, g := range collect(next) {
		fn.appendMonth(b, g.key, g.value)
	}
	emit(element.Table{Name: "trip_stats", Record: b.NewRecordBatch()})
}

func (fn *monthlyTableFn) appendMonth(b *array.RecordBuilder, k Key, m Month) {
	const minute = 60_000_000 // µs
	appendKey(b, k)
	b.Field(3).(*array.Int64Builder).Append(m.Trips)
	for i, c := range []struct {
		sum  Sum
		unit int64
	}{{m.Passengers, trip.Unit}, {m.Distance, trip.Unit}, {m.Duration, minute}, {m.Amount, trip.Unit}, {m.Tip, trip.Unit}} {
		average := b.Field(4 + i).(*array.Float64Builder)
		if v, ok := c.sum.average(c.unit); ok {
			average.Append(v)
		} else {
			average.AppendNull()
		}
		if fn.Sums {
			b.Field(9 + i).(*array.Int64Builder).Append(c.sum.Count)
		}
	}
	if !fn.Sums {
		return
	}
	b.Field(14).(*array.Int64Builder).Append(m.Passengers.dividedBy(trip.Unit).Int64())
	for i, v := range []*big.Int{m.Distance.big(), m.Duration.dividedBy(minute / trip.Unit), m.Amount.big(), m.Tip.big()} {
		b.Field(15 + i).(*array.Decimal128Builder).Append(decimal128.FromBigInt(v))
	}
	b.Field(19).(*array.Int64Builder).Append(m.Refunds.Count)
	b.Field(20).(*array.Decimal128Builder).Append(decimal128.FromBigInt(m.Refunds.big()))
}

// appendKey appends taxi, year and month_start, the first three columns of every table.
func appendKey(b *array.RecordBuilder, k Key) {
	b.Field(0).(*array.StringBuilder).Append(k.Taxi)
	if year, ok := k.year(); ok {
		b.Field(1).(*array.Int32Builder).Append(year)
	} else {
		b.Field(1).AppendNull()
	}
	if day, ok := k.monthStart(); ok {
		b.Field(2).(*array.Date32Builder).Append(day)
	} else {
		b.Field(2).AppendNull()
	}
}
