package tlcgen

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Truth is what a set of generated files holds.
type Truth struct {
	Files []FileTruth `json:"files"`
}

// FileTruth is what one file holds.
type FileTruth struct {
	Path      string `json:"path"` // slash-separated, below the output folder; empty from Write
	Taxi      Taxi   `json:"taxi"`
	Month     string `json:"month"` // of the file name: 2014-03
	Rows      int64  `json:"rows"`
	RowGroups int    `json:"row_groups"`
	Codec     Codec  `json:"codec"`
	Bytes     int64  `json:"bytes"` // length of the file
	Dirt      Dirt   `json:"dirt"`

	// Coordinates says that the file has longitudes and latitudes in the place
	// of zones. All its trips then count under the null zone.
	Coordinates bool `json:"coordinates"`

	// Months holds the pickup months in order, rows without pickup time last.
	Months []MonthTruth `json:"months"`
}

// MonthTruth is what a file holds of one pickup month, no row left out.
type MonthTruth struct {
	Month      *string     `json:"month"` // first day: 2014-03-01; null if the pickup time is null
	TripCount  int64       `json:"trip_count"`
	Passengers Sum         `json:"passengers"` // in 1e-6 passengers
	Distance   Sum         `json:"distance"`   // in 1e-6 miles
	Duration   Sum         `json:"duration"`   // in microseconds; pickup and dropoff present
	Amount     Sum         `json:"amount"`     // total_amount in 1e-6 dollars
	Tip        Sum         `json:"tip"`        // in 1e-6 dollars
	Zones      []ZoneTruth `json:"zones"`      // by zone, the null zone last
	Dirt       Dirt        `json:"dirt"`       // but RefundPairs and ClockChange, which only the file's has
}

// Sum is a number of values and their exact sum. Null, NaN and infinite values
// are not among them.
type Sum struct {
	Count int64 `json:"count"`
	Sum   int64 `json:"sum,string"` // a string in JSON: it may exceed 2^53
}

func (s *Sum) add(v int64) {
	s.Count++
	s.Sum += v
}

// ZoneTruth counts the trips of one pickup month from and to a zone. Dropoffs
// count in the month of the trip's pickup.
type ZoneTruth struct {
	Zone     *int32 `json:"zone"` // null if the zone is null
	Pickups  int64  `json:"pickups"`
	Dropoffs int64  `json:"dropoffs"`
}

// JSON returns the truth as indented JSON with a final newline.
func (t Truth) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(t, "", " ")
	return append(b, '\n'), err
}

// monthSums is a MonthTruth in the making. Zone 0 is the null zone.
type monthSums struct {
	trips                                       int64
	passengers, distance, duration, amount, tip Sum
	pickups, dropoffs                           [zoneCount + 1]int64
	unknown                                     map[int64]*[2]int64 // zones that do not exist
	dirt                                        Dirt
}

// counter adds up the blocks of one file.
type counter struct {
	month  YearMonth
	months map[int]*monthSums // by Month.index, or nullMonth
	clocks []int64            // starts of the hours of clock change around the month, in microseconds
	places bool               // whether the file has coordinates
	parts  []field            // of which the total is the sum; none if it is a column

	// The month looked up last: most rows are in it.
	from, to int64 // microseconds
	last     *monthSums
}

const nullMonth = 1 << 30 // orders after every month

func newCounter(m YearMonth, v variant) *counter {
	c := &counter{month: m, months: map[int]*monthSums{}, places: v.has(fPickupLon), parts: v.parts()}
	for n := -1; n <= 1; n++ {
		for _, start := range clockOf(m.Add(n)).hours() {
			c.clocks = append(c.clocks, start*1e6)
		}
	}
	return c
}

func (c *counter) sums(index int) *monthSums {
	m := c.months[index]
	if m == nil {
		m = new(monthSums)
		c.months[index] = m
	}
	return m
}

// at returns the sums of the month of a pickup time.
func (c *counter) at(pickup int64) *monthSums {
	if pickup < c.from || pickup >= c.to || c.last == nil {
		m := monthAt(pickup)
		c.from, c.to = m.start()*1e6, m.Add(1).start()*1e6
		c.last = c.sums(m.index())
	}
	return c.last
}

func (c *counter) add(b *block) {
	for i := range b.n {
		c.row(b, i)
	}
}

func (c *counter) row(b *block, i int) {
	nulls, m := b.nulls[i], c.sumsOf(b, i)
	d := &m.dirt
	m.trips++
	c.times(b, i, m)
	if nulls.has(fPassengers) {
		d.NullPassengers++
	} else {
		n := b.v[fPassengers][i]
		m.passengers.add(n * 1e6)
		switch {
		case n == 0:
			d.ZeroPassengers++
		case n > 9:
			d.PassengersOver9++
		}
	}

	distance, tip := b.v[fDistance][i], b.v[fTip][i]
	total, noTotal := c.total(b, i)
	if nulls.has(fDistance) {
		distance = 0
	}
	if nulls.has(fTip) {
		tip = 0
	}
	if noTotal {
		total = 0
	}
	if !finite(distance) || !finite(total) || !finite(tip) {
		d.NotFinite++
	}
	m.distance.addFinite(distance, nulls.has(fDistance))
	m.amount.addFinite(total, noTotal)
	m.tip.addFinite(tip, nulls.has(fTip))
	d.FarDistance += over(distance, 100_00)
	d.Over200Miles += over(distance, 200_00)
	d.NegativeDistance += negative(distance)
	d.TotalOver5000 += over(total, 5_000_00)
	d.NegativeTotal += negative(total)
	d.TipOver5000 += over(tip, 5_000_00)
	d.NegativeTip += negative(tip)

	m.zone(b, i, fPickupZone, 0, &m.pickups)
	m.zone(b, i, fDropoffZone, 1, &m.dropoffs)
	if c.places && (b.v[fPickupLon][i] == 0 || b.v[fDropoffLon][i] == 0) {
		d.ZeroCoordinates++
	}
}

