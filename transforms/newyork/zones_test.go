package newyork

import "testing"

func TestZonesAreByNumber(t *testing.T) {
	zones := Zones()
	for id, want := range map[int]TaxiZone{
		1:   {"Newark Airport", "EWR", "EWR"},
		132: {"JFK Airport", "Queens", "Airports"},
		264: {"N/A", "Unknown", "N/A"},
		265: {"Outside of NYC", "N/A", "N/A"},
	} {
		if zones[id] != want {
			t.Errorf("zone %d: found %+v, expected %+v", id, zones[id], want)
		}
	}
	if zones[56].Name != zones[57].Name {
		t.Error("zones 56 and 57 have two names, expected one")
	}
}
