package quality

import (
	"slices"

	"tripstats/transforms/trip"
)

// The functions below are the Finds of rules: see Rule.

func dropoffMissing(fn *judgeFn, id ID, b *trip.Batch, _ int32, start, end int) {
	dropoff := &b.Columns[trip.Dropoff]
	if dropoff.Nulls == 0 || b.MayLack.Has(trip.Dropoff) {
		return
	}
	for row := start; row < end; row++ {
		if !dropoff.IsNull(row) {
			continue
		}
		if _, text := slices.BinarySearch(b.NotDropoffs, int32(row)); !text { // these break another rule
			fn.fire(row, id)
		}
	}
}

func notATime(fn *judgeFn, id ID, b *trip.Batch, _ int32, start, end int) {
	fn.each(b.NotDropoffs, id, start, end)
	fn.each(b.NotTimes, id, start, end)
}

// each fires a rule for the rows that are in [start, end).
func (fn *judgeFn) each(rows []int32, id ID, start, end int) {
	for _, row := range rows {
		if int(row) >= start && int(row) < end {
			fn.fire(int(row), id)
		}
	}
}

// zoneMissing is for files without zones: one rule covers both ends of a trip.
func zoneMissing(fn *judgeFn, id ID, b *trip.Batch, _ int32, start, end int) {
	if !b.NoZones {
		return
	}
	lacks := b.MayLack.Has(trip.PickupZone) && b.MayLack.Has(trip.DropoffZone)
	for row := start; row < end; row++ {
		if !lacks {
			fn.fire(row, id)
		}
		for _, zone := range [...]trip.Field{trip.PickupZone, trip.DropoffZone} {
			if fn.wants[zone] {
				fn.columns[zone].put(row, fn.unknown)
			}
		}
	}
}

// zoneNull is for a null zone at one end of a trip. A zone that the trip may lack becomes unknown too, but that breaks no rule.
func zoneNull(end trip.Field) func(*judgeFn, ID, *trip.Batch, int32, int, int) {
	return func(fn *judgeFn, id ID, b *trip.Batch, _ int32, start, stop int) {
		zone := &b.Columns[end]
		if zone.Nulls == 0 {
			return
		}
		for row := start; row < stop; row++ {
			if zone.IsNull(row) {
				if !b.MayLack.Has(end) {
					fn.fire(row, id)
				}
				fn.columns[end].put(row, fn.unknown)
			}
		}
	}
}

func notANumber(fn *judgeFn, id ID, b *trip.Batch, _ int32, start, end int) {
	fn.each(b.NotNumbers, id, start, end)
}

// changing tells whether a trip with a pickup in the month may touch a change of the clock, if its duration is within the
// limits. In most months no such trip may.
func (fn *judgeFn) changing(month int32) bool {
	start, end := int64(trip.FirstDay(month))*day, int64(trip.FirstDay(month+1))*day
	i := after(fn.changes, start)
	return i < len(fn.changes) && fn.changes[i].start <= end+fn.longest
}

const day = 86_400_000_000 // µs

// clockChange leaves out durations that a change of the clock touches. Nearly all trips of a month lie in one gap between two
// changes: a row is looked at closely only if it is not in the gap of the row before. In a month in which no trip of plausible duration can touch a
// change, only the trips of other durations are looked at.
func clockChange(fn *judgeFn, id ID, b *trip.Batch, month int32, start, end int) {
	pickup, dropoff := &b.Columns[trip.Pickup], &b.Columns[trip.Dropoff]
	if !fn.changing(month) {
		for _, row := range fn.odd {
			if touches(fn.changes, pickup.Values[row], dropoff.Values[row]) {
				fn.fire(row, id)
			}
		}
		return
	}
	var gap change // (end of a change, start of the next)
	pickups, dropoffs := pickup.Values[start:end], dropoff.Values[start:end]
	for i, p := range pickups {
		d := dropoffs[i]
		if p >= gap.start && p < gap.end && d >= gap.start && d < gap.end {
			continue
		}
		if dropoff.IsNull(start + i) {
			d = p
		}
		if touches(fn.changes, p, d) {
			fn.fire(start+i, id)
			fn.columns[trip.Duration].put(start+i, 0)
		} else {
			gap = gapOf(fn.changes, p)
		}
	}
}
