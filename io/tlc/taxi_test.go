package tlc

import "testing"

func TestTaxiOfTakesTheLastPartThatSaysOne(t *testing.T) {
	for name, want := range map[string]string{
		"yellow_tripdata_2014-01.parquet": "yellow", "a/Green-2020-01.parquet": "green", "fhv_tripdata_2020-04.parquet": "fhv",
		"fhvhv_tripdata_2020-04.parquet": "fhvhv", "green/2020-01.parquet": "green", "taxi=green/x/2020-01.parquet": "green",
		"green/yellow_2020-01.parquet": "yellow", "yellowish_2020-01.parquet": "", "yellow_and_green_2020-01.parquet": "",
		"yellow/taxi_zone_lookup.parquet": "", "lookup.parquet": "",
	} {
		if found := TaxiOf(name); found != want {
			t.Errorf("TaxiOf(%q) = %q, expected %q", name, found, want)
		}
	}
}

func TestMonthOfDoesNotReadUUIDs(t *testing.T) {
	if m, ok := MonthOf("part-00000-5f3e2014-2014-0345-9b12-00c04fd430c8.snappy.parquet"); ok {
		t.Errorf("found %s in a UUID, expected no month", FormatMonth(m))
	}
}
