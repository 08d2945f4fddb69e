package tlcgen

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sort"
	"time"
)

// minuteClock is the last month in which vendor 2 of the yellow taxis recorded
// whole minutes. Published files grow by a byte a row in the month after.
var minuteClock = YearMonth{2014, 7}

// flexMinutes is the last month in which vendor 2 recorded flex fares in whole
// minutes.
var flexMinutes = YearMonth{2024, 12}

// stream makes the rows of one file in file order: the metered trips hour by
// hour, in random order within an hour and a few of them an hour off, then the
// flex fares in the same way.
type stream struct {
	o       Options
	rng     *rand.PCG
	tariff  tariff
	clock   clock
	start   int64 // of the month, in seconds
	end     int64
	weights []int64 // of the hours, cumulated, from 0 on
	unset   fieldSet
	zones   zonePickers
	planter planter

	passengers *picker

	// What only files of some variants need.
	random  bool      // rows in random order
	textual bool      // vendors and payments as text
	areas   *picker   // nil without coordinates
	placing *rand.PCG // of the coordinates
	sources bool      // which app a trip was ordered in

	made    int64 // rows so far
	flex    bool
	pass    [2]int64 // rows of metered trips and of flex fares
	passPos int64    // rows made of the current pass
	hour    int      // of the month
	hourEnd int64    // row of the pass at which the hour ends

	charge  row // the charge that cancels the refund made last
	pending bool

	refunds, clockChanges int64
}

func newStream(o Options, v variant) *stream {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %v %d", o.Seed, o.Taxi, o.Month, o.Rows)
	lo := h.Sum64()
	fmt.Fprint(h, " tlcgen")
	s := &stream{
		o:      o,
		rng:    rand.NewPCG(lo, h.Sum64()),
		tariff: tariffOf(o.Taxi, o.Month),
		clock:  clockOf(o.Month),
		start:  o.Month.start(),
		end:    o.Month.Add(1).start(),
		hour:   -1,
		zones:  zonesOf[o.Taxi],

		passengers: passengersOf[o.Taxi],
		planter:    newPlanter(o),

		random:  v.style.random,
		textual: v.style.texts[fPayment] != nil,
		sources: v.has(fSource),
	}
	s.weights = append(s.weights, 0)
	for t := s.start; t < s.end; t += hour {
		w := hourWeights[btoi(weekend(t))][t/hour%24]
		switch t {
		case s.clock.spring:
			w = 0
		case s.clock.fall:
			w *= 2
		}
		s.weights = append(s.weights, s.weights[len(s.weights)-1]+w)
	}
	flex := int64(0)
	if !o.Clean {
		flex = o.Rows * flexPermille(o.Taxi, o.Month) / 1000
	}
	s.pass = [2]int64{o.Rows - flex, flex}

	// Columns whose fields have no value yet in this month.
	s.unset = setOf(fEhail)
	if s.tariff.congestion == 0 {
		s.unset |= setOf(fCongestion)
	}
	if s.tariff.airport == 0 {
		s.unset |= setOf(fAirport)
	}
	if s.tariff.mtaTax == 0 {
		s.unset |= setOf(fMTATax)
	}
	if o.Month.Year == 2009 {
		s.unset |= setOf(fRate, fFlag)
	}
	if o.Taxi.forHire() { // what tables are made of and the file lacks is null
		for f := range numFields {
			if jobFields.has(f) && !v.has(f) && (f != fTotal || len(v.parts()) == 0) {
				s.unset |= setOf(f)
			}
		}
		if o.Taxi == FHV && o.Month.Before(fhvDropoffs) {
			s.unset |= setOf(fDropoff)
		}
		if o.Taxi == FHV && o.Month.Before(fhvZones) {
			s.unset |= setOf(fDropoffZone)
		}
		s.unset |= setOf(fNothing)
	}
	if v.has(fPickupLon) {
		fmt.Fprint(h, " places")
		s.areas, s.placing = areasOf[o.Taxi], rand.NewPCG(lo, h.Sum64())
		s.unset |= setOf(fPickupZone, fDropoffZone)
	}
	return s
}

