package trip

import (
	"math/bits"

	"tripstats/transforms/element"
)

// Field is a column that a trip can have: an index of [Fields].
type Field uint8

// The columns that a trip can have. [Fields] describes them.
const (
	Pickup Field = iota
	Dropoff
	PickupZone
	DropoffZone
	Passengers
	Distance
	Amount
	Tip

	Fare
	Extra
	MTATax
	Tolls
	ImprovementSurcharge
	CongestionSurcharge
	AirportFee
	EhailFee
	CBDFee
	Vendor
	RateCode
	PaymentType
	TripType
	StoredAndForwarded

	BlackCarFund
	SalesTax
	DriverPay
	TripTime
	Requested
	OnScene
	Licence
	SharedRequested
	SharedMatched
	AccessARide
	WheelchairRequested
	WheelchairMatched

	Duration
	RawDuration
	PickupHour
	RecordedAmount
	Wait

	NumFields
)

// Type says what the values of a column mean, and in which unit.
type Type uint8

// The types. All of them are 64-bit integers in a [Column].
const (
	Time    Type = iota // µs since 1970-01-01, New York wall clock
	Span                // µs
	Measure             // dollars, miles or passengers, in units of 10^-6 ([Unit])
	Zone                // a taxi zone's number, of 32 bits
	Code                // a number that stands for a case, of 64 bits
	Flag                // N is 0, Y is 1
	Part                // a part of a time, such as its hour
)

// Info describes a column.
type Info struct {
	// Name is what tables, queries and messages call the column. The columns of a source name it in [element.Known].
	Name string
	Type Type
	Unit string // of a value as users see it
	Doc  string
	From []Field // the columns from which it is derived; none for a column of files

	// A derived column has one of these. The columns that it is made of come before it in [Fields].
	//
	// Derive fills a column of a batch. The column's values have the length of the batch, and valid is memory for its bitmap.
	Derive func(dst *Column, b *Batch, valid []byte) error
	// Before is the column of which this one has the values before a rule leaves them out. It shares their memory, and rules do not write
	// to that.
	Before *Field
}

