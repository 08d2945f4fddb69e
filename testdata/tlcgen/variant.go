package tlcgen

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// Kind is the type of a column: the physical and logical parquet type, and the
// Arrow type that the ARROW:schema metadata gives it.
type Kind uint8

// The kinds of column. All are OPTIONAL.
const (
	Int32       Kind = iota // INT32, no logical type
	Int64                   // INT64, no logical type
	Double                  // DOUBLE, no logical type
	Timestamp               // INT64, TIMESTAMP(MICROS), isAdjustedToUTC=false
	String                  // BYTE_ARRAY, STRING; Arrow string
	LargeString             // BYTE_ARRAY, STRING; Arrow large_string
	Null                    // INT32, NULL: a column without any value
)

// Column is one column of a file.
type Column struct {
	Name string
	Kind Kind

	field field
}

// writer is what a generation of TLC's own writing program did to all columns.
type writer struct {
	codec   Codec
	version parquet.Version
	stats   bool // whether column chunks carry statistics
}

// The writers, as the footers of published files show them. Between 2023-02
// and 2024-12 files have no statistics at all: a reader that prunes by them
// must cope.
var (
	writer2022 = writer{codec: GZIP, version: parquet.V1_0, stats: true}
	writer2023 = writer{codec: ZSTD, version: parquet.V2_6, stats: false}
	writer2025 = writer{codec: ZSTD, version: parquet.V2_6, stats: true}
)

// variant is the schema of one taxi's files from one month on, until the next
// variant of the same taxi.
type variant struct {
	taxi    Taxi
	from    Month
	writer  writer
	columns []Column
}

// variants lists every schema, ordered by taxi and month. A month is made by
// the last row that is not later than it.
var variants = []variant{
	{Yellow, Month{2011, 1}, writer2022, yellow2011},
	{Yellow, Month{2018, 7}, writer2022, withKind(yellow2011, Double, "passenger_count", "RatecodeID")},
	{Yellow, Month{2023, 2}, writer2023, yellow2023},
	{Yellow, Month{2025, 1}, writer2025, withCBD(yellow2023)},
	{Green, Month{2013, 8}, writer2022, green2013},
	{Green, Month{2018, 7}, writer2022, withKind(green2013, Double, "passenger_count", "RatecodeID", "payment_type")},
	{Green, Month{2023, 2}, writer2023, green2023},
	{Green, Month{2025, 1}, writer2025, withCBD(green2023)},
}

var yellow2011 = []Column{
	{"VendorID", Int64, fVendor},
	{"tpep_pickup_datetime", Timestamp, fPickup},
	{"tpep_dropoff_datetime", Timestamp, fDropoff},
	{"passenger_count", Int64, fPassengers},
	{"trip_distance", Double, fDistance},
	{"RatecodeID", Int64, fRate},
	{"store_and_fwd_flag", String, fFlag},
	{"PULocationID", Int64, fPickupZone},
	{"DOLocationID", Int64, fDropoffZone},
	{"payment_type", Int64, fPayment},
	{"fare_amount", Double, fFare},
	{"extra", Double, fExtra},
	{"mta_tax", Double, fMTATax},
	{"tip_amount", Double, fTip},
	{"tolls_amount", Double, fTolls},
	{"improvement_surcharge", Double, fImprovement},
	{"total_amount", Double, fTotal},
	{"congestion_surcharge", Double, fCongestion},
	{"airport_fee", Double, fAirport},
}

// yellow2023 has the ids narrowed, the counts back to integers and a capital A
// in Airport_fee.
var yellow2023 = func() []Column {
	c := withKind(yellow2011, Int32, "VendorID", "PULocationID", "DOLocationID")
	c = withKind(c, LargeString, "store_and_fwd_flag")
	c[len(c)-1].Name = "Airport_fee"
	return c
}()

var green2013 = []Column{
	{"VendorID", Int64, fVendor},
	{"lpep_pickup_datetime", Timestamp, fPickup},
	{"lpep_dropoff_datetime", Timestamp, fDropoff},
	{"store_and_fwd_flag", String, fFlag},
	{"RatecodeID", Int64, fRate},
	{"PULocationID", Int64, fPickupZone},
	{"DOLocationID", Int64, fDropoffZone},
	{"passenger_count", Int64, fPassengers},
	{"trip_distance", Double, fDistance},
	{"fare_amount", Double, fFare},
	{"extra", Double, fExtra},
	{"mta_tax", Double, fMTATax},
	{"tip_amount", Double, fTip},
	{"tolls_amount", Double, fTolls},
	{"ehail_fee", Null, fEhail},
	{"improvement_surcharge", Double, fImprovement},
	{"total_amount", Double, fTotal},
	{"payment_type", Int64, fPayment},
	{"trip_type", Double, fTripType},
	{"congestion_surcharge", Double, fCongestion},
}

