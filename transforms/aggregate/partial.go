package aggregate

import (
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/group"
	"tripstats/transforms/quality"
	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[partialFn]())
	beam.RegisterDoFn(reflect.TypeFor[seedFn]())
	beam.RegisterDoFn(reflect.TypeFor[tallyFn]())
	register.Combiner1[Source](&sourceCombiner{})
	register.Emitter2[string, Source]()
	register.Emitter1[element.Tallies]()
}

// Partials adds up the trips of each bundle in memory for the tables, one result for each file and taxi in it.
//
// Partials transforms a PCollection<trip.Batches> into a PCollection<KV<string, Source>> keyed by source and taxi.
func Partials(s beam.Scope, tables []*Spec, trips beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Partials")
	return beam.ParDo(s, &partialFn{Tables: tables}, trips)
}

// PerSource combines the partial results of each file and taxi. Every file has a result, those without rows too.
//
// PerSource transforms a PCollection<element.AdmittedFiles> and a PCollection<KV<string, Source>> into a
// PCollection<KV<string, Source>> with one element for each file and taxi.
func PerSource(s beam.Scope, tables []*Spec, files, partials beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.PerSource")
	seeds := beam.ParDo(s, &seedFn{Tables: tables}, files)
	return beam.CombinePerKey(s.Scope("CombinePerKey(source)"), &sourceCombiner{}, beam.Flatten(s, seeds, partials))
}

// Tallies counts what happened to the rows of each source and taxi. It ends the run if the groups of a table and the trips that the
// table filters are not together the trips that count.
//
// Tallies transforms a PCollection<KV<string, Source>> into a PCollection<element.Tallies>.
func Tallies(s beam.Scope, tables []*Spec, perSource beam.PCollection) beam.PCollection {
	s = s.Scope("aggregate.Tallies")
	return beam.ParDo(s, &tallyFn{Tables: tables}, beam.DropKey(s, perSource))
}

// tallyFn holds the list of its bundle that is not full yet.
type tallyFn struct {
	Tables []*Spec

	list []element.Tally
}

func (fn *tallyFn) StartBundle(func(element.Tallies)) { fn.list = nil }

func (fn *tallyFn) FinishBundle(emit func(element.Tallies)) error {
	if len(fn.list) == 0 {
		return nil
	}
	b, err := element.CompactList(fn.list)
	if err == nil {
		emit(element.Tallies{Compact: b})
	}
	clear(fn.list)
	fn.list = fn.list[:0]
	return err
}

func (fn *tallyFn) ProcessElement(r Source, emit func(element.Tallies)) error {
	t := element.Tally{Source: r.Source, Taxi: r.Taxi, NoCodes: r.NoCodes, Whole: r.Whole, Rows: r.Rows, Counted: r.Counted, Read: meanOf(r.RawDuration), Left: meanOf(r.Duration), Text: r.Text, Months: r.Months}
	left := false
	for _, spec := range fn.Tables {
		filtered, err := r.balanced(spec)
		if err != nil {
			return err
		}
		if filtered > 0 {
			t.Filtered = append(t.Filtered, element.Filtered{Table: spec.Name, Rows: filtered})
		}
		if i := spec.durations(); i >= 0 && !left {
			sum, err := r.total(spec, i)
			if err != nil {
				return err
			}
			t.Left, left = meanOf(sum), true
		}
	}
	for _, c := range r.Rules {
		rule := quality.Rules[c.Rule]
		if rule.Scope == quality.Row {
			t.Refused = append(t.Refused, element.Refused{Rule: rule.Name, Rows: c.Rows})
		}
		if rule.Unreadable {
			t.Unreadable = append(t.Unreadable, element.Refused{Rule: rule.Name, Rows: c.Rows})
		}
	}
	most := r.mostRefused()
	t.RefusedMonth, t.RefusedThere = most.Month, most.Rows
	if fn.list = append(fn.list, t); len(fn.list) == element.MostInList {
		return fn.FinishBundle(emit)
	}
	return nil
}

