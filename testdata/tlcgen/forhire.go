package tlcgen

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
)

// The files of for-hire vehicles: fhvhv has the trips of the high-volume
// services, fhv those of all other bases.

var fhvhv2019 = []Column{
	{"hvfhs_license_num", String, fLicence},
	{"dispatching_base_num", String, fBase},
	{"originating_base_num", String, fOriginBase},
	{"request_datetime", Timestamp, fRequest},
	{"on_scene_datetime", Timestamp, fOnScene},
	{"pickup_datetime", Timestamp, fPickup},
	{"dropoff_datetime", Timestamp, fDropoff},
	{"PULocationID", Int64, fPickupZone},
	{"DOLocationID", Int64, fDropoffZone},
	{"trip_miles", Double, fDistance},
	{"trip_time", Int64, fTripTime},
	{"base_passenger_fare", Double, fFare},
	{"tolls", Double, fTolls},
	{"bcf", Double, fFund},
	{"sales_tax", Double, fSalesTax},
	{"congestion_surcharge", Double, fCongestion},
	{"airport_fee", Double, fAirport},
	{"tips", Double, fTip},
	{"driver_pay", Double, fDriverPay},
	{"shared_request_flag", String, fSharedRequest},
	{"shared_match_flag", String, fSharedMatch},
	{"access_a_ride_flag", String, fAccess},
	{"wav_request_flag", String, fChairRequest},
	{"wav_match_flag", String, fChairMatch},
}

var fhvhv2023 = withType(fhvhv2019, Int32, "PULocationID", "DOLocationID")

// fhv2015 has no dropoffs, and few zones: bases did not have to report them.
var fhv2015 = []Column{
	{"dispatching_base_num", String, fBase},
	{"pickup_datetime", Timestamp, fPickup},
	{"dropOff_datetime", Timestamp, fDropoff},
	{"PUlocationID", Double, fPickupZone},
	{"DOlocationID", Null, fDropoffZone},
	{"SR_Flag", Null, fShared},
	{"Affiliated_base_number", String, fOriginBase},
}

var (
	fhv2017 = withType(fhv2015, Double, "DOlocationID")
	fhv2018 = withType(fhv2017, Double, "SR_Flag")
	fhv2023 = withType(fhv2017, Int64, "PUlocationID", "DOlocationID")
)

var (
	fhvZones    = YearMonth{2017, 1} // the first month with zones of dropoffs
	fhvDropoffs = YearMonth{2017, 6} // the first month with dropoffs
	fhvShared   = YearMonth{2018, 1} // the first and the last month with shared trips
	fhvAlone    = YearMonth{2019, 2} // since then the high-volume services have files of their own
)

// forHireVariants is a part of variants.
var forHireVariants = []variant{
	{FHVHV, YearMonth{2019, 2}, writer2022, fhvhv2019, styleForHire},
	{FHVHV, YearMonth{2023, 2}, writer2023, fhvhv2023, styleForHire},
	{FHVHV, YearMonth{2025, 1}, writer2025, with(fhvhv2023, cbdColumn), styleForHire},
	{FHV, YearMonth{2015, 1}, writer2022, fhv2015, styleForHire},
	{FHV, fhvZones, writer2022, fhv2017, styleForHire},
	{FHV, fhvShared, writer2022, fhv2018, styleForHire},
	{FHV, fhvAlone, writer2022, fhv2017, styleForHire},
	{FHV, YearMonth{2023, 2}, writer2023, fhv2023, styleForHire},
	{FHV, YearMonth{2025, 1}, writer2025, fhv2023, styleForHire},
}

