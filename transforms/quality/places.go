package quality

import (
	"math"
	"slices"

	"tripstats/transforms/element"
	"tripstats/transforms/newyork"
	"tripstats/transforms/trip"
)

// Place is what is particular to the place of a taxi's trips.
type Place struct {
	Taxi  string
	Local element.Local
}

// newYork is the place of TLC's trips.
var newYork = element.Local{TimeZone: newyork.TimeZone, HasZones: true, First: FirstZone, Last: LastZone, Unknown: UnknownZone}

// noZoneOf returns the numbers that are no zones of a place.
func noZoneOf(at element.Local) [][2]int64 {
	return [][2]int64{{math.MinInt64, at.First - 1}, {at.Last + 1, math.MaxInt64}}
}

// Places are the places of declared datasets whose trips are not those of TLC's taxis. A duration that a file has, and not two times, does
// not depend on a clock.
func Places(declared []element.Dataset, tlcs []string) []Place {
	var places []Place
	for _, d := range declared {
		if slices.Contains(tlcs, d.Taxi) {
			continue
		}
		p := Place{Taxi: d.Taxi, Local: *d.Local}
		for _, k := range d.Find(trip.Dropoff.Meaning()) {
			if k.SincePickup {
				p.Local.TimeZone = ""
			}
		}
		places = append(places, p)
	}
	return places
}
