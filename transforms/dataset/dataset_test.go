package dataset

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

const chicago = `# Chicago's taxi trips.
taxi: chicago
columns:
  pickup_datetime: Trip Start Timestamp
  dropoff_datetime: {column: Trip Seconds, unit: seconds}
  trip_distance: {column: Trip Km, unit: km}
  total_amount: [Fare, Tips]
  extra: {columns: [Extras, More], unit: cents}
  payment_type:
    column: Payment Type
    values: {Credit Card: 1, "Cash": 2}
signature: [Trip ID, trip start timestamp]
known: [Trip ID, Taxi ID]
times: {zone: America/Chicago, stored: utc}
zones: {first: 1, last: 77}
`

func TestADeclarationIsADataset(t *testing.T) {
	d, err := Parse("files/chicago.yaml", chicago, []string{"yellow"})
	if err != nil {
		t.Fatal(err)
	}
	km := element.Scale{Times: 1_000_000, Over: 1_609_344}
	cents := element.Scale{Times: 1, Over: 100}
	want := element.Dataset{
		Name: "chicago by chicago.yaml", Taxi: "chicago", Declared: true,
		Signatures: [][]string{{"Trip ID", "trip start timestamp", "Trip Seconds"}},
		Columns: []element.Known{
			{Name: "Trip Start Timestamp", Meaning: "pickup_datetime"},
			{Name: "Trip Seconds", Meaning: "dropoff_datetime", SincePickup: true},
			{Name: "Trip Km", Meaning: "trip_distance", Scale: km},
			{Name: "Fare", Meaning: "total_amount"},
			{Name: "Tips", Meaning: "total_amount"},
			{Name: "Extras", Meaning: "extra", Scale: cents},
			{Name: "More", Meaning: "extra", Scale: cents},
			{Name: "Payment Type", Meaning: "payment_type", Codes: map[string]int64{"Credit Card": 1, "Cash": 2}},
			{Name: "Trip ID"},
			{Name: "Taxi ID"},
		},
		MayLack: []element.Lack{{Meaning: "pickup_location_id"}, {Meaning: "dropoff_location_id"}},
		Local:   &element.Local{TimeZone: "America/Chicago", Stored: element.StoredUTC, HasZones: true, First: 1, Last: 77},
	}
	if !reflect.DeepEqual(d.Dataset, want) {
		t.Errorf("found\n%+v\nexpected\n%+v", d.Dataset, want)
	}
	if d, err := Parse("x", "taxi: a\ncolumns: {pickup_datetime: p}\nsignature: [s, P, t]\nknown: [k, S]", nil); err != nil || !reflect.DeepEqual(d.Dataset.Columns, []element.Known{{Name: "p", Meaning: "pickup_datetime"}, {Name: "k"}, {Name: "S"}, {Name: "t"}}) {
		t.Errorf("found %+v, %v, expected each column of the signature and of known once", d.Dataset.Columns, err)
	}
	if d, err := Parse("x", strings.Replace(chicago, "last: 77", "last: 77, file: ../areas.csv", 1), nil); err != nil || d.ZonesFile != "../areas.csv" || *d.Dataset.Local != *want.Local {
		t.Errorf("found %+v, %v, expected the file of the zones, and the same place", d, err)
	}
	if len(d.SHA256) != 64 {
		t.Errorf("found the digest %q, expected a SHA-256", d.SHA256)
	}
	d, err = Parse("x", "taxi: yellow\ncolumns: {pickup_datetime: a, total_amount: b, trip_distance: A}", []string{"yellow"})
	if err != nil || !reflect.DeepEqual(d.Dataset.Signatures, [][]string{{"a", "b"}}) || d.Dataset.Local.TimeZone != "America/New_York" {
		t.Errorf("found %+v, %v, expected all columns as the signature, and New York's clock", d.Dataset, err)
	}
}