// csvVariants are the columns of the CSV files up to 2020-06: see
// [Options].OldNames. Those of yellow and green taxis are in coordinates.go,
// but for 2020-06, when both had the same times.
var csvVariants = []struct {
	variant
	last YearMonth
}{
	{variant{FHVHV, YearMonth{2019, 2}, writerOthers, columnsOf(fhvhv2019, csvNames, fLicence, fBase, fPickup, fDropoff, fPickupZone, fDropoffZone, fShared), styleForHire}, YearMonth{2020, 5}},
	{variant{FHVHV, june2020, writerOthers, columnsOf(fhvhv2019, juneNames, fLicence, fBase, fPickup, fDropoff, fPickupZone, fDropoffZone, fShared), styleForHire}, june2020},
	{variant{FHV, YearMonth{2015, 1}, writerOthers, []Column{
		{"Dispatching_base_num", String, fBase}, {"Pickup_date", Timestamp, fPickup}, {"locationID", Double, fPickupZone},
	}, styleForHire}, YearMonth{2016, 12}},
	{variant{FHV, YearMonth{2017, 1}, writerOthers, csv2017, styleForHire}, YearMonth{2017, 6}},
	{variant{FHV, YearMonth{2017, 7}, writerOthers, with(csv2017, sharedColumn), styleForHire}, YearMonth{2017, 12}},
	{variant{FHV, YearMonth{2018, 1}, writerOthers, csv2018, styleForHire}, YearMonth{2018, 12}},
	{variant{FHV, YearMonth{2019, 1}, writerOthers, columnsOf(fhv2018, csvNames, fBase, fPickup, fDropoff, fPickupZone, fDropoffZone, fShared), styleForHire}, YearMonth{2020, 5}},
	{variant{FHV, june2020, writerOthers, columnsOf(fhv2018, juneNames, fBase, fPickup, fDropoff, fPickupZone, fDropoffZone, fShared), styleForHire}, june2020},
	{variant{Yellow, june2020, writerOthers, renamed(without(withType(yellow2011, Double, "passenger_count", "RatecodeID"), fAirport), juneNames), style2011}, june2020},
	{variant{Green, june2020, writerOthers, renamed(withType(green2013, Double, "passenger_count", "RatecodeID", "payment_type"), juneNames), style2011}, june2020},
}

var (
	june2020     = YearMonth{2020, 6}
	sharedColumn = Column{"SR_Flag", Double, fShared}

	csv2017 = []Column{
		{"Dispatching_base_num", String, fBase},
		{"Pickup_DateTime", Timestamp, fPickup},
		{"DropOff_datetime", Timestamp, fDropoff},
		{"PUlocationID", Double, fPickupZone},
		{"DOlocationID", Double, fDropoffZone},
	}
	csv2018 = []Column{
		{"Pickup_DateTime", Timestamp, fPickup},
		{"DropOff_datetime", Timestamp, fDropoff},
		{"PUlocationID", Double, fPickupZone},
		{"DOlocationID", Double, fDropoffZone},
		{"SR_Flag", Double, fShared},
		{"Dispatching_base_number", String, fBase},
		{"Dispatching_base_num", String, fNothing},
	}

	csvNames = map[field]string{
		fPickup: "pickup_datetime", fDropoff: "dropoff_datetime", fPickupZone: "PULocationID", fDropoffZone: "DOLocationID",
	}
	juneNames = map[field]string{
		fVendor: "vendorid", fBase: "vendorid",
		fPickup: "pickup_datetime", fDropoff: "dropoff_datetime", fPickupZone: "pulocationid", fDropoffZone: "dolocationid",
	}
)

// columnsOf returns the columns of some fields, in this order, under other
// names. The shared flag is added where the columns lack it.
func columnsOf(columns []Column, names map[field]string, fields ...field) []Column {
	var out []Column
	for _, f := range fields {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.field == f })
		if i < 0 {
			out = append(out, sharedColumn)
			continue
		}
		out = append(out, columns[i])
	}
	return renamed(out, names)
}

func renamed(columns []Column, names map[field]string) []Column {
	columns = slices.Clone(columns)
	for i, c := range columns {
		if name, ok := names[c.field]; ok {
			columns[i].Name = name
		}
	}
	return columns
}

// csvVariant returns the columns of a month's CSV file; nil if no variant has
// the month.
func csvVariant(t Taxi, m YearMonth) *variant {
	for i, v := range csvVariants {
		if v.taxi == t && !m.Before(v.from) && !v.last.Before(m) {
			return &csvVariants[i].variant
		}
	}
	return nil
}

// totalParts are the fields of which fhvhv's total is the sum.
var totalParts = []field{fFare, fTolls, fFund, fSalesTax, fCongestion, fAirport, fCBD, fTip}

func (t Taxi) forHire() bool { return t == FHVHV || t == FHV }

// parts returns the fields that the total of the variant's trips is the sum
// of; none if the total is a column, or if there is no money.
func (v *variant) parts() []field {
	var parts []field
	for _, f := range totalParts {
		if v.taxi == FHVHV && v.has(f) {
			parts = append(parts, f)
		}
	}
	return parts
}

// The licences of the services, and how many bases each has in the files.
const (
	juno = iota
	uber
	via
	lyft
	basesOfEach = 8
)

