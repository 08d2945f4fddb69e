// Package newyork has what is particular to New York: its time zone, and TLC's table of taxi zones.
package newyork

import (
	"time"

	"tripstats/transforms/timezone"
)

// TimeZone is the name of New York's time zone.
const TimeZone = "America/New_York"

// Zone returns the time zone of New York.
func Zone() (*time.Location, error) { return timezone.Zone(TimeZone) }
