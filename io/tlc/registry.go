package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// Registry is every column that TLC has published in yellow files from 2009 and green files from 2013 on: names, meaning and
// the types seen. A file is of the variant whose pickup time it has. It must have that variant's dropoff time too, and its two
// zones or, where the variant has them, its four coordinates; a file with the pickup times of two variants is refused. The
// registry also has columns that are not needed, so that a new column can be recognised.
//
// Sources: footers of published files 2009-01 to 2025-03, and TLC's data dictionaries for yellow and green trip records.
// Files of 2011 to 2016-06 as first published have coordinates; TLC has replaced them by zones since.
var Registry = []e.Variant{
	{Name: "yellow since 2011", Taxi: "yellow", Columns: slices.Concat(since2011("tpep"), []e.Known{
		{Name: "airport_fee", Meaning: "airport_fee", Kinds: fees}, // Airport_fee since 2023-02
	})},
	{Name: "green since 2013", Taxi: "green", Columns: slices.Concat(since2011("lpep"), []e.Known{
		{Name: "ehail_fee", Meaning: "ehail_fee", Kinds: fees},
		{Name: "trip_type", Meaning: "trip_type", Kinds: counts},
	})},
	{Name: "yellow 2009", Taxi: "yellow", Columns: []e.Known{
		{Name: "vendor_name", Meaning: "vendorid", Codes: vendors, Kinds: texts},
		{Name: "Trip_Pickup_DateTime", Meaning: "pickup_datetime", Kinds: texts},
		{Name: "Trip_Dropoff_DateTime", Meaning: "dropoff_datetime", Kinds: texts},
		{Name: "Passenger_Count", Meaning: "passenger_count", Kinds: counts},
		{Name: "Trip_Distance", Meaning: "trip_distance", Kinds: doubles},
		{Name: "Start_Lon", Meaning: e.PickupLongitude, Kinds: doubles},
		{Name: "Start_Lat", Meaning: e.PickupLatitude, Kinds: doubles},
		{Name: "Rate_Code", Meaning: "ratecodeid", Kinds: counts},
		{Name: "store_and_forward", Meaning: "store_and_fwd_flag", Kinds: counts},
		{Name: "End_Lon", Meaning: e.DropoffLongitude, Kinds: doubles},
		{Name: "End_Lat", Meaning: e.DropoffLatitude, Kinds: doubles},
		{Name: "Payment_Type", Meaning: "payment_type", Codes: payments, Kinds: texts},
		{Name: "Fare_Amt", Meaning: "fare_amount", Kinds: doubles},
		{Name: "surcharge", Meaning: "extra", Kinds: doubles},
		{Name: "mta_tax", Meaning: "mta_tax", Kinds: doubles},
		{Name: "Tip_Amt", Meaning: "tip_amount", Kinds: doubles},
		{Name: "Tolls_Amt", Meaning: "tolls_amount", Kinds: doubles},
		{Name: "Total_Amt", Meaning: "total_amount", Kinds: doubles},
	}},
	{Name: "yellow 2010", Taxi: "yellow", Columns: slices.Concat([]e.Known{
		{Name: "vendor_id", Meaning: "vendorid", Codes: vendors, Kinds: texts},
		{Name: "pickup_datetime", Meaning: "pickup_datetime", Kinds: texts},
		{Name: "dropoff_datetime", Meaning: "dropoff_datetime", Kinds: texts},
		{Name: "passenger_count", Meaning: "passenger_count", Kinds: counts},
		{Name: "trip_distance", Meaning: "trip_distance", Kinds: doubles},
		{Name: "rate_code", Meaning: "ratecodeid", Kinds: slices.Concat(texts, counts)},
		{Name: "store_and_fwd_flag", Meaning: "store_and_fwd_flag", Kinds: texts},
		{Name: "payment_type", Meaning: "payment_type", Codes: payments, Kinds: texts},
		{Name: "fare_amount", Meaning: "fare_amount", Kinds: doubles},
		{Name: "surcharge", Meaning: "extra", Kinds: doubles},
		{Name: "mta_tax", Meaning: "mta_tax", Kinds: doubles},
		{Name: "tip_amount", Meaning: "tip_amount", Kinds: doubles},
		{Name: "tolls_amount", Meaning: "tolls_amount", Kinds: doubles},
		{Name: "total_amount", Meaning: "total_amount", Kinds: doubles},
		{Name: "__index_level_0__", Kinds: []e.Kind{e.Int64}}, // a leftover of pandas, in 2010-02 and 2010-03
	}, coordinates)},
}

