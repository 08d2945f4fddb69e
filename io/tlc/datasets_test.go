package tlc_test

import (
	"slices"
	"strings"
	"testing"

	"tripstats/io/tlc"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// registry has all datasets that a run knows: TLC's, and the program's own tables.
var registry = slices.Concat(tlc.Registry, aggregate.Datasets())

// TestDatasetsAreDeclaredWhole checks what the decision of a file's dataset, --months and fetch rely on.
func TestDatasetsAreDeclaredWhole(t *testing.T) {
	seen := map[string]bool{}
	probed := map[string]bool{}
	for _, d := range registry {
		if d.Name == "" || seen[d.Name] || len(d.Signatures) == 0 {
			t.Errorf("%+v: expected a name of its own, and a signature", d)
		}
		seen[d.Name] = true
		if d.Unread != "" {
			continue
		}
		pickups := d.Find(trip.Pickup.Meaning())
		if d.First == 0 || d.Last != 0 && d.Last < d.First || d.Probe != 0 && (d.Probe < d.First || d.Last != 0 && d.Probe > d.Last) {
			t.Errorf("%s: from %d to %d, probe %d: expected months in order", d.Name, d.First, d.Last, d.Probe)
		}
		probed[d.Taxi] = probed[d.Taxi] || d.Probe != 0
		for _, s := range d.Signatures {
			if !slices.ContainsFunc(pickups, func(k element.Known) bool { return slices.Contains(s, k.Name) }) {
				t.Errorf("%s: the signature %v has no pickup time", d.Name, s)
			}
			for _, c := range s {
				if !slices.ContainsFunc(d.Columns, func(k element.Known) bool { return strings.EqualFold(k.Name, c) }) {
					t.Errorf("%s: column %s of a signature is not among its columns", d.Name, c)
				}
			}
		}
	}
	for _, taxi := range tlc.Taxis() {
		if !probed[taxi] {
			t.Errorf("%s: no dataset has a month that is known to be published", taxi)
		}
	}
}

// TestEveryKindOfFileIsToldByItsColumns has the columns of files as they are published, and of some that are mixed up.
func TestEveryKindOfFileIsToldByItsColumns(t *testing.T) {
	const (
		places = " pickup_longitude pickup_latitude dropoff_longitude dropoff_latitude"
		zones  = " PULocationID DOLocationID"
		of2010 = "vendor_id pickup_datetime dropoff_datetime" + places
		yellow = "VendorID tpep_pickup_datetime tpep_dropoff_datetime"
		green  = "VendorID lpep_pickup_datetime lpep_dropoff_datetime"
		uber   = "hvfhs_license_num dispatching_base_num originating_base_num request_datetime on_scene_datetime pickup_datetime dropoff_datetime" + zones
	)
	for _, c := range []struct{ columns, taxi, want string }{
		{yellow + zones, "yellow", "yellow since 2011"},
		{yellow + places, "yellow", "yellow since 2011"},
		{green + zones, "green", "green since 2013"},
		{green + zones + places, "green", "green since 2013"},
		{"Trip_Pickup_DateTime Trip_Dropoff_DateTime Start_Lon Start_Lat End_Lon End_Lat", "yellow", "yellow 2009"},
		{of2010, "yellow", "yellow 2010"},
		{uber, "fhvhv", "fhvhv since 2019"},
		{uber + " SR_Flag", "fhvhv", "fhvhv since 2019"},
		{"hvfhs_license_num pickup_datetime dropoff_datetime" + zones, "fhvhv", "fhvhv since 2019"},
		{"hvfhs_license_num pickup_datetime" + zones, "fhvhv", "expected also dispatching_base_num, dropoff_datetime;"},
		{"hvfhs_license_num vendorid pickup_datetime dropoff_datetime SR_Flag" + zones, "fhvhv", "fhvhv since 2019"},
		{"dispatching_base_num pickup_datetime dropOff_datetime PUlocationID DOlocationID SR_Flag", "fhv", "fhv since 2017"},
		{"vendorid pickup_datetime dropoff_datetime SR_Flag" + zones, "fhv", "fhv since 2017"},
		{"Dispatching_base_num Pickup_date locationID", "fhv", "fhv 2015 and 2016"},
		{"Dispatching_base_num Pickup_date", "fhv", "fhv 2015 and 2016"},
		{"Pickup_date locationID", "fhv", "expected also Dispatching_base_num"},
		{of2010 + " dispatching_base_num" + zones, "", "found both pickup_longitude (yellow 2010) and dispatching_base_num (fhv since 2017)"},
		{yellow + " " + green + zones, "", "found both tpep_pickup_datetime (yellow since 2011) and lpep_pickup_datetime (green since 2013), expected one: a file of one taxi and form; split it"},
		{yellow + zones + " " + of2010, "", "found both tpep_pickup_datetime (yellow since 2011) and pickup_datetime (yellow 2010)"},
		{yellow + zones + " " + uber, "", "found both tpep_pickup_datetime (yellow since 2011) and pickup_datetime"},
		{"pickup_datetime dropoff_datetime" + zones, "", "which trips of yellow and of green taxis may have, expected the taxi in the name of the file"},
		{"pickup_datetime dropoff_datetime pickup_longitude", "yellow", "expected also pickup_latitude, dropoff_longitude, dropoff_latitude"},
		{yellow + " PULocationID", "yellow", "expected also DOLocationID"},
		{"taxi year month_start trip_count avg_tip", "", "one of this program's own tables"},
		{"taxi year month_start location_id pickups dropoffs", "", "one of this program's own tables"},
		{"taxi source month_start rule scope rows", "", "one of this program's own tables"},
		{"LocationID Borough Zone service_zone", "", "not a TLC trip-record file this program knows; leave it out, or say with --dataset what its columns are"},
	} {
		described := element.Described{Found: element.Found{Source: "x.parquet"}}
		for _, name := range strings.Fields(c.columns) {
			described.Columns = append(described.Columns, element.Column{Name: name, Type: element.Null})
		}
		f, err := trip.Recognise(described, trip.Options{Registry: registry, UTC: trip.UTCRefuse, Judged: true})
		got := f.Variant
		if err != nil {
			got = err.Error()
		}
		if f.Taxi != c.taxi || !strings.Contains(got, c.want) {
			t.Errorf("%s:\ngot  %q: %s\nwant %q: %s", c.columns, f.Taxi, got, c.taxi, c.want)
		}
	}
}
