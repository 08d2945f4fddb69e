package tlcgen

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCoordinateSchemas checks every column of the files that have no zones.
func TestCoordinateSchemas(t *testing.T) {
	const (
		yellow2009 = `vendor_name s, Trip_Pickup_DateTime s, Trip_Dropoff_DateTime s, Passenger_Count i, Trip_Distance d,
			Start_Lon d, Start_Lat d, Rate_Code d, store_and_forward d, End_Lon d, End_Lat d, Payment_Type s, Fare_Amt d,
			surcharge d, mta_tax d, Tip_Amt d, Tolls_Amt d, Total_Amt d`
		yellow2010 = `vendor_id s, pickup_datetime s, dropoff_datetime s, passenger_count i, trip_distance d, pickup_longitude d,
			pickup_latitude d, rate_code s, store_and_fwd_flag s, dropoff_longitude d, dropoff_latitude d, payment_type s,
			fare_amount d, surcharge d, mta_tax d, tip_amount d, tolls_amount d, total_amount d`
		yellow2010Index = `vendor_id s, pickup_datetime s, dropoff_datetime s, passenger_count i, trip_distance d, pickup_longitude d,
			pickup_latitude d, rate_code i, store_and_fwd_flag s, dropoff_longitude d, dropoff_latitude d, payment_type s,
			fare_amount d, surcharge d, mta_tax d, tip_amount d, tolls_amount d, total_amount d, __index_level_0__ i`
		oldNames = `vendor_id s, pickup_datetime t, dropoff_datetime t, passenger_count i, trip_distance d, pickup_longitude d,
			pickup_latitude d, rate_code i, store_and_fwd_flag s, dropoff_longitude d, dropoff_latitude d, payment_type s,
			fare_amount d, surcharge d, mta_tax d, tip_amount d, tolls_amount d, total_amount d`
		yellow = `VendorID i, tpep_pickup_datetime t, tpep_dropoff_datetime t, passenger_count i, trip_distance d,
			pickup_longitude d, pickup_latitude d, RatecodeID i, store_and_fwd_flag s, dropoff_longitude d, dropoff_latitude d,
			payment_type i, fare_amount d, extra d, mta_tax d, tip_amount d, tolls_amount d, improvement_surcharge d, total_amount d`
		green2013 = `VendorID i, lpep_pickup_datetime t, Lpep_dropoff_datetime t, Store_and_fwd_flag s, RateCodeID i,
			Pickup_longitude d, Pickup_latitude d, Dropoff_longitude d, Dropoff_latitude d, Passenger_count i, Trip_distance d,
			Fare_amount d, Extra d, MTA_tax d, Tip_amount d, Tolls_amount d, Ehail_fee d, Total_amount d, Payment_type i, Trip_type d`
		green2015 = `VendorID i, lpep_pickup_datetime t, Lpep_dropoff_datetime t, Store_and_fwd_flag s, RateCodeID i,
			Pickup_longitude d, Pickup_latitude d, Dropoff_longitude d, Dropoff_latitude d, Passenger_count i, Trip_distance d,
			Fare_amount d, Extra d, MTA_tax d, Tip_amount d, Tolls_amount d, Ehail_fee d, improvement_surcharge d, Total_amount d,
			Payment_type i, Trip_type d`
	)
	types := map[string]string{"s": "BYTE_ARRAY String", "i": "INT64", "d": "DOUBLE", "t": "INT64 Timestamp"}
	published := func(m YearMonth) Options { return Options{Taxi: Yellow, Month: m} }
	coordinates := func(taxi Taxi, m YearMonth) Options { return Options{Taxi: taxi, Month: m, Coordinates: true} }
	old := func(m YearMonth) Options { return Options{Taxi: Yellow, Month: m, Coordinates: true, OldNames: true} }
	for _, tt := range []struct {
		o       Options
		columns string
		codec   string
		version string
	}{
		{published(YearMonth{2009, 1}), yellow2009, "GZIP", "v1.0"},
		{published(YearMonth{2009, 12}), yellow2009, "GZIP", "v1.0"},
		{published(YearMonth{2010, 1}), yellow2010, "GZIP", "v1.0"},
		{published(YearMonth{2010, 2}), yellow2010Index, "GZIP", "v1.0"},
		{published(YearMonth{2010, 3}), yellow2010Index, "GZIP", "v1.0"},
		{published(YearMonth{2010, 4}), yellow2010, "GZIP", "v1.0"},
		{published(YearMonth{2010, 12}), yellow2010, "GZIP", "v1.0"},
		{coordinates(Yellow, YearMonth{2009, 1}), yellow2009, "GZIP", "v1.0"},
		{coordinates(Yellow, YearMonth{2011, 1}), yellow, "SNAPPY", "v2.6"},
		{coordinates(Yellow, YearMonth{2016, 6}), yellow, "SNAPPY", "v2.6"},
		{old(YearMonth{2011, 1}), oldNames, "SNAPPY", "v2.6"},
		{old(YearMonth{2014, 12}), oldNames, "SNAPPY", "v2.6"},
		{old(YearMonth{2015, 1}), yellow, "SNAPPY", "v2.6"},
		{coordinates(Green, YearMonth{2013, 8}), green2013, "SNAPPY", "v2.6"},
		{coordinates(Green, YearMonth{2014, 12}), green2013, "SNAPPY", "v2.6"},
		{coordinates(Green, YearMonth{2015, 1}), green2015, "SNAPPY", "v2.6"},
		{coordinates(Green, YearMonth{2016, 6}), green2015, "SNAPPY", "v2.6"},
	} {
		for _, stringTimes := range []bool{false, true} {
			o := tt.o
			o.Rows, o.StringTimes = 100, stringTimes
			t.Run(fmt.Sprintf("%s %v %v %v", o.Taxi, o.Month, o.OldNames, o.StringTimes), func(t *testing.T) {
				var want []string
				for c := range strings.SplitSeq(tt.columns, ",") {
					name, kind, _ := strings.Cut(strings.TrimSpace(c), " ")
					if kind == "t" && stringTimes {
						kind = "s"
					}
					want = append(want, name+" "+types[kind])
				}
				b, truth := makeFile(t, o)
				names, got := schemaOf(t, openFile(t, b).MetaData(), tt.codec, tt.version)
				for i, name := range names {
					names[i] = name + " " + got[name]
				}
				if !slices.Equal(names, want) {
					t.Errorf("columns\n%q, expected\n%q", names, want)
				}
				if !truth.Coordinates {
					t.Error("truth does not say that the file has coordinates")
				}
				columns, err := o.Columns()
				if err != nil || len(columns) != len(want) || columns[0].Name != strings.Fields(want[0])[0] {
					t.Errorf("Columns() = %v, %v", columns, err)
				}
			})
		}
	}
}

