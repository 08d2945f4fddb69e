package tlcgen

import (
	"errors"
	"fmt"
)

// Plant puts values into a file that published files do not have, or not in
// every file, for tests of what must happen then. Each count is a number of
// rows, spread evenly; the other values of such rows, and all other rows, stay
// what they would be. Kinds that would overwrite each other never meet in a
// row, so counts are exact as long as the file has rows for all of them.
//
// What trips have anyhow comes on top: a file may have more rows of a kind
// than were planted. [Dirt] counts them all.
type Plant struct {
	NaN             int64 // NaN as trip_distance, total_amount or tip_amount in turn
	Inf             int64 // +Inf, likewise
	NotNumber       int64 // text that is no number, likewise; for files of text
	PickupNotTime   int64 // text that is no time; for files whose times are text
	DropoffNotTime  int64
	Malformed       int64 // lines beside the rows that are no rows; for files of text
	NullPickup      int64 // null pickup time
	NullDropoff     int64
	NullPickupZone  int64
	NullDropoffZone int64

	NegativeDistance   int64
	Over200Miles       int64 // 200.01 miles and more
	TotalOver5000      int64 // total_amount of 5000.01 and more
	TipOver5000        int64
	NegativeTip        int64
	ZeroPassengers     int64
	PassengersOver9    int64
	UnknownPickupZone  int64 // 0, 266 and 999 in turn; not for files without zones
	UnknownDropoffZone int64

	// In March and November: trips of which the pickup, the dropoff or both
	// lie within the hour that New York's clock skips or repeats, and trips
	// that begin before that hour and end after it.
	ClockHour int64
	ClockSpan int64
}

// plantKinds lists the kinds, those that set the same values side by side in
// one group. set plants row k of count.
var plantKinds = []struct {
	group int
	count func(*Plant) int64
	set   func(r *row, c clock, k int64)
}{
	{0, func(p *Plant) int64 { return p.NaN }, plantOneOf(valueNaN, fDistance, fTotal, fTip)},
	{0, func(p *Plant) int64 { return p.Inf }, plantOneOf(valueInf, fDistance, fTotal, fTip)},
	{0, func(p *Plant) int64 { return p.NotNumber }, plantOneOf(valueBad, fDistance, fTotal, fTip)},
	{0, func(p *Plant) int64 { return p.NegativeDistance }, plantValue(fDistance, -1, -2_50, -37_00)},
	{0, func(p *Plant) int64 { return p.Over200Miles }, plantValue(fDistance, 200_01, 1_234_50, maxDistance)},
	{0, func(p *Plant) int64 { return p.TotalOver5000 }, plantValue(fTotal, 5_000_01, 12_345_67, 998_310_03)},
	{0, func(p *Plant) int64 { return p.TipOver5000 }, plantValue(fTip, 5_000_01, 7_500_00, 141_492_02)},
	{0, func(p *Plant) int64 { return p.NegativeTip }, plantValue(fTip, -1, -2_00, -86_14)},
	{1, func(p *Plant) int64 { return p.NullPickup }, plantNull(fPickup)},
	{1, func(p *Plant) int64 { return p.NullDropoff }, plantNull(fDropoff)},
	{1, func(p *Plant) int64 { return p.PickupNotTime }, plantValue(fPickup, valueBad)},
	{1, func(p *Plant) int64 { return p.DropoffNotTime }, plantValue(fDropoff, valueBad)},
	{1, func(p *Plant) int64 { return p.ClockHour }, plantClockHour},
	{1, func(p *Plant) int64 { return p.ClockSpan }, plantClockSpan},
	{2, func(p *Plant) int64 { return p.NullPickupZone }, plantNull(fPickupZone)},
	{2, func(p *Plant) int64 { return p.UnknownPickupZone }, plantValue(fPickupZone, 0, 266, 999)},
	{3, func(p *Plant) int64 { return p.NullDropoffZone }, plantNull(fDropoffZone)},
	{3, func(p *Plant) int64 { return p.UnknownDropoffZone }, plantValue(fDropoffZone, 0, 266, 999)},
	{4, func(p *Plant) int64 { return p.ZeroPassengers }, plantValue(fPassengers, 0)},
	{4, func(p *Plant) int64 { return p.PassengersOver9 }, plantValue(fPassengers, 10, 96, 255)},
}

// plantValue sets a field to the values in turn.
func plantValue(f field, values ...int64) func(*row, clock, int64) {
	return func(r *row, _ clock, k int64) {
		r.v[f] = values[k%int64(len(values))]
		r.nulls &^= setOf(f)
	}
}

