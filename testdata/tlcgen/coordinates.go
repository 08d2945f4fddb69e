package tlcgen

import "github.com/apache/arrow-go/v18/parquet"

// The variants whose trips have longitudes and latitudes instead of zones:
// those of 2009 and 2010, which TLC still publishes so, and those of its CSV
// files up to 2016-06.

// yellow2009 has one type for all twelve months. Rate_Code and
// store_and_forward are DOUBLE because they hold nothing.
var yellow2009 = []Column{
	{"vendor_name", String, fVendor},
	{"Trip_Pickup_DateTime", String, fPickup},
	{"Trip_Dropoff_DateTime", String, fDropoff},
	{"Passenger_Count", Int64, fPassengers},
	{"Trip_Distance", Double, fDistance},
	{"Start_Lon", Double, fPickupLon},
	{"Start_Lat", Double, fPickupLat},
	{"Rate_Code", Double, fRate},
	{"store_and_forward", Double, fFlag},
	{"End_Lon", Double, fDropoffLon},
	{"End_Lat", Double, fDropoffLat},
	{"Payment_Type", String, fPayment},
	{"Fare_Amt", Double, fFare},
	{"surcharge", Double, fExtra},
	{"mta_tax", Double, fMTATax},
	{"Tip_Amt", Double, fTip},
	{"Tolls_Amt", Double, fTolls},
	{"Total_Amt", Double, fTotal},
}

// yellow2010 has rate_code as text, but as INT64 in the two months with a
// stray index: see variants.
var yellow2010 = []Column{
	{"vendor_id", String, fVendor},
	{"pickup_datetime", String, fPickup},
	{"dropoff_datetime", String, fDropoff},
	{"passenger_count", Int64, fPassengers},
	{"trip_distance", Double, fDistance},
	{"pickup_longitude", Double, fPickupLon},
	{"pickup_latitude", Double, fPickupLat},
	{"rate_code", String, fRate},
	{"store_and_fwd_flag", String, fFlag},
	{"dropoff_longitude", Double, fDropoffLon},
	{"dropoff_latitude", Double, fDropoffLat},
	{"payment_type", String, fPayment},
	{"fare_amount", Double, fFare},
	{"surcharge", Double, fExtra},
	{"mta_tax", Double, fMTATax},
	{"tip_amount", Double, fTip},
	{"tolls_amount", Double, fTolls},
	{"total_amount", Double, fTotal},
}

// yellowCoordinates are the columns of the CSV files from 2015-01 on.
var yellowCoordinates = []Column{
	{"VendorID", Int64, fVendor},
	{"tpep_pickup_datetime", Timestamp, fPickup},
	{"tpep_dropoff_datetime", Timestamp, fDropoff},
	{"passenger_count", Int64, fPassengers},
	{"trip_distance", Double, fDistance},
	{"pickup_longitude", Double, fPickupLon},
	{"pickup_latitude", Double, fPickupLat},
	{"RatecodeID", Int64, fRate},
	{"store_and_fwd_flag", String, fFlag},
	{"dropoff_longitude", Double, fDropoffLon},
	{"dropoff_latitude", Double, fDropoffLat},
	{"payment_type", Int64, fPayment},
	{"fare_amount", Double, fFare},
	{"extra", Double, fExtra},
	{"mta_tax", Double, fMTATax},
	{"tip_amount", Double, fTip},
	{"tolls_amount", Double, fTolls},
	{"improvement_surcharge", Double, fImprovement},
	{"total_amount", Double, fTotal},
}

