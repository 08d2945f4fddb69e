package tlcgen

import (
	"math"
	"math/big"
	"testing"
	"time"
	_ "time/tzdata" // the test must know New York's clock
)

// monthCount has the recounted statistics of a month. In nulls, zone 0 stands for null.
type monthCount struct {
	trips  int64
	counts [5]int64
	sums   [5]big.Rat
	zones  map[int32][2]int64
	nulls  [2]int64
	dirt   Dirt
}

// result returns all of it in a comparable form.
func (m *monthCount) result() map[string]any {
	r := map[string]any{"trips": m.trips, "zones": m.zones, "nulls": m.nulls, "dirt": m.dirt}
	for i, name := range [...]string{"passengers", "distance", "duration", "amount", "tip"} {
		r[name] = [2]string{big.NewInt(m.counts[i]).String(), m.sums[i].RatString()}
	}
	return r
}

// flatten returns a MonthTruth in the form of monthCount.result.
func flatten(m MonthTruth) map[string]any {
	c := monthCount{trips: m.TripCount, zones: map[int32][2]int64{}, dirt: m.Dirt}
	for i, s := range [...]Sum{m.Passengers, m.Distance, m.Duration, m.Amount, m.Tip} {
		c.counts[i] = s.Count
		c.sums[i].SetInt64(s.Sum)
	}
	for _, z := range m.Zones {
		if z.Zone == nil {
			c.nulls = [2]int64{z.Pickups, z.Dropoffs}
			continue
		}
		c.zones[*z.Zone] = [2]int64{z.Pickups, z.Dropoffs}
	}
	return c.result()
}

// roles has the names that a column may have.
var roles = map[string][]string{
	"pickup":       {"Trip_Pickup_DateTime", "pickup_datetime", "tpep_pickup_datetime", "lpep_pickup_datetime", "Pickup_date", "Pickup_DateTime"},
	"dropoff":      {"Trip_Dropoff_DateTime", "dropoff_datetime", "tpep_dropoff_datetime", "lpep_dropoff_datetime", "Lpep_dropoff_datetime", "dropOff_datetime", "DropOff_datetime"},
	"passengers":   {"Passenger_Count", "Passenger_count", "passenger_count"},
	"distance":     {"Trip_Distance", "Trip_distance", "trip_distance", "trip_miles"},
	"total":        {"Total_Amt", "Total_amount", "total_amount"},
	"tip":          {"Tip_Amt", "Tip_amount", "tip_amount", "tips"},
	"pickup zone":  {"PULocationID", "PUlocationID", "pulocationid", "locationID"},
	"dropoff zone": {"DOLocationID", "DOlocationID", "dolocationid"},
	"pickup lon":   {"Start_Lon", "pickup_longitude", "Pickup_longitude"},
	"dropoff lon":  {"End_Lon", "dropoff_longitude", "Dropoff_longitude"},
}

// find returns the one column of a role, or nil.
func (c columns) find(t *testing.T, role string) *column {
	t.Helper()
	var found *column
	for _, name := range roles[role] {
		if c[name] == nil {
			continue
		}
		if found != nil {
			t.Fatalf("two columns may be the %s", role)
		}
		found = c[name]
	}
	return found
}

// sum returns the sum of columns that the file has. It is null where all are.
func (c columns) sum(names ...string) *column {
	total := &column{}
	for _, name := range names {
		part := c[name]
		if part == nil {
			continue
		}
		if total.valid == nil {
			total.valid, total.doubles = make([]bool, len(part.valid)), make([]float64, len(part.valid))
		}
		for i, ok := range part.valid {
			if ok {
				total.valid[i] = true
				total.doubles[i] = math.Round((total.doubles[i]+part.number(i))*100) / 100
			}
		}
	}
	return total
}

// time returns a time of row i, whatever its type, and whether there is one.
func (c *column) time(t *testing.T, i int) (time.Time, bool) {
	t.Helper()
	if !c.valid[i] {
		return time.Time{}, false
	}
	if c.strings == nil {
		return time.UnixMicro(c.ints[i]).UTC(), true
	}
	at, err := time.Parse(time.DateTime, c.strings[i])
	if err != nil {
		t.Fatal(err)
	}
	return at, true
}

// number returns the value of row i, whatever its type.
func (c *column) number(i int) float64 {
	if c.doubles != nil {
		return c.doubles[i]
	}
	return float64(c.ints[i])
}

var newYork = func() *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return l
}()

// shown returns how often clocks in New York show a time: twice or never when they change, otherwise once. If it is once, shown also
// returns by how many seconds they are behind UTC.
func shown(wall time.Time) (times, behind int) {
	for _, hours := range [...]int{4, 5} { // in summer and in winter
		at := wall.Add(time.Duration(hours) * time.Hour).In(newYork)
		if _, offset := at.Zone(); offset == -hours*3600 {
			times++
			behind = -offset
		}
	}
	return times, behind
}

