package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// forHire has the datasets of for-hire vehicles: those of the high-volume services (fhvhv) and those of all other bases (fhv). Until
// 2019-01 the fhv files also have the trips of the high-volume services.
//
// The fhvhv files have no total amount, only its parts. Each part is a column of trips, and Adds makes it a part of the total amount too.
// TLC's data dictionary for high volume trip records lists these parts, and the driver's pay. The driver's pay is paid out of the parts,
// so it is not one of them.
var forHire = []e.Dataset{
	{
		Name: "fhvhv since 2019", Taxi: "fhvhv", First: monthOf(2019, 2), Probe: monthOf(2021, 1),
		Signatures: [][]string{
			slices.Concat([]string{"hvfhs_license_num", "dispatching_base_num"}, forHireTrip),
			slices.Concat([]string{"hvfhs_license_num", "SR_Flag"}, forHireTrip), // the CSV file of 2020-06 calls the base vendorid
			slices.Concat([]string{"hvfhs_license_num"}, forHireTrip),
		},
		Without: pickupsBut("pickup_datetime"),
		Columns: []e.Known{
			{Name: "hvfhs_license_num", Meaning: "hvfhs_license_num", Codes: licences, Types: texts},
			{Name: "dispatching_base_num", Types: texts},
			{Name: "vendorid", Types: texts}, // the name of the base column in the CSV file of 2020-06
			{Name: "originating_base_num", Types: texts},
			{Name: "request_datetime", Meaning: "request_datetime", Types: times}, // CSV files up to 2020-06 lack this column and all below it, except SR_Flag
			{Name: "on_scene_datetime", Meaning: "on_scene_datetime", Types: times},
			{Name: "pickup_datetime", Meaning: "pickup_datetime", Types: times},
			{Name: "dropoff_datetime", Meaning: "dropoff_datetime", Types: times},
			{Name: "PULocationID", Meaning: "pickup_location_id", Types: ids},
			{Name: "DOLocationID", Meaning: "dropoff_location_id", Types: ids},
			{Name: "trip_miles", Meaning: "trip_distance", Types: doubles},
			{Name: "trip_time", Meaning: "trip_time", Types: ids},
			{Name: "base_passenger_fare", Meaning: "fare_amount", Adds: "total_amount", Types: doubles},
			{Name: "tolls", Meaning: "tolls_amount", Adds: "total_amount", Types: doubles},
			{Name: "bcf", Meaning: "black_car_fund", Adds: "total_amount", Types: doubles},
			{Name: "sales_tax", Meaning: "sales_tax", Adds: "total_amount", Types: doubles},
			{Name: "congestion_surcharge", Meaning: "congestion_surcharge", Adds: "total_amount", Types: fees},
			{Name: "airport_fee", Meaning: "airport_fee", Adds: "total_amount", Types: fees},               // null before 2021
			{Name: "cbd_congestion_fee", Meaning: "cbd_congestion_fee", Adds: "total_amount", Types: fees}, // since 2025
			{Name: "tips", Meaning: "tip_amount", Adds: "total_amount", Types: doubles},
			{Name: "driver_pay", Meaning: "driver_pay", Types: doubles},
			{Name: "shared_request_flag", Meaning: "shared_request_flag", Types: texts},
			{Name: "shared_match_flag", Meaning: "shared_match_flag", Types: texts},
			{Name: "access_a_ride_flag", Meaning: "access_a_ride_flag", Types: texts},
			{Name: "wav_request_flag", Meaning: "wav_request_flag", Types: texts},
			{Name: "wav_match_flag", Meaning: "wav_match_flag", Types: texts},
			{Name: "SR_Flag", Types: counts}, // 1 for a shared trip; for some bases it means that sharing was requested, for others that it happened
		},
	},
	{
		Name: "fhv since 2017", Taxi: "fhv", First: monthOf(2015, 1), Probe: monthOf(2019, 1),
		Signatures: [][]string{
			slices.Concat([]string{"dispatching_base_num"}, forHireTrip),
			slices.Concat([]string{"SR_Flag"}, forHireTrip), // the CSV file of 2020-06 calls the base vendorid
		},
		Without: pickupsBut("pickup_datetime"),
		// Bases have to report dropoffs since 2017-06. Many of them report no zones.
		MayLack: []e.Lack{
			{Meaning: "dropoff_datetime", Last: monthOf(2017, 5)},
			{Meaning: "pickup_location_id"},
			{Meaning: "dropoff_location_id"},
		},
		Columns: []e.Known{
			{Name: "dispatching_base_num", Types: texts},
			{Name: "vendorid", Types: texts},                // the name of the base column in the CSV file of 2020-06
			{Name: "Dispatching_base_number", Types: texts}, // in CSV files of 2018
			{Name: "pickup_datetime", Meaning: "pickup_datetime", Types: times},
			{Name: "dropOff_datetime", Meaning: "dropoff_datetime", Types: append(slices.Clone(times), e.Null)},
			{Name: "PUlocationID", Meaning: "pickup_location_id", Types: sparseIDs},
			{Name: "DOlocationID", Meaning: "dropoff_location_id", Types: sparseIDs},
			{Name: "SR_Flag", Types: append(slices.Clone(counts), e.Null)},
			{Name: "Affiliated_base_number", Types: texts},
		},
	},
	{
		Name: "fhv 2015 and 2016", Taxi: "fhv", First: monthOf(2015, 1), Last: monthOf(2016, 12),
		Signatures: [][]string{{"Pickup_date", "Dispatching_base_num", "locationID"}, {"Pickup_date", "Dispatching_base_num"}},
		Without:    pickupsBut("Pickup_date"),
		// These files, CSV as first published, have only the pickup. By TLC's data dictionary, the zone is that of the pickup.
		MayLack: []e.Lack{{Meaning: "dropoff_datetime"}, {Meaning: "pickup_location_id"}, {Meaning: "dropoff_location_id"}},
		Columns: []e.Known{
			{Name: "Dispatching_base_num", Types: texts},
			{Name: "Pickup_date", Meaning: "pickup_datetime", Types: times},
			{Name: "locationID", Meaning: "pickup_location_id", Types: sparseIDs},
		},
	},
}

// forHireTrip are the columns of a trip by which files of for-hire vehicles are recognised.
var forHireTrip = []string{"pickup_datetime", "dropoff_datetime", "PULocationID", "DOLocationID"}

// licences are the licences of the high-volume services Juno, Uber, Via and Lyft, each with its digits as a number.
var licences = map[string]int64{"HV0002": 2, "HV0003": 3, "HV0004": 4, "HV0005": 5}

var (
	ids       = []e.ValueType{e.Int64, e.Int32}
	sparseIDs = []e.ValueType{e.Float64, e.Int64, e.Int32, e.Null}
)