// greenCoordinates are the columns of the CSV files, with their capitals. Those
// before 2015 have no improvement_surcharge.
var greenCoordinates = []Column{
	{"VendorID", Int64, fVendor},
	{"lpep_pickup_datetime", Timestamp, fPickup},
	{"Lpep_dropoff_datetime", Timestamp, fDropoff},
	{"Store_and_fwd_flag", String, fFlag},
	{"RateCodeID", Int64, fRate},
	{"Pickup_longitude", Double, fPickupLon},
	{"Pickup_latitude", Double, fPickupLat},
	{"Dropoff_longitude", Double, fDropoffLon},
	{"Dropoff_latitude", Double, fDropoffLat},
	{"Passenger_count", Int64, fPassengers},
	{"Trip_distance", Double, fDistance},
	{"Fare_amount", Double, fFare},
	{"Extra", Double, fExtra},
	{"MTA_tax", Double, fMTATax},
	{"Tip_amount", Double, fTip},
	{"Tolls_amount", Double, fTolls},
	{"Ehail_fee", Double, fEhail},
	{"improvement_surcharge", Double, fImprovement},
	{"Total_amount", Double, fTotal},
	{"Payment_type", Int64, fPayment},
	{"Trip_type", Double, fTripType},
}

// lastCoordinates is the last month that had coordinates.
var lastCoordinates = YearMonth{2016, 6}

// newNames is the month from which yellow files had today's names.
var newNames = YearMonth{2015, 1}

// coordinateVariants is to [Options].Coordinates what variants is to files as
// published. Yellow files before 2015 have the columns of later ones: who
// keeps all years in one form gives them that.
var coordinateVariants = []variant{
	{Yellow, YearMonth{2011, 1}, writerOthers, yellowCoordinates, style2011},
	{Yellow, newNames, writerOthers, yellowCoordinates, inSingles(style2011)},
	{Green, YearMonth{2013, 8}, writerOthers, without(greenCoordinates, fImprovement), inSingles(style2011)},
	{Green, newNames, writerOthers, greenCoordinates, inSingles(style2011)},
}

// oldNames is the variant of [Options].OldNames.
var oldNames = variant{
	Yellow,
	YearMonth{2011, 1},
	writerOthers,
	withType(withType(yellow2010, Timestamp, "pickup_datetime", "dropoff_datetime"), Int64, "rate_code"),
	style{texts: map[field][]parquet.ByteArray{
		fVendor:  vendors,
		fFlag:    texts("N", "Y"),
		fPayment: payments([4]string{"CRD", "CSH", "NOC", "DIS"}, [4]string{"CRD", "CSH", "NOC", "DIS"}, [4]string{}),
	}},
}

func inSingles(s style) style {
	s.singles = true
	return s
}

func without(columns []Column, f field) []Column {
	var rest []Column
	for _, c := range columns {
		if c.field != f {
			rest = append(rest, c)
		}
	}
	return rest
}

var (
	style2009 = style{
		texts: map[field][]parquet.ByteArray{
			fVendor: vendors,
			fPayment: payments(
				[4]string{"Credit", "Cash", "No Charge", "Dispute"},
				[4]string{"Credit", "CASH", "No Charge", "Dispute"},
				[4]string{"CREDIT", "CASH", "No Charge", "Dispute"}),
		},
		inexact: true,
		random:  true,
	}
	style2010 = style{
		texts: map[field][]parquet.ByteArray{
			fVendor:  vendors,
			fFlag:    texts("0", "1"),
			fRate:    texts("0", "1", "2", "3", "4", "5", "6"),
			fPayment: payments([4]string{"Cre", "Cas", "No ", "Dis"}, [4]string{"CRE", "CAS", "NOC", "DIS"}, [4]string{}),
		},
		inexact: true,
		random:  true,
	}
)

var vendors = texts("", "CMT", "VTS", "DDS")

// payments gives how each vendor says card, cash, no charge and dispute, by
// paymentText.
func payments(cmt, vts, dds [4]string) []parquet.ByteArray {
	var all []string
	for _, vendor := range [...][4]string{{}, cmt, vts, dds} {
		all = append(all, "")
		all = append(all, vendor[:]...)
	}
	return texts(all...)
}

// paymentText is what fPayment holds where the column is text.
func paymentText(vendor, payment int64) int64 { return vendor*5 + payment }
