package quality

import (
	"math"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/sidebyside"
	"tripstats/transforms/trip"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[judgeFn]())
	register.Emitter1[trip.Batches]()
}

// Config is what the judge is told. It travels in the DoFn.
type Config struct {
	Limits Limits
	Run    string // the watch.Run that counts what row rules refuse, if it is in this process
	AsOf   int32  // last month that a file without a month in its name may have, or element.NoMonth for none
	Keep   Keep   // which rows come out as rejects, by JudgedWithRejects

	// Places are those of trips that are not New York's, by taxi.
	Places []Place

	// Wanted are the columns of judged trips that somebody looks at: only the rules that have to do with these are applied, see [For]. It
	// is nil if all rules are applied.
	Wanted []trip.Field
}

// FirstMonth is the first month TLC has published: 2009-01.
const FirstMonth = (2009 - 1970) * 12

// Judged applies the rules to batches of derived trips: it marks the runs of rows that a row rule refuses, makes values
// null that a cell rule leaves out, or zones [UnknownZone], and notes what it did as findings.
//
// Judged transforms a PCollection<trip.Batches> into a PCollection<trip.Batches>.
func Judged(s beam.Scope, cfg Config, trips beam.PCollection) beam.PCollection {
	s = s.Scope("quality.Map(judge)")
	return beam.ParDo(s, &judgeFn{Config: cfg}, trips)
}

// judgeFn fills the same memory for every list: what it emits is valid while emit runs. It is also the judge of the first batch of a list.
type judgeFn struct {
	Config Config

	out       []trip.Batch
	perBatch  func(i int) error   // judges a batch of the list
	places    []*judgeFn          // of the further batches of a list
	elsewhere map[string]*judgeFn // by taxi: the judges of other places
	unknown   int64               // the zone that stands for one that is not known, or 0

	changes  []change
	limits   []int64 // by rule
	passes   []pass
	finds    []ID // the rules that apply and have a Finds
	wants    [trip.NumFields]bool
	needs    []trip.Field // what a batch must have
	longest  int64        // of the durations that no rule leaves out
	runs     []trip.MonthRun
	findings []trip.Finding
	columns  [trip.NumFields]scratch
	odd      []int    // rows of the current run whose duration a rule left out because of its value
	fired    []int64  // in the current run of rows, by rule
	sums     []int64  // of the values left out, by rule
	rejects  []reject // in the current batch
}

// pass has the rules about the values of one column. Nearly all values are from lo to hi, and no rule leaves these out.
type pass struct {
	field  trip.Field
	lo, hi int64
	spans  []span
}

// span is the values that one rule leaves out.
type span struct {
	id      ID
	lo, hi  int64
	sums    bool
	becomes int64 // what replaces the values; null if it is 0
}

// Setup prepares what every batch needs.
func (fn *judgeFn) Setup() error {
	if err := fn.prepare(newYork); err != nil {
		return err
	}
	fn.elsewhere = map[string]*judgeFn{}
	for _, p := range fn.Config.Places {
		fn.elsewhere[p.Taxi] = &judgeFn{Config: fn.Config}
		if err := fn.elsewhere[p.Taxi].prepare(p.Local); err != nil {
			return err
		}
	}
	return nil
}

// prepare prepares for the trips of a place.
func (fn *judgeFn) prepare(at element.Local) error {
	var err error
	if fn.changes, err = clockChanges(at.TimeZone); err != nil {
		return fault.New(fault.Failed, "%v", err)
	}
	fn.unknown = at.Unknown
	fn.fired, fn.sums, fn.limits, fn.passes = make([]int64, len(Rules)), make([]int64, len(Rules)), nil, nil
	applied := fn.wanted()
	for id, r := range Rules {
		limit := fn.Config.Limits.of(ID(id))
		fn.limits = append(fn.limits, limit)
		if r.Zones && !at.HasZones {
			continue
		}
		if r.Finds != nil && slices.Contains(applied, ID(id)) && (at.Unknown != 0 || !r.Zones) {
			fn.finds = append(fn.finds, ID(id))
		}
		if r.Values == nil || !fn.wants[r.Leaves] {
			continue
		}
		i := slices.IndexFunc(fn.passes, func(p pass) bool { return p.field == r.Leaves })
		if i < 0 {
			i = len(fn.passes)
			fn.passes = append(fn.passes, pass{field: r.Leaves, lo: math.MinInt64, hi: math.MaxInt64})
		}
		values, becomes := r.Values, int64(0)
		if r.Zones {
			values, becomes = func(int64) [][2]int64 { return noZoneOf(at) }, at.Unknown
		}
		for _, v := range values(limit) {
			fn.passes[i].add(span{id: ID(id), lo: v[0], hi: v[1], sums: r.Sums, becomes: becomes})
		}
		if r.Leaves == trip.Duration {
			fn.longest = fn.passes[i].hi
		}
	}
	return nil
}

