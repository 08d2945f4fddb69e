package quality

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// TestRulesAreThoseOfThePlace judges zones of New York and of another city in turn.
func TestRulesAreThoseOfThePlace(t *testing.T) {
	for name, c := range map[string]struct {
		local element.Local
		want  []int64 // of the zones 8, 99 and null; 0 is null
		fires int64
	}{
		"no zones":     {element.Local{}, []int64{8, 99, 0}, 0},
		"some zones":   {element.Local{HasZones: true, First: 1, Last: 77}, []int64{8, 0, 0}, 1},
		"with unknown": {element.Local{HasZones: true, First: 1, Last: 77, Unknown: 78}, []int64{8, 78, 78}, 2},
	} {
		fn := &judgeFn{Config: Config{AsOf: element.NoMonth, Places: []Place{{"chicago", c.local}}}}
		if err := fn.Setup(); err != nil {
			t.Fatal(err)
		}
		for taxi, want := range map[string][]int64{"chicago": c.want, "yellow": {8, 99, UnknownZone}} {
			b := zonesBatch(taxi)
			if err := fn.of(taxi).judge(&b); err != nil {
				t.Fatal(err)
			}
			zones, fired := &b.Columns[trip.PickupZone], int64(0)
			for _, f := range b.Findings {
				fired += f.Rows
			}
			var got []int64
			for i := range zones.Values {
				got = append(got, zones.Values[i])
				if zones.IsNull(i) != (got[i] == 0) {
					t.Errorf("%s: %s: row %d: null and %d do not go together", name, taxi, i, got[i])
				}
			}
			expected := c.fires
			if taxi == "yellow" {
				expected = 1
			}
			if !slices.Equal(got, want) || fired != expected {
				t.Errorf("%s: %s: found zones %v and %d findings, expected %v and %d", name, taxi, got, fired, want, expected)
			}
		}
	}
}

// zonesBatch has three trips of a quarter of an hour in March 2020.
func zonesBatch(taxi string) trip.Batch {
	const ten = 1_583_056_800_000_000
	column := func(v ...int64) trip.Column { return trip.Column{Values: v} }
	var b trip.Batch
	b.Taxi, b.Rows, b.FileMonth = taxi, 3, 602
	for f := range b.Columns {
		b.Columns[f] = column(1_000_000, 1_000_000, 1_000_000)
	}
	b.Columns[trip.Pickup], b.Columns[trip.Dropoff] = column(ten, ten, ten), column(ten+900e6, ten+900e6, ten+900e6)
	b.Columns[trip.Duration] = column(900e6, 900e6, 900e6)
	b.Columns[trip.PickupZone] = trip.Column{Values: []int64{8, 99, 0}, Valid: []byte{0b011}, Nulls: 1}
	b.Columns[trip.DropoffZone] = column(8, 8, 8)
	b.Months = []trip.MonthRun{{Month: 602, End: 3}}
	return b
}

func TestPlacesAreOfOtherTaxisThanTLCs(t *testing.T) {
	declared := []element.Dataset{
		{Taxi: "yellow", Local: &element.Local{TimeZone: "America/New_York"}},
		{Taxi: "chicago", Local: &element.Local{TimeZone: "America/Chicago", HasZones: true, First: 1, Last: 77}},
		{Taxi: "berlin", Local: &element.Local{TimeZone: "Europe/Berlin"}, Columns: []element.Known{{Name: "s", Meaning: trip.Dropoff.Meaning(), SincePickup: true}}},
	}
	want := []Place{{"chicago", *declared[1].Local}, {"berlin", element.Local{}}} // a recorded duration does not depend on a clock
	if got := Places(declared, []string{"yellow"}); !slices.Equal(got, want) {
		t.Errorf("found %+v, expected %+v", got, want)
	}
}
