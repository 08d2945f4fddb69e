package quality

import (
	"math"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[judgeFn]())
	register.Emitter1[trip.Batch]()
}

// Config is what the judge is told. It travels in the DoFn.
type Config struct {
	Limits Limits
	AsOf   int32 // last month that a file without a month in its name may have, or element.NoMonth for none
	Keep   Keep  // which rows come out as rejects, by JudgedWithRejects
}

// FirstMonth is the first month TLC has published: 2009-01.
const FirstMonth = (2009 - 1970) * 12

// Judged applies the rules to batches of derived trips: it marks the runs of rows that a row rule refuses, makes values
// null that a cell rule leaves out, and notes what it did as findings. Rules about zones are applied to the counts: see
// aggregate.Standard.
//
// Judged transforms a PCollection<trip.Batch> into a PCollection<trip.Batch>.
func Judged(s beam.Scope, cfg Config, trips beam.PCollection) beam.PCollection {
	s = s.Scope("quality.Map(judge)")
	return beam.ParDo(s, &judgeFn{Config: cfg}, trips)
}

// judgeFn fills the same memory for every batch: what it emits is valid while emit runs.
type judgeFn struct {
	Config Config

	changes  []change
	limits   [count]int64
	runs     []trip.MonthRun
	findings []trip.Finding
	columns  [5]scratch
	fired    [count]int64 // in the run of rows at hand, by rule
	rejects  []reject     // in the batch at hand
}

// The columns that the judge may write to, by their place in judgeFn.columns.
const (
	duration = iota
	distance
	amount
	tip
	passengers
)

// Setup prepares what every batch needs.
func (fn *judgeFn) Setup() error {
	var err error
	if fn.changes, err = clockChanges(); err != nil {
		return fault.New(fault.Failed, "%v", err)
	}
	for id := range Rules {
		fn.limits[id] = fn.Config.Limits.of(ID(id))
	}
	return nil
}

func (fn *judgeFn) ProcessElement(b trip.Batch, emit func(trip.Batch)) error {
	fn.judge(&b)
	emit(b)
	return nil
}

// judge applies the rules to b, whose columns it replaces before it writes to them.
func (fn *judgeFn) judge(b *trip.Batch) {
	fn.runs = append(fn.runs[:0], b.Months...)
	fn.findings = append(fn.findings[:0], b.Findings...)
	fn.rejects = fn.rejects[:0]
	b.Columns[trip.RawDuration] = b.Columns[trip.Duration]
	for i, c := range []*trip.Column{&b.Columns[trip.Duration], &b.Columns[trip.Distance], &b.Columns[trip.Amount], &b.Columns[trip.Tip], &b.Columns[trip.Passengers]} {
		fn.columns[i].reset(c)
	}
	start := 0
	for i := range fn.runs {
		run := &fn.runs[i]
		if id, refused := fn.Config.rowRule(run.Month, b.FileMonth); refused {
			run.Refused = true
			fn.note(b.FileMonth, id, int64(run.End-start), 0)
			fn.refuse(start, run.End, id)
		} else {
			fn.cells(b, run.Month, start, run.End)
		}
		start = run.End
	}
	b.Months, b.Findings = fn.runs, fn.findings
}

func (fn *judgeFn) note(month int32, id ID, rows, sum int64) {
	if rows != 0 {
		fn.findings = append(fn.findings, trip.Finding{Month: month, Rule: int32(id), Rows: rows, Sum: sum})
	}
}

