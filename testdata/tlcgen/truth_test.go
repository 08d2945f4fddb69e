package tlcgen

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestTruth compares the truth with the result of recount for the same files.
func TestTruth(t *testing.T) {
	plant := Plant{NaN: 7, Inf: 5, NullPickup: 4, NullDropoff: 3, NullPickupZone: 2, NullDropoffZone: 6}
	more := Plant{
		NegativeDistance: 8, Over200Miles: 9, TotalOver5000: 10, TipOver5000: 11, NegativeTip: 12, ZeroPassengers: 13,
		PassengersOver9: 14, NullDropoff: 15,
	}
	clock, zones := more, more
	clock.ClockHour, clock.ClockSpan = 31, 17
	zones.NullPickupZone, zones.UnknownPickupZone, zones.UnknownDropoffZone = 5, 16, 19
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2009, 1}, Rows: 20_000, Plant: more},
		{Taxi: Yellow, Month: YearMonth{2009, 2}, Rows: 20_000, Seed: 3},
		{Taxi: Yellow, Month: YearMonth{2009, 11}, Rows: 20_000, Plant: clock, RowGroups: 2},
		{Taxi: Yellow, Month: YearMonth{2010, 1}, Rows: 20_000, Plant: plant},
		{Taxi: Yellow, Month: YearMonth{2010, 3}, Rows: 20_000, Plant: clock},
		{Taxi: Yellow, Month: YearMonth{2012, 11}, Rows: 20_000, Plant: clock, Coordinates: true, OldNames: true},
		{Taxi: Yellow, Month: YearMonth{2015, 10}, Rows: 30_000, Coordinates: true, StringTimes: true}, // 2015-11-01 was a Sunday
		{Taxi: Green, Month: YearMonth{2014, 3}, Rows: 20_000, Plant: clock, Coordinates: true},
		{Taxi: Green, Month: YearMonth{2016, 6}, Rows: 20_000, Plant: plant, Coordinates: true},
		{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 60_000},
		{Taxi: Yellow, Month: YearMonth{2018, 3}, Rows: 20_000, Plant: clock, StringTimes: true},
		{Taxi: Yellow, Month: YearMonth{2020, 11}, Rows: 60_000, Seed: 5, RowGroups: 4},
		{Taxi: Yellow, Month: YearMonth{2025, 2}, Rows: 30_000, Plant: plant},
		{Taxi: Yellow, Month: YearMonth{2025, 4}, Rows: 20_000, Plant: zones},
		{Taxi: Green, Month: YearMonth{2021, 6}, Rows: 30_000, Plant: plant},
		{Taxi: Green, Month: YearMonth{2023, 5}, Rows: 3_000, Clean: true},
		{Taxi: Green, Month: YearMonth{2026, 7}, Rows: 3_000, Plant: zones},
		{Taxi: FHVHV, Month: YearMonth{2019, 3}, Rows: 30_000, Plant: clock},
		{Taxi: FHVHV, Month: YearMonth{2019, 11}, Rows: 30_000, OldNames: true},
		{Taxi: FHVHV, Month: YearMonth{2020, 6}, Rows: 20_000, OldNames: true, StringTimes: true, Plant: zones},
		{Taxi: FHVHV, Month: YearMonth{2021, 8}, Rows: 30_000, Plant: plant, JobColumns: true},
		{Taxi: FHVHV, Month: YearMonth{2024, 2}, Rows: 20_000, Plant: zones, RowGroups: 3},
		{Taxi: FHVHV, Month: YearMonth{2025, 3}, Rows: 60_000, Plant: plant},
		{Taxi: FHV, Month: YearMonth{2015, 11}, Rows: 20_000, Plant: clock},
		{Taxi: FHV, Month: YearMonth{2016, 2}, Rows: 20_000, Plant: more, OldNames: true},
		{Taxi: FHV, Month: YearMonth{2017, 3}, Rows: 20_000, Plant: zones, OldNames: true},
		{Taxi: FHV, Month: YearMonth{2017, 9}, Rows: 20_000, OldNames: true},
		{Taxi: FHV, Month: YearMonth{2018, 5}, Rows: 20_000, Plant: plant, OldNames: true},
		{Taxi: FHV, Month: YearMonth{2018, 3}, Rows: 20_000, Plant: clock},
		{Taxi: FHV, Month: YearMonth{2020, 6}, Rows: 20_000, OldNames: true},
		{Taxi: FHV, Month: YearMonth{2024, 11}, Rows: 20_000, Plant: clock},
		{Taxi: Yellow, Month: YearMonth{2020, 6}, Rows: 20_000, OldNames: true, Plant: zones},
		{Taxi: Green, Month: YearMonth{2020, 6}, Rows: 20_000, OldNames: true},
	} {
		b, got := makeFile(t, o)
		months := recount(t, o, readFile(t, b))
		var dirt Dirt
		for _, m := range months {
			dirt.add(m.dirt)
		}
		dirt.RefundPairs, dirt.ClockChange = got.Dirt.RefundPairs, got.Dirt.ClockChange // the rows do not show these
		if got.Dirt != dirt {
			t.Errorf("%s %v: dirt\n%+v, file has\n%+v", o.Taxi, o.Month, got.Dirt, dirt)
		}
		if len(got.Months) != len(months) {
			t.Errorf("%s %v: %d months, file has %d", o.Taxi, o.Month, len(got.Months), len(months))
		}
		for i, m := range got.Months {
			key := ""
			if m.Month != nil {
				key = *m.Month
			} else if i != len(got.Months)-1 {
				t.Error("the null month is not the last")
			}
			if want := months[key]; want == nil || !reflect.DeepEqual(flatten(m), want.result()) {
				t.Errorf("%s %v: month %q is\n%v, file has\n%v", o.Taxi, o.Month, key, flatten(m), want.result())
			}
			if !slices.IsSortedFunc(m.Zones, func(a, b ZoneTruth) int {
				return cmp.Compare(zoneOrder(a), zoneOrder(b))
			}) {
				t.Errorf("%s %v: zones are not in order: %v", o.Taxi, o.Month, m.Zones)
			}
		}
	}
}

