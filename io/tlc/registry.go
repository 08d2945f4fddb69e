package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// Registry is the files that TLC publishes, by taxi and era: the months they cover, the columns by which they are recognised, and
// every column that they have, with its meaning and the types seen. It is the only place that lists taxis. A column that has no
// meaning is not needed; it is here so that a new column can be noticed. Several columns with one meaning are added up.
//
// Sources: footers of published files 2009-01 to 2025-03, headers of published CSV files 2009-01 to 2020-06, and TLC's data dictionaries
// for yellow, green and for-hire trip records. Files of 2011 to 2016-06 as first published have coordinates; TLC has replaced them by zones
// since. The CSV files of 2010 to 2014 have the names of 2010.
var Registry = slices.Concat([]e.Dataset{
	{
		Name: "yellow since 2011", Taxi: "yellow", First: monthOf(2011, 1), Probe: monthOf(2019, 1),
		Signatures: since2011Signatures("tpep"), Without: pickupsBut("tpep_pickup_datetime"),
		Columns: slices.Concat(since2011("tpep"), []e.Known{
			{Name: "airport_fee", Meaning: "airport_fee", Types: fees}, // Airport_fee since 2023-02
		}),
	},
	{
		Name: "green since 2013", Taxi: "green", First: monthOf(2013, 8), Probe: monthOf(2019, 1),
		Signatures: since2011Signatures("lpep"), Without: pickupsBut("lpep_pickup_datetime"),
		Columns: slices.Concat(since2011("lpep"), []e.Known{
			{Name: "ehail_fee", Also: names["ehail_fee"], Meaning: "ehail_fee", Types: fees},
			{Name: "trip_type", Also: names["trip_type"], Meaning: "trip_type", Types: counts},
		}),
	},
	{
		Name: "yellow 2009", Taxi: "yellow", First: monthOf(2009, 1), Last: monthOf(2009, 12),
		Signatures: [][]string{{"Trip_Pickup_DateTime", "Trip_Dropoff_DateTime", "Start_Lon", "Start_Lat", "End_Lon", "End_Lat"}},
		Without:    pickupsBut("Trip_Pickup_DateTime"),
		Columns: []e.Known{
			{Name: "vendor_name", Meaning: "vendorid", Codes: vendors, Types: texts},
			{Name: "Trip_Pickup_DateTime", Meaning: "pickup_datetime", Types: texts},
			{Name: "Trip_Dropoff_DateTime", Meaning: "dropoff_datetime", Types: texts},
			{Name: "Passenger_Count", Meaning: "passenger_count", Types: counts},
			{Name: "Trip_Distance", Meaning: "trip_distance", Types: doubles},
			{Name: "Start_Lon", Meaning: e.PickupLongitude, Types: doubles},
			{Name: "Start_Lat", Meaning: e.PickupLatitude, Types: doubles},
			{Name: "Rate_Code", Meaning: "ratecodeid", Types: counts},
			{Name: "store_and_forward", Meaning: "store_and_fwd_flag", Types: counts},
			{Name: "End_Lon", Meaning: e.DropoffLongitude, Types: doubles},
			{Name: "End_Lat", Meaning: e.DropoffLatitude, Types: doubles},
			{Name: "Payment_Type", Meaning: "payment_type", Codes: payments, Types: texts},
			{Name: "Fare_Amt", Meaning: "fare_amount", Types: doubles},
			{Name: "surcharge", Meaning: "extra", Types: doubles},
			{Name: "mta_tax", Meaning: "mta_tax", Types: doubles},
			{Name: "Tip_Amt", Meaning: "tip_amount", Types: doubles},
			{Name: "Tolls_Amt", Meaning: "tolls_amount", Types: doubles},
			{Name: "Total_Amt", Meaning: "total_amount", Types: doubles},
		},
	},
	{
		Name: "yellow 2010", Taxi: "yellow", First: monthOf(2010, 1), Last: monthOf(2014, 12),
		Signatures: [][]string{slices.Concat(untoldTimes, places)},
		Without:    pickupsBut("pickup_datetime"), Unless: onlyGreen,
		Columns: slices.Concat([]e.Known{
			{Name: "vendor_id", Meaning: "vendorid", Codes: vendors, Types: texts},
			{Name: "pickup_datetime", Meaning: "pickup_datetime", Types: texts},
			{Name: "dropoff_datetime", Meaning: "dropoff_datetime", Types: texts},
			{Name: "passenger_count", Meaning: "passenger_count", Types: counts},
			{Name: "trip_distance", Meaning: "trip_distance", Types: doubles},
			{Name: "rate_code", Meaning: "ratecodeid", Types: slices.Concat(texts, counts)},
			{Name: "store_and_fwd_flag", Meaning: "store_and_fwd_flag", Types: texts},
			{Name: "payment_type", Meaning: "payment_type", Codes: payments, Types: texts},
			{Name: "fare_amount", Meaning: "fare_amount", Types: doubles},
			{Name: "surcharge", Meaning: "extra", Types: doubles},
			{Name: "mta_tax", Meaning: "mta_tax", Types: doubles},
			{Name: "tip_amount", Meaning: "tip_amount", Types: doubles},
			{Name: "tolls_amount", Meaning: "tolls_amount", Types: doubles},
			{Name: "total_amount", Meaning: "total_amount", Types: doubles},
			{Name: "__index_level_0__", Types: []e.ValueType{e.Int64}}, // a leftover of pandas, in 2010-02 and 2010-03
		}, coordinates),
	},
}, untold, forHire)

