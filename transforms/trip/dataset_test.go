package trip

import (
	"strings"
	"testing"

	"tripstats/transforms/element"
)

// dataset makes one with the columns of its signatures, of which the first is the pickup time.
func dataset(name string, without string, signatures ...string) element.Dataset {
	d := element.Dataset{Name: name, Taxi: name, Without: strings.Fields(without)}
	for _, s := range signatures {
		d.Signatures = append(d.Signatures, strings.Fields(s))
	}
	d.Columns = []element.Known{{Name: d.Signatures[0][0], Meaning: Pickup.Meaning()}}
	return d
}

func TestADatasetIsDecidedByItsWholeSignature(t *testing.T) {
	unread := dataset("bikes", "", "unlocked")
	unread.Columns, unread.Unread = nil, "found bikes"
	registry := []element.Dataset{
		dataset("old", "", "pickup dropoff longitude"),
		dataset("cars", "", "pickup dropoff licence"),
		dataset("limousines", "", "pickup dropoff licence colour"),
		dataset("boats", "anchor", "pickup dropoff pier"),
		dataset("trams", "", "departure stop track", "departure stop wire"),
		unread,
	}
	for columns, want := range map[string]string{
		"pickup dropoff longitude":                  "old",
		" Pickup DROPOFF longitude more":            "old",
		"pickup dropoff licence":                    "cars", // its pickup has the name of old's
		"pickup dropoff licence colour":             "limousines",
		"pickup dropoff pier":                       "boats",
		"departure stop wire":                       "trams",
		"departure stop wire track":                 "trams",
		"pickup dropoff longitude licence":          "found both longitude (old) and licence (cars), expected one",
		"pickup dropoff longitude licence colour":   "found both longitude (old) and licence (limousines), expected one",
		"pickup dropoff pier anchor":                "found both pickup (boats) and anchor (another form), expected one",
		"pickup dropoff":                            "found columns pickup, dropoff, expected also longitude (old), or licence (cars), or pier (boats), or licence, colour (limousines);",
		"pickup licence colour":                     "expected also dropoff;",
		"departure stop":                            "expected also track;",
		"departure pickup":                          "found both pickup (old) and departure (trams), expected one",
		"unlocked":                                  "found bikes",
		"unlocked pickup dropoff longitude":         "found both pickup (old) and unlocked (bikes), expected one",
		"dropoff":                                   "expected pickup (old, cars, limousines, boats) or departure (trams): not a TLC",
		"departure stop wire track pickup dropoff ": "trams", // the rest is not a whole form
	} {
		d, err := decide(registry, strings.Split(columns, " "), "", false)
		got := d.Name
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != want || err != nil && !strings.Contains(got, want) {
			t.Errorf("%q: found %q, expected %q", columns, got, want)
		}
	}
}

// TestALaterSignatureIsForFilesWithoutTheFirst has a file with one of two zones, and coordinates: it is incomplete.
func TestALaterSignatureIsForFilesWithoutTheFirst(t *testing.T) {
	f, err := Recognise(fileWith(merge(coordinatesFor(element.Int64), map[string]element.ValueType{"DOLocationID": -1})), with(Options{}))
	if err == nil || !strings.Contains(err.Error(), "expected also DOLocationID;") || f.Taxi != Yellow {
		t.Errorf("found %v of %q taxis, expected DOLocationID to be missing", err, f.Taxi)
	}
}
