package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// untold has the datasets of files that call the times pickup_datetime and dropoff_datetime for both yellow and green: TLC's CSV files of
// 2020-06, BigQuery's public tables, and tables of others. Only green trips have trip_type or ehail_fee. A file that has neither, but all
// columns of yellow, is yellow. If a file has fewer columns, its name must say the taxi.
var untold = []e.Dataset{
	{
		Name: "yellow 2020-06", Taxi: "yellow", First: monthOf(2020, 6), Last: monthOf(2020, 6),
		Signatures: [][]string{slices.Concat(wholeTrip, places), wholeTrip}, Without: pickupsBut("pickup_datetime"), Unless: onlyGreen, Naming: e.OwnName,
		Columns: untoldColumns,
	},
	{
		Name: "green 2020-06", Taxi: "green", First: monthOf(2020, 6), Last: monthOf(2020, 6),
		Signatures: [][]string{
			append(slices.Clone(forHireTrip), "trip_type"), slices.Concat(untoldTimes, places, []string{"trip_type"}),
			append(slices.Clone(forHireTrip), "ehail_fee"), slices.Concat(untoldTimes, places, []string{"ehail_fee"}),
		},
		Without: pickupsBut("pickup_datetime"), Naming: e.OwnName, Columns: untoldColumns,
	},
	{
		Name: "yellow by the name of the file", Taxi: "yellow", First: monthOf(2011, 1),
		Signatures: [][]string{forHireTrip}, Without: pickupsBut("pickup_datetime"), Unless: onlyGreen, Naming: e.OnlyName, Columns: untoldColumns,
	},
	{
		Name: "green by the name of the file", Taxi: "green", First: monthOf(2013, 8),
		Signatures: [][]string{forHireTrip}, Without: pickupsBut("pickup_datetime"), Unless: onlyGreen, Naming: e.OnlyName, Columns: untoldColumns,
	},
}

// onlyGreen are the columns that only trips of green taxis have.
var onlyGreen = []string{"trip_type", "tripType", "ehail_fee", "ehailFee"}

var untoldTimes = []string{"pickup_datetime", "dropoff_datetime"}

// wholeTrip are the columns that trips of yellow and green taxis have in all months since 2011.
var wholeTrip = slices.Concat(forHireTrip, []string{
	"VendorID", "passenger_count", "trip_distance", "RatecodeID", "store_and_fwd_flag", "payment_type", "fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "total_amount",
})

// untoldColumns are the columns of yellow and green taxis since 2011, with other names for the times.
var untoldColumns = func() []e.Known {
	columns := slices.Concat(since2011(""), []e.Known{
		{Name: "airport_fee", Meaning: "airport_fee", Types: fees},
		{Name: "ehail_fee", Also: names["ehail_fee"], Meaning: "ehail_fee", Types: fees},
		{Name: "trip_type", Also: names["trip_type"], Meaning: "trip_type", Types: counts},
	})
	for i, c := range columns {
		if c.Meaning == "pickup_datetime" || c.Meaning == "dropoff_datetime" {
			columns[i].Name = string(c.Meaning)
		}
	}
	return columns
}()
