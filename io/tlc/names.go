package tlc

import e "tripstats/transforms/element"

// names are the names that others use for TLC's columns, by TLC's name. Names are compared without regard to case, so names that differ
// only in case are not here.
var names = gather(
	// Azure Open Datasets: the tables of yellow and green taxis. Seen in its sample of green trips of 2016-01 and in files made from the
	// tables.
	map[string]string{
		"tpep_pickup_datetime": "tpepPickupDateTime", "tpep_dropoff_datetime": "tpepDropoffDateTime", "lpep_pickup_datetime": "lpepPickupDatetime", "lpep_dropoff_datetime": "lpepDropoffDatetime",
		"passenger_count": "passengerCount", "trip_distance": "tripDistance", "store_and_fwd_flag": "storeAndFwdFlag", "payment_type": "paymentType", "fare_amount": "fareAmount",
		"mta_tax": "mtaTax", "improvement_surcharge": "improvementSurcharge", "tip_amount": "tipAmount", "tolls_amount": "tollsAmount", "total_amount": "totalAmount",
		"ehail_fee": "ehailFee", "trip_type": "tripType",
		"pickup_longitude": "startLon", "pickup_latitude": "startLat", "dropoff_longitude": "endLon", "dropoff_latitude": "endLat",
	},
	map[string]string{ // its green table uses TLC's names for the coordinates
		"pickup_longitude": "pickupLongitude", "pickup_latitude": "pickupLatitude", "dropoff_longitude": "dropoffLongitude", "dropoff_latitude": "dropoffLatitude",
	},
	// BigQuery's public tables new_york_taxi_trips.tlc_yellow_trips_YEAR and tlc_green_trips_YEAR.
	map[string]string{
		"VendorID": "vendor_id", "RatecodeID": "rate_code", "PULocationID": "pickup_location_id", "DOLocationID": "dropoff_location_id", "improvement_surcharge": "imp_surcharge",
	},
	// Tables that dlt has loaded: it writes all names in lower case with underscores, as its naming convention snake_case says.
	map[string]string{"VendorID": "vendor_id", "RatecodeID": "ratecode_id", "PULocationID": "pu_location_id", "DOLocationID": "do_location_id"},
	// The staging models of a course on data engineering, made with dbt.
	map[string]string{"PULocationID": "pickup_locationid", "DOLocationID": "dropoff_locationid"},
	// A part of a table that Spark has written, with a column taxi_type; ClickHouse's example table trips, with cab_type.
	map[string]string{"RatecodeID": "rate_code_id"},
)

// strangers are columns that others have added and that are not needed: Azure's and BigQuery's year and month of a file, dlt's and dbt's
// ids.
var strangers = []e.Known{
	{Name: "puYear"}, {Name: "puMonth"}, // Azure
	{Name: "data_file_year"}, {Name: "data_file_month"}, {Name: "distance_between_service"}, {Name: "time_between_service"}, // BigQuery
	{Name: "_dlt_load_id"}, {Name: "_dlt_id"}, // dlt
	{Name: "tripid"}, {Name: "payment_type_description"}, // dbt
}

// gather adds up lists of names, so that each column has all its names.
func gather(sources ...map[string]string) map[string][]string {
	all := map[string][]string{}
	for _, source := range sources {
		for own, other := range source {
			all[own] = append(all[own], other)
		}
	}
	return all
}