// wanted prepares for the columns that are wanted, and returns the rules that apply.
func (fn *judgeFn) wanted() (applied []ID) {
	wanted := fn.Config.Wanted
	for f := range trip.NumFields {
		fn.wants[f] = wanted == nil || slices.Contains(wanted, f)
	}
	fn.finds = nil
	if wanted != nil {
		applied, fn.needs = For(wanted)
		fn.needs = append(fn.needs, wanted...)
		return applied
	}
	for id := range Rules {
		applied = append(applied, ID(id))
	}
	fn.needs = Needs()
	return applied
}

// add adds the values that a rule leaves out. What is left around the least positive value stays good.
func (p *pass) add(s span) {
	p.spans = append(p.spans, s)
	if s.hi < 1 {
		p.lo = max(p.lo, s.hi+1)
	} else {
		p.hi = min(p.hi, s.lo-1)
	}
}

func (fn *judgeFn) ProcessElement(in trip.Batches, emit func(trip.Batches)) error {
	fn.out = append(fn.out[:0], in.List...)
	defer clear(fn.out)
	if err := fn.makePlaces(len(fn.out)); err != nil {
		return err
	}
	if fn.perBatch == nil {
		fn.perBatch = func(i int) error {
			_, err := fn.judgeOne(i)
			return err
		}
	}
	if err := sidebyside.Do(len(fn.out), fn.perBatch); err != nil {
		return err
	}
	emit(trip.Batches{List: fn.out})
	return nil
}

// judgeOne applies the rules to a batch of the list. It returns the judge that did it.
func (fn *judgeFn) judgeOne(i int) (*judgeFn, error) {
	at, b := fn, &fn.out[i]
	if i > 0 {
		at = fn.places[i-1]
	}
	judge := at.of(b.Taxi)
	return judge, judge.judge(b)
}

// makePlaces makes judges for so many batches.
func (fn *judgeFn) makePlaces(n int) error {
	for len(fn.places) < n-1 {
		p := &judgeFn{Config: fn.Config}
		if err := p.Setup(); err != nil {
			return err
		}
		fn.places = append(fn.places, p)
	}
	return nil
}

// of returns the judge of a taxi's trips.
func (fn *judgeFn) of(taxi string) *judgeFn {
	if other := fn.elsewhere[taxi]; other != nil {
		return other
	}
	return fn
}

// judge applies the rules to b, whose columns it replaces before it writes to them.
func (fn *judgeFn) judge(b *trip.Batch) error {
	for _, f := range fn.needs {
		if len(b.Columns[f].Values) != b.Rows {
			return fault.New(fault.Failed, "%s: found a batch without %s, expected this column, because a rule needs it; %s", b.Where(0), trip.Fields[f].Name, fault.Ours)
		}
	}
	fn.runs = fn.runs[:0]
	fn.findings = append(fn.findings[:0], b.Findings...)
	fn.rejects = fn.rejects[:0]
	for _, p := range fn.passes {
		fn.columns[p.field].reset(&b.Columns[p.field])
	}
	start := 0
	for _, run := range b.Months {
		if run.Month == element.NoMonth {
			fn.withoutPickup(b, start, run.End)
		} else {
			fn.run(b, run.Month, start, run.End)
		}
		start = run.End
	}
	b.Months, b.Findings = fn.runs, fn.findings
	fn.tell(b)
	return nil
}

// run judges rows [start, end), which are of one month.
func (fn *judgeFn) run(b *trip.Batch, month int32, start, end int) {
	if id, refused := fn.Config.rowRule(month, b.FileMonth); refused {
		fn.refused(b, month, start, end, id)
		return
	}
	fn.rows(b, month, start, end)
}

