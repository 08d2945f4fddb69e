package aggregate

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[partialFn]())
	beam.RegisterDoFn(reflect.TypeFor[seedFn]())
	beam.RegisterDoFn(reflect.TypeFor[tallyFn]())
	register.Combiner1[Source](&sourceCombiner{})
	register.Emitter2[string, Source]()
	register.Emitter1[element.Tally]()
}

// Partials adds up the trips of each bundle in memory, one result for each file in it.
//
// Partials transforms a PCollection<trip.Batch> into a PCollection<KV<string, Source>> keyed by the source's name.
func Partials(s beam.Scope, trips beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Partials")
	return beam.ParDo(s, &partialFn{}, trips)
}

// PerSource combines the partial results of each file. Every file has a result, those without rows too.
//
// PerSource transforms a PCollection<element.File> and a PCollection<KV<string, Source>> into a
// PCollection<KV<string, Source>> with one element for each file.
func PerSource(s beam.Scope, files, partials beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.PerSource")
	seeds := beam.ParDo(s, &seedFn{}, files)
	return beam.CombinePerKey(s.Scope("CombinePerKey(source)"), &sourceCombiner{}, beam.Flatten(s, seeds, partials))
}

// Tallies says what became of the rows of each source.
//
// Tallies transforms a PCollection<KV<string, Source>> into a PCollection<element.Tally>.
func Tallies(s beam.Scope, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Tallies")
	return beam.ParDo(s, &tallyFn{}, beam.DropKey(s, perSource))
}

type tallyFn struct{}

func (fn *tallyFn) ProcessElement(r Source, emit func(element.Tally)) {
	t := element.Tally{Source: r.Source, Whole: r.Whole, Rows: r.Rows, Counted: r.Counted(), Read: meanOf(r.RawDuration)}
	var counted Sum
	for _, m := range r.Months {
		counted.merge(m.Duration)
	}
	t.Left = meanOf(counted)
	for _, c := range r.Rules {
		if rule := quality.Rules[c.Rule]; rule.Scope == quality.Row {
			t.Refused = append(t.Refused, element.Refused{Rule: rule.Name, Rows: c.Rows})
		}
	}
	emit(t)
}

// meanOf is a sum of durations in µs as a mean in minutes.
func meanOf(s Sum) element.Mean {
	minutes, _ := s.average(60_000_000)
	return element.Mean{Count: s.Count, Mean: minutes}
}

type seedFn struct{}

func (fn *seedFn) ProcessElement(f element.File, emit func(string, Source)) { emit(f.Source, seed(f)) }

// sourceCombiner adds up results of one source.
type sourceCombiner struct{}

func (c *sourceCombiner) CreateAccumulator() Source            { return Source{} }
func (c *sourceCombiner) AddInput(acc, in Source) Source       { return mergeSources(acc, in) }
func (c *sourceCombiner) MergeAccumulators(a, b Source) Source { return mergeSources(a, b) }
func (c *sourceCombiner) ExtractOutput(acc Source) Source      { return acc }

// partialFn adds up a bundle in memory and emits one result for each source in it.
type partialFn struct {
	sources map[string]*sourceSums
	last    *sourceSums // of the last batch: the next is nearly always of the same source
}

func (fn *partialFn) StartBundle(func(string, Source)) {
	fn.sources, fn.last = map[string]*sourceSums{}, nil
}

func (fn *partialFn) ProcessElement(b trip.Batch, _ func(string, Source)) {
	if fn.last == nil || fn.last.source != b.Source {
		if fn.last = fn.sources[b.Source]; fn.last == nil {
			fn.last = &sourceSums{source: b.Source, taxi: b.Taxi, months: map[int32]*monthSums{}}
			fn.sources[b.Source] = fn.last
		}
	}
	fn.last.addBatch(&b)
}

func (fn *partialFn) FinishBundle(emit func(string, Source)) {
	for _, name := range sortedKeys(fn.sources) {
		emit(name, fn.sources[name].result())
	}
	fn.sources, fn.last = nil, nil
}

// sourceSums is a Source in the making.
type sourceSums struct {
	source, taxi string
	rows         int64
	months       map[int32]*monthSums
	last         *monthSums
	rules        map[int64]*RuleCount // by RuleCount.key
	rawDuration  Sum
}

func (s *sourceSums) addBatch(b *trip.Batch) {
	s.rows += int64(b.Rows)
	start := 0
	if b.RawDuration.Nulls < len(b.RawDuration.Values) {
		s.rawDuration.addWide(b.RawDuration.Values)
		s.rawDuration.Count += int64(b.RawDuration.Set(0, len(b.RawDuration.Values)))
	}
	for _, f := range b.Findings {
		s.addFinding(f)
	}
	for _, run := range b.Months {
		if run.Refused {
			start = run.End
			continue
		}
		if s.last == nil || s.last.sums.Month != run.Month {
			if s.last = s.months[run.Month]; s.last == nil {
				s.last = &monthSums{sums: Month{Month: run.Month}}
				s.months[run.Month] = s.last
			}
		}
		s.last.addRun(b, start, run.End)
		start = run.End
	}
}

