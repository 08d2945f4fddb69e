package aggregate

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

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

func init() {
	register.DoFn2x0[Source, func(Key, Month)](&monthsFn{})
	register.DoFn3x0[[]byte, func(*Key, *Month) bool, func(element.Table)](&monthlyTableFn{})
	register.Combiner1[Month](&monthlyCombiner{})
	register.Emitter2[Key, Month]()
	register.Emitter1[element.Table]()
	register.Iter2[Key, Month]()
}

// Monthly makes the table of monthly averages.
//
// Monthly transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
func Monthly(s beam.Scope, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Monthly")
	months := beam.ParDo(s, &monthsFn{}, beam.DropKey(s, perSource))
	merged := beam.CombinePerKey(s.Scope("CombinePerKey(monthly)"), &monthlyCombiner{}, months)
	return beam.ParDo(s, &monthlyTableFn{}, beam.Impulse(s), beam.SideInput{Input: merged})
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
type monthlyTableFn struct{}

func (fn *monthlyTableFn) ProcessElement(_ []byte, next func(*Key, *Month) bool, emit func(element.Table)) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, MonthlySchema)
	defer b.Release()
	for _, g := range collect(next) {
		appendKey(b, g.key)
		b.Field(3).(*array.Int64Builder).Append(g.value.Trips)
		for i, avg := range []struct {
			sum  Sum
			unit int64
		}{
			{g.value.Passengers, trip.Unit},
			{g.value.Distance, trip.Unit},
			{g.value.Duration, 60 * 1_000_000}, // µs to minutes
			{g.value.Amount, trip.Unit},
			{g.value.Tip, trip.Unit},
		} {
			col := b.Field(4 + i).(*array.Float64Builder)
			if v, ok := avg.sum.average(avg.unit); ok {
				col.Append(v)
			} else {
				col.AppendNull()
			}
		}
	}
	emit(element.Table{Name: "trip_stats", Record: b.NewRecordBatch()})
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
