package compute

import (
	"fmt"
	"math"
	"time"

	"tripstats/transforms/eights"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

const (
	microsPerSecond = 1_000_000
	microsPerMinute = 60 * microsPerSecond
	microsPerHour   = 60 * microsPerMinute
	microsPerDay    = 24 * microsPerHour

	// A time plus bias, a number of whole days, is a number from 0 to 2^63 for all times within 145,000 years of 1970. Other times
	// have no kernel.
	biasDays = 53_000_000
	bias     = biasDays * microsPerDay
)

// part is a part of a time. It is a number of units, or it has the same value in all of a day, or, if it changes with months, in all
// of a month.
type part struct {
	limits limits
	unit   int64
	kernel kernel
	months bool
}

var parts = map[string]part{
	"year":    {limits: limits{-300_000, 300_000}, months: true},
	"quarter": {limits: limits{1, 4}, months: true},
	"month":   {limits: limits{1, 12}, months: true},
	"week":    {limits: limits{1, 53}},
	"day":     {limits: limits{1, 31}},
	"isodow":  {limits: limits{1, 7}},
	"hour":    {limits: limits{0, 23}, unit: microsPerHour, kernel: hours},
	"minute":  {limits: limits{0, 59}, unit: microsPerMinute, kernel: minutes},
	"second":  {limits: limits{0, 59}, unit: microsPerSecond, kernel: seconds},
}

func init() {
	for name, p := range parts {
		builders[name] = strict(func(b *invocation) kernel {
			b.narrow(p.limits)
			return p.kernel // compiler.interval has the others
		})
	}
	builders["date_trunc"] = strict(func(b *invocation) kernel {
		unit := parts[b.args[0].expr.Value.Text].unit
		switch {
		case b.args[0].expr.Value.Text == "day":
			unit = microsPerDay
		case unit == 0:
			return nil
		}
		b.args = b.args[1:]
		return truncate(divisorOf(unit))
	})
}

// The divisors of the following kernels are constants, so that there is no division. The number of hours has 32 bits.

func hours(out *register, in []*register) bool {
	to := out.makeInts()
	a := in[0].Ints[:len(to)]
	outside := int64(0)
	for done := 0; done < len(a); {
		done += eights.HoursMany(to[done:], a[done:])
		for end := min(done+8, len(a)); done < end; done++ {
			v := a[done] + bias
			outside |= v
			to[done] = int64(uint32(uint64(v)/microsPerHour) % 24)
		}
	}
	return outside >= 0
}

func minutes(out *register, in []*register) bool {
	to := out.makeInts()
	outside := int64(0)
	for i, v := range in[0].Ints[:len(to)] {
		v += bias
		outside |= v
		to[i] = int64(uint64(v) / microsPerMinute % 60)
	}
	return outside >= 0
}

func seconds(out *register, in []*register) bool {
	to := out.makeInts()
	outside := int64(0)
	for i, v := range in[0].Ints[:len(to)] {
		v += bias
		outside |= v
		to[i] = int64(uint64(v) / microsPerSecond % 60)
	}
	return outside >= 0
}

func truncate(unit divisor) kernel {
	return func(out *register, in []*register) bool {
		to := out.makeInts()
		outside := int64(0)
		for i, v := range in[0].Ints[:len(to)] {
			v += bias
			outside |= v
			to[i] = int64(unit.of(uint64(v))*unit.by) - bias
		}
		return outside >= 0
	}
}

var day = divisorOf(microsPerDay)

// buildDate returns the kernel of a cast of a time to a date.
func buildDate(b *invocation) kernel {
	b.narrow(limits{-biasDays, biasDays})
	one := b.mayBeOne()
	return func(out *register, in []*register) bool {
		a := in[0].Ints[:out.Rows]
		if *one && out.Valid == nil && len(a) > 0 && a[0] >= -bias && a[0] < bias {
			today := int64(day.of(uint64(a[0]+bias))) - biasDays
			if trip.Within(a, today*microsPerDay, today*microsPerDay+microsPerDay-1) == len(a) {
				out.setOne(today)
				return true
			}
		}
		return toDays(out.makeInts(), a)
	}
}

func toDays(to, a []int64) bool {
	outside := int64(0)
	d := day
	for done := 0; done < len(a); {
		done += eights.DaysMany(to[done:], a[done:])
		for end := min(done+8, len(a)); done < end; done++ {
			v := a[done] + bias
			outside |= v
			to[done] = int64(d.of(uint64(v))) - biasDays
		}
	}
	return outside >= 0
}

// interval makes the node of a part of a time that has the same value in all of a day or month, or of casts of one; nil if the
// expression is something else.
func (c *compiler) interval(e *query.Expr) *node {
	inner := e
	for inner.Op == query.Call && inner.Func.Name == "cast" {
		inner = inner.Args[0]
	}
	if inner.Op != query.Call {
		return nil
	}
	name := inner.Func.Name
	if name == "date_trunc" {
		name = inner.Args[0].Value.Text
	}
	p, ok := parts[name]
	if !ok || p.unit != 0 || inner.Func.Name == "date_trunc" && name == "day" {
		return nil
	}
	for outer := e; outer != inner; outer = outer.Args[0] {
		if k := outer.Type.Kind; k != query.Integer && k != query.BigInt && k != query.Date && k != query.Timestamp {
			return nil
		}
	}
	arg := c.compile(inner.Args[len(inner.Args)-1])
	key := fmt.Sprintf("part %s %p", keyOf(replaced(e, inner)), arg.register)
	if n := c.nodes[key]; n != nil {
		return n
	}
	n := node{expr: e, args: []*node{arg}, limits: limitsOf(e.Type), never: arg.never}
	if inner.Func.Name != "date_trunc" {
		n.limits = p.limits
	}
	d := &days{expr: replaced(e, inner), months: p.months}
	n.one = &d.one
	build := strict(func(*invocation) kernel { return d.compute })
	n.kernel = build(nil)
	return c.add(key, n)
}

// placeholder stands for the value of which an expression is computed.
const placeholder = query.KeyRef

// replaced returns an expression in which the last argument of an inner call is a placeholder. In between are casts.
func replaced(e, inner *query.Expr) *query.Expr {
	copied := *e
	last := len(e.Args) - 1
	copied.Args = append(make([]*query.Expr, 0, last+1), e.Args...)
	if e == inner {
		copied.Args[last] = &query.Expr{Op: placeholder, Type: e.Args[last].Type}
	} else {
		copied.Args[last] = replaced(e.Args[last], inner)
	}
	return &copied
}

// days computes an expression that has the same value in all of a day, once for each day. Of all days that have the same number
// modulo the length of known, the last is kept.
type days struct {
	expr   *query.Expr
	months bool // it has the same value in all of a month
	one    bool // the result may be a constant
	known  [1 << 10]dayValue
}

// dayValue is the value of times from low on, up to, but without, low plus width.
type dayValue struct {
	low   int64
	width uint64 // 0 if there is no value
	value int64
}

func (d *days) compute(out *register, in []*register) bool {
	a := in[0].Ints[:out.Rows]
	if d.one && out.Valid == nil && len(a) > 0 {
		if k := d.of(a[0]); k != nil && k.rows(a) == len(a) {
			out.setOne(k.value)
			return true
		}
	}
	to := out.makeInts()
	for i := 0; i < len(a); {
		if k := d.of(a[i]); k != nil {
			n := k.rows(a[i:])
			fill(to[i:i+n], k.value)
			i += n
		}
		// Where a day or month ends, the rows of two days or months are mixed.
		for end := min(i+mixedRows, len(a)); i < end; i++ {
			k := d.of(a[i])
			if k == nil {
				if !out.IsNull(i) {
					return false
				}
				to[i] = 0
				continue
			}
			to[i] = k.value
		}
	}
	return true
}

// mixedRows is how many rows are looked up one by one before many rows at once are compared with a day or month again.
const mixedRows = 64

// of returns the value of a time, or nil if there is none.
func (d *days) of(v int64) *dayValue {
	k := &d.known[day.of(uint64(v+bias))%uint64(len(d.known))]
	if uint64(v-k.low) >= k.width && !d.learn(k, v) {
		return nil
	}
	return k
}

// rows returns how many times at the start of a slice have the value.
func (k *dayValue) rows(times []int64) int { return trip.Within(times, k.low, k.low+int64(k.width)-1) }

// learn computes the value of a time.
func (d *days) learn(k *dayValue, v int64) bool {
	if v < -bias || v > math.MaxInt64-bias {
		return false
	}
	x, err := d.expr.Eval(func(*query.Expr) (query.Value, error) { return query.Value{Int: v}, nil })
	if err != nil {
		return false
	}
	t := time.UnixMicro(v).UTC()
	first := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	next := first.AddDate(0, 0, 1)
	if d.months {
		first = first.AddDate(0, 0, 1-t.Day())
		next = first.AddDate(0, 1, 0)
	}
	*k = dayValue{low: first.UnixMicro(), width: uint64(next.UnixMicro() - first.UnixMicro()), value: x.Int}
	return true
}