// TestWhatIsWrongHasAPlace changes the good file and looks for the message.
func TestWhatIsWrongHasAPlace(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"taxi: chicago", "taxis: chicago", "c.yaml:2:1: found the key \"taxis\", expected one of taxi, columns, signature, known, times, zones; did you mean taxi?\nc.yaml:2:1: found no taxi, expected it, the name of these trips in all tables"},
		{"taxi: chicago", "taxi: Chicago", `c.yaml:2:7: found "Chicago", expected a name such as chicago`},
		{"taxi: chicago", "taxi: 7", "c.yaml:2:7: found 7, expected text; put it in quotes"},
		{"taxi: chicago", "taxi: \"7\"", `c.yaml:2:7: found "7", expected a name such as chicago`},
		{"taxi: chicago", "taxi:", "c.yaml:2:6: found nothing, expected text"},
		{"taxi: chicago", "taxi: yellow", "c.yaml:14:15: found America/Chicago, expected America/New_York, because the trips are those of a taxi of New York\nc.yaml:15:1: found zones of the taxi yellow, expected none"},
		{"  pickup_datetime:", "  pickup:", "c.yaml:4:3: found no pickup_datetime, expected the column with the time of the pickup"},
		{"Trip Start Timestamp\n  d", "[a, b]\n  d", "c.yaml:4:20: found 2 columns, expected one, because pickup_datetime cannot be added up"},
		{"unit: seconds", "unit: days", `c.yaml:5:50: found the unit "days" of dropoff_datetime, expected one of hours, milliseconds, minutes, seconds`},
		{"unit: km", "unit: dollars", `c.yaml:6:42: found the unit "dollars" of trip_distance, expected one of feet, kilometers, `},
		{"  trip_distance:", "  distance:", "store_and_fwd_flag, black_car_fund, sales_tax, driver_pay, trip_time, request_datetime, on_scene_datetime, hvfhs_license_num, shared_request_flag, shared_match_flag, access_a_ride_flag, wav_request_flag, wav_match_flag; did you mean trip_distance?"},
		{"unit: km", "units: km", `c.yaml:6:36: found the key "units", expected one of column, columns, unit, values; did you mean unit?`},
		{"{column: Trip Km, unit: km}", "{unit: km}", "c.yaml:6:18: found no column, expected column: NAME, or columns: [NAME, NAME]"},
		{"{column: Trip Km, unit: km}", "{column: a, values: {b: 1}}", "c.yaml:6:30: found values of trip_distance, expected none"},
		{"[Fare, Tips]", "[Fare, fare]", `c.yaml:7:24: found the column "fare" twice, expected each once`},
		{"[Fare, Tips]", "[]", "c.yaml:7:17: found an empty list, expected a list such as [a, b]"},
		{"[Fare, Tips]", "[Fare, [Tips]]", "c.yaml:7:24: found a list, expected text"},
		{"[Fare, Tips]", "' '", "c.yaml:7:17: found nothing, expected the name of a column"},
		{"column: Payment Type", "column: Payment Type\n    unit: cents", `c.yaml:11:11: found the unit "cents" of payment_type, expected none`},
		{"Credit Card: 1", "Credit Card: one", "c.yaml:11:27: found one, expected a whole number from -2147483648 to 2147483647"},
		{"Credit Card: 1", "3: 1", "c.yaml:11:14: found 3, expected text; put it in quotes"},
		{"known:", "taxi: b\nknown:", "c.yaml:13:1: found the key taxi a second time, expected it once; it is in line 2 too"},
		{"America/Chicago", "Chicago", `c.yaml:14:15: found "Chicago", expected the name of a time zone such as America/Chicago`},
		{"zone: America/Chicago, ", "", "c.yaml:14:17: found utc without a zone, expected zone too"},
		{"stored: utc", "stored: UTC", `c.yaml:14:40: found "UTC", expected wall (the clock of the zone) or utc`},
		{"last: 77", "last: 0", "c.yaml:15:25: found 0, expected a whole number from 1 to 2147483647"},
		{"first: 1, last: 77", "first: 5, last: 4", "c.yaml:15:25: found 4, expected 5 or more, the first zone"},
		{", last: 77", "", "c.yaml:15:8: found no last, expected it, the highest number that a zone can have"},
		{"first: 1, ", "", "c.yaml:15:8: found no first, expected it, the lowest number that a zone can have"},
		{"last: 77", "last: 77, file: ''", "c.yaml:15:35: found nothing, expected a path, which begins at the folder of the declaration"},
		{"last: 77", "last: 77, file: 's3://bucket/areas.csv'", `c.yaml:15:35: found "s3://bucket/areas.csv", expected a path, which begins at the folder of the declaration, and no address`},
		{"last: 77", "last: 77, file: 7", "c.yaml:15:35: found 7, expected text; put it in quotes"},
		{"known: [Trip ID", "known: [&a Trip ID, *a", "found an alias, expected text"},
		{"columns:\n", "columns: 1\nx:\n", "c.yaml:3:10: found 1, expected a mapping with pickup_datetime, "},
		{chicago, "", "c.yaml:1:1: found no mapping, or several documents, expected one mapping, with taxi and columns"},
		{chicago, "- a", "c.yaml:1:1: found a list, expected one mapping, with taxi and columns"},
		{chicago, "a: 1\n---\nb: 2", "c.yaml:1:1: found no mapping, or several documents"},
		{chicago, "taxi: [a", "c.yaml:"},
		{"taxi: chicago", "taxi: chicago\n  x: y", "c.yaml:3:4: found what is no YAML: mapping values are not allowed in this context"},
	} {
		text := strings.Replace(chicago, c.old, c.new, 1)
		if text == chicago {
			t.Fatalf("%q is not in the file", c.old)
		}
		_, err := Parse("c.yaml", text, []string{"yellow"})
		var all Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: found\n%v\nexpected\n%s", c.new, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(chicago)
	f.Add("0%!")
	f.Add("taxi: a\ncolumns: {pickup_datetime: {columns: []}}")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse("f.yaml", text, []string{"yellow"})
		if err == nil && (d.Dataset.Taxi == "" || len(d.Dataset.Signatures[0]) == 0 || len(d.Dataset.Find("pickup_datetime")) != 1) {
			t.Errorf("%q: found %+v, expected an error", text, d.Dataset)
		}
		// fmt writes %! where a format and its values do not fit. The text may have it too, with an escape.
		if err != nil && strings.Contains(err.Error(), "%!") && !strings.ContainsAny(text, `%\`) {
			t.Error(err)
		}
	})
}
