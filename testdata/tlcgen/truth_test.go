package tlcgen

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestTruth compares the truth with a count over what is read back: one that
// goes row by row, looks months up by time.Time and adds in big.Rat.
func TestTruth(t *testing.T) {
	plant := Plant{NaN: 7, Inf: 5, NullPickup: 4, NullDropoff: 3, NullPickupZone: 2, NullDropoffZone: 6}
	for _, o := range []Options{
		{Taxi: Yellow, Month: Month{2014, 3}, Rows: 60_000},
		{Taxi: Yellow, Month: Month{2020, 11}, Rows: 60_000, Seed: 5, RowGroups: 4},
		{Taxi: Yellow, Month: Month{2025, 2}, Rows: 30_000, Plant: plant},
		{Taxi: Green, Month: Month{2021, 6}, Rows: 30_000, Plant: plant},
		{Taxi: Green, Month: Month{2023, 5}, Rows: 3_000, Clean: true},
	} {
		b, got := makeFile(t, o)
		months, dirt := recount(t, o, readFile(t, b))
		dirt.RefundPairs, dirt.ClockChange = got.Dirt.RefundPairs, got.Dirt.ClockChange // not to be seen in the rows
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
		}
	}
}

// monthCount is a month's statistics as recounted. Zone 0 is null.
type monthCount struct {
	trips  int64
	counts [5]int64
	sums   [5]big.Rat
	zones  map[int32][2]int64
}

// result gives counts, sums and zones in a form that compares.
func (m *monthCount) result() map[string]any {
	r := map[string]any{"trips": m.trips, "zones": m.zones}
	for i, name := range [...]string{"passengers", "distance", "duration", "amount", "tip"} {
		r[name] = [2]string{big.NewInt(m.counts[i]).String(), m.sums[i].RatString()}
	}
	return r
}

// flatten gives a MonthTruth in the form of monthCount.result.
func flatten(m MonthTruth) map[string]any {
	c := monthCount{trips: m.TripCount, zones: map[int32][2]int64{}}
	for i, s := range [...]Sum{m.Passengers, m.Distance, m.Duration, m.Amount, m.Tip} {
		c.counts[i] = s.Count
		c.sums[i].SetInt64(s.Sum)
	}
	for _, z := range m.Zones {
		id := int32(0)
		if z.Zone != nil {
			id = *z.Zone
		}
		c.zones[id] = [2]int64{z.Pickups, z.Dropoffs}
	}
	return c.result()
}

func recount(t *testing.T, o Options, columns map[string]*column) (map[string]*monthCount, Dirt) {
	t.Helper()
	prefix := map[Taxi]string{Yellow: "tpep_", Green: "lpep_"}[o.Taxi]
	pickups, dropoffs := columns[prefix+"pickup_datetime"], columns[prefix+"dropoff_datetime"]
	var (
		months = map[string]*monthCount{}
		dirt   Dirt
		file   = time.Date(o.Month.Year, time.Month(o.Month.Month), 1, 0, 0, 0, 0, time.UTC)
	)
	for i, hasPickup := range pickups.valid {
		key := ""
		if hasPickup {
			at := time.UnixMicro(pickups.ints[i]).UTC()
			key = at.Format("2006-01") + "-01"
			switch start := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC); {
			case start.Equal(file):
			case start.Equal(file.AddDate(0, 1, 0)) || start.Equal(file.AddDate(0, -1, 0)):
				dirt.AdjacentMonth++
			default:
				dirt.FarMonth++
			}
		} else {
			dirt.NullPickup++
		}
		m := months[key]
		if m == nil {
			m = &monthCount{zones: map[int32][2]int64{}}
			months[key] = m
		}
		m.trips++
		if !dropoffs.valid[i] {
			dirt.NullDropoff++
		} else if hasPickup {
			micros := dropoffs.ints[i] - pickups.ints[i]
			m.counts[2]++
			m.sums[2].Add(&m.sums[2], big.NewRat(micros, 1))
			switch d := time.Duration(micros) * time.Microsecond; {
			case d < 0:
				dirt.DropoffBeforePickup++
			case d == 0:
				dirt.ZeroDuration++
			case d >= 20*time.Hour:
				dirt.DayLong++
			}
		}
		if c := columns["passenger_count"]; !c.valid[i] {
			dirt.NullPassengers++
		} else {
			v := float64(0)
			if c.doubles != nil {
				v = c.doubles[i]
			} else {
				v = float64(c.ints[i])
			}
			m.counts[0]++
			m.sums[0].Add(&m.sums[0], big.NewRat(int64(v)*1e6, 1))
			if v == 0 {
				dirt.ZeroPassengers++
			}
		}
		finite := true
		for j, name := range map[int]string{1: "trip_distance", 3: "total_amount", 4: "tip_amount"} {
			v := columns[name].doubles[i]
			if math.IsNaN(v) || math.IsInf(v, 0) {
				finite = false
				continue
			}
			m.counts[j]++
			m.sums[j].Add(&m.sums[j], big.NewRat(int64(math.Round(v*1e6)), 1))
		}
		if !finite {
			dirt.NotFinite++
		}
		if v := columns["trip_distance"].doubles[i]; v > 100 && !math.IsInf(v, 1) {
			dirt.FarDistance++
		}
		if columns["total_amount"].doubles[i] < 0 {
			dirt.NegativeTotal++
		}
		for j, name := range [...]string{"PULocationID", "DOLocationID"} {
			c := columns[name]
			id := int32(0)
			if c.valid[i] {
				id = int32(c.ints[i])
			} else if j == 0 {
				dirt.NullPickupZone++
			} else {
				dirt.NullDropoffZone++
			}
			z := m.zones[id]
			z[j]++
			m.zones[id] = z
		}
	}
	return months, dirt
}

// TestPlant checks that planted values come in the number asked for and leave
// everything else as it was.
func TestPlant(t *testing.T) {
	o := Options{Taxi: Yellow, Month: Month{2019, 8}, Rows: 10_000}
	plain, before := makeFile(t, o)
	if d := before.Dirt; d.NotFinite != 0 || d.NullPickup != 0 || d.NullDropoff != 0 || d.NullPickupZone != 0 || d.NullDropoffZone != 0 {
		t.Errorf("planted by default: %+v", d)
	}
	o.Plant = Plant{NaN: 9, Inf: 3, NullPickup: 5, NullDropoff: 4, NullPickupZone: 2, NullDropoffZone: 1}
	planted, after := makeFile(t, o)
	if d := after.Dirt; d.NotFinite != 12 || d.NullPickup != 5 || d.NullDropoff != 4 || d.NullPickupZone != 2 || d.NullDropoffZone != 1 {
		t.Errorf("planted %+v, got %+v", o.Plant, d)
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
			t.Errorf("%s differs in %d rows, want %d", name, n, changed)
		}
	}
}

// TestTruthJSON checks the form others rely on.
func TestTruthJSON(t *testing.T) {
	_, f := makeFile(t, Options{Taxi: Green, Month: Month{2014, 3}, Rows: 3, Clean: true,
		Plant: Plant{NullPickup: 3, NullDropoffZone: 3}})
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