// The text codes of 2009 to 2014 and the numbers that TLC's data dictionaries give their meanings later. DDS, a vendor of 2009,
// has no number.
var (
	vendors  = map[string]int64{"CMT": 1, "VTS": 2}
	payments = map[string]int64{
		"CRD": 1, "Credit": 1, "CREDIT": 1, "Cre": 1,
		"CSH": 2, "Cash": 2, "CASH": 2, "Cas": 2,
		"NOC": 3, "No Charge": 3, "No ": 3,
		"DIS": 4, "Dispute": 4, "Dis": 4,
		"UNK": 5,
	}
)

var (
	texts   = []e.Kind{e.String}
	doubles = []e.Kind{e.Float64}
	counts  = []e.Kind{e.Int32, e.Int64, e.Float64}
	fees    = []e.Kind{e.Float64, e.Null} // null where no trip of the month had it
	times   = []e.Kind{e.TimestampMicros}
)

var coordinates = []e.Known{
	{Name: "pickup_longitude", Meaning: e.PickupLongitude, Kinds: doubles},
	{Name: "pickup_latitude", Meaning: e.PickupLatitude, Kinds: doubles},
	{Name: "dropoff_longitude", Meaning: e.DropoffLongitude, Kinds: doubles},
	{Name: "dropoff_latitude", Meaning: e.DropoffLatitude, Kinds: doubles},
}

// since2011 are the columns that yellow and green files share: the times of one have another prefix than the other's.
func since2011(prefix string) []e.Known {
	return slices.Concat([]e.Known{
		{Name: "VendorID", Meaning: "vendorid", Kinds: counts},
		{Name: prefix + "_pickup_datetime", Meaning: "pickup_datetime", Kinds: times},
		{Name: prefix + "_dropoff_datetime", Meaning: "dropoff_datetime", Kinds: times},
		{Name: "passenger_count", Meaning: "passenger_count", Kinds: counts},
		{Name: "trip_distance", Meaning: "trip_distance", Kinds: doubles},
		{Name: "RatecodeID", Meaning: "ratecodeid", Kinds: counts},
		{Name: "store_and_fwd_flag", Meaning: "store_and_fwd_flag", Kinds: []e.Kind{e.String, e.Null}},
		{Name: "PULocationID", Meaning: "pickup_location_id", Kinds: []e.Kind{e.Int64, e.Int32}},
		{Name: "DOLocationID", Meaning: "dropoff_location_id", Kinds: []e.Kind{e.Int64, e.Int32}},
		{Name: "payment_type", Meaning: "payment_type", Kinds: counts},
		{Name: "fare_amount", Meaning: "fare_amount", Kinds: doubles},
		{Name: "extra", Meaning: "extra", Kinds: doubles},
		{Name: "mta_tax", Meaning: "mta_tax", Kinds: doubles},
		{Name: "tip_amount", Meaning: "tip_amount", Kinds: doubles},
		{Name: "tolls_amount", Meaning: "tolls_amount", Kinds: doubles},
		{Name: "improvement_surcharge", Meaning: "improvement_surcharge", Kinds: fees}, // since 2015
		{Name: "total_amount", Meaning: "total_amount", Kinds: doubles},
		{Name: "congestion_surcharge", Meaning: "congestion_surcharge", Kinds: fees}, // since 2019
		{Name: "cbd_congestion_fee", Meaning: "cbd_congestion_fee", Kinds: doubles},  // since 2025
		{Name: "request_source", Kinds: texts},                                       // since mid 2026
	}, coordinates)
}