// durations is the place of the sum of all trips' durations among the sums of the table, or -1.
func (s *Spec) durations() int {
	if s.declared() || len(s.Where) > 0 {
		return -1
	}
	return slices.Index(s.sums(), summed{of: trip.Duration})
}

// balanced checks that the groups of a table and the trips filtered are the trips that count. It returns how many trips the table filters.
func (s Source) balanced(spec *Spec) (filtered int64, err error) {
	if spec.declared() {
		return s.declaredBalances(spec)
	}
	state := s.bytes(spec.Name)
	if state == nil {
		if state, err = (State{}).AppendBinary(nil); err != nil {
			return 0, err
		}
	}
	var grouped [2]int64 // by Value.Or
	filtered, err = eachGroup(state, func(g *Group) {
		grouped[0] += g.Rows
		grouped[1] += g.Or
	})
	if err != nil {
		return 0, err
	}
	for _, v := range spec.Values {
		if v.Func != Rows {
			continue
		}
		found := grouped[0]
		if v.Or {
			found = grouped[1]
		}
		if found+filtered != s.Counted {
			return 0, fault.New(fault.Failed, "reconciliation: %s: table %s: found %d trips in the groups of %s and %d filtered, expected the %d that count; %s",
				s.Source, spec.Name, found, v.Name, filtered, s.Counted, fault.Ours)
		}
	}
	return filtered, nil
}

// declaredBalances is balanced for a declared table. It returns how many trips the table filters.
func (s Source) declaredBalances(spec *Spec) (filtered int64, err error) {
	var c group.Counts
	if state := s.bytes(spec.Name); len(state) > 0 {
		if c, err = group.Header(state); err != nil {
			return 0, err
		}
	}
	if c.Counted+c.Filtered != s.Counted {
		return 0, fault.New(fault.Failed, "reconciliation: %s: table %s: found %d trips in its groups and %d filtered, expected the %d that count; %s",
			s.Source, spec.Name, c.Counted, c.Filtered, s.Counted, fault.Ours)
	}
	return c.Filtered, nil
}

// total returns the sum of all groups' Sums[i] of a table that is not declared.
func (s Source) total(spec *Spec, i int) (sum Sum, err error) {
	if state := s.bytes(spec.Name); state != nil {
		_, err = eachGroup(state, func(g *Group) { sum.merge(g.Sums[i]) })
	}
	return sum, err
}

// meanOf is a sum of durations in µs as a mean in minutes.
func meanOf(s Sum) element.Mean {
	minutes, _ := s.average(minute)
	return element.Mean{Count: s.Count, Mean: minutes}
}

type seedFn struct {
	Tables []*Spec

	month  int32
	states []TableState // of the last seed: see seed
}

func (fn *seedFn) ProcessElement(list element.AdmittedFiles, emit func(string, Source)) error {
	files, err := list.All()
	if err != nil {
		return err
	}
	for _, f := range files {
		s, err := fn.seed(f)
		if err != nil {
			return err
		}
		emit(s.key(), s)
	}
	return nil
}

// sourceCombiner adds up results of one source and taxi.
type sourceCombiner struct{}

func (c *sourceCombiner) CreateAccumulator() Source               { return Source{} }
func (c *sourceCombiner) AddInput(acc, in Source) (Source, error) { return mergeSources(acc, in) }

func (c *sourceCombiner) MergeAccumulators(a, b Source) (Source, error) { return mergeSources(a, b) }
func (c *sourceCombiner) ExtractOutput(acc Source) Source               { return acc }