// plantOneOf sets the fields in turn to a value.
func plantOneOf(v int64, fields ...field) func(*row, clock, int64) {
	return func(r *row, _ clock, k int64) { r.v[fields[k%int64(len(fields))]] = v }
}

// plantNull takes a field's value away.
func plantNull(f field) func(*row, clock, int64) {
	return func(r *row, _ clock, _ int64) { r.nulls |= setOf(f) }
}

func plantClockHour(r *row, c clock, k int64) {
	from := c.hours()[0]
	shift := k / 3 * 127 % 1800 // the first of each three begin on the edge of the hour
	var pickup, dropoff int64
	switch k % 3 {
	case 0: // both within
		pickup = from + shift
		dropoff = pickup + 600
	case 1: // the pickup
		pickup = from + hour - 1 - shift
		dropoff = pickup + hour
	case 2: // the dropoff
		dropoff = from + shift
		pickup = dropoff - hour
	}
	r.v[fPickup], r.v[fDropoff] = pickup*1_000_000, dropoff*1_000_000
}

func plantClockSpan(r *row, c clock, k int64) {
	from, shift := c.hours()[0], k*127%1800
	r.v[fPickup], r.v[fDropoff] = (from-1-shift)*1_000_000, (from+hour+shift)*1_000_000
}

// check returns why p cannot be planted into the file of a month, or nil.
func (p *Plant) check(m YearMonth, v variant, f Format) error {
	for _, kind := range plantKinds {
		if kind.count(p) < 0 {
			return errors.New("tlcgen: a negative number of rows to plant")
		}
	}
	if p.Malformed < 0 {
		return errors.New("tlcgen: a negative number of malformed lines to plant")
	}
	if p.NotNumber+p.Malformed > 0 && !f.text() {
		return errors.New("tlcgen: no text to plant into: what is not a number, and lines that are no rows, are for CSV files")
	}
	if p.PickupNotTime+p.DropoffNotTime > 0 && !f.text() && !v.textTimes() {
		return errors.New("tlcgen: no text to plant into: what is not a time is for CSV files and for times that are text")
	}
	if p.ClockHour+p.ClockSpan > 0 && len(clockOf(m).hours()) == 0 {
		return fmt.Errorf("tlcgen: no clock change to plant trips into in %v: March and November have one", m)
	}
	if p.UnknownPickupZone+p.UnknownDropoffZone > 0 && !v.has(fPickupZone) {
		return fmt.Errorf("tlcgen: no zones to plant into in %s %v: the file has coordinates", v.taxi, m)
	}
	return nil
}

// planter plants into the rows of one file.
type planter struct {
	rows   int64
	clock  clock
	groups []plantGroup
}

// plantGroup holds kinds that share rows out among each other. Row n of the
// rows that it plants into belongs to the kind in whose range n*stride modulo
// total lies, so that each kind is spread over the file.
type plantGroup struct {
	offset int64 // keeps the groups off each other's rows where it can be
	total  int64
	stride int64 // has no factor in common with total
	kinds  []plantRange
}

type plantRange struct {
	from, to int64
	set      func(r *row, c clock, k int64)
}

func newPlanter(o Options) planter {
	p := planter{rows: o.Rows, clock: clockOf(o.Month)}
	for _, kind := range plantKinds {
		count := kind.count(&o.Plant)
		if count == 0 {
			continue
		}
		if n := len(p.groups); n == 0 || p.groups[n-1].offset != int64(kind.group) {
			p.groups = append(p.groups, plantGroup{offset: int64(kind.group)})
		}
		g := &p.groups[len(p.groups)-1]
		to := min(g.total+count, o.Rows)
		g.kinds = append(g.kinds, plantRange{g.total, to, kind.set})
		g.total = to
	}
	for i := range p.groups {
		g := &p.groups[i]
		g.stride = max(1, g.total*618/1000)
		for gcd(g.stride, g.total) > 1 {
			g.stride++
		}
	}
	return p
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// apply plants into row i.
func (p *planter) apply(r *row, i int64) {
	for g := range p.groups {
		g := &p.groups[g]
		at := (i + g.offset) % p.rows
		n := at * g.total / p.rows
		if (at+1)*g.total/p.rows == n {
			continue
		}
		n = n * g.stride % g.total
		for _, kind := range g.kinds {
			if n < kind.to {
				kind.set(r, p.clock, n-kind.from)
				break
			}
		}
	}
}
