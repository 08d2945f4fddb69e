package dataset

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

const areas = `location_id,zone,borough,service_zone,longitude,latitude
32,"The ""Loop"" </script>",Central,,,
8,Near North Side,Central,x,-87.63,41.9
`

// place has the zones 1 to 77, and 99 for one that is not known.
var place = element.Local{HasZones: true, First: 1, Last: 77, Unknown: 99}

func TestAFileOfZonesIsRead(t *testing.T) {
	loop := element.Zone{ID: 32, Name: `The "Loop" </script>`, Borough: "Central"}
	north := element.Zone{ID: 8, Name: "Near North Side", Borough: "Central", ServiceZone: "x", Longitude: -87.63, Latitude: 41.9, Placed: true}
	for name, c := range map[string]struct {
		text string
		want []element.Zone
	}{
		"all columns, in the order of numbers": {areas, []element.Zone{north, loop}},
		"the least, and other line ends":       {"location_id,zone\r\n99,?\r\n1,a\r\n", []element.Zone{{ID: 1, Name: "a"}, {ID: 99, Name: "?"}}},
		"columns in another order":             {"Zone, Latitude,location_id,longitude\nשכונה,0,3,0", []element.Zone{{ID: 3, Name: "שכונה", Placed: true}}},
		"a long name":                          {"location_id,zone\n1," + strings.Repeat("é", 300), []element.Zone{{ID: 1, Name: strings.Repeat("é", 300)}}},
	} {
		got, err := ParseZones("a.csv", c.text, place)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: found %+v, %v, expected %+v", name, got, err, c.want)
		}
	}
}

// TestWhatIsWrongInAFileOfZonesHasAPlace has a mistake in each text.
func TestWhatIsWrongInAFileOfZonesHasAPlace(t *testing.T) {
	many := strings.Builder{}
	many.WriteString("location_id,zone\n")
	for id := range 20_001 {
		fmt.Fprintf(&many, "%d,z\n", id+1)
	}
	wide := element.Local{First: 1, Last: 1 << 30}
	for text, want := range map[string]string{
		"":                                                "a.csv:1:1: found no line, expected the names of the columns",
		"location_id,zone":                                "a.csv:1:1: found no zones, expected a line for each",
		"location_id,zone,lat\n1,a,2":                     `a.csv:1:18: found the column "lat", expected one of location_id, zone, borough, service_zone, longitude, latitude`,
		"location_id,zone,Zone\n1,a,b":                    "a.csv:1:18: found the column zone a second time, expected it once",
		"location_id,borough\n1,a":                        "a.csv:1:1: found no column zone, expected it",
		"location_id,zone\n1,a,b":                         "a.csv:2:1: found 3 values, expected 2, one for each column",
		"location_id,zone\n1,a\nx,b":                      `a.csv:3:1: found "x", expected the number of a zone from 1 to 77, or 99, as the declaration says`,
		"location_id,zone\n78,b":                          `a.csv:2:1: found "78", expected the number of a zone`,
		"location_id,zone\n0,b":                           `a.csv:2:1: found "0", expected the number of a zone`,
		"location_id,zone\n99999999999,b":                 `a.csv:2:1: found "99999999999", expected the number of a zone`,
		"location_id,zone\n1,a\n\n1,b":                    "a.csv:4:1: found the zone 1 a second time, expected it once; it is in line 2 too",
		"location_id,zone\n1,":                            "a.csv:2:3: found no name, expected one",
		"location_id,zone\n1,\"a\nb\"":                    `a.csv:2:3: found "a b" with a line break, a tab or another control character`,
		"location_id,zone\n1,a\xff":                       "a.csv:2:3: found bytes that are not UTF-8",
		"location_id,zone\n1,a\"b":                        `a.csv:2:4: found text that is not CSV: bare " in non-quoted-field`,
		"location_id,zone,latitude\n1,a,2":                "a.csv:2:5: found one of longitude and latitude, expected both or neither",
		"zone,location_id,longitude\na,1,181":             `a.csv:2:5: found "181", expected degrees from -180 to 180`,
		"zone,location_id,latitude\na,1,NaN":              `a.csv:2:5: found "NaN", expected degrees from -90 to 90`,
		"location_id,zone\n1," + strings.Repeat("é", 301): "a.csv:2:3: found a text of 301 characters, expected at most 300",
		many.String():                                     "a.csv:20002:1: found 20001 zones, expected at most 20000",
	} {
		local := place
		if len(text) > 10_000 {
			local = wide
		}
		_, err := ParseZones("a.csv", text, local)
		var all Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: found\n%v\nexpected\n%s", text, err, want)
		}
	}
	if _, err := ParseZones("a.csv", "location_id,zone\n"+strings.Repeat("x,\n", 1000), place); err == nil || strings.Count(err.Error(), "\n") > 40 {
		t.Errorf("found the errors %v, expected the first", err)
	}
}

func FuzzParseZones(f *testing.F) {
	f.Add(areas)
	f.Add("location_id,zone\n1,\"a\n")
	f.Add("\xef\xbb\xbflocation_id,zone,longitude,latitude\n77,a,-0x1p3,1e-400")
	f.Fuzz(func(t *testing.T, text string) {
		zones, err := ParseZones("f.csv", text, place)
		if err == nil && len(zones) == 0 {
			t.Errorf("%q: found neither zones nor an error", text)
		}
		for i, z := range zones {
			if z.Name == "" || z.ID < 1 || z.ID > 99 || z.Latitude < -90 || z.Latitude > 90 || z.Longitude < -180 || z.Longitude > 180 || i > 0 && z.ID <= zones[i-1].ID {
				t.Errorf("%q: found %+v, expected an error", text, zones)
			}
		}
		// fmt writes %! where a format and its values do not fit. The text may have it too.
		if err != nil && strings.Contains(err.Error(), "%!") && !strings.ContainsAny(text, `%\`) {
			t.Error(err)
		}
	})
}