// refused notes that a row rule refuses rows [start, end).
func (fn *judgeFn) refused(b *trip.Batch, month int32, start, end int, id ID) {
	fn.note(b.FileMonth, id, int64(end-start), 0)
	fn.refuse(start, end, id)
	fn.runs = append(fn.runs, trip.MonthRun{Month: month, End: end, Refused: true})
}

// withoutPickup judges rows [start, end), none of which has a pickup: those that the batch marks for a rule are refused by it.
func (fn *judgeFn) withoutPickup(b *trip.Batch, start, end int) {
	for start < end {
		id, marked := mark(b, start)
		next := start + 1
		for ; next < end; next++ {
			if other, is := mark(b, next); other != id || is != marked {
				break
			}
		}
		if marked {
			fn.refused(b, element.NoMonth, start, next, id)
		} else {
			fn.run(b, element.NoMonth, start, next)
		}
		start = next
	}
}

// mark returns the first rule for which a batch marks a row.
func mark(b *trip.Batch, row int) (ID, bool) {
	for id, r := range Rules {
		if r.Marks == nil {
			continue
		}
		if _, is := slices.BinarySearch(r.Marks(b), int32(row)); is {
			return ID(id), true
		}
	}
	return 0, false
}

// rows splits rows [start, end), which are of one month, into runs that row rules refuse and runs that count.
func (fn *judgeFn) rows(b *trip.Batch, month int32, start, end int) {
	for id, r := range Rules {
		if r.Refuses == nil {
			continue
		}
		for row := start; row < end; row++ {
			if !r.Refuses(b, row, fn.limits[id]) {
				continue
			}
			if row > start {
				fn.rows(b, month, start, row) // the other rules look at these rows later
			}
			fn.refused(b, month, row, row+1, ID(id))
			start = row + 1
		}
	}
	if start < end {
		fn.cells(b, month, start, end)
		fn.runs = append(fn.runs, trip.MonthRun{Month: month, End: end})
	}
}

func (fn *judgeFn) note(month int32, id ID, rows, sum int64) {
	if rows == 0 {
		return
	}
	if n := len(fn.findings); n > 0 && sum == 0 {
		if last := &fn.findings[n-1]; last.Month == month && last.Rule == int32(id) {
			last.Rows += rows
			return
		}
	}
	fn.findings = append(fn.findings, trip.Finding{Month: month, Rule: int32(id), Rows: rows, Sum: sum})
}

// rowRule returns the first row rule that refuses a pickup month in a file of a month.
func (c Config) rowRule(month, file int32) (ID, bool) {
	for id, r := range Rules {
		if r.Month != nil && r.Month(month, file, c.AsOf) {
			return ID(id), true
		}
	}
	return 0, false
}

// fire notes that a cell rule applies to a row.
func (fn *judgeFn) fire(row int, id ID) {
	fn.fired[id]++
	if fn.Config.Keep == KeepCells {
		fn.rejects = append(fn.rejects, reject{row, id})
	}
}

// cells applies the cell rules to rows [start, end), which all count and lie in one month.
func (fn *judgeFn) cells(b *trip.Batch, month int32, start, end int) {
	clear(fn.fired)
	clear(fn.sums)
	fn.odd = fn.odd[:0]
	for i := range fn.passes {
		p := &fn.passes[i]
		c := &fn.columns[p.field]
		c.outside(start, end, p.lo, p.hi, func(row int, v int64) {
			left, becomes := false, int64(0)
			for _, s := range p.spans {
				if v >= s.lo && v <= s.hi {
					fn.leave(month, row, v, s)
					left, becomes = true, s.becomes
				}
			}
			if left {
				c.put(row, becomes)
			}
			if left && p.field == trip.Duration {
				fn.odd = append(fn.odd, row)
			}
		})
	}
	for _, id := range fn.finds { // after the others, because they drop values that the others look at
		Rules[id].Finds(fn, id, b, month, start, end)
	}
	for id, rows := range fn.fired {
		fn.note(month, ID(id), rows, fn.sums[id])
	}
}

// leave fires a rule that leaves out a value.
func (fn *judgeFn) leave(month int32, row int, v int64, s span) {
	if s.sums {
		if sum := fn.sums[s.id]; (sum^(sum+v))&(v^(sum+v)) < 0 { // the sum would overflow: note the sum so far
			fn.note(month, s.id, fn.fired[s.id], sum)
			fn.fired[s.id], fn.sums[s.id] = 0, 0
		}
		fn.sums[s.id] += v
	}
	fn.fire(row, s.id)
}