// sumsOf returns the sums that a row goes into, and counts it if its month is
// not the file's.
func (c *counter) sumsOf(b *block, i int) *monthSums {
	if b.nulls[i].has(fPickup) {
		m := c.sums(nullMonth)
		m.dirt.NullPickup++
		return m
	}
	pickup := b.v[fPickup][i]
	m := c.at(pickup)
	if m != c.months[c.month.index()] {
		switch monthAt(pickup).index() - c.month.index() {
		case -1, 1:
			m.dirt.AdjacentMonth++
		default:
			m.dirt.FarMonth++
		}
	}
	return m
}

// times counts the pickup and dropoff of a row.
func (c *counter) times(b *block, i int, m *monthSums) {
	pickup, dropoff, d := b.v[fPickup][i], b.v[fDropoff][i], &m.dirt
	hasPickup, hasDropoff := !b.nulls[i].has(fPickup), !b.nulls[i].has(fDropoff)
	if !hasDropoff {
		d.NullDropoff++
	} else if hasPickup {
		duration := dropoff - pickup
		m.duration.add(duration)
		switch {
		case duration < 0:
			d.DropoffBeforePickup++
		case duration == 0:
			d.ZeroDuration++
		case duration > 5*hour*1e6:
			d.Over5Hours++
			if duration >= 20*hour*1e6 {
				d.DayLong++
			}
		}
	}
	for _, start := range c.clocks {
		within := func(t int64) bool { return t >= start && t < start+hour*1e6 }
		switch {
		case hasPickup && within(pickup) || hasDropoff && within(dropoff):
			d.ClockHour++
		case hasPickup && hasDropoff && (pickup < start) != (dropoff < start):
			d.ClockSpan++
		}
	}
}

// zone counts one zone of a row, the pickup's (end 0) or the dropoff's (1).
func (m *monthSums) zone(b *block, i int, f field, end int, counts *[zoneCount + 1]int64) {
	switch id := b.v[f][i]; {
	case b.nulls[i].has(f):
		counts[0]++
	case id >= 1 && id <= zoneCount:
		counts[id]++
	default:
		if m.unknown == nil {
			m.unknown = map[int64]*[2]int64{}
		}
		if m.unknown[id] == nil {
			m.unknown[id] = new([2]int64)
		}
		m.unknown[id][end]++
	}
}

func finite(v int64) bool { return v > valueInf }

// addFinite adds hundredths unless they are null, NaN or infinite.
func (s *Sum) addFinite(v int64, null bool) {
	if finite(v) && !null {
		s.add(v * 1e4)
	}
}

// over is 1 if v is beyond the limit, else 0: also if v is infinite.
func over(v, limit int64) int64 {
	if v > limit {
		return 1
	}
	return 0
}

// negative is 1 if v is below zero, else 0: also if v is NaN or infinite.
func negative(v int64) int64 {
	if v < 0 && finite(v) {
		return 1
	}
	return 0
}

// result returns the months in order.
func (c *counter) result() []MonthTruth {
	months := []MonthTruth{}
	indexes := make([]int, 0, len(c.months))
	for index, m := range c.months {
		if m.trips > 0 {
			indexes = append(indexes, index)
		}
	}
	slices.SortFunc(indexes, cmp.Compare)
	for _, index := range indexes {
		m := c.months[index]
		t := MonthTruth{
			TripCount: m.trips, Passengers: m.passengers, Distance: m.distance,
			Duration: m.duration, Amount: m.amount, Tip: m.tip, Zones: m.zones(),
		}
		t.Dirt = m.dirt
		if index != nullMonth {
			day := monthOfIndex(index).String() + "-01"
			t.Month = &day
		}
		months = append(months, t)
	}
	return months
}

// zones returns the counts by zone, in order, and counts the rows without one.
func (m *monthSums) zones() []ZoneTruth {
	m.dirt.NullPickupZone, m.dirt.NullDropoffZone = m.pickups[0], m.dropoffs[0]
	m.dirt.UnknownPickupZone, m.dirt.UnknownDropoffZone = 0, 0
	zones := []ZoneTruth{}
	add := func(id int32, pickups, dropoffs int64) {
		if pickups > 0 || dropoffs > 0 {
			zones = append(zones, ZoneTruth{&id, pickups, dropoffs})
		}
	}
	for id := 1; id <= zoneCount; id++ {
		add(int32(id), m.pickups[id], m.dropoffs[id])
	}
	for id, n := range m.unknown {
		add(int32(id), n[0], n[1])
		m.dirt.UnknownPickupZone += n[0]
		m.dirt.UnknownDropoffZone += n[1]
	}
	slices.SortFunc(zones, func(a, b ZoneTruth) int { return cmp.Compare(*a.Zone, *b.Zone) })
	if m.pickups[0] > 0 || m.dropoffs[0] > 0 {
		zones = append(zones, ZoneTruth{nil, m.pickups[0], m.dropoffs[0]})
	}
	return zones
}