var green2023 = func() []Column {
	c := withKind(green2013, Int32, "VendorID", "PULocationID", "DOLocationID")
	c = withKind(c, LargeString, "store_and_fwd_flag")
	c = withKind(c, Int64, "trip_type")
	return withKind(c, Double, "ehail_fee")
}()

func withKind(columns []Column, kind Kind, names ...string) []Column {
	columns = slices.Clone(columns)
	for _, name := range names {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		columns[i].Kind = kind
	}
	return columns
}

func withCBD(columns []Column) []Column {
	return append(slices.Clone(columns), Column{"cbd_congestion_fee", Double, fCBD})
}

// nullColumns lists the columns that hold no value in early months. TLC's
// writer then inferred a type or none from month to month: such a column is
// of kind Null, except in the months of doubleIn.
var nullColumns = []struct {
	taxi     Taxi
	name     string
	from     Month // first month in which the column is of kind Null
	until    Month // first month in which it is always DOUBLE
	doubleIn []Month
}{
	{Yellow, "congestion_surcharge", Month{2011, 1}, Month{2019, 1}, []Month{
		{2011, 1}, {2011, 3}, {2012, 12}, {2013, 5}, {2014, 1},
		{2018, 1}, {2018, 6}, {2018, 9}, {2018, 11},
	}},
	{Yellow, "airport_fee", Month{2011, 1}, Month{2020, 11}, []Month{
		{2011, 1}, {2018, 1}, {2020, 8}, {2020, 9},
	}},
	{Yellow, "improvement_surcharge", Month{2014, 8}, Month{2014, 9}, nil},
	{Green, "congestion_surcharge", Month{2013, 8}, Month{2019, 1}, nil},
}

// variantOf returns the schema and writer of one month's file.
func variantOf(t Taxi, m Month) (variant, error) {
	var found *variant
	for i := range variants {
		if v := &variants[i]; v.taxi == t && !m.Before(v.from) {
			found = v
		}
	}
	if found == nil {
		for _, v := range variants {
			if v.taxi == t {
				return variant{}, fmt.Errorf("tlcgen: no %s file can be made for %v: the first is %v", t, m, v.from)
			}
		}
		return variant{}, fmt.Errorf("tlcgen: taxi %q is neither yellow nor green", t)
	}
	v := *found
	for _, n := range nullColumns {
		if n.taxi == t && !m.Before(n.from) && m.Before(n.until) && !slices.Contains(n.doubleIn, m) {
			v.columns = withKind(v.columns, Null, n.name)
		}
	}
	return v, nil
}

// Columns returns the columns of a month's file, in order. The error says
// which month is the first that can be made.
func Columns(t Taxi, m Month) ([]Column, error) {
	v, err := variantOf(t, m)
	return v.columns, err
}

// node returns the parquet schema node of the column.
func (c Column) node() schema.Node {
	var (
		logical  schema.LogicalType = schema.NoLogicalType{}
		physical parquet.Type
	)
	switch c.Kind {
	case Int32:
		physical = parquet.Types.Int32
	case Int64:
		physical = parquet.Types.Int64
	case Double:
		physical = parquet.Types.Double
	case Timestamp:
		physical, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(false, schema.TimeUnitMicros)
	case String, LargeString:
		physical, logical = parquet.Types.ByteArray, schema.StringLogicalType{}
	case Null:
		physical, logical = parquet.Types.Int32, schema.NullLogicalType{}
	}
	return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(
		c.Name, parquet.Repetitions.Optional, logical, physical, -1, -1))
}

// arrowField returns the column's field in the ARROW:schema metadata.
func (c Column) arrowField() arrow.Field {
	types := [...]arrow.DataType{
		Int32:       arrow.PrimitiveTypes.Int32,
		Int64:       arrow.PrimitiveTypes.Int64,
		Double:      arrow.PrimitiveTypes.Float64,
		Timestamp:   &arrow.TimestampType{Unit: arrow.Microsecond},
		String:      arrow.BinaryTypes.String,
		LargeString: arrow.BinaryTypes.LargeString,
		Null:        arrow.Null,
	}
	return arrow.Field{Name: c.Name, Type: types[c.Kind], Nullable: true}
}