// Fields is the list of columns: the one place where a column is declared. Projection, mapping, the coder of a [Batch],
// rules and tables follow it. The meanings are those of TLC's data dictionaries.
var Fields = [NumFields]Info{
	Pickup:      {Name: "pickup_datetime", Type: Time, Doc: "when the trip began: the meter was engaged, or the passenger picked up"},
	Dropoff:     {Name: "dropoff_datetime", Type: Time, Doc: "when the trip ended"},
	PickupZone:  {Name: "pickup_location_id", Type: Zone, Doc: "the taxi zone in which the trip began"},
	DropoffZone: {Name: "dropoff_location_id", Type: Zone, Doc: "the taxi zone in which the trip ended"},
	Passengers:  {Name: "passenger_count", Type: Measure, Unit: "passengers", Doc: "the number of passengers, entered by the driver; not of fhvhv and fhv"},
	Distance:    {Name: "trip_distance", Type: Measure, Unit: "miles", Doc: "the distance; not of fhv"},
	Amount:      {Name: "total_amount", Type: Measure, Unit: "dollars", Doc: "the total charged to the passenger, without cash tips; of fhvhv the sum of fare, tolls, fund, tax, surcharges, fees and tips"},
	Tip:         {Name: "tip_amount", Type: Measure, Unit: "dollars", Doc: "the tip paid by card; cash tips are not recorded"},

	Fare:                 {Name: "fare_amount", Type: Measure, Unit: "dollars", Doc: "the fare by time and distance that the meter calculates; of fhvhv the fare before tolls, tips, taxes and fees"},
	Extra:                {Name: "extra", Type: Measure, Unit: "dollars", Doc: "extras and surcharges, such as for rush hours and nights"},
	MTATax:               {Name: "mta_tax", Type: Measure, Unit: "dollars", Doc: "the tax of the Metropolitan Transportation Authority"},
	Tolls:                {Name: "tolls_amount", Type: Measure, Unit: "dollars", Doc: "all tolls of the trip"},
	ImprovementSurcharge: {Name: "improvement_surcharge", Type: Measure, Unit: "dollars", Doc: "the surcharge at the start of a trip, since 2015"},
	CongestionSurcharge:  {Name: "congestion_surcharge", Type: Measure, Unit: "dollars", Doc: "New York State's congestion surcharge, since 2019"},
	AirportFee:           {Name: "airport_fee", Type: Measure, Unit: "dollars", Doc: "the fee for pickups at LaGuardia and Kennedy airports, of fhvhv also for dropoffs and Newark; not of green taxis"},
	EhailFee:             {Name: "ehail_fee", Type: Measure, Unit: "dollars", Doc: "the fee for electronic hails; green taxis only"},
	CBDFee:               {Name: "cbd_congestion_fee", Type: Measure, Unit: "dollars", Doc: "the fee of the congestion relief zone, since 2025"},
	Vendor:               {Name: "vendorid", Type: Code, Doc: "the provider of the record"},
	RateCode:             {Name: "ratecodeid", Type: Code, Doc: "the rate at the end of the trip: 1 standard, 2 JFK, 3 Newark, 4 Nassau or Westchester, 5 negotiated, 6 group, 99 unknown"},
	PaymentType:          {Name: "payment_type", Type: Code, Doc: "how the passenger paid: 0 flex fare, 1 card, 2 cash, 3 no charge, 4 dispute, 5 unknown, 6 voided"},
	TripType:             {Name: "trip_type", Type: Code, Doc: "1 street hail, 2 dispatch; green taxis only"},
	StoredAndForwarded:   {Name: "store_and_fwd_flag", Type: Flag, Doc: "whether the record was held in the vehicle before it was sent"},

	BlackCarFund:        {Name: "black_car_fund", Type: Measure, Unit: "dollars", Doc: "the part for the Black Car Fund; fhvhv only"},
	SalesTax:            {Name: "sales_tax", Type: Measure, Unit: "dollars", Doc: "the part for New York State's sales tax; fhvhv only"},
	DriverPay:           {Name: "driver_pay", Type: Measure, Unit: "dollars", Doc: "what the driver is paid, without tolls and tips; fhvhv only"},
	TripTime:            {Name: "trip_time", Type: Measure, Unit: "seconds", Doc: "the duration as the service reports it; fhvhv only"},
	Requested:           {Name: "request_datetime", Type: Time, Doc: "when the passenger asked to be picked up; fhvhv only"},
	OnScene:             {Name: "on_scene_datetime", Type: Time, Doc: "when the driver arrived; not all services report it; fhvhv only"},
	Licence:             {Name: "hvfhs_license_num", Type: Code, Doc: "the licence of the service: 2 Juno, 3 Uber, 4 Via, 5 Lyft; fhvhv only"},
	SharedRequested:     {Name: "shared_request_flag", Type: Flag, Doc: "whether the passenger agreed to share the ride; fhvhv only"},
	SharedMatched:       {Name: "shared_match_flag", Type: Flag, Doc: "whether the passenger shared the vehicle with others who booked for themselves; fhvhv only"},
	AccessARide:         {Name: "access_a_ride_flag", Type: Flag, Doc: "whether the trip was run for the Metropolitan Transportation Authority; fhvhv only"},
	WheelchairRequested: {Name: "wav_request_flag", Type: Flag, Doc: "whether the passenger asked for a vehicle for wheelchairs; fhvhv only"},
	WheelchairMatched:   {Name: "wav_match_flag", Type: Flag, Doc: "whether the trip was in a vehicle for wheelchairs; fhvhv only"},

	Duration:       {Name: "trip_duration", Type: Span, Unit: "minutes", Doc: "from pickup to dropoff; null where a rule leaves it out", From: []Field{Pickup, Dropoff}, Derive: between(Pickup, Dropoff, "pickup and dropoff")},
	RawDuration:    {Name: "raw_trip_duration", Type: Span, Unit: "minutes", Doc: "the duration before a rule leaves it out; it exists only if rules are applied", From: []Field{Pickup, Dropoff}, Before: new(Duration)},
	PickupHour:     {Name: "pickup_hour", Type: Part, Doc: "the hour of the pickup, 0 to 23", From: []Field{Pickup}, Derive: pickupHour},
	RecordedAmount: {Name: "recorded_total_amount", Type: Measure, Unit: "dollars", Doc: "the total charged before a rule leaves it out", From: []Field{Amount}, Before: new(Amount)},
	Wait:           {Name: "wait_time", Type: Span, Unit: "minutes", Doc: "from request to pickup; fhvhv only", From: []Field{Pickup, Requested}, Derive: between(Requested, Pickup, "request and pickup")},
}

// Meaning is how a source's column names f.
func (f Field) Meaning() element.Meaning { return element.Meaning(Fields[f].Name) }

// fieldOf returns the column of trips that a source's column means.
func fieldOf(m element.Meaning) (Field, bool) {
	for f := range NumFields {
		if f.Meaning() == m {
			return f, true
		}
	}
	return 0, false
}

// Standing has the columns that the standing tables and their rules need.
var Standing = []Field{Pickup, Dropoff, PickupZone, DropoffZone, Passengers, Distance, Amount, Tip}

// Column is a column of a batch. Null rows have the value zero, so a sum over all rows is the sum over those that are not
// null. A column without values is one that nobody needs.
type Column struct {
	Values []int64
	Valid  []byte // bitmap, least significant bit first; nil if no row is null
	Nulls  int
}

// IsNull tells whether row i is null.
func (c *Column) IsNull(i int) bool { return c.Valid != nil && c.Valid[i>>3]>>(i&7)&1 == 0 }

// Set counts the rows in [start, end) that are not null.
func (c *Column) Set(start, end int) int {
	if c.Valid == nil {
		return end - start
	}
	n := 0
	for ; start < end && start&7 != 0; start++ {
		n += int(c.Valid[start>>3] >> (start & 7) & 1)
	}
	for ; start+8 <= end; start += 8 {
		n += bits.OnesCount8(c.Valid[start>>3])
	}
	for ; start < end; start++ {
		n += int(c.Valid[start>>3] >> (start & 7) & 1)
	}
	return n
}
