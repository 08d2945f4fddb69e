package aggregate

import (
	"slices"

	"tripstats/transforms/trip"
)

// Tables lists the tables of the output. To add a table, add an entry here.
//
// The ledger is not a Spec: it counts rows of files, see [Ledger]. Neither is the zones table, see [Zones]. With raw the columns in rollUp are left out, because sums
// mean little without rules.
func Tables(judged bool) []*Spec {
	tripStats := &Spec{Name: "trip_stats", Step: "monthly", Seeded: true, Values: averages}
	if judged {
		tripStats.Values = slices.Concat(averages, rollUp)
	}
	return []*Spec{tripStats, locationStats}
}

// averages are the columns of trip_stats after its keys: one row for each taxi and month.
var averages = []Value{
	{Name: "trip_count", Func: Rows},
	{Name: "avg_passengers", Func: Mean, Of: trip.Passengers},
	{Name: "avg_trip_distance_miles", Func: Mean, Of: trip.Distance},
	{Name: "avg_trip_duration_minutes", Func: Mean, Of: trip.Duration},
	{Name: "avg_amount", Func: Mean, Of: trip.Amount},
	{Name: "avg_tip", Func: Mean, Of: trip.Tip},
}

// rollUp are the further columns of trip_stats, if rules are applied: how many values were counted, and their sums. With them
// months can be rolled up exactly. A refund counts as a trip, but only refund_sum has its amount.
var rollUp = []Value{
	{Name: "passengers_counted", Func: Counted, Of: trip.Passengers},
	{Name: "distance_counted", Func: Counted, Of: trip.Distance},
	{Name: "duration_counted", Func: Counted, Of: trip.Duration},
	{Name: "amount_counted", Func: Counted, Of: trip.Amount},
	{Name: "tip_counted", Func: Counted, Of: trip.Tip},
	{Name: "passengers_sum", Func: Total, Of: trip.Passengers, Whole: true},
	{Name: "distance_sum", Func: Total, Of: trip.Distance},
	{Name: "duration_minutes_sum", Func: Total, Of: trip.Duration},
	{Name: "amount_sum", Func: Total, Of: trip.Amount},
	{Name: "tip_sum", Func: Total, Of: trip.Tip},
	{Name: "refund_rows", Func: Counted, Of: trip.Amount, Rule: "amount_negative"},
	{Name: "refund_sum", Func: Total, Of: trip.Amount, Rule: "amount_negative"},
}

// locationStats has a row for each taxi, month and zone with pickups or dropoffs. A dropoff counts in the month of its trip's
// pickup.
var locationStats = &Spec{
	Name: "location_stats", Step: "location",
	By: []Key{{Name: "location_id", Of: trip.PickupZone, Or: new(trip.DropoffZone)}},
	Values: []Value{
		{Name: "pickups", Func: Rows},
		{Name: "dropoffs", Func: Rows, Or: true},
	},
	Zone: []string{"zone", "borough"},
}

// StandingNames lists the names of [Tables], of the ledger if rules are applied, and of the zones table.
func StandingNames(judged bool) []string {
	names := Names(Tables(judged))
	if judged {
		names = append(names, LedgerName)
	}
	return append(names, ZonesName)
}

// Names lists the names of tables.
func Names(tables []*Spec) []string {
	var names []string
	for _, t := range tables {
		names = append(names, t.Name)
	}
	return names
}

// Needs are the columns of trips that tables are made of, ascending.
func Needs(tables []*Spec) []trip.Field {
	var needed []trip.Field
	for _, t := range tables {
		needed = append(needed, t.Needs()...)
	}
	slices.Sort(needed)
	return slices.Compact(needed)
}
