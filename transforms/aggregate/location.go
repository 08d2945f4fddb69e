package aggregate

import (
	"reflect"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
)

// LocationSchema is the table location_stats: one row for each taxi, month and zone that has pickups or dropoffs,
// sorted by the three, a null zone last.
var LocationSchema = arrow.NewSchema([]arrow.Field{
	{Name: "taxi", Type: arrow.BinaryTypes.String},
	{Name: "year", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "month_start", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "location_id", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "pickups", Type: arrow.PrimitiveTypes.Int64},
	{Name: "dropoffs", Type: arrow.PrimitiveTypes.Int64},
}, nil)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[zonesFn]())
	beam.RegisterDoFn(reflect.TypeFor[locationTableFn]())
	register.Combiner1[Zones](&locationCombiner{})
	register.Emitter2[Key, Zones]()
	register.Iter2[Key, Zones]()
}

// Zones counts a month's trips by zone.
type Zones struct {
	Zones  []Zone // ascending
	NoZone Counts
}

// Location makes the table of pickups and dropoffs by zone.
//
// Location transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
func Location(s beam.Scope, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Location")
	zones := beam.ParDo(s, &zonesFn{}, beam.DropKey(s, perSource))
	merged := beam.CombinePerKey(s.Scope("CombinePerKey(location)"), &locationCombiner{}, zones)
	return beam.ParDo(s, &locationTableFn{}, beam.Impulse(s), beam.SideInput{Input: merged})
}

// zonesFn takes a source's zones apart by month.
type zonesFn struct{}

func (fn *zonesFn) ProcessElement(r Source, emit func(Key, Zones)) {
	for _, m := range r.Months {
		emit(Key{Taxi: r.Taxi, Month: m.Month}, Zones{Zones: m.Zones, NoZone: m.NoZone})
	}
}

// locationCombiner adds up what sources have of a month's zones.
type locationCombiner struct{}

func (c *locationCombiner) CreateAccumulator() Zones { return Zones{} }
func (c *locationCombiner) AddInput(acc, in Zones) Zones {
	return Zones{Zones: mergeZones(acc.Zones, in.Zones), NoZone: acc.NoZone.plus(in.NoZone)}
}
func (c *locationCombiner) MergeAccumulators(a, b Zones) Zones { return c.AddInput(a, b) }
func (c *locationCombiner) ExtractOutput(acc Zones) Zones      { return acc }

// locationTableFn makes the rows of the table.
type locationTableFn struct{}

func (fn *locationTableFn) ProcessElement(_ []byte, next func(*Key, *Zones) bool, emit func(element.Table)) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, LocationSchema)
	defer b.Release()
	row := func(k Key, zone func(*array.Int32Builder), c Counts) {
		if c == (Counts{}) {
			return
		}
		appendKey(b, k)
		zone(b.Field(3).(*array.Int32Builder))
		b.Field(4).(*array.Int64Builder).Append(c.Pickups)
		b.Field(5).(*array.Int64Builder).Append(c.Dropoffs)
	}
	for _, g := range collect(next) {
		for _, z := range g.value.Zones {
			row(g.key, func(ids *array.Int32Builder) { ids.Append(z.Zone) }, z.Counts)
		}
		row(g.key, func(ids *array.Int32Builder) { ids.AppendNull() }, g.value.NoZone)
	}
	emit(element.Table{Name: "location_stats", Record: b.NewRecordBatch()})
}
