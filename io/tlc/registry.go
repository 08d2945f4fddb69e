package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// Registry is every column that TLC has published in yellow files from 2009 and green files from 2013 on: names, meaning
// and the types seen. A file is of the variant whose pickup time it has. It must have that variant's dropoff time too, and its
// two zones or, where the variant has them, its four coordinates; a file with the pickup times of two variants is refused.
// Columns of other meaning are known, so that a new one can be told from them.
//
// Sources: footers of published files 2009-01 to 2025-03, and TLC's data dictionaries for yellow and green trip records.
// Files of 2011 to 2016-06 as first published have coordinates; TLC has replaced them by zones since.
var Registry = []e.Variant{
	{Name: "yellow since 2011", Taxi: "yellow", Columns: slices.Concat(since2011("tpep"), []e.Known{
		{Name: "airport_fee", Kinds: fees}, // Airport_fee since 2023-02
	})},
	{Name: "green since 2013", Taxi: "green", Columns: slices.Concat(since2011("lpep"), []e.Known{
		{Name: "ehail_fee", Kinds: fees},
		{Name: "trip_type", Kinds: counts},
	})},
	{Name: "yellow 2009", Taxi: "yellow", Columns: []e.Known{
		{Name: "vendor_name", Kinds: texts},
		{Name: "Trip_Pickup_DateTime", Meaning: e.PickupTime, Kinds: texts},
		{Name: "Trip_Dropoff_DateTime", Meaning: e.DropoffTime, Kinds: texts},
		{Name: "Passenger_Count", Meaning: e.Passengers, Kinds: counts},
		{Name: "Trip_Distance", Meaning: e.Distance, Kinds: doubles},
		{Name: "Start_Lon", Meaning: e.PickupLongitude, Kinds: doubles},
		{Name: "Start_Lat", Meaning: e.PickupLatitude, Kinds: doubles},
		{Name: "Rate_Code", Kinds: counts},
		{Name: "store_and_forward", Kinds: counts},
		{Name: "End_Lon", Meaning: e.DropoffLongitude, Kinds: doubles},
		{Name: "End_Lat", Meaning: e.DropoffLatitude, Kinds: doubles},
		{Name: "Payment_Type", Kinds: texts},
		{Name: "Fare_Amt", Kinds: doubles},
		{Name: "surcharge", Kinds: doubles},
		{Name: "mta_tax", Kinds: doubles},
		{Name: "Tip_Amt", Meaning: e.Tip, Kinds: doubles},
		{Name: "Tolls_Amt", Kinds: doubles},
		{Name: "Total_Amt", Meaning: e.Amount, Kinds: doubles},
	}},
	{Name: "yellow 2010", Taxi: "yellow", Columns: slices.Concat([]e.Known{
		{Name: "vendor_id", Kinds: texts},
		{Name: "pickup_datetime", Meaning: e.PickupTime, Kinds: texts},
		{Name: "dropoff_datetime", Meaning: e.DropoffTime, Kinds: texts},
		{Name: "passenger_count", Meaning: e.Passengers, Kinds: counts},
		{Name: "trip_distance", Meaning: e.Distance, Kinds: doubles},
		{Name: "rate_code", Kinds: slices.Concat(texts, counts)},
		{Name: "store_and_fwd_flag", Kinds: texts},
		{Name: "payment_type", Kinds: texts},
		{Name: "fare_amount", Kinds: doubles},
		{Name: "surcharge", Kinds: doubles},
		{Name: "mta_tax", Kinds: doubles},
		{Name: "tip_amount", Meaning: e.Tip, Kinds: doubles},
		{Name: "tolls_amount", Kinds: doubles},
		{Name: "total_amount", Meaning: e.Amount, Kinds: doubles},
		{Name: "__index_level_0__", Kinds: []e.Kind{e.Int64}}, // a leftover of pandas, in 2010-02 and 2010-03
	}, coordinates)},
}

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
		{Name: "VendorID", Kinds: counts},
		{Name: prefix + "_pickup_datetime", Meaning: e.PickupTime, Kinds: times},
		{Name: prefix + "_dropoff_datetime", Meaning: e.DropoffTime, Kinds: times},
		{Name: "passenger_count", Meaning: e.Passengers, Kinds: counts},
		{Name: "trip_distance", Meaning: e.Distance, Kinds: doubles},
		{Name: "RatecodeID", Kinds: counts},
		{Name: "store_and_fwd_flag", Kinds: []e.Kind{e.String, e.Null}},
		{Name: "PULocationID", Meaning: e.PickupZone, Kinds: []e.Kind{e.Int64, e.Int32}},
		{Name: "DOLocationID", Meaning: e.DropoffZone, Kinds: []e.Kind{e.Int64, e.Int32}},
		{Name: "payment_type", Kinds: counts},
		{Name: "fare_amount", Kinds: doubles},
		{Name: "extra", Kinds: doubles},
		{Name: "mta_tax", Kinds: doubles},
		{Name: "tip_amount", Meaning: e.Tip, Kinds: doubles},
		{Name: "tolls_amount", Kinds: doubles},
		{Name: "improvement_surcharge", Kinds: fees}, // since 2015
		{Name: "total_amount", Meaning: e.Amount, Kinds: doubles},
		{Name: "congestion_surcharge", Kinds: fees},  // since 2019
		{Name: "cbd_congestion_fee", Kinds: doubles}, // since 2025
		{Name: "request_source", Kinds: texts},       // since mid 2026
	}, coordinates)
}