func zoneOrder(z ZoneTruth) int64 {
	if z.Zone == nil {
		return math.MaxInt64
	}
	return int64(*z.Zone)
}

// TestPlant checks that exactly the requested number of values is planted, and that nothing else changes.
func TestPlant(t *testing.T) {
	o := Options{Taxi: Yellow, Month: YearMonth{2019, 8}, Rows: 10_000}
	plain, before := makeFile(t, o)
	if d := before.Dirt; d.NotFinite != 0 || d.NullPickup != 0 || d.NullDropoff != 0 || d.NullPickupZone != 0 || d.NullDropoffZone != 0 {
		t.Errorf("planted by default: %+v", d)
	}
	o.Plant = Plant{NaN: 9, Inf: 3, NullPickup: 5, NullDropoff: 4, NullPickupZone: 2, NullDropoffZone: 1}
	planted, after := makeFile(t, o)
	if d := after.Dirt; d.NotFinite != 12 || d.NullPickup != 5 || d.NullDropoff != 4 || d.NullPickupZone != 2 || d.NullDropoffZone != 1 {
		t.Errorf("planted %+v, found %+v", o.Plant, d)
	}
	want, got := readFile(t, plain), readFile(t, planted)
	for name, changed := range map[string]int{
		"tpep_pickup_datetime": 5, "tpep_dropoff_datetime": 4, "PULocationID": 2, "DOLocationID": 1,
		"trip_distance": 4, "total_amount": 4, "tip_amount": 4, "fare_amount": 0, "passenger_count": 0,
	} {
		n := 0
		for i := range want[name].valid {
			switch w, g := want[name], got[name]; {
			case w.valid[i] != g.valid[i]:
				n++
			case w.doubles != nil && w.doubles[i] != g.doubles[i]:
				n++
			case w.ints != nil && w.ints[i] != g.ints[i]:
				n++
			}
		}
		if n != changed {
			t.Errorf("%s differs in %d rows, expected %d", name, n, changed)
		}
	}
}

