package tlcgen

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// ColumnType is the type of a column: the physical and logical parquet type, and the
// Arrow type that the ARROW:schema metadata gives it.
type ColumnType uint8

// The types of columns. All are OPTIONAL.
const (
	Int32       ColumnType = iota // INT32, no logical type
	Int64                         // INT64, no logical type
	Double                        // DOUBLE, no logical type
	Timestamp                     // INT64, TIMESTAMP(MICROS), isAdjustedToUTC=false
	String                        // BYTE_ARRAY, STRING; Arrow string
	LargeString                   // BYTE_ARRAY, STRING; Arrow large_string
	Null                          // INT32, NULL: a column without any value
)

// Column is one column of a file.
type Column struct {
	Name string
	Type ColumnType

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
// must cope. Files with the coordinates of 2011 to 2016 are not TLC's: others
// made them of its CSV files, with the defaults of their own programs.
var (
	writer2022 = writer{codec: GZIP, version: parquet.V1_0, stats: true}
	writer2023 = writer{codec: ZSTD, version: parquet.V2_6, stats: false}
	writer2025 = writer{codec: ZSTD, version: parquet.V2_6, stats: true}

	writerOthers = writer{codec: Snappy, version: parquet.V2_6, stats: true}
)

// style is how the values of a variant are written, as far as the types of its
// columns do not say it.
type style struct {
	texts map[field][]parquet.ByteArray // of fields that are text, by value

	// inexact leaves some decimals a unit in the last place beside the nearest
	// number, as the program did that read them from CSV.
	inexact bool

	// singles rounds coordinates to numbers of 32 bits.
	singles bool

	// random leaves the rows of the month in no order, instead of hour by hour.
	random bool
}

// variant is the schema of one taxi's files from one month on, until the next
// variant of the same taxi.
type variant struct {
	taxi    Taxi
	from    YearMonth
	writer  writer
	columns []Column
	style   style
}

// has reports whether a column holds the field.
func (v *variant) has(f field) bool {
	return slices.ContainsFunc(v.columns, func(c Column) bool { return c.field == f })
}

// fields returns how many fields blocks of the variant need.
func (v *variant) fields() field {
	switch {
	case v.taxi.forHire():
		return numFields
	case v.has(fPickupLon) || v.has(fIndex) || v.has(fSource):
		return numTaxiFields
	}
	return numTripFields
}

// variants lists every schema, ordered by taxi and month. A month is made by
// the last row that is not later than it.
var variants = append([]variant{
	{Yellow, YearMonth{2009, 1}, writer2022, yellow2009, style2009},
	{Yellow, YearMonth{2010, 1}, writer2022, yellow2010, style2010},
	{Yellow, YearMonth{2010, 2}, writer2022, with(withType(yellow2010, Int64, "rate_code"), indexColumn), style2010},
	{Yellow, YearMonth{2010, 4}, writer2022, yellow2010, style2010},
	{Yellow, YearMonth{2011, 1}, writer2022, yellow2011, style2011},
	{Yellow, YearMonth{2018, 7}, writer2022, withType(yellow2011, Double, "passenger_count", "RatecodeID"), style2011},
	{Yellow, YearMonth{2023, 2}, writer2023, yellow2023, style2011},
	{Yellow, YearMonth{2025, 1}, writer2025, with(yellow2023, cbdColumn), style2011},
	{Yellow, YearMonth{2026, 6}, writer2025, with(yellow2023, cbdColumn, sourceColumn), style2011},
	{Green, YearMonth{2013, 8}, writer2022, green2013, style2011},
	{Green, YearMonth{2018, 7}, writer2022, withType(green2013, Double, "passenger_count", "RatecodeID", "payment_type"), style2011},
	{Green, YearMonth{2023, 2}, writer2023, green2023, style2011},
	{Green, YearMonth{2025, 1}, writer2025, with(green2023, cbdColumn), style2011},
	{Green, YearMonth{2026, 6}, writer2025, with(green2023, cbdColumn, sourceColumn), style2011},
}, forHireVariants...)

var style2011 = style{texts: map[field][]parquet.ByteArray{
	fFlag:   texts("N", "Y"),
	fSource: texts("HV0003", "HV0005"), // the licences of Uber and Lyft
}}

func texts(values ...string) []parquet.ByteArray {
	t := make([]parquet.ByteArray, len(values))
	for i, v := range values {
		t[i] = parquet.ByteArray(v)
	}
	return t
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
	c := withType(yellow2011, Int32, "VendorID", "PULocationID", "DOLocationID")
	c = withType(c, LargeString, "store_and_fwd_flag")
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
	c := withType(green2013, Int32, "VendorID", "PULocationID", "DOLocationID")
	c = withType(c, LargeString, "store_and_fwd_flag")
	c = withType(c, Int64, "trip_type")
	return withType(c, Double, "ehail_fee")
}()

func withType(columns []Column, typ ColumnType, names ...string) []Column {
	columns = slices.Clone(columns)
	for _, name := range names {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		columns[i].Type = typ
	}
	return columns
}

// Columns that were added at the end.
var (
	indexColumn  = Column{"__index_level_0__", Int64, fIndex}
	cbdColumn    = Column{"cbd_congestion_fee", Double, fCBD}
	sourceColumn = Column{"request_source", LargeString, fSource}
)

func with(columns []Column, more ...Column) []Column {
	return append(slices.Clone(columns), more...)
}

// nullColumns lists the columns that hold no value in early months. TLC's
// writer then inferred a type or none from month to month: such a column is
// of type Null, except in the months of doubleIn.
var nullColumns = []struct {
	taxi     Taxi
	name     string
	from     YearMonth // first month in which the column is of type Null
	until    YearMonth // first month in which it is always DOUBLE
	doubleIn []YearMonth
}{
	{Yellow, "congestion_surcharge", YearMonth{2011, 1}, YearMonth{2019, 1}, []YearMonth{
		{2011, 1},
		{2011, 3},
		{2012, 12},
		{2013, 5},
		{2014, 1},
		{2018, 1},
		{2018, 6},
		{2018, 9},
		{2018, 11},
	}},
	{Yellow, "airport_fee", YearMonth{2011, 1}, YearMonth{2020, 11}, []YearMonth{
		{2011, 1}, {2018, 1}, {2020, 8}, {2020, 9},
	}},
	{Yellow, "improvement_surcharge", YearMonth{2014, 8}, YearMonth{2014, 9}, nil},
	{Green, "congestion_surcharge", YearMonth{2013, 8}, YearMonth{2019, 1}, nil},
	{FHVHV, "airport_fee", YearMonth{2019, 2}, YearMonth{2021, 1}, []YearMonth{{2019, 6}, {2020, 8}}},
}

// find returns the row of a table of variants that makes a month, or nil.
func find(table []variant, t Taxi, m YearMonth) *variant {
	var found *variant
	for i := range table {
		if v := &table[i]; v.taxi == t && !m.Before(v.from) {
			found = v
		}
	}
	return found
}

// variantOf returns the schema and writer of one month's file as published.
func variantOf(t Taxi, m YearMonth) (variant, error) {
	found := find(variants, t, m)
	if found == nil {
		for _, v := range variants {
			if v.taxi == t {
				return variant{}, fmt.Errorf("tlcgen: no %s file can be made for %v: the first is %v", t, m, v.from)
			}
		}
		return variant{}, fmt.Errorf("tlcgen: taxi %q is none of %v", t, taxis)
	}
	v := *found
	for _, n := range nullColumns {
		if n.taxi == t && !m.Before(n.from) && m.Before(n.until) && !slices.Contains(n.doubleIn, m) {
			v.columns = withType(v.columns, Null, n.name)
		}
	}
	return v, nil
}

// variant returns the schema and writer of the file that o asks for.
func (o *Options) variant() (variant, error) {
	v, err := variantOf(o.Taxi, o.Month)
	if err != nil {
		return v, err
	}
	switch {
	case o.OldNames && !o.Coordinates && csvVariant(o.Taxi, o.Month) != nil:
		v = *csvVariant(o.Taxi, o.Month)
	case o.OldNames && !o.Coordinates:
		return v, fmt.Errorf("tlcgen: no %s file of %v has old names, unless with coordinates: ask for both", o.Taxi, o.Month)
	case o.Coordinates && o.Taxi.forHire():
		return v, fmt.Errorf("tlcgen: no %s file has coordinates", o.Taxi)
	case !o.Coordinates || v.has(fPickupLon):
	case lastCoordinates.Before(o.Month):
		return v, fmt.Errorf("tlcgen: no file with coordinates can be made for %v: the last is %v", o.Month, lastCoordinates)
	case o.OldNames && o.Month.Before(newNames) && o.Taxi == Yellow:
		v = oldNames
	default:
		v = *find(coordinateVariants, o.Taxi, o.Month)
	}
	if o.StringTimes {
		v.columns = slices.Clone(v.columns)
		for i := range v.columns {
			if v.columns[i].Type == Timestamp {
				v.columns[i].Type = String
			}
		}
	}
	return v, nil
}

// Columns returns the columns of a month's file as published, in order. The
// error says which month is the first that can be made.
func Columns(t Taxi, m YearMonth) ([]Column, error) {
	return Options{Taxi: t, Month: m}.Columns()
}

// Columns returns the columns of the file, in order.
func (o Options) Columns() ([]Column, error) {
	v, err := o.variant()
	return o.written(v.columns), err
}

// jobFields are what the tables are made of.
var jobFields = setOf(fPickup, fDropoff, fPassengers, fDistance, fPickupZone, fDropoffZone, fTip, fTotal,
	fPickupLon, fPickupLat, fDropoffLon, fDropoffLat)

// written returns those of a variant's columns that the file has. Its rows are
// made for all of them, so that they do not depend on it.
func (o *Options) written(columns []Column) []Column {
	if !o.JobColumns {
		return columns
	}
	job := jobFields
	switch o.Taxi { // licences and bases tell these files from others
	case FHVHV:
		job |= setOf(totalParts...) | setOf(fLicence)
	case FHV:
		job |= setOf(fBase)
	}
	return slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return !job.has(c.field) })
}

// node returns the parquet schema node of the column.
func (c Column) node() schema.Node {
	var (
		logical  schema.LogicalType = schema.NoLogicalType{}
		physical parquet.Type
	)
	switch c.Type {
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
	return arrow.Field{Name: c.Name, Type: types[c.Type], Nullable: true}
}