// rowRule returns the first row rule that refuses a pickup month in a file of a month.
func (c Config) rowRule(month, file int32) (ID, bool) {
	switch {
	case month == element.NoMonth:
		return PickupMissing, true
	case file == element.NoMonth:
		return PickupStray, month < FirstMonth || c.AsOf != element.NoMonth && month > c.AsOf
	case month == file-1 || month == file+1:
		return PickupAdjacentMonth, true
	}
	return PickupStray, month != file
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
	fn.fired = [count]int64{}
	if b.Columns[trip.Dropoff].Nulls > 0 {
		for row := start; row < end; row++ {
			if b.Columns[trip.Dropoff].IsNull(row) {
				fn.fire(row, DropoffMissing)
			}
		}
	}
	for _, row := range b.NotNumbers {
		if int(row) >= start && int(row) < end {
			fn.fire(int(row), NotANumber)
		}
	}

	changing := fn.changing(month)
	fn.columns[duration].outside(start, end, 1, fn.limits[DurationOver], func(row int, v int64) bool {
		if !changing && touches(fn.changes, b.Columns[trip.Pickup].Values[row], b.Columns[trip.Dropoff].Values[row]) {
			fn.fire(row, ClockChange)
		}
		switch {
		case v < 0:
			fn.fire(row, DropoffBeforePickup)
		case v == 0:
			fn.fire(row, DurationZero)
		default:
			fn.fire(row, DurationOver)
		}
		return true
	})
	fn.columns[distance].outside(start, end, 0, fn.limits[DistanceOver], func(row int, v int64) bool {
		fn.fire(row, either(v < 0, DistanceNegative, DistanceOver))
		return true
	})
	refunded := int64(0)
	fn.columns[amount].outside(start, end, 0, fn.limits[AmountOver], func(row int, v int64) bool {
		if v >= 0 {
			fn.fire(row, AmountOver)
			return true
		}
		if refunded < math.MinInt64-v { // the next one would not fit: note what there is
			fn.note(month, AmountNegative, fn.fired[AmountNegative], refunded)
			fn.fired[AmountNegative], refunded = 0, 0
		}
		fn.fire(row, AmountNegative)
		refunded += v
		return true
	})
	fn.columns[tip].outside(start, end, 0, fn.limits[TipOver], func(row int, v int64) bool {
		fn.fire(row, either(v < 0, TipNegative, TipOver))
		return true
	})
	fn.columns[passengers].outside(start, end, 1, fn.limits[PassengersOver], func(row int, v int64) bool {
		switch {
		case v == 0:
			fn.fire(row, PassengersZero)
		case v > 0:
			fn.fire(row, PassengersOver)
		case v < -trip.MaxValue*trip.Unit: // no rule is about negative counts, but this one does not sum in 64 bits
			fn.fire(row, NotANumber)
		default:
			return false
		}
		return true
	})
	if changing {
		fn.clock(b, start, end) // last, as it drops durations that the others look at
	}
	if fn.Config.Keep == KeepCells {
		fn.zones(b, start, end)
	}
	for id, rows := range fn.fired {
		if ID(id) == AmountNegative {
			fn.note(month, AmountNegative, rows, refunded)
		} else {
			fn.note(month, ID(id), rows, 0)
		}
	}
}

func either(first bool, a, b ID) ID {
	if first {
		return a
	}
	return b
}

// changing tells whether a trip with a pickup in the month may touch a change of the clock, if its duration is within the
// limits. In most months none may, and only the others have to be looked at.
func (fn *judgeFn) changing(month int32) bool {
	start, end := int64(trip.FirstDay(month))*day, int64(trip.FirstDay(month+1))*day
	i := after(fn.changes, start)
	return i < len(fn.changes) && fn.changes[i].start <= end+fn.limits[DurationOver]
}

const day = 86_400_000_000 // µs

// clock applies clock_change. Between two changes nothing happens, and nearly all
// trips of a month lie in one such gap: a row is looked at closely only if it leaves the gap of the row before.
func (fn *judgeFn) clock(b *trip.Batch, start, end int) {
	var gap change // (end of a change, start of the next)
	pickups, dropoffs := b.Columns[trip.Pickup].Values[start:end], b.Columns[trip.Dropoff].Values[start:end]
	for i, p := range pickups {
		d := dropoffs[i]
		if p >= gap.start && p < gap.end && d >= gap.start && d < gap.end {
			continue
		}
		if b.Columns[trip.Dropoff].IsNull(start + i) {
			d = p
		}
		if touches(fn.changes, p, d) {
			fn.fire(start+i, ClockChange)
			fn.columns[duration].drop(start + i)
		} else {
			gap = gapOf(fn.changes, p)
		}
	}
}