// TestPlantIsExact plants faults into every row, each kind alone and together with all others, and checks that no kind overwrites
// another.
func TestPlantIsExact(t *testing.T) {
	const rows = 400
	o := Options{Taxi: Yellow, Month: YearMonth{2019, 11}, Rows: rows, Clean: true}
	all := Plant{
		NaN: 5, Inf: 7, NegativeDistance: 40, Over200Miles: 41, TotalOver5000: 100, TipOver5000: 101, NegativeTip: 106,
		ClockHour: 229, ClockSpan: 171, NullPickupZone: 1, UnknownPickupZone: 399, NullDropoffZone: 200, UnknownDropoffZone: 200,
		ZeroPassengers: 11, PassengersOver9: 389,
	}
	o.Plant = all
	_, truth := makeFile(t, o)
	check := func(p Plant, d Dirt) {
		t.Helper()
		for _, k := range []struct {
			name      string
			want, got int64
		}{
			{"NaN and infinite", p.NaN + p.Inf, d.NotFinite},
			{"negative distance", p.NegativeDistance, d.NegativeDistance},
			{"far distance", p.Over200Miles, d.Over200Miles},
			{"total over 5000", p.TotalOver5000, d.TotalOver5000},
			{"tip over 5000", p.TipOver5000, d.TipOver5000},
			{"negative tip", p.NegativeTip, d.NegativeTip},
			{"null pickup", p.NullPickup, d.NullPickup},
			{"null dropoff", p.NullDropoff, d.NullDropoff},
			{"null pickup zone", p.NullPickupZone, d.NullPickupZone},
			{"unknown pickup zone", p.UnknownPickupZone, d.UnknownPickupZone},
			{"null dropoff zone", p.NullDropoffZone, d.NullDropoffZone},
			{"unknown dropoff zone", p.UnknownDropoffZone, d.UnknownDropoffZone},
			{"passengers over 9", p.PassengersOver9, d.PassengersOver9},
		} {
			if k.want != k.got {
				t.Errorf("%s in %d rows, expected %d", k.name, k.got, k.want)
			}
		}
	}
	check(all, truth.Dirt)
	// These trips have anyhow, unless all rows are planted into.
	if d := truth.Dirt; d.ClockHour != all.ClockHour || d.ClockSpan != all.ClockSpan || d.ZeroPassengers != all.ZeroPassengers {
		t.Errorf("planted %+v, found %+v", all, d)
	}

	for _, p := range []Plant{
		{NaN: 3},
		{Inf: 4},
		{NegativeDistance: 1},
		{Over200Miles: 2},
		{TotalOver5000: 5},
		{TipOver5000: rows},
		{NegativeTip: 17},
		{NullPickup: 90, NullDropoff: 80, ClockHour: 129, ClockSpan: 101},
		{NullPickupZone: 6, UnknownPickupZone: 7},
		{UnknownDropoffZone: 9},
		{PassengersOver9: 8},
	} {
		o.Plant = p
		_, truth := makeFile(t, o)
		check(p, truth.Dirt)
	}
}

// TestZoneTruth checks how the truth has zones that do not exist.
func TestZoneTruth(t *testing.T) {
	_, truth := makeFile(t, Options{
		Taxi: Green, Month: YearMonth{2019, 8}, Rows: 9, Clean: true,
		Plant: Plant{NullPickupZone: 3, UnknownPickupZone: 6, UnknownDropoffZone: 9},
	})
	var got []string
	for _, z := range truth.Months[0].Zones {
		id := "null"
		if z.Zone != nil {
			id = fmt.Sprint(*z.Zone)
		}
		got = append(got, fmt.Sprintf("%s %d %d", id, z.Pickups, z.Dropoffs))
	}
	if want := []string{"0 2 3", "266 2 3", "999 2 3", "null 3 0"}; !slices.Equal(got, want) {
		t.Errorf("zones %q, expected %q", got, want)
	}
}

// TestTruthJSON checks the form on which other programs rely.
func TestTruthJSON(t *testing.T) {
	_, f := makeFile(t, Options{
		Taxi: Green, Month: YearMonth{2014, 3}, Rows: 3, Clean: true,
		Plant: Plant{NullPickup: 3, NullDropoffZone: 3},
	})
	f.Path = "green_tripdata_2014-03.parquet"
	b, err := Truth{Files: []FileTruth{f}}.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"month": "2014-03"`, `"month": null`, `"zone": null`, `"sum": "0"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
	var back Truth
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Files) != 1 || !reflect.DeepEqual(back.Files[0], f) {
		t.Errorf("truth read back is\n%+v, not\n%+v", back.Files, f)
	}
}
