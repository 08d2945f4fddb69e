package tlc_test

import (
	"strings"
	"testing"

	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// bigQuery are the columns of BigQuery's tables of both taxis.
const bigQuery = "vendor_id pickup_datetime dropoff_datetime passenger_count trip_distance rate_code store_and_fwd_flag payment_type fare_amount extra mta_tax tip_amount tolls_amount imp_surcharge airport_fee total_amount pickup_location_id dropoff_location_id data_file_year data_file_month"

// TestFilesOfOthersAreToldByTheirNamesForColumns has the columns of tables that others have made. Columns that are not needed must be
// known too, so that no note names them.
func TestFilesOfOthersAreToldByTheirNamesForColumns(t *testing.T) {
	for name, c := range map[string]struct {
		columns, said string // said: the taxi that the name of the file says
		taxi, want    string
	}{
		"Azure, yellow": {"vendorID tpepPickupDateTime tpepDropoffDateTime passengerCount tripDistance puLocationId doLocationId startLon startLat endLon endLat rateCodeId storeAndFwdFlag paymentType fareAmount extra mtaTax improvementSurcharge tipAmount tollsAmount totalAmount puYear puMonth", "", "yellow", "yellow since 2011"},
		"Azure, green":  {"vendorID lpepPickupDatetime lpepDropoffDatetime passengerCount tripDistance puLocationId doLocationId pickupLongitude pickupLatitude dropoffLongitude dropoffLatitude rateCodeID storeAndFwdFlag paymentType fareAmount extra mtaTax improvementSurcharge tipAmount tollsAmount ehailFee totalAmount tripType puYear puMonth", "", "green", "green since 2013"},
		"dlt, yellow":   {"vendor_id tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance ratecode_id store_and_fwd_flag pu_location_id do_location_id payment_type fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge total_amount congestion_surcharge airport_fee cbd_congestion_fee _dlt_load_id _dlt_id", "", "yellow", "yellow since 2011"},

		"BigQuery, yellow":                             {bigQuery, "", "yellow", "yellow 2020-06"},
		"BigQuery, green":                              {bigQuery + " ehail_fee distance_between_service time_between_service trip_type", "", "green", "green 2020-06"},
		"BigQuery, green, but the name says yellow":    {bigQuery + " ehail_fee trip_type", "yellow", "", "which trips of green taxis may have, expected the taxi in the name of the file"},
		"BigQuery, green without its own columns":      {bigQuery, "green", "green", "green by the name of the file"},
		"BigQuery, a part of yellow":                   {"pickup_datetime dropoff_datetime pickup_location_id dropoff_location_id fare_amount", "yellow", "yellow", "yellow by the name of the file"},
		"BigQuery, a part of either":                   {"pickup_datetime dropoff_datetime pickup_location_id dropoff_location_id fare_amount", "", "", "which trips of yellow and of green taxis may have, expected the taxi in the name of the file"},
		"BigQuery, a part that the name says is fhv's": {"pickup_datetime dropoff_datetime pickup_location_id dropoff_location_id", "fhv", "", "of yellow and of green taxis"},
		"dbt, green":                                   {"tripid vendorid ratecodeid pickup_locationid dropoff_locationid pickup_datetime dropoff_datetime store_and_fwd_flag passenger_count trip_distance trip_type fare_amount extra mta_tax tip_amount tolls_amount ehail_fee improvement_surcharge total_amount payment_type payment_type_description", "", "green", "green 2020-06"},
		"Spark, green":                                 {"vendor_id pickup_datetime dropoff_datetime store_and_fwd_flag rate_code_id pickup_location_id dropoff_location_id pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude passenger_count trip_distance fare_amount extra mta_tax tip_amount tolls_amount ehail_fee improvement_surcharge total_amount payment_type trip_type", "", "green", "green 2020-06"},
		"Spark, yellow":                                {"vendor_id pickup_datetime dropoff_datetime store_and_fwd_flag rate_code_id pickup_location_id dropoff_location_id pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude passenger_count trip_distance fare_amount extra mta_tax tip_amount tolls_amount improvement_surcharge total_amount payment_type", "", "yellow", "yellow 2020-06"},
		"green with places alone":                      {"pickup_datetime dropoff_datetime pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude trip_type ehail_fee", "", "green", "green 2020-06"},

		"a column by two names":  {"vendor_id tpep_pickup_datetime tpepPickupDateTime tpep_dropoff_datetime PULocationID DOLocationID", "", "", `found columns "tpep_pickup_datetime" and "tpepPickupDateTime", expected one tpep_pickup_datetime`},
		"two taxis' times":       {"tpepPickupDateTime tpepDropoffDateTime lpepPickupDatetime lpepDropoffDatetime PULocationID DOLocationID", "", "", "found both"},
		"Azure without dropoffs": {"tpepPickupDateTime puLocationId doLocationId", "", "yellow", "expected also tpep_dropoff_datetime"},
	} {
		described := element.Described{Found: element.Found{Source: "x.parquet", NameTaxi: c.said}}
		for _, column := range strings.Fields(c.columns) {
			described.Columns = append(described.Columns, element.Column{Name: column, Type: element.Null})
		}
		f, err := trip.Recognise(described, trip.Options{Registry: registry, Judged: true, Wanted: trip.Standing})
		got := f.Variant
		if err != nil {
			got = err.Error()
		}
		if (f.Taxi != c.taxi && name != "a column by two names") || !strings.Contains(got, c.want) {
			t.Errorf("%s:\ngot  %q: %s\nwant %q: %s", name, f.Taxi, got, c.taxi, c.want)
		}
		if len(f.Unknown) > 0 {
			t.Errorf("%s: found unknown columns %v", name, f.Unknown)
		}
	}
}

// TestNoColumnHasTwoMeaningsByItsNames checks that a name of others is not the name of another column of the same dataset.
func TestNoColumnHasTwoMeaningsByItsNames(t *testing.T) {
	for _, d := range tlc.Registry {
		owner := map[string]string{}
		for _, k := range d.Columns {
			for _, name := range append([]string{k.Name}, k.Also...) {
				name = strings.ToLower(name)
				if other, taken := owner[name]; taken && other != k.Name {
					t.Errorf("%s: %s is a name of both %s and %s", d.Name, name, other, k.Name)
				}
				owner[name] = k.Name
			}
		}
	}
}
