package aggregate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

var (
	// chicagoZones are zones of another city. TLC has zones of these numbers too.
	chicagoZones = OwnZones{Taxi: "chicago", Zones: []element.Zone{
		{ID: 7, Name: "Lincoln Park", Borough: "North Side", ServiceZone: "x", Longitude: -87.65, Latitude: 41.92, Placed: true},
		{ID: 8, Name: "Near North Side"},
	}}
	namelessZones = OwnZones{Taxi: "boston"}
)

func TestTheTableZonesHasTLCsZones(t *testing.T) {
	for name, zones := range map[string]Zones{"TLC's": {TLC: []string{"yellow", "green"}}, "with a dataset without names": {TLC: []string{"yellow"}, Own: []OwnZones{namelessZones}}} {
		rows := zones.Rows()
		got := text(element.Table{Name: ZonesName, Record: rows})
		if n := rows.NumRows(); n != 265 {
			t.Errorf("%s: found %d rows, expected 265", name, n)
		}
		if want := "location_id:int32 zone:utf8 borough:utf8 service_zone:utf8 longitude:float64 latitude:float64"; fieldsOf(rows.Schema()) != want {
			t.Errorf("%s: found columns %s, expected %s", name, fieldsOf(rows.Schema()), want)
		}
		lines := strings.Split(strings.TrimSpace(got), "\n")[1:]
		for i, l := range lines {
			if !strings.HasPrefix(l, fmt.Sprint(i+1, " ")) {
				t.Errorf("%s: line %d: found %s, expected zone %d", name, i, l, i+1)
			}
		}
		for _, want := range []string{"132 JFK Airport Queens Airports -73.", "264 N/A Unknown N/A - -", "265 Outside of NYC N/A N/A - -"} {
			if !strings.Contains(got, "\n"+want) {
				t.Errorf("%s: found no line with %s", name, want)
			}
		}
	}
}

// TestZonesOfSeveralPlacesAreToldApartByTheTaxi has two places with zones of one number.
func TestZonesOfSeveralPlacesAreToldApartByTheTaxi(t *testing.T) {
	zones := Zones{TLC: []string{"yellow", "fhv"}, Own: []OwnZones{chicagoZones, namelessZones}}
	rows := zones.Rows()
	if want := "taxi:utf8 location_id:int32 zone:utf8"; !strings.HasPrefix(fieldsOf(rows.Schema()), want) {
		t.Errorf("found columns %s, expected %s first", fieldsOf(rows.Schema()), want)
	}
	lines := strings.Split(strings.TrimSpace(text(element.Table{Name: ZonesName, Record: rows})), "\n")[1:]
	if len(lines) != 2*265+2 {
		t.Fatalf("found %d rows, expected 265 for each of TLC's taxis and 2", len(lines))
	}
	for at, want := range map[int]string{0: "chicago 7 Lincoln Park North Side x -87.65 41.92", 1: "chicago 8 Near North Side - - - -", 2: "fhv 1 Newark Airport ", 267: "yellow 1 Newark Airport "} {
		if !strings.HasPrefix(lines[at], want) {
			t.Errorf("row %d: found %s, expected %s", at, lines[at], want)
		}
	}
}

// TestLocationsHaveTheNamesOfTheirPlace has trips in zones of one number of three places, one of which has no names.
func TestLocationsHaveTheNamesOfTheirPlace(t *testing.T) {
	zones := Zones{TLC: []string{"yellow"}, Own: []OwnZones{chicagoZones, namelessZones}}
	rows := newRowBuilder(locationStats, zones)
	for _, taxi := range []string{"boston", "chicago", "yellow"} {
		for _, id := range []int64{8, 9} {
			rows.add(taxi, &Group{Month: march, Keys: []int64{id}, Rows: 1, Or: 2})
		}
		rows.add(taxi, &Group{Month: march, Keys: []int64{8}, Nulls: 1, Rows: 1, Or: 2})
	}
	want := `location_stats
boston 2020 2020-03-01 8 1 2 - -
boston 2020 2020-03-01 9 1 2 - -
boston 2020 2020-03-01 - 1 2 - -
chicago 2020 2020-03-01 8 1 2 Near North Side -
chicago 2020 2020-03-01 9 1 2 - -
chicago 2020 2020-03-01 - 1 2 - -
yellow 2020 2020-03-01 8 1 2 Astoria Park Queens
yellow 2020 2020-03-01 9 1 2 Auburndale Queens
yellow 2020 2020-03-01 - 1 2 - -
`
	if got := text(element.Table{Name: locationStats.Name, Record: rows.b.NewRecordBatch()}); got != want {
		t.Errorf("found\n%s\nexpected\n%s", got, want)
	}
}

func TestTheDigestOfZonesIsOfWhatTheyAre(t *testing.T) {
	tables, other := Tables(true), *locationStats
	other.Zone = []string{"zone"}
	renamed := OwnZones{Taxi: "chicago", Zones: []element.Zone{{ID: 7, Name: "Lincoln Square"}}}
	seen := map[string]string{}
	for name, digest := range map[string]string{
		"TLC's":           Zones{}.Digest(tables),
		"other columns":   Zones{}.Digest([]*Spec{&other}),
		"a city":          Zones{Own: []OwnZones{chicagoZones}}.Digest(tables),
		"the city later":  Zones{Own: []OwnZones{renamed}}.Digest(tables),
		"a nameless city": Zones{Own: []OwnZones{namelessZones}}.Digest(tables),
	} {
		if same, known := seen[digest]; known {
			t.Errorf("found one digest of %s and of %s, expected two", name, same)
		}
		seen[digest] = name
	}
	if copied := (Zones{Own: []OwnZones{{Taxi: "chicago", Zones: slices.Clone(chicagoZones.Zones)}}}).Digest(Tables(true)); seen[copied] != "a city" {
		t.Error("found another digest of the same zones, expected one")
	}
}
