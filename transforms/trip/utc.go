package trip

import (
	"fmt"
	"math"
	"time"

	"tripstats/transforms/newyork"
	"tripstats/transforms/timezone"
)

// The values of --utc: what a time column that is adjusted to UTC holds.
const (
	UTCRefuse  = ""        // refuse the file
	UTCWall    = "wall"    // New York wall clock, mislabelled: read as it stands
	UTCConvert = "convert" // instants: convert to New York wall clock
)

// wallClock converts instants to the wall clock of a time zone. Offsets hold for months, so the span of the last one is kept.
// It is not safe for concurrent use.
type wallClock struct {
	zone   *time.Location
	lo, hi int64 // µs: instants of [lo, hi) have this offset
	offset int64 // µs
}

func newWallClock() (*wallClock, error) { return clockOf(newyork.TimeZone) }

// clockOf returns the wall clock of a time zone.
func clockOf(name string) (*wallClock, error) {
	zone, err := timezone.Zone(name)
	if err != nil {
		return nil, fmt.Errorf("trip: %w", err)
	}
	return &wallClock{zone: zone}, nil
}

// at returns the wall clock of an instant, both in µs since 1970-01-01, and whether it fits.
func (w *wallClock) at(instant int64) (int64, bool) {
	if instant < w.lo || instant >= w.hi {
		t := time.UnixMicro(instant).In(w.zone)
		start, end := t.ZoneBounds()
		w.lo, w.hi = math.MinInt64, math.MaxInt64
		if !start.IsZero() {
			w.lo = start.UnixMicro()
		}
		if !end.IsZero() {
			w.hi = end.UnixMicro()
		}
		_, seconds := t.Zone()
		w.offset = int64(seconds) * microsPerSecond
	}
	sum := instant + w.offset
	return sum, (sum > instant) == (w.offset > 0) || w.offset == 0
}