// weekend reports whether a time in seconds since 1970 is on a Saturday or
// Sunday.
func weekend(t int64) bool {
	weekday := (t/day + 4) % 7 // 1970-01-01 was a Thursday
	return weekday == 0 || weekday == 6
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fill makes up to limit rows into b, as many as fit. It makes none when all
// rows of the file are made.
func (s *stream) fill(b *block, limit int64) {
	b.reset()
	var r row
	for n := min(limit, blockRows, s.o.Rows-s.made); n > 0; n-- {
		if s.pending {
			r, s.pending = s.charge, false
		} else {
			s.advance()
			s.make(&r)
		}
		s.passPos++
		r.v[fIndex] = s.made + s.made>>10 // some rows were dropped after they were numbered
		if s.planter.groups == nil {
			b.append(&r)
		} else {
			planted := r // a planted null must not reach the charge of a refund
			s.planter.apply(&planted, s.made)
			if s.o.Taxi.forHire() {
				s.settle(&planted, &r)
			}
			b.append(&planted)
		}
		s.made++
	}
}

// advance moves to the pass and hour of the next row.
func (s *stream) advance() {
	if !s.flex && s.passPos >= s.pass[0] {
		s.flex, s.passPos, s.hour, s.hourEnd = true, 0, -1, 0
	}
	rows, total := s.pass[btoi(s.flex)], s.weights[len(s.weights)-1]
	if s.random {
		at := int64(s.rng.Uint64()>>32) * total >> 32
		s.hour = sort.Search(len(s.weights), func(i int) bool { return s.weights[i] > at }) - 1
		return
	}
	for s.passPos >= s.hourEnd {
		s.hour++
		s.hourEnd = rows * s.weights[s.hour+1] / total
	}
}

// make makes one trip of the file's taxi.
func (s *stream) make(r *row) {
	if s.o.Taxi.forHire() {
		s.ride(r)
	} else {
		s.trip(r)
	}
}

// trip makes one trip that starts in or near the current hour. Bits of few
// random numbers are cut up, since drawing is what costs.
func (s *stream) trip(r *row) {
	r1, r2, r3, r4 := s.rng.Uint64(), s.rng.Uint64(), s.rng.Uint64(), s.rng.Uint64()
	r.nulls = s.unset
	v := &r.v

	vendor1 := int64(r1>>14&1023)*1000>>10 < s.tariff.vendor1Permille
	v[fVendor] = int64(2 - btoi(vendor1))
	v[fFlag] = int64(btoi(r1>>24&255 == 0))
	v[fPassengers] = s.passengers.pick(r1)
	v[fPickupZone] = s.zones.pickup.pick(r3)
	v[fDropoffZone] = s.zones.dropoff.pick(r3 >> 14)
	if r3>>48&15 == 0 {
		v[fDropoffZone] = v[fPickupZone]
	}

	at, pickup := s.moment(r2)
	rushing := !weekend(at) && at%day >= 7*hour && at%day < 19*hour

	// How long and how far.
	seconds, distance := s.course(v, r2>>12, r3>>28, rushing, at)
	if s.flex {
		seconds, distance = seconds*5/4, distance*5/4
	}
	if vendor1 && !s.flex {
		distance = (distance + 5) / 10 * 10
	} else if !vendor1 && (!s.flex && s.o.Taxi == Yellow && !minuteClock.Before(s.o.Month) ||
		s.flex && !flexMinutes.Before(s.o.Month)) {
		pickup -= pickup % 60
		seconds = max(60, seconds/60*60)
	}
	dropoff := s.clock.dropoff(pickup, seconds, r4>>63 != 0)
	if dropoff != pickup+seconds {
		s.clockChanges++
	}
	v[fPickup], v[fDropoff], v[fDistance] = pickup, dropoff, distance

	refund := false
	if !s.o.Clean {
		refund = s.spoil(v, int64((r1>>32)*1_000_000>>32))
	}
	s.charges(r, r4, seconds, int(at%day/hour), weekend(at), refund)
	s.extras(r, r2>>6&63)
	v[fPickup] *= 1_000_000
	v[fDropoff] *= 1_000_000
	if refund {
		s.refunds++
		s.charge, s.pending = *r, true
		for _, f := range money {
			v[f] = -v[f]
		}
	}
}

// moment returns the hour and the second of a pickup: of the current hour, or
// rarely of a neighbouring one.
func (s *stream) moment(bits uint64) (at, pickup int64) {
	at = s.start + int64(s.hour)*hour
	if shift := int64(bits & 63); shift < 2 {
		near := at + hour*(2*shift-1)
		if near >= s.start && near < s.end && near != s.clock.spring {
			at = near
		}
	}
	return at, at + int64((bits>>32)*hour>>32)
}

// extras sets what only some variants have, by 6 random bits.
func (s *stream) extras(r *row, bits uint64) {
	v := &r.v
	if s.areas != nil {
		s.places(v)
	}
	if s.textual {
		switch {
		case v[fVendor] == 2: // VTS does not say
			r.nulls |= setOf(fFlag)
		case s.o.Month.Year == 2009 && bits&7 == 0:
			v[fVendor] = 3
		}
		v[fPayment] = paymentText(v[fVendor], v[fPayment])
	}
	if s.sources {
		if v[fSource] = int64(btoi(bits>>3&3 == 0)); !s.flex {
			r.nulls |= setOf(fSource)
		}
	}
}

// course returns the seconds and hundredths of a mile of a trip, drawn by two
// random numbers of 20 bits. Longer trips are faster; those from and to the
// airports are longer and differ less.
func (s *stream) course(v *[numFields]int64, u1, u2 uint64, rushing bool, at int64) (seconds, distance int64) {
	median, speed := int64(560), int64(1020) // seconds; hundredths of a mile per hour
	switch s.o.Taxi {
	case Green:
		median, speed = 650, 1090
	case FHVHV, FHV:
		median, speed = 840, 1250
	}
	switch {
	case rushing:
		median, speed = median*109/100, speed*90/100
	case at%day < 6*hour:
		speed = speed * 130 / 100
	}
	length, pace := durationQuantiles.at(u1), speedQuantiles.at(u2)
	switch {
	case v[fPickupZone] == zoneJFK || v[fDropoffZone] == zoneJFK:
		median, speed, length, pace = 1900, 1800, (1000+length)/2, (2000+pace)/3
	case v[fPickupZone] == zoneLaGuardia || v[fDropoffZone] == zoneLaGuardia:
		median, speed, length, pace = 1400, 1550, (1000+length)/2, (2000+pace)/3
	}
	seconds = max(1, median*length/1000)
	speed = speed * pace / 1000 * (850 + min(seconds, 2400)/8) / 1000
	return seconds, seconds * speed / 3600
}

// spoil turns a share of the trips into dirt, by a random number below
// 1,000,000. It reports whether the trip is to be refunded.
func (s *stream) spoil(v *[numFields]int64, u int64) bool {
	hit := func(rate int64) bool {
		u -= rate
		return u < 0
	}
	draw := func(n int64) int64 { return int64((s.rng.Uint64() >> 32) * uint64(n) >> 32) }
	seconds := v[fDropoff] - v[fPickup]
	switch {
	case hit(rateFarYear):
		year := farYears[draw(int64(len(farYears)))]
		if d := s.o.Month.index() - (YearMonth{year, 1}).index(); -1 <= d && d <= 1 {
			year = farYears[0] // as that year would be near
		}
		v[fPickup] = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + draw(day)
		v[fDropoff] = v[fPickup] + seconds
	case hit(rateNextMonth):
		if draw(2) == 0 {
			v[fPickup] = s.start - 1 - draw(2*hour)
		} else {
			v[fPickup] = s.end + draw(2*hour)
		}
		v[fDropoff] = v[fPickup] + seconds
	case hit(rateBackwards):
		v[fDropoff] = v[fPickup] - 1 - draw(hour)
	case hit(rateZeroDuration):
		v[fDropoff], v[fDistance] = v[fPickup], 0
	case hit(rateDayLong):
		v[fDropoff] = v[fPickup] + dayLongFrom + draw(dayLongTo-dayLongFrom)
	case hit(rateFarDistance):
		v[fDistance] = maxDistance >> draw(11) // 300,000 miles halved up to ten times
		v[fDistance] -= draw(v[fDistance] / 2)
	case hit(rateZeroDistance):
		v[fDistance] = 0
	case hit(rateRefund / 2): // as the refund is a row too
		return !s.flex && s.passPos+1 < s.pass[0]
	}
	return false
}

// charges sets how the trip is paid and every amount. seconds is what the
// meter ran; dirt in the times does not change the fare.
func (s *stream) charges(r *row, bits uint64, seconds int64, hourOfDay int, weekend, refund bool) {
	v, t := &r.v, &s.tariff
	jfk := (v[fPickupZone] == zoneJFK || v[fDropoffZone] == zoneJFK) && bits>>40&1 == 0
	negotiated := bits>>41&255 == 0 || s.o.Taxi == Green && bits>>41&31 == 0

	distance := min(v[fDistance], 100_00)
	v[fRate], v[fTripType] = 1, 1
	v[fFare] = t.fare(distance, min(seconds, 2*hour))
	v[fExtra], v[fMTATax], v[fImprovement] = t.extra(hourOfDay, weekend), t.mtaTax, t.improvement
	v[fTolls], v[fCongestion], v[fAirport], v[fCBD] = 0, 0, 0, 0
	switch {
	case s.flex: // agreed on beforehand: any number of cents
		v[fFare] = v[fFare] * int64(850+bits>>10&255) / 1000
		v[fExtra] = 0
	case jfk:
		v[fRate], v[fFare], v[fExtra] = 2, t.jfk, 0
	case negotiated:
		v[fRate], v[fTripType] = 5, 2
		v[fFare] = 1000 + 500*int64(bits>>50&7) + 100*int64(bits>>53&3)
		v[fExtra], v[fMTATax] = 0, 0
	}
	if bits>>32&31 == 0 || jfk && bits>>32&1 == 0 {
		v[fTolls] = t.toll
	}
	if bits>>56&15 != 0 && (s.o.Taxi == Yellow || bits>>57&3 == 0) {
		v[fCongestion] = t.congestion
		if bits>>60&3 != 0 {
			v[fCBD] = t.cbd
		}
	}
	if v[fPickupZone] == zoneJFK || v[fPickupZone] == zoneLaGuardia {
		v[fAirport] = t.airport
	}

	v[fTip] = 0
	sum := v[fFare] + v[fExtra] + v[fMTATax] + v[fTolls] + v[fImprovement] + v[fCongestion] + v[fAirport] + v[fCBD]
	switch pay := int64(bits&1023) * 1000 >> 10; {
	case s.flex:
		v[fPayment] = 0
		r.nulls |= setOf(fPassengers, fRate, fFlag, fCongestion, fAirport)
		if s.o.Taxi == Green {
			r.nulls |= setOf(fPayment, fTripType)
		}
		sum -= v[fCongestion] + v[fAirport]
		if bits>>20&1 == 0 {
			v[fTip] = tip(sum, bits>>21)
		}
	case refund:
		v[fPayment] = 3 + int64(bits&1)
	case pay < t.cardPermille:
		v[fPayment] = 1
		v[fTip] = tip(sum, bits>>10)
	case pay < 993:
		v[fPayment] = 2
	default:
		v[fPayment] = 3 + int64(bits>>10&1)
	}
	v[fTotal] = sum + v[fTip]
}
