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

	Duration
	RawDuration
	PickupHour
	RecordedAmount

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
// rules and tables follow it. The meanings are those of TLC's data dictionaries for yellow and green trip records.
var Fields = [NumFields]Info{
	Pickup:      {Name: "pickup_datetime", Type: Time, Doc: "when the meter was engaged"},
	Dropoff:     {Name: "dropoff_datetime", Type: Time, Doc: "when the meter was disengaged"},
	PickupZone:  {Name: "pickup_location_id", Type: Zone, Doc: "the taxi zone in which the meter was engaged"},
	DropoffZone: {Name: "dropoff_location_id", Type: Zone, Doc: "the taxi zone in which the meter was disengaged"},
	Passengers:  {Name: "passenger_count", Type: Measure, Unit: "passengers", Doc: "the number of passengers, entered by the driver"},
	Distance:    {Name: "trip_distance", Type: Measure, Unit: "miles", Doc: "the distance that the meter reports"},
	Amount:      {Name: "total_amount", Type: Measure, Unit: "dollars", Doc: "the total charged to the passenger, without cash tips"},
	Tip:         {Name: "tip_amount", Type: Measure, Unit: "dollars", Doc: "the tip paid by card; cash tips are not recorded"},

	Fare:                 {Name: "fare_amount", Type: Measure, Unit: "dollars", Doc: "the fare by time and distance that the meter calculates"},
	Extra:                {Name: "extra", Type: Measure, Unit: "dollars", Doc: "extras and surcharges, such as for rush hours and nights"},
	MTATax:               {Name: "mta_tax", Type: Measure, Unit: "dollars", Doc: "the tax of the Metropolitan Transportation Authority"},
	Tolls:                {Name: "tolls_amount", Type: Measure, Unit: "dollars", Doc: "all tolls of the trip"},
	ImprovementSurcharge: {Name: "improvement_surcharge", Type: Measure, Unit: "dollars", Doc: "the surcharge at the start of a trip, since 2015"},
	CongestionSurcharge:  {Name: "congestion_surcharge", Type: Measure, Unit: "dollars", Doc: "New York State's congestion surcharge, since 2019"},
	AirportFee:           {Name: "airport_fee", Type: Measure, Unit: "dollars", Doc: "the fee for pickups at LaGuardia and Kennedy airports; yellow taxis only"},
	EhailFee:             {Name: "ehail_fee", Type: Measure, Unit: "dollars", Doc: "the fee for electronic hails; green taxis only"},
	CBDFee:               {Name: "cbd_congestion_fee", Type: Measure, Unit: "dollars", Doc: "the fee of the congestion relief zone, since 2025"},
	Vendor:               {Name: "vendorid", Type: Code, Doc: "the provider of the record"},
	RateCode:             {Name: "ratecodeid", Type: Code, Doc: "the rate at the end of the trip: 1 standard, 2 JFK, 3 Newark, 4 Nassau or Westchester, 5 negotiated, 6 group, 99 unknown"},
	PaymentType:          {Name: "payment_type", Type: Code, Doc: "how the passenger paid: 0 flex fare, 1 card, 2 cash, 3 no charge, 4 dispute, 5 unknown, 6 voided"},
	TripType:             {Name: "trip_type", Type: Code, Doc: "1 street hail, 2 dispatch; green taxis only"},
	StoredAndForwarded:   {Name: "store_and_fwd_flag", Type: Flag, Doc: "whether the record was held in the vehicle before it was sent"},

	Duration:       {Name: "trip_duration", Type: Span, Unit: "minutes", Doc: "from pickup to dropoff; null where a rule leaves it out", From: []Field{Pickup, Dropoff}, Derive: duration},
	RawDuration:    {Name: "raw_trip_duration", Type: Span, Unit: "minutes", Doc: "the duration before a rule leaves it out; it exists only if rules are applied", From: []Field{Pickup, Dropoff}, Before: new(Duration)},
	PickupHour:     {Name: "pickup_hour", Type: Part, Doc: "the hour of the pickup, 0 to 23", From: []Field{Pickup}, Derive: pickupHour},
	RecordedAmount: {Name: "recorded_total_amount", Type: Measure, Unit: "dollars", Doc: "the total charged before a rule leaves it out", From: []Field{Amount}, Before: new(Amount)},
}

// Meaning is how a source's column names f.
func (f Field) Meaning() element.Meaning { return element.Meaning(Fields[f].Name) }

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
