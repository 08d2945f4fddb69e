package main

import (
	"slices"
	"testing"

	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// TestTheTableZonesDoesNotMakeKeptResultsInvalid protects outputs that were made without this table: what they keep of their files stays
// valid. Whether there is anything to do depends on the zones.
func TestTheTableZonesDoesNotMakeKeptResultsInvalid(t *testing.T) {
	s := settingsFor(t)
	tables := aggregate.Tables(true)
	options := tripOptions("", true, tables)
	isZones := func(d element.Dataset) bool { return d.Name == aggregate.ZonesName }
	if !slices.ContainsFunc(options.Registry, isZones) {
		t.Error("the registry does not have the zones table, so it is not said what such a file is")
	}
	before := options
	before.Registry = slices.DeleteFunc(slices.Clone(options.Registry), isZones)
	reading := func(o trip.Options) string {
		return s.readingsOf(o, quality.Config{AsOf: element.NoMonth}).of(element.Found{Month: element.NoMonth})
	}
	if found, want := reading(options), reading(before); found != want {
		t.Errorf("found the digest %s of what decides the reading of files, expected that without the zones table, %s", found, want)
	}
	with := func(digest string) string { return s.identityOf([]wantedTable{{aggregate.ZonesName, digest}}, nil) }
	own := aggregate.Zones{Own: []aggregate.OwnZones{{Taxi: "chicago", Zones: []element.Zone{{ID: 1, Name: "a"}}}}}
	if with(aggregate.Zones{}.Digest(tables)) == with(own.Digest(tables)) || s.identityOf(nil, nil) == with(aggregate.Zones{}.Digest(tables)) {
		t.Error("found one digest of outputs with other zones, expected that a run makes a new version")
	}
}