var styleForHire = style{texts: map[field][]parquet.ByteArray{
	fLicence:       texts("HV0002", "HV0003", "HV0004", "HV0005"),
	fBase:          bases(),
	fOriginBase:    bases(),
	fSharedRequest: texts("N", "Y"),
	fSharedMatch:   texts("N", "Y"),
	fAccess:        texts("N", "Y", " "),
	fChairRequest:  texts("N", "Y"),
	fChairMatch:    texts("N", "Y"),
}}

// bases are the numbers of bases: those of the services, then others.
func bases() []parquet.ByteArray {
	var all []string
	for i := range 4*basesOfEach + 200 {
		all = append(all, fmt.Sprintf("B%05d", 2300+7*i))
	}
	return texts(all...)
}

// How often trips for hire lack something, per million rows. The first two are
// made up; published files have shown neither.
const (
	rateNoMoney      = 300 // all parts of fhvhv's total are null
	rateNoSurcharge  = 500 // the congestion surcharge is null
	rateNegativeFare = 500 // an adjustment: 1 of 1,000 published rows
)

// noZones gives the share of fhv's trips without a zone, in rows per
// thousand, from a month on: of the pickup and of the dropoff.
var fhvNoZones = []struct {
	from            YearMonth
	pickup, dropoff int64
}{
	{YearMonth{2015, 1}, 960, 1000},
	{YearMonth{2017, 1}, 890, 960},
	{YearMonth{2017, 7}, 120, 120},
	{YearMonth{2019, 2}, 320, 55}, // those of 2020-04
}

// ride makes one trip for hire that starts in or near the current hour.
func (s *stream) ride(r *row) {
	r1, r2, r3, r4 := s.rng.Uint64(), s.rng.Uint64(), s.rng.Uint64(), s.rng.Uint64()
	r.nulls = s.unset
	r.v = [numFields]int64{}
	v := &r.v
	v[fPickupZone] = s.zones.pickup.pick(r3)
	v[fDropoffZone] = s.zones.dropoff.pick(r3 >> 14)

	at, pickup := s.moment(r2)
	rushing := !weekend(at) && at%day >= 7*hour && at%day < 19*hour
	seconds, distance := s.course(v, r2>>12, r3>>28, rushing, at)
	dropoff := s.clock.dropoff(pickup, seconds, r4>>63 != 0)
	if dropoff != pickup+seconds {
		s.clockChanges++
	}
	v[fPickup], v[fDropoff], v[fDistance] = pickup, dropoff, distance
	v[fTripTime] = seconds
	if jitter := r4 >> 56 & 63; jitter < 2 {
		v[fTripTime] += 2*int64(jitter) - 1
	}
	if !s.o.Clean {
		s.spoil(v, int64((r1>>32)*1_000_000>>32)) // these trips have no refunds
	}
	if s.o.Taxi == FHVHV {
		s.service(r, r1)
		s.parts(r, r4, seconds, distance)
		v[fOnScene] = (v[fPickup] - int64(r2>>6&127)) * 1_000_000
		v[fRequest] = v[fOnScene] - int64(60+r1>>8&511)*1_000_000
	} else {
		s.base(r, r1, r4)
	}
	v[fPickup] *= 1_000_000
	v[fDropoff] *= 1_000_000
}

// service sets what depends on the service of the trip.
func (s *stream) service(r *row, bits uint64) {
	v := &r.v
	switch n := bits & 1023; {
	case n < 700:
		v[fLicence] = uber
	case n < 950:
		v[fLicence] = lyft
	case n < 990 && s.o.Month.Before(YearMonth{2021, 12}):
		v[fLicence] = via
	case s.o.Month.Before(YearMonth{2019, 12}):
		v[fLicence] = juno
	default:
		v[fLicence] = uber
	}
	v[fBase] = v[fLicence]*basesOfEach + int64(bits>>10&7)
	v[fOriginBase] = v[fBase]
	v[fSharedRequest] = int64(btoi(bits>>13&31 == 0))
	v[fSharedMatch] = v[fSharedRequest] & int64(bits>>18&1)
	v[fChairMatch] = int64(btoi(bits>>19&15 == 0))
	v[fChairRequest] = v[fChairMatch] & int64(btoi(bits>>23&7 == 0))
	if v[fLicence] != uber {
		r.nulls |= setOf(fOnScene, fOriginBase)
	} else {
		v[fAccess] = 2 // a blank
	}
	if v[fShared] = 1; v[fSharedMatch] == 0 {
		r.nulls |= setOf(fShared)
	}
}