// The text codes of 2009 to 2014 and the numbers that TLC's data dictionaries give their meanings later. DDS, a vendor of 2009,
// has no number.
var (
	vendors  = map[string]int64{"CMT": 1, "VTS": 2}
	payments = map[string]int64{
		"CRD": 1, "CRE": 1, "Credit": 1, "CREDIT": 1, "Cre": 1,
		"CSH": 2, "CAS": 2, "Cash": 2, "CASH": 2, "Cas": 2,
		"NOC": 3, "No Charge": 3, "No": 3,
		"DIS": 4, "Dispute": 4, "Dis": 4,
		"UNK": 5,
	}
)

var (
	texts   = []e.ValueType{e.String}
	doubles = []e.ValueType{e.Float64}
	counts  = []e.ValueType{e.Int32, e.Int64, e.Float64}
	fees    = []e.ValueType{e.Float64, e.Null} // null where no trip of the month had it
	times   = []e.ValueType{e.TimestampMicros}
)

var coordinates = []e.Known{
	{Name: "pickup_longitude", Meaning: e.PickupLongitude, Types: doubles},
	{Name: "pickup_latitude", Meaning: e.PickupLatitude, Types: doubles},
	{Name: "dropoff_longitude", Meaning: e.DropoffLongitude, Types: doubles},
	{Name: "dropoff_latitude", Meaning: e.DropoffLatitude, Types: doubles},
}

// places are the coordinates by which files without zones are recognised.
var places = []string{"pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"}

// pickupsBut are the pickup times of the other datasets: a file with the pickup times of two is refused.
func pickupsBut(own string) []string {
	all := []string{"Trip_Pickup_DateTime", "pickup_datetime", "tpep_pickup_datetime", "lpep_pickup_datetime"}
	return slices.DeleteFunc(all, func(c string) bool { return c == own })
}

// since2011Signatures are the columns by which yellow and green files are recognised: by zones or, without these, by coordinates.
func since2011Signatures(prefix string) [][]string {
	times := []string{prefix + "_pickup_datetime", prefix + "_dropoff_datetime"}
	return [][]string{slices.Concat(times, []string{"PULocationID", "DOLocationID"}), slices.Concat(times, places)}
}

// Taxis lists the taxis whose files can be read.
func Taxis() []string {
	return taxisOf(func(d e.Dataset) bool { return d.Unread == "" })
}

// taxisOf lists the taxis of some datasets, in the order of the registry, each once.
func taxisOf(some func(e.Dataset) bool) []string {
	var taxis []string
	for _, d := range Registry {
		if some(d) && !slices.Contains(taxis, d.Taxi) {
			taxis = append(taxis, d.Taxi)
		}
	}
	return taxis
}

// FirstMonth is the month of a taxi's first file, and probeMonth one that has been published for years; 0 for a taxi that is not
// in the registry.
func FirstMonth(taxi string) int32 {
	first := int32(0)
	for _, d := range Registry {
		if d.Taxi == taxi && (first == 0 || d.First < first) {
			first = d.First
		}
	}
	return first
}

func probeMonth(taxi string) int32 {
	probe := int32(0)
	for _, d := range Registry {
		if d.Taxi == taxi {
			probe = max(probe, d.Probe)
		}
	}
	return probe
}

// since2011 are the columns that yellow and green files share: the times of one have another prefix than the other's.
func since2011(prefix string) []e.Known {
	columns := slices.Concat([]e.Known{
		{Name: "VendorID", Meaning: "vendorid", Codes: vendors, Types: counts},
		{Name: prefix + "_pickup_datetime", Meaning: "pickup_datetime", Types: times},
		{Name: prefix + "_dropoff_datetime", Meaning: "dropoff_datetime", Types: times},
		{Name: "passenger_count", Meaning: "passenger_count", Types: counts},
		{Name: "trip_distance", Meaning: "trip_distance", Types: doubles},
		{Name: "RatecodeID", Meaning: "ratecodeid", Types: counts},
		{Name: "store_and_fwd_flag", Meaning: "store_and_fwd_flag", Types: []e.ValueType{e.String, e.Null}},
		{Name: "PULocationID", Meaning: "pickup_location_id", Types: []e.ValueType{e.Int64, e.Int32}},
		{Name: "DOLocationID", Meaning: "dropoff_location_id", Types: []e.ValueType{e.Int64, e.Int32}},
		{Name: "payment_type", Meaning: "payment_type", Codes: payments, Types: counts},
		{Name: "fare_amount", Meaning: "fare_amount", Types: doubles},
		{Name: "extra", Meaning: "extra", Types: doubles},
		{Name: "mta_tax", Meaning: "mta_tax", Types: doubles},
		{Name: "tip_amount", Meaning: "tip_amount", Types: doubles},
		{Name: "tolls_amount", Meaning: "tolls_amount", Types: doubles},
		{Name: "improvement_surcharge", Meaning: "improvement_surcharge", Types: fees}, // since 2015
		{Name: "total_amount", Meaning: "total_amount", Types: doubles},
		{Name: "congestion_surcharge", Meaning: "congestion_surcharge", Types: fees}, // since 2019
		{Name: "cbd_congestion_fee", Meaning: "cbd_congestion_fee", Types: doubles},  // since 2025
		{Name: "request_source", Types: texts},                                       // since mid 2026
	}, coordinates, strangers)
	for i, c := range columns {
		columns[i].Also = names[c.Name]
	}
	return columns
}
