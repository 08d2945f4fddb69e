package tlc_test

import (
	"strings"
	"testing"

	"tripstats/io/tlc"
	"tripstats/transforms/trip"
)

// TestTheRegistryMeansColumnsThatThereAre checks that each meaning in the registry of TLC's columns is the name of a column of trips.
func TestTheRegistryMeansColumnsThatThereAre(t *testing.T) {
	has, named := map[trip.Field]bool{}, map[string]trip.Field{}
	for f := range trip.NumFields {
		named[trip.Fields[f].Name] = f
	}
	for _, v := range tlc.Registry {
		for _, c := range v.Columns {
			f, known := named[string(c.Meaning)]
			coordinate := strings.HasSuffix(string(c.Meaning), "itude")
			if c.Meaning != "" && !known && !coordinate {
				t.Errorf("%s: column %s means %q, which no column of a trip is", v.Name, c.Name, c.Meaning)
			}
			if known {
				has[f] = true
			}
			if numbered := known && trip.Fields[f].Type == trip.Code; c.Codes != nil && !numbered {
				t.Errorf("%s: column %s has codes and means %q, which is no code", v.Name, c.Name, c.Meaning)
			}
		}
	}
	for f := range trip.NumFields {
		if derived := len(trip.Fields[f].From) > 0; has[f] == derived {
			t.Errorf("%s: in a file: %v, derived: %v", trip.Fields[f].Name, has[f], derived)
		}
	}
}
