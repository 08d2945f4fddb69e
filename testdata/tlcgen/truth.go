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

	// Months holds the pickup months in order, rows without pickup time last.
	Months []MonthTruth `json:"months"`
}

// Dirt counts rows by what is wrong with them. A row counts under each kind
// that applies.
type Dirt struct {
	AdjacentMonth       int64 `json:"adjacent_month"` // pickup in the month before or after the file's
	FarMonth            int64 `json:"far_month"`      // pickup in any other month
	DropoffBeforePickup int64 `json:"dropoff_before_pickup"`
	ZeroDuration        int64 `json:"zero_duration"`
	DayLong             int64 `json:"day_long"`     // 20 hours or longer
	FarDistance         int64 `json:"far_distance"` // beyond 100 miles
	NegativeTotal       int64 `json:"negative_total"`
	RefundPairs         int64 `json:"refund_pairs"` // pairs of rows: a refund and the charge it cancels
	ClockChange         int64 `json:"clock_change"` // trips whose duration a clock change made an hour longer or shorter
	NullPassengers      int64 `json:"null_passengers"`
	ZeroPassengers      int64 `json:"zero_passengers"`
	NotFinite           int64 `json:"not_finite"` // NaN or infinite distance, total or tip
	NullPickup          int64 `json:"null_pickup"`
	NullDropoff         int64 `json:"null_dropoff"`
	NullPickupZone      int64 `json:"null_pickup_zone"`
	NullDropoffZone     int64 `json:"null_dropoff_zone"`
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
}

// counter adds up the blocks of one file.
type counter struct {
	month  Month
	dirt   Dirt
	months map[int]*monthSums // by Month.index, or nullMonth

	// The month looked up last: most rows are in it.
	from, to int64 // microseconds
	last     *monthSums
}

const nullMonth = 1 << 30 // orders after every month

func newCounter(m Month) *counter {
	return &counter{month: m, months: map[int]*monthSums{}}
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
	nulls, d := b.nulls[i], &c.dirt
	pickup, dropoff := b.v[fPickup][i], b.v[fDropoff][i]
	var m *monthSums
	if nulls.has(fPickup) {
		m = c.sums(nullMonth)
		d.NullPickup++
	} else {
		m = c.at(pickup)
		if c.last != c.months[c.month.index()] {
			switch monthAt(pickup).index() - c.month.index() {
			case -1, 1:
				d.AdjacentMonth++
			default:
				d.FarMonth++
			}
		}
	}
	m.trips++
	if nulls.has(fDropoff) {
		d.NullDropoff++
	}
	if !nulls.has(fPickup) && !nulls.has(fDropoff) {
		duration := dropoff - pickup
		m.duration.add(duration)
		switch {
		case duration < 0:
			d.DropoffBeforePickup++
		case duration == 0:
			d.ZeroDuration++
		case duration >= 20*hour*1e6:
			d.DayLong++
		}
	}
	if nulls.has(fPassengers) {
		d.NullPassengers++
	} else {
		n := b.v[fPassengers][i]
		m.passengers.add(n * 1e6)
		if n == 0 {
			d.ZeroPassengers++
		}
	}

	finite := true
	hundredths := func(s *Sum, v int64) {
		if v == valueNaN || v == valueInf {
			finite = false
			return
		}
		s.add(v * 1e4)
	}
	distance, total := b.v[fDistance][i], b.v[fTotal][i]
	hundredths(&m.distance, distance)
	hundredths(&m.amount, total)
	hundredths(&m.tip, b.v[fTip][i])
	if !finite {
		d.NotFinite++
	}
	if distance > 100_00 {
		d.FarDistance++
	}
	if total < 0 && total > valueInf {
		d.NegativeTotal++
	}

	zone := func(counts *[zoneCount + 1]int64, f field, null *int64) {
		if nulls.has(f) {
			*null++
			counts[0]++
			return
		}
		counts[b.v[f][i]]++
	}
	zone(&m.pickups, fPickupZone, &d.NullPickupZone)
	zone(&m.dropoffs, fDropoffZone, &d.NullDropoffZone)
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
			Duration: m.duration, Amount: m.amount, Tip: m.tip, Zones: []ZoneTruth{},
		}
		if index != nullMonth {
			day := monthOfIndex(index).String() + "-01"
			t.Month = &day
		}
		for i := range m.pickups {
			zone := (i + 1) % len(m.pickups) // the null zone last
			if m.pickups[zone] == 0 && m.dropoffs[zone] == 0 {
				continue
			}
			z := ZoneTruth{Pickups: m.pickups[zone], Dropoffs: m.dropoffs[zone]}
			if zone != 0 {
				id := int32(zone)
				z.Zone = &id
			}
			t.Zones = append(t.Zones, z)
		}
		months = append(months, t)
	}
	return months
}