// TestTexts checks the values of text columns, and which columns have no values.
func TestTexts(t *testing.T) {
	const null = "-"
	for _, tt := range []struct {
		o    Options
		want map[string]string
	}{
		{Options{Taxi: Yellow, Month: YearMonth{2009, 10}}, map[string]string{
			"vendor_name": "CMT,DDS,VTS", "Payment_Type": "CASH,CREDIT,Cash,Credit,Dispute,No Charge",
			"Rate_Code": null, "store_and_forward": null, "mta_tax": null,
		}},
		{Options{Taxi: Yellow, Month: YearMonth{2009, 11}}, map[string]string{"mta_tax": "0,0.5", "Rate_Code": null}},
		{Options{Taxi: Yellow, Month: YearMonth{2010, 1}}, map[string]string{
			"vendor_id": "CMT,VTS", "payment_type": "CAS,CRE,Cas,Cre,DIS,Dis,NOC,No ", "rate_code": "1,2,5",
			"store_and_fwd_flag": "-,0,1", "mta_tax": "0,0.5",
		}},
		{Options{Taxi: Yellow, Month: YearMonth{2012, 1}, Coordinates: true, OldNames: true}, map[string]string{
			"vendor_id": "CMT,VTS", "payment_type": "CRD,CSH,DIS,NOC", "rate_code": "1,2,5", "store_and_fwd_flag": "-,N,Y",
		}},
		{Options{Taxi: Yellow, Month: YearMonth{2015, 1}, Coordinates: true}, map[string]string{
			"VendorID": "1,2", "payment_type": "1,2,3,4", "store_and_fwd_flag": "N,Y",
		}},
		{Options{Taxi: Green, Month: YearMonth{2015, 1}, Coordinates: true}, map[string]string{
			"Ehail_fee": null, "Store_and_fwd_flag": "N,Y", "improvement_surcharge": "0.3",
		}},
		{Options{Taxi: Yellow, Month: YearMonth{2026, 6}}, map[string]string{"request_source": "-,HV0003,HV0005"}},
	} {
		tt.o.Rows = 20_000
		b, _ := makeFile(t, tt.o)
		all := readFile(t, b)
		for name, want := range tt.want {
			c := all[name]
			seen := map[string]bool{}
			for i, valid := range c.valid {
				switch {
				case !valid:
					seen[null] = true
				case c.strings != nil:
					seen[c.strings[i]] = true
				default:
					seen[fmt.Sprint(math.Abs(c.number(i)))] = true // refunds count like charges
				}
			}
			var got []string
			for v := range seen {
				got = append(got, v)
			}
			slices.Sort(got)
			if strings.Join(got, ",") != want {
				t.Errorf("%s %v: %s has %q, expected %q", tt.o.Taxi, tt.o.Month, name, got, want)
			}
		}
	}
}

