package query

import (
	"strings"
	"sync"

	"tripstats/transforms/trip"
)

// Column is a column of the table trips.
type Column struct {
	Name    string
	Aliases []string // other names, in lower case: TLC's where they differ
	Type    Type
	Unit    string
	Doc     string
	Eras    string // where files have it; empty if all have
	Source  Source

	// Derived is how the column follows from others, in SQL. In it hidden columns and functions can be named too. It is empty
	// if the column is a source's.
	Derived string

	hidden bool // only derivations can name it
}

// Source tells where the values of a column come from that is not derived.
type Source struct {
	Field trip.Field
	// Taxi: the column is the taxi of the batch, Field has no meaning.
	Taxi bool
}

var (
	money    = decimalType(maxWidth, 6)
	varchar  = simple(Varchar)
	integer  = simple(Integer)
	bigint   = simple(BigInt)
	double   = simple(Double)
	boolean  = simple(Boolean)
	date     = simple(Date)
	moment   = simple(Timestamp)
	hugeint  = simple(HugeInt)
	untyped  = simple(Null)
	zoneName = "NULL if the zone is none of 1 to 265"
)

// Columns are the columns of trips, in the order of SELECT *, then the hidden ones.
var Columns = []Column{
	{Name: "taxi", Type: varchar, Doc: "yellow, green, fhvhv or fhv", Source: Source{Taxi: true}},
	of(trip.Pickup, moment, "", "tpep_pickup_datetime", "lpep_pickup_datetime"),
	of(trip.Dropoff, moment, "", "tpep_dropoff_datetime", "lpep_dropoff_datetime"),
	of(trip.PickupZone, integer, "", "pulocationid"),
	of(trip.DropoffZone, integer, "", "dolocationid"),
	of(trip.Passengers, money, "yellow, green"),
	of(trip.Distance, money, "not fhv", "trip_miles"),
	of(trip.StoredAndForwarded, varchar, "yellow, green"),
	of(trip.Fare, money, "not fhv", "base_passenger_fare"),
	of(trip.Extra, money, "yellow, green"),
	of(trip.MTATax, money, "yellow, green"),
	of(trip.Tip, money, "not fhv"),
	of(trip.Tolls, money, "not fhv"),
	of(trip.ImprovementSurcharge, money, "yellow, green since 2015"),
	of(trip.Amount, money, "not fhv"),
	of(trip.CongestionSurcharge, money, "not fhv, since 2019"),
	of(trip.AirportFee, money, "yellow, fhvhv"),
	of(trip.EhailFee, money, "green"),
	of(trip.CBDFee, money, "not fhv, since 2025"),
	of(trip.Vendor, bigint, "yellow, green"),
	of(trip.RateCode, bigint, "yellow, green"),
	of(trip.PaymentType, bigint, "yellow, green"),
	of(trip.TripType, bigint, "green"),
	of(trip.BlackCarFund, money, "fhvhv", "bcf"),
	of(trip.SalesTax, money, "fhvhv"),
	of(trip.DriverPay, money, "fhvhv"),
	of(trip.TripTime, money, "fhvhv"),
	of(trip.Requested, moment, "fhvhv"),
	of(trip.OnScene, moment, "fhvhv"),
	of(trip.Licence, bigint, "fhvhv"),
	of(trip.SharedRequested, varchar, "fhvhv"),
	of(trip.SharedMatched, varchar, "fhvhv"),
	of(trip.AccessARide, varchar, "fhvhv"),
	of(trip.WheelchairRequested, varchar, "fhvhv"),
	of(trip.WheelchairMatched, varchar, "fhvhv"),
	{Name: "year", Type: integer, Doc: "the year of the pickup", Derived: "CAST(year(pickup_datetime) AS INTEGER)"},
	{Name: "month_start", Type: date, Doc: "the first day of the month of the pickup", Derived: "CAST(date_trunc('month', pickup_datetime) AS DATE)"},
	{Name: "pickup_date", Type: date, Doc: "the day of the pickup", Derived: "CAST(pickup_datetime AS DATE)"},
	{Name: "pickup_hour", Type: integer, Doc: "the hour of the pickup, 0 to 23", Derived: "CAST(hour(pickup_datetime) AS INTEGER)"},
	{Name: "weekday", Type: integer, Doc: "the day of the week of the pickup, 1 is Monday, 7 is Sunday", Derived: "CAST(isodow(pickup_datetime) AS INTEGER)"},
	{Name: "trip_duration_minutes", Type: double, Unit: "minutes", Doc: "from pickup to dropoff", Derived: "trip_duration_micros / 6e7"},
	{Name: "trip_duration_seconds", Type: double, Unit: "seconds", Doc: "from pickup to dropoff", Derived: "trip_duration_micros / 1e6"},
	{Name: "wait_minutes", Type: double, Unit: "minutes", Doc: "from request to pickup", Eras: "fhvhv", Derived: "wait_micros / 6e7"},
	{
		Name: "speed_mph", Type: double, Unit: "miles per hour", Doc: "the distance by the duration; NULL unless the dropoff is after the pickup",
		Derived: "CASE WHEN trip_duration_micros > 0 THEN CAST(trip_distance AS DOUBLE) / (trip_duration_micros / 36e8) END",
	},
	{Name: "pickup_zone", Type: varchar, Doc: "the name of the pickup's zone; several zones may have one name; " + zoneName, Derived: "zone_name(pickup_location_id)"},
	{Name: "pickup_borough", Type: varchar, Doc: "the borough of the pickup's zone; " + zoneName, Derived: "zone_borough(pickup_location_id)"},
	{Name: "pickup_service_zone", Type: varchar, Doc: "which taxis serve the pickup's zone; " + zoneName, Derived: "zone_service(pickup_location_id)"},
	{Name: "dropoff_zone", Type: varchar, Doc: "the name of the dropoff's zone; several zones may have one name; " + zoneName, Derived: "zone_name(dropoff_location_id)"},
	{Name: "dropoff_borough", Type: varchar, Doc: "the borough of the dropoff's zone; " + zoneName, Derived: "zone_borough(dropoff_location_id)"},
	{Name: "dropoff_service_zone", Type: varchar, Doc: "which taxis serve the dropoff's zone; " + zoneName, Derived: "zone_service(dropoff_location_id)"},
	{
		Name: "is_refund", Type: boolean, Doc: "whether the total is negative, also where a rule leaves it out", Derived: "coalesce(recorded_total_amount < 0, false)",
	},

	{Name: "trip_duration_micros", Type: bigint, Unit: "µs", Doc: "from pickup to dropoff; NULL where a rule leaves it out", Source: Source{Field: trip.Duration}, hidden: true},
	{Name: "wait_micros", Type: bigint, Unit: "µs", Doc: "from request to pickup", Source: Source{Field: trip.Wait}, hidden: true},
	{Name: "recorded_total_amount", Type: money, Unit: "dollars", Doc: "the total as the file has it", Source: Source{Field: trip.RecordedAmount}, hidden: true},
}