// parts sets the parts of what the passenger pays, in cents.
func (s *stream) parts(r *row, bits uint64, seconds, distance int64) {
	v := &r.v
	minutes := min(seconds, 5*hour) / 60
	v[fFare] = (255 + 175*min(distance, 200_00)/100 + 60*minutes) * int64(800+bits&511) / 1000
	v[fFund] = (v[fFare]*3 + 50) / 100
	v[fSalesTax] = (v[fFare]*8875 + 50_000) / 100_000
	v[fDriverPay] = v[fFare] * int64(700+bits>>10&127) / 1000
	if bits>>17&15 == 0 {
		v[fTolls] = s.tariff.toll
	}
	if bits>>21&3 == 0 {
		if v[fCongestion] = 275; v[fSharedRequest] == 1 {
			v[fCongestion] = 75
		}
		v[fCBD] = 2 * s.tariff.cbd
	}
	for _, zone := range [...]int64{v[fPickupZone], v[fDropoffZone]} {
		if zone == zoneJFK || zone == zoneLaGuardia {
			v[fAirport] += 250
		}
	}
	if bits>>23&7 == 0 {
		v[fTip] = tip(v[fFare], bits>>26)
	}
	if s.o.Clean {
		return
	}
	switch u := int64(bits>>42&(1<<20-1)) * 1_000_000 >> 20; {
	case u < rateNoMoney:
		for _, f := range totalParts {
			v[f] = 0
			r.nulls |= setOf(f)
		}
	case u < rateNoMoney+rateNoSurcharge:
		v[fCongestion] = 0
		r.nulls |= setOf(fCongestion)
	case u < rateNoMoney+rateNoSurcharge+rateNegativeFare:
		for _, f := range totalParts {
			v[f] = 0
		}
		v[fFare], v[fDriverPay] = -1-int64(bits>>10&511), 0
	}
}

// base sets what a trip of fhv has.
func (s *stream) base(r *row, r1, r4 uint64) {
	v := &r.v
	v[fBase] = 4*basesOfEach + int64(r1&127)
	v[fOriginBase] = v[fBase] + int64(r1>>7&63)
	none := fhvNoZones[0]
	for _, row := range fhvNoZones {
		if !s.o.Month.Before(row.from) {
			none = row
		}
	}
	if int64(r4&1023)*1000>>10 < none.pickup {
		r.nulls |= setOf(fPickupZone)
	}
	if int64(r4>>10&1023)*1000>>10 < none.dropoff {
		r.nulls |= setOf(fDropoffZone)
	}
	if v[fShared] = 1; r4>>20&7 != 0 || s.o.Month.Before(fhvShared) || !s.o.Month.Before(fhvAlone) {
		r.nulls |= setOf(fShared)
	}
}

// settle gives a planted row of fhvhv a fare that makes its total what was
// planted, and takes away what the file has no column for.
func (s *stream) settle(planted, before *row) {
	if total := planted.v[fTotal]; s.o.Taxi == FHVHV && total != before.v[fTotal] {
		planted.nulls &^= setOf(fFare)
		if planted.v[fFare] = total; finite(total) {
			for _, f := range totalParts {
				if f != fFare && !planted.nulls.has(f) && finite(planted.v[f]) {
					planted.v[fFare] -= planted.v[f]
				}
			}
		}
	}
	planted.nulls |= s.unset
}

// total returns the amount of row i of a block: the column, or the sum of its
// parts. It is not finite if a part is not.
func (c *counter) total(b *block, i int) (total int64, null bool) {
	if len(c.parts) == 0 {
		return b.v[fTotal][i], b.nulls[i].has(fTotal)
	}
	null = true
	for _, f := range c.parts {
		if b.nulls[i].has(f) {
			continue
		}
		null = false
		if v := b.v[f][i]; !finite(v) {
			return v, false
		} else {
			total += v
		}
	}
	return total, null
}

var forHireZones = []share{
	{61, 190},
	{76, 190},
	{138, 180},
	{132, 170},
	{79, 160},
	{37, 150},
	{231, 145},
	{42, 140},
	{225, 135},
	{17, 130},
	{48, 130},
	{161, 125},
	{230, 125},
	{7, 120},
	{181, 120},
	{39, 120},
	{234, 115},
	{188, 110},
	{89, 105},
	{36, 105},
	{244, 105},
	{168, 100},
	{68, 100},
	{246, 100},
	{255, 95},
	{249, 95},
	{35, 95},
	{97, 90},
	{262, 30},
	{265, 260},
	{264, 5},
}

var forHirePickers = zonePickers{newPicker(allZones(forHireZones, 30, noZones)), newPicker(allZones(forHireZones, 34, noZones))}
