package main

import (
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/aggregate"
)

// standingTable is what is said of a table that the program makes without SQL.
type standingTable struct {
	name    string
	meaning string
	keys    []string          // a row for each combination of these columns
	columns map[string]string // the meaning of each column, by name
}

// standing are the tables that --tables=standard stands for, the ledger and the zones table. Their schemas are in transforms/aggregate.
var standing = []standingTable{
	{
		name: "trip_stats", meaning: "how many trips, and the averages and sums of passengers, miles, minutes, cost and tips", keys: []string{"taxi", "month_start"},
		columns: map[string]string{
			"taxi":                      "yellow, green, fhvhv or fhv",
			"year":                      "the year of month_start",
			"month_start":               "the first day of the month",
			"trip_count":                "trips",
			"avg_passengers":            "average passengers; like all averages null if there is no value to average",
			"avg_trip_distance_miles":   "average distance in miles",
			"avg_trip_duration_minutes": "average duration in minutes",
			"avg_amount":                "average total charged, in dollars",
			"avg_tip":                   "average tip paid by card, in dollars",
			"passengers_counted":        "trips in the average of passengers; this column and those below are not with raw",
			"distance_counted":          "trips in the average of distance",
			"duration_counted":          "trips in the average of duration",
			"amount_counted":            "trips in the average of amount",
			"tip_counted":               "trips in the average of tip",
			"passengers_sum":            "passengers, added up; sums let you average over quarters and years exactly",
			"distance_sum":              "miles, added up",
			"duration_minutes_sum":      "minutes, added up",
			"amount_sum":                "dollars, added up",
			"tip_sum":                   "dollars of tips, added up",
			"refund_rows":               "trips with a negative amount",
			"refund_sum":                "their amounts, added up",
		},
	},
	{
		name: "location_stats", meaning: "how many trips began in a taxi zone, and how many ended there", keys: []string{"taxi", "month_start", "location_id"},
		columns: map[string]string{
			"taxi":        "yellow, green, fhvhv or fhv",
			"year":        "the year of month_start",
			"month_start": "the first day of the month in which the trips began",
			"location_id": "TLC's number of the taxi zone",
			"pickups":     "trips that began in the zone",
			"dropoffs":    "trips that ended in the zone",
			"zone":        "the name of the zone; null if the zones table does not have the zone",
			"borough":     "the borough of the zone, or null",
		},
	},
	{
		name: aggregate.LedgerName, meaning: "the ledger: what became of the rows of each file, rule by rule; not with raw",
		keys: []string{"taxi", "source", "month_start", "rule", "scope"},
		columns: map[string]string{
			"taxi":        "yellow, green, fhvhv or fhv",
			"source":      "the file, or the folder whose files are one dataset",
			"month_start": "the month in the file's path, or null; in lines of rules, the month of the pickups",
			"rule":        "a rule; or rows_read, rows_counted, or column_unknown for a file with a column that TLC has added",
			"scope":       "row or cell, by the rule; file for the three others",
			"rows":        "rows to which the rule applied",
		},
	},
	{
		name: aggregate.ZonesName, meaning: "the taxi zones: what a location_id stands for; in every output", keys: []string{"location_id"},
		columns: map[string]string{
			"location_id":  "TLC's number of the taxi zone",
			"zone":         "its name; several zones may have one name",
			"borough":      "the borough in which it is",
			"service_zone": "Yellow Zone, Boro Zone, Airports or EWR: which taxis may pick up passengers there",
			"longitude":    "the longitude of a point inside the zone, in degrees; null if the zone is not on the map",
			"latitude":     "the latitude of the same point, in degrees; null if the zone is not on the map",
		},
	},
}

// standingNames lists the names of the standing tables.
func standingNames() []string {
	names := make([]string, len(standing))
	for i, t := range standing {
		names[i] = t.name
	}
	return names
}

// standingNamed returns the standing table with a name.
func standingNamed(name string) (standingTable, bool) {
	i := slices.Index(standingNames(), name)
	if i < 0 {
		return standingTable{}, false
	}
	return standing[i], true
}

// schema returns the schema of the table where rules apply: without them there are fewer columns.
func (t standingTable) schema() *arrow.Schema {
	for _, spec := range aggregate.Tables(true) {
		if spec.Name == t.name {
			return spec.Schema()
		}
	}
	if t.name == aggregate.ZonesName {
		return aggregate.Zones{}.Schema()
	}
	return aggregate.LedgerSchema
}

// arrowName is the name of a type as the documents have it.
func arrowName(t arrow.DataType) string { return strings.Replace(t.String(), "utf8", "string", 1) }
