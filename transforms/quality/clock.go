package quality

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"tripstats/transforms/timezone"
)

// change is one change of a clock, in wall-clock µs since 1970-01-01: the hour [start, end) is skipped in
// spring and repeated in autumn.
type change struct{ start, end int64 }

// lastChangeYear is the last year whose changes are known. Pickups beyond it are strays in any file.
const lastChangeYear = 2110

// clockChanges lists the changes of a time zone's clock from 1970 to lastChangeYear, ascending. Without a zone there is none.
func clockChanges(name string) ([]change, error) {
	if name == "" {
		return nil, nil
	}
	zone, err := timezone.Zone(name)
	if err != nil {
		return nil, fmt.Errorf("quality: %w", err)
	}
	var changes []change
	for t := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); t.Year() <= lastChangeYear; {
		_, end := t.In(zone).ZoneBounds()
		if !end.After(t) { // beyond its table, the time package ends some spans where they begin
			t = t.Add(24 * time.Hour)
			continue
		}
		_, before := end.Add(-time.Second).In(zone).Zone()
		_, after := end.In(zone).Zone()
		if before != after {
			// The clock jumps from the instant plus one offset to the instant plus the other.
			from, to := end.UnixMicro()+int64(before)*1e6, end.UnixMicro()+int64(after)*1e6
			changes = append(changes, change{min(from, to), max(from, to)})
		}
		t = end.UTC()
	}
	return changes, nil
}

// after returns the index of the first change that ends after t.
func after(changes []change, t int64) int {
	i, _ := slices.BinarySearchFunc(changes, t, func(c change, t int64) int { return cmp.Compare(c.end, t+1) })
	return i
}

// touches tells whether a or b lies in the hour of a change, or a change between them.
func touches(changes []change, a, b int64) bool {
	lo, hi := min(a, b), max(a, b)
	i := after(changes, lo)
	return i < len(changes) && hi >= changes[i].start
}

// gapOf returns the time between the changes around t, which lies in none: from the end of one to the start of the next.
func gapOf(changes []change, t int64) change {
	gap := change{math.MinInt64, math.MaxInt64}
	i := after(changes, t)
	if i > 0 {
		gap.start = changes[i-1].end
	}
	if i < len(changes) {
		gap.end = changes[i].start
	}
	return gap
}
