package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// june2020 are the CSV files of 2020-06, whose times are pickup_datetime and dropoff_datetime for both taxis. Only ehail_fee and trip_type
// tell green from yellow. So the signatures are nearly all columns: others have files with some of these names, of either taxi.
var june2020 = []e.Dataset{
	{
		Name: "yellow 2020-06", Taxi: "yellow", First: monthOf(2020, 6), Last: monthOf(2020, 6),
		Signatures: [][]string{signature2020}, Without: pickupsBut("pickup_datetime"), Columns: columns2020,
	},
	{
		Name: "green 2020-06", Taxi: "green", First: monthOf(2020, 6), Last: monthOf(2020, 6),
		Signatures: [][]string{append(slices.Clone(signature2020), "ehail_fee", "trip_type")}, Without: pickupsBut("pickup_datetime"),
		Columns: slices.Concat(columns2020, []e.Known{
			{Name: "ehail_fee", Meaning: "ehail_fee", Types: fees},
			{Name: "trip_type", Meaning: "trip_type", Types: counts},
		}),
	},
}

// columns2020 are those of since2011 with other times, without the columns that were added later.
var columns2020 = func() []e.Known {
	columns := slices.Clone(since2011(""))
	for i, c := range columns {
		if c.Meaning == "pickup_datetime" || c.Meaning == "dropoff_datetime" {
			columns[i].Name = string(c.Meaning)
		}
	}
	return columns
}()

var signature2020 = []string{
	"pickup_datetime", "dropoff_datetime", "vendorid", "passenger_count", "trip_distance", "RatecodeID", "store_and_fwd_flag", "pulocationid", "dolocationid",
	"payment_type", "fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge", "total_amount", "congestion_surcharge",
}
