package aggregate

import (
	"cmp"
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

func init() {
	beam.RegisterDoFn(reflect.TypeFor[monthsFn]())
	beam.RegisterDoFn(reflect.TypeFor[tableFn]())
	register.Combiner2[State, []byte](&stateCombiner{})
	register.Emitter2[Block, []byte]()
	register.Emitter1[element.Table]()
	register.Iter2[Block, State]()
}

// Block is the key by which the states of sources are combined. An element has all groups of one taxi and month, never a single
// group.
type Block struct {
	Taxi  string
	Month int32 // since 1970-01, or element.NoMonth
}

// compare orders blocks like the rows of tables: by taxi and month, the missing month last.
func (k Block) compare(o Block) int {
	return cmp.Or(cmp.Compare(k.Taxi, o.Taxi), cmp.Compare(monthOrder(k.Month), monthOrder(o.Month)))
}

func monthOrder(month int32) int64 {
	if month == element.NoMonth {
		return 1 << 40
	}
	return int64(month)
}

// Table makes the table of a Spec. zones have what its columns [Spec.Zone] need.
//
// Table transforms a PCollection<KV<string, Source>> into a PCollection<element.Table> of one element.
func Table(s beam.Scope, spec *Spec, zones Zones, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Table(" + spec.Name + ")")
	if spec.declared() {
		return declaredTable(s, spec, perSource)
	}
	months := beam.ParDo(s, &monthsFn{Table: spec.Name}, beam.DropKey(s, perSource))
	merged := beam.CombinePerKey(s.Scope("CombinePerKey("+spec.Step+")"), &stateCombiner{}, months)
	fn := &tableFn{Spec: spec}
	if len(spec.Zone) > 0 {
		fn.Zones = zones
	}
	return beam.ParDo(s, fn, beam.Impulse(s), beam.SideInput{Input: merged})
}

// monthsFn splits the state of a source by month. The parts stay in their binary form until they are added up.
type monthsFn struct{ Table string }

func (fn *monthsFn) ProcessElement(r Source, emit func(Block, []byte)) error {
	state := r.bytes(fn.Table)
	if state == nil {
		return nil
	}
	return eachMonth(state, func(month int32, part []byte) { emit(Block{r.Taxi, month}, part) })
}

// stateCombiner adds up the states of one taxi and month.
type stateCombiner struct{}

func (c *stateCombiner) CreateAccumulator() State { return State{} }

// AddInput adds a state in its binary form. The accumulator is nobody else's.
func (c *stateCombiner) AddInput(acc State, in []byte) (State, error) {
	err := acc.add(in)
	return acc, err
}
func (c *stateCombiner) MergeAccumulators(a, b State) State { return a.Merge(b) }
func (c *stateCombiner) ExtractOutput(acc State) State      { return acc }

// tableFn makes the rows of a table.
type tableFn struct {
	Spec  *Spec
	Zones Zones
}

func (fn *tableFn) ProcessElement(_ []byte, next func(*Block, *State) bool, emit func(element.Table)) {
	type block struct {
		key   Block
		state State
	}
	var blocks []block
	for {
		var b block
		if !next(&b.key, &b.state) {
			break
		}
		blocks = append(blocks, b)
	}
	slices.SortFunc(blocks, func(a, b block) int { return a.key.compare(b.key) })
	rows := newRowBuilder(fn.Spec, fn.Zones)
	defer rows.b.Release()
	for _, b := range blocks {
		for i := range b.state.Groups {
			rows.add(b.key.Taxi, &b.state.Groups[i])
		}
	}
	emit(element.Table{Name: fn.Spec.Name, Record: rows.b.NewRecordBatch()})
}

// rowBuilder makes rows of groups.
type rowBuilder struct {
	spec  *Spec
	zones Zones
	named []zoneColumn
	sums  []summed
	b     *array.RecordBuilder
	field int // the next to be appended to
}

func newRowBuilder(spec *Spec, zones Zones) *rowBuilder {
	return &rowBuilder{spec: spec, zones: zones, named: zoneColumnsNamed(spec.Zone), sums: spec.sums(), b: array.NewRecordBuilder(memory.DefaultAllocator, spec.Schema())}
}

// next is the builder of the next column.
func (r *rowBuilder) next() array.Builder {
	b := r.b.Field(r.field)
	r.field++
	return b
}

func (r *rowBuilder) add(taxi string, g *Group) {
	r.field = 0
	r.next().(*array.StringBuilder).Append(taxi)
	year, month := r.next().(*array.Int32Builder), r.next().(*array.Date32Builder)
	if g.Month == element.NoMonth {
		year.AppendNull()
		month.AppendNull()
	} else {
		year.Append(trip.YearOf(g.Month))
		month.Append(arrow.Date32(trip.FirstDay(g.Month)))
	}
	for i := range g.Keys {
		switch b := r.next().(type) {
		case *array.Int32Builder:
			appendOr(g.Nulls>>i&1 == 0, func() { b.Append(int32(g.Keys[i])) }, b.AppendNull)
		case *array.Int64Builder:
			appendOr(g.Nulls>>i&1 == 0, func() { b.Append(g.Keys[i]) }, b.AppendNull)
		}
	}
	for _, v := range r.spec.Values {
		r.value(v, g)
	}
	if len(r.named) == 0 {
		return
	}
	zone, known := element.Zone{}, false
	if g.Nulls&1 == 0 {
		zone, known = zoneNumbered(r.zones.of(taxi), g.Keys[0])
	}
	for _, c := range r.named {
		b := r.next()
		appendOr(known, func() { c.set(b, zone) }, b.AppendNull)
	}
}

func appendOr(is bool, value, null func()) {
	if is {
		value()
	} else {
		null()
	}
}

func (r *rowBuilder) value(v Value, g *Group) {
	if v.Func == Rows {
		r.next().(*array.Int64Builder).Append(g.trips(v))
		return
	}
	sum := g.Sums[slices.Index(r.sums, summed{v.Of, v.Rule})]
	switch v.Func {
	case Counted:
		r.next().(*array.Int64Builder).Append(sum.Count)
	case Mean:
		b := r.next().(*array.Float64Builder)
		mean, ok := sum.average(unit(v.Of))
		appendOr(ok, func() { b.Append(mean) }, b.AppendNull)
	case Total:
		if v.Whole {
			r.next().(*array.Int64Builder).Append(sum.dividedBy(unit(v.Of)).Int64())
			return
		}
		r.next().(*array.Decimal128Builder).Append(decimal128.FromBigInt(sum.at(unit(v.Of))))
	}
}

// at returns the sum in millionths of a unit; the integer unit stands for one.
func (s Sum) at(unit int64) *big.Int { return s.dividedBy(unit / trip.Unit) }