// sourceSums is a Source in the making.
type sourceSums struct {
	source, taxi  string
	batches       []int // the places of its batches in the current list
	alone         bool  // trip.Batch.Alone
	fileRows      int64 // trip.Batch.FileRows
	fileBytes     int64 // element.Text.FileBytes
	text          element.TextCounts
	rows, counted int64
	tables        *tableAdders
	rules         map[int64]*RuleCount // by RuleCount.key
	rawDuration   Sum
	duration      *Sum            // nil if a table adds it up
	refused       map[int32]int64 // rows by plausible month
	noCodes       [trip.NumFields]int64
	months        map[int32]bool // of the trips that count; nil if the file's name has one
}

func newSourceSums(b *trip.Batch, tables *tableAdders) *sourceSums {
	s := &sourceSums{source: b.Source, taxi: b.Taxi, alone: b.Alone, fileRows: b.FileRows, tables: tables}
	if b.FileMonth == element.NoMonth {
		s.months = map[int32]bool{}
	}
	return s
}

// addBatch adds a list's only batch.
func (s *sourceSums) addBatch(b *trip.Batch) error {
	s.addRows(b)
	return s.tables.add(b)
}

// addRows adds all of a batch but its tables.
func (s *sourceSums) addRows(b *trip.Batch) {
	s.rows += int64(b.Rows)
	if b.Text != nil {
		s.text, s.fileBytes = s.text.Plus(b.Text.Counts), b.Text.FileBytes
	}
	raw := &b.Columns[trip.RawDuration]
	s.rawDuration.addAll(raw, 0, len(raw.Values))
	for _, f := range b.Findings {
		s.addFinding(f)
	}
	for _, n := range b.NoCodes {
		s.noCodes[n.Field] += n.Rows
	}
	start := 0
	for _, run := range b.Months {
		if run.Refused {
			s.addRefused(run.Month, int64(run.End-start))
		} else {
			s.counted += int64(run.End - start)
			if s.months != nil && plausible(run.Month) {
				s.months[run.Month] = true
			}
			if s.duration != nil && len(raw.Values) > 0 {
				s.duration.addAll(&b.Columns[trip.Duration], start, run.End)
			}
		}
		start = run.End
	}
}

func (s *sourceSums) addRefused(month int32, rows int64) {
	if !plausible(month) {
		return
	}
	if s.refused == nil {
		s.refused = map[int32]int64{}
	}
	s.refused[month] += rows
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

// result returns what was added. Whole tells that these are all trips of the source, and that no other source has trips of its taxi
// and month.
func (s *sourceSums) result(whole bool) (Source, error) {
	out := Source{Source: s.source, Taxi: s.taxi, Rows: s.rows, Counted: s.counted, RawDuration: s.rawDuration, Text: s.text, Read: true}
	if len(s.months) > 0 {
		out.Months = sortedKeys(s.months)
	}
	if s.duration != nil {
		out.Duration = *s.duration
	}
	for _, key := range sortedKeys(s.rules) {
		out.Rules = append(out.Rules, *s.rules[key])
	}
	for _, month := range sortedKeys(s.refused) {
		out.Refused = append(out.Refused, MonthRows{month, s.refused[month]})
	}
	for f, n := range s.noCodes {
		if n > 0 {
			out.NoCodes = element.MergeColumnRows(out.NoCodes, []element.ColumnRows{{Column: trip.Fields[f].Name, Rows: n}})
		}
	}
	tables := s.tables.list
	out.States = make([]TableState, len(tables))
	err := sidebyside.Do(len(tables), func(i int) (err error) {
		out.States[i], err = tables[i].state(out.Rules, whole)
		return err
	})
	if s.tables.set.skip != 0 {
		out = out.again()
	}
	return out, err
}

// addRule sets the sum of the values that a rule has left out, in the group of their month.
func (g *grouping) addRule(i int, s summed, rules []RuleCount) {
	for _, c := range rules {
		if m := g.months[c.Month]; quality.ID(c.Rule) == s.ruleOf() && m != nil && m.all != nil {
			m.all.Sums[i] = c.Sum
		}
	}
}