// TestIndex checks the numbers in the index column of two months of 2010.
func TestIndex(t *testing.T) {
	b, _ := makeFile(t, Options{Taxi: Yellow, Month: YearMonth{2010, 2}, Rows: 5_000, RowGroups: 2})
	index := readFile(t, b)["__index_level_0__"].ints
	if index[0] != 0 || !slices.IsSorted(index) || len(slices.Compact(slices.Clone(index))) != len(index) {
		t.Error("rows are not numbered from 0 on, each once")
	}
	if last := index[len(index)-1]; last < 5_000 || last > 5_100 {
		t.Errorf("the last of 5,000 rows is number %d: some should be missing, but few", last)
	}
}

// TestSameTrips checks that the form of places and times changes no trip.
func TestSameTrips(t *testing.T) {
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2013, 3}},
		{Taxi: Yellow, Month: YearMonth{2016, 6}},
		{Taxi: Green, Month: YearMonth{2014, 11}},
	} {
		o.Rows = 5_000
		b, truth := makeFile(t, o)
		want := readFile(t, b)
		for _, form := range []func(*Options){
			func(o *Options) { o.StringTimes = true },
			func(o *Options) { o.Coordinates = true },
			func(o *Options) { o.Coordinates, o.StringTimes = true, true },
			func(o *Options) { o.Coordinates, o.OldNames = true, true },
		} {
			o := o
			form(&o)
			b, other := makeFile(t, o)
			got := readFile(t, b)
			for _, role := range []string{"pickup", "dropoff"} {
				a, b := want.find(t, role), got.find(t, role)
				for i := range a.valid {
					if x, _ := a.time(t, i); !x.Equal(second(b.time(t, i))) {
						t.Fatalf("%+v: row %d has another %s", o, i, role)
					}
				}
			}
			for _, role := range []string{"passengers", "distance", "total", "tip"} {
				a, b := want.find(t, role), got.find(t, role)
				if !sameColumn(a, b) {
					t.Errorf("%+v: other values of %s", o, role)
				}
			}
			if len(other.Months) != len(truth.Months) {
				t.Errorf("%+v: %d months, expected %d", o, len(other.Months), len(truth.Months))
			}
			for i, m := range other.Months {
				if o.Coordinates && (len(m.Zones) != 1 || m.Zones[0].Zone != nil || m.Zones[0].Pickups != m.TripCount || m.Zones[0].Dropoffs != m.TripCount) {
					t.Errorf("%+v: zones %v", o, m.Zones)
				}
				if m.Distance != truth.Months[i].Distance || m.Duration != truth.Months[i].Duration {
					t.Errorf("%+v: other sums", o)
				}
			}
		}
	}
}

