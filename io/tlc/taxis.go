package tlc

import (
	"slices"

	e "tripstats/transforms/element"
)

// telling has the names of the column that names the taxi of each trip in a file that was combined from several of TLC's files, and the
// column's values in lower case. People choose both; these were seen in their files and programs.
var telling = e.Telling{
	Columns: []string{
		"taxi_type", "cab_type", "taxi", "cab", "taxi_color", "taxi_colour", "cab_color", "cab_colour", "color", "colour", "service_type",
	},
	Values: []e.TaxiValue{
		{Value: "yellow", Taxi: "yellow"},
		{Value: "yellow taxi", Taxi: "yellow"},
		{Value: "yellow cab", Taxi: "yellow"},
		{Value: "yellow tripdata", Taxi: "yellow"},
		{Value: "green", Taxi: "green"},
		{Value: "green taxi", Taxi: "green"},
		{Value: "green cab", Taxi: "green"},
		{Value: "green tripdata", Taxi: "green"},
		{Value: "boro taxi", Taxi: "green"}, // TLC's name for green taxis
		{Value: "fhv", Taxi: "fhv"},
		{Value: "fhv tripdata", Taxi: "fhv"},
		{Value: "fhvhv", Taxi: "fhvhv"},
		{Value: "fhvhv tripdata", Taxi: "fhvhv"},
		{Value: "hvfhv", Taxi: "fhvhv"},
		{Value: "hvfhs", Taxi: "fhvhv"},
	},
}

// Telling returns how a column of a file names the taxi of each trip, for the taxis that can be read.
func Telling() e.Telling {
	t := e.Telling{Columns: telling.Columns}
	taxis := Taxis()
	for _, v := range telling.Values {
		if slices.Contains(taxis, v.Taxi) {
			t.Values = append(t.Values, v)
		}
	}
	return t
}