// recount counts the rows that were read back one by one: months with time.Time, clocks with time.Location, sums in big.Rat.
func recount(t *testing.T, o Options, cols columns) map[string]*monthCount {
	t.Helper()
	months := map[string]*monthCount{}
	found := map[string]*column{}
	for role := range roles {
		found[role] = cols.find(t, role)
	}
	if o.Taxi == FHVHV && found["distance"] != nil {
		found["total"] = cols.sum("base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge", "airport_fee", "cbd_congestion_fee", "tips")
	}
	if (found["pickup lon"] == nil) == (found["pickup zone"] == nil) {
		t.Fatal("a file has either coordinates or zones")
	}
	file := time.Date(o.Month.Year, time.Month(o.Month.Month), 1, 0, 0, 0, 0, time.UTC)
	pickups, dropoffs := found["pickup"], found["dropoff"]
	for i := range pickups.valid {
		pickup, hasPickup := pickups.time(t, i)
		var dropoff time.Time
		hasDropoff := false
		if dropoffs != nil {
			dropoff, hasDropoff = dropoffs.time(t, i)
		}
		key := ""
		if hasPickup {
			key = pickup.Format("2006-01") + "-01"
		}
		m := months[key]
		if m == nil {
			m = &monthCount{zones: map[int32][2]int64{}}
			months[key] = m
		}
		m.trips++
		d := &m.dirt
		if !hasPickup {
			d.NullPickup++
		} else {
			switch start := time.Date(pickup.Year(), pickup.Month(), 1, 0, 0, 0, 0, time.UTC); {
			case start.Equal(file):
			case start.Equal(file.AddDate(0, 1, 0)) || start.Equal(file.AddDate(0, -1, 0)):
				d.AdjacentMonth++
			default:
				d.FarMonth++
			}
		}
		if !hasDropoff {
			d.NullDropoff++
		} else if hasPickup {
			m.duration(dropoff.Sub(pickup))
		}
		m.clock(pickup, dropoff, hasPickup, hasDropoff)
		m.measures(found, i)
		m.places(found, i)
	}
	return months
}

func (m *monthCount) duration(length time.Duration) {
	m.counts[2]++
	m.sums[2].Add(&m.sums[2], big.NewRat(length.Microseconds(), 1))
	if length < 0 {
		m.dirt.DropoffBeforePickup++
	}
	if length == 0 {
		m.dirt.ZeroDuration++
	}
	if length > 5*time.Hour {
		m.dirt.Over5Hours++
	}
	if length >= 20*time.Hour {
		m.dirt.DayLong++
	}
}

func (m *monthCount) clock(pickup, dropoff time.Time, hasPickup, hasDropoff bool) {
	a, behind := shown(pickup)
	b, behindThen := shown(dropoff)
	switch {
	case hasPickup && a != 1 || hasDropoff && b != 1:
		m.dirt.ClockHour++
	case hasPickup && hasDropoff && behind != behindThen:
		m.dirt.ClockSpan++
	}
}

func (m *monthCount) measures(found map[string]*column, i int) {
	d := &m.dirt
	if c := found["passengers"]; c == nil || !c.valid[i] {
		d.NullPassengers++
	} else {
		v := c.number(i)
		m.counts[0]++
		m.sums[0].Add(&m.sums[0], big.NewRat(int64(v)*1e6, 1))
		if v == 0 {
			d.ZeroPassengers++
		}
		if v > 9 {
			d.PassengersOver9++
		}
	}
	finite := true
	for j, role := range [...]string{1: "distance", 3: "total", 4: "tip"} {
		if role == "" {
			continue
		}
		if found[role] == nil || !found[role].valid[i] {
			continue
		}
		v := found[role].number(i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			finite = false
			continue
		}
		m.counts[j]++
		m.sums[j].Add(&m.sums[j], big.NewRat(int64(math.Round(v*1e6)), 1))
		count := func(limit float64, over, below *int64) {
			if v > limit {
				*over++
			}
			if v < 0 {
				*below++
			}
		}
		switch role {
		case "distance":
			count(200, &d.Over200Miles, &d.NegativeDistance)
			if v > 100 {
				d.FarDistance++
			}
		case "total":
			count(5000, &d.TotalOver5000, &d.NegativeTotal)
		case "tip":
			count(5000, &d.TipOver5000, &d.NegativeTip)
		}
	}
	if !finite {
		d.NotFinite++
	}
}

func (m *monthCount) places(found map[string]*column, i int) {
	d := &m.dirt
	for end, role := range [...]string{"pickup zone", "dropoff zone"} {
		c := found[role]
		if c == nil || !c.valid[i] {
			m.nulls[end]++
			continue
		}
		id := int32(c.number(i))
		z := m.zones[id]
		z[end]++
		m.zones[id] = z
		if id < 1 || id > 265 {
			*[...]*int64{&d.UnknownPickupZone, &d.UnknownDropoffZone}[end]++
		}
	}
	d.NullPickupZone, d.NullDropoffZone = m.nulls[0], m.nulls[1]
	if from, to := found["pickup lon"], found["dropoff lon"]; from != nil && (from.doubles[i] == 0 || to.doubles[i] == 0) {
		d.ZeroCoordinates++
	}
}