func second(at time.Time, _ bool) time.Time { return at }

// TestPlaces checks where trips are.
func TestPlaces(t *testing.T) {
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2009, 5}},
		{Taxi: Yellow, Month: YearMonth{2015, 5}, Coordinates: true},
		{Taxi: Green, Month: YearMonth{2015, 5}, Coordinates: true},
	} {
		o.Rows, o.Clean = 20_000, true
		b, _ := makeFile(t, o)
		all := readFile(t, b)
		lon, lat := all.find(t, "pickup lon"), all["Start_Lat"]
		for _, name := range []string{"pickup_latitude", "Pickup_latitude"} {
			if all[name] != nil {
				lat = all[name]
			}
		}
		manhattan, singles := 0, 0
		for i := range lon.valid {
			x, y := lon.doubles[i], lat.doubles[i]
			if x < -74.05 || x > -73.75 || y < 40.6 || y > 40.92 {
				t.Fatalf("%s %v: a trip from %v, %v", o.Taxi, o.Month, x, y)
			}
			if float64(float32(x)) == x {
				singles++
			}
			if x < -73.994+(y-40.705)*0.75 { // roughly the East River
				manhattan++
			}
		}
		if o.Coordinates && singles < lon.len() || !o.Coordinates && singles > lon.len()/10 {
			t.Errorf("%s %v: %d of %d longitudes are of 32 bits", o.Taxi, o.Month, singles, lon.len())
		}
		want := [2]float64{0.8, 0.97}
		if o.Taxi == Green {
			want = [2]float64{0.2, 0.6}
		}
		if share := float64(manhattan) / float64(o.Rows); share < want[0] || share > want[1] {
			t.Errorf("%s %v: %.2f of the trips begin in Manhattan, expected %v", o.Taxi, o.Month, share, want)
		}
	}
}

// TestInexact checks that some decimals of 2009 and 2010 are not the nearest floating-point number, but agree with it to six
// decimals.
func TestInexact(t *testing.T) {
	for month, want := range map[YearMonth]bool{{2009, 5}: true, {2010, 5}: true, {2011, 5}: false} {
		b, _ := makeFile(t, Options{Taxi: Yellow, Month: month, Rows: 10_000})
		missed := 0
		for _, v := range readFile(t, b).find(t, "total").doubles {
			nearest := math.Round(v*100) / 100
			if math.Abs(v-nearest) > 1e-9 {
				t.Fatalf("%v: total of %v", month, v)
			}
			if v != nearest {
				missed++
			}
		}
		if got := missed > 300 && missed < 2_000; got != want || !want && missed > 0 {
			t.Errorf("%v: %d of 10,000 totals miss the nearest number", month, missed)
		}
	}
}

// TestRandomOrder checks that the rows of 2009 and 2010 are in no order.
func TestRandomOrder(t *testing.T) {
	for month, want := range map[YearMonth]bool{{2009, 5}: true, {2010, 5}: true, {2011, 5}: false} {
		b, _ := makeFile(t, Options{Taxi: Yellow, Month: month, Rows: 10_000, Clean: true})
		pickups := readFile(t, b).find(t, "pickup")
		back := 0
		for i := 1; i < pickups.len(); i++ {
			before, _ := pickups.time(t, i-1)
			if at, _ := pickups.time(t, i); at.Before(before.Add(-2 * time.Hour)) {
				back++
			}
		}
		if got := back > 4_000; got != want || !want && back > 100 {
			t.Errorf("%v: %d of 10,000 pickups lie hours before the last", month, back)
		}
	}
}