// of is a column that files have.
func of(f trip.Field, t Type, eras string, aliases ...string) Column {
	info := trip.Fields[f]
	return Column{Name: info.Name, Aliases: aliases, Type: t, Unit: info.Unit, Doc: info.Doc, Eras: eras, Source: Source{Field: f}}
}

// Hidden tells whether only derivations can name the column.
func (c *Column) Hidden() bool { return c.hidden }

// columnNames are the columns by name, in lower case.
var columnNames = sync.OnceValue(func() map[string]int {
	names := map[string]int{}
	for i, c := range Columns {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			names[name] = i
		}
	}
	return names
})

var derivations = sync.OnceValue(func() []*Expr {
	all := make([]*Expr, len(Columns))
	for i, c := range Columns {
		if c.Derived != "" {
			all[i] = derivation(&c)
		}
	}
	return all
})

// Derivation returns the expression, over other columns, that gives a column's values; nil if the column is a source's.
func Derivation(column int) *Expr { return derivations()[column] }

// derivation checks the SQL of a derived column. An error in it is one of this package, which its tests find.
func derivation(c *Column) *Expr {
	r := reportOn("column "+c.Name, "SELECT "+c.Derived+" AS x FROM trips LIMIT 1")
	statements := parse(r)
	if len(statements) == 1 {
		check := &checker{report: r, s: statements[0], q: &Query{}, derives: true}
		if e := check.expr(statements[0].items[0].expr, inSelect); e != nil && r.err() == nil {
			return check.fold(e)
		}
	}
	panic(strings.TrimSpace("query: " + r.err().Error()))
}

// columnNamed finds a column. The name is in lower case.
func columnNamed(name string, derives bool) (int, bool) {
	i, ok := columnNames()[name]
	return i, ok && (derives || !Columns[i].hidden)
}