func (s *sourceSums) addFinding(f trip.Finding) {
	r := RuleCount{Month: f.Month, Rule: f.Rule}
	have := s.rules[r.key()]
	if have == nil {
		if s.rules == nil {
			s.rules = map[int64]*RuleCount{}
		}
		have = &r
		s.rules[r.key()] = have
	}
	have.Rows += f.Rows
	have.Sum.Count += f.Rows
	have.Sum.add(f.Sum)
}

func (s *sourceSums) result() Source {
	out := Source{Source: s.source, Taxi: s.taxi, Rows: s.rows, RawDuration: s.rawDuration}
	for _, key := range sortedKeys(s.rules) {
		out.Rules = append(out.Rules, *s.rules[key])
	}
	for _, month := range sortedKeys(s.months) {
		out.Months = append(out.Months, s.months[month].result())
	}
	return out
}

// denseZones is how many zone ids, from 0 on, are counted in an array: all that TLC has (1 to 265), and more, as a power
// of two lets one comparison judge two ids.
const denseZones = 512

// denseRows is the run length that makes the array worth its memory. Shorter runs are strays of other months.
const denseRows = 64

// monthSums is a Month in the making.
type monthSums struct {
	sums   Month // without Zones
	dense  *[denseZones]Counts
	sparse map[int32]*Counts
}

// addRun adds rows [start, end) of b, which all lie in this month.
func (m *monthSums) addRun(b *trip.Batch, start, end int) {
	s := &m.sums
	s.Trips += int64(end - start)
	addMeasure(&s.Passengers, b.Passengers, start, end)
	addMeasure(&s.Distance, b.Distance, start, end)
	addMeasure(&s.Amount, b.Amount, start, end)
	addMeasure(&s.Tip, b.Tip, start, end)
	s.Duration.addWide(b.Duration.Values[start:end])
	s.Duration.Count += int64(b.Duration.Set(start, end))

	if m.dense == nil && end-start >= denseRows {
		m.dense = new([denseZones]Counts)
	}
	pickups, dropoffs := b.PickupZone.Values[start:end], b.DropoffZone.Values[start:end]
	if m.dense != nil {
		n := countDense(m.dense, pickups, dropoffs)
		for n < len(pickups) { // an id beyond the array
			m.zone(pickups[n]).Pickups++
			m.zone(dropoffs[n]).Dropoffs++
			n++
			n += countDense(m.dense, pickups[n:], dropoffs[n:])
		}
	} else {
		for i, pickup := range pickups {
			m.zone(pickup).Pickups++
			m.zone(dropoffs[i]).Dropoffs++
		}
	}
	// A null zone has the value 0 and was counted there.
	if n := int64(end - start - b.PickupZone.Set(start, end)); n > 0 {
		m.zone(0).Pickups -= n
		s.NoZone.Pickups += n
	}
	if n := int64(end - start - b.DropoffZone.Set(start, end)); n > 0 {
		m.zone(0).Dropoffs -= n
		s.NoZone.Dropoffs += n
	}
}

// countDense counts the zones of rows up to the first of which an id is beyond the array, and returns how many it counted.
func countDense(dense *[denseZones]Counts, pickups, dropoffs []int32) int {
	dropoffs = dropoffs[:len(pickups)]
	for i, pickup := range pickups {
		dropoff := dropoffs[i]
		if uint32(pickup|dropoff) >= denseZones { // a negative one too
			return i
		}
		dense[pickup&(denseZones-1)].Pickups++
		dense[dropoff&(denseZones-1)].Dropoffs++
	}
	return len(pickups)
}

func addMeasure(s *Sum, c trip.Column[int64], start, end int) {
	s.addMeasures(c.Values[start:end])
	s.Count += int64(c.Set(start, end))
}

func (m *monthSums) zone(id int32) *Counts {
	if m.dense != nil && uint32(id) < denseZones {
		return &m.dense[id]
	}
	c := m.sparse[id]
	if c == nil {
		if m.sparse == nil {
			m.sparse = map[int32]*Counts{}
		}
		c = new(Counts)
		m.sparse[id] = c
	}
	return c
}

func (m *monthSums) result() Month {
	out := m.sums
	for _, id := range sortedKeys(m.sparse) {
		out.Zones = append(out.Zones, Zone{Zone: id, Counts: *m.sparse[id]})
	}
	if m.dense != nil {
		// Short runs before the first long one may have counted the same zones sparsely.
		var dense []Zone
		for id, c := range m.dense {
			dense = append(dense, Zone{Zone: int32(id), Counts: c})
		}
		out.Zones = mergeZones(out.Zones, dense)
	}
	kept := out.Zones[:0]
	for _, z := range out.Zones {
		if z.Counts != (Counts{}) {
			kept = append(kept, z)
		}
	}
	out.Zones = kept
	return out
}
