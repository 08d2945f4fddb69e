package tlcgen

import (
	"math"
	"testing"
)

// TestRates checks that each fault occurs, and that its rate is within five standard deviations of the expected one.
func TestRates(t *testing.T) {
	const rows = 300_000
	for _, o := range []Options{
		{Taxi: Yellow, Month: YearMonth{2009, 5}, Rows: rows},
		{Taxi: Yellow, Month: YearMonth{2014, 5}, Rows: rows, Coordinates: true},
		{Taxi: Green, Month: YearMonth{2022, 1}, Rows: rows},
		{Taxi: Yellow, Month: YearMonth{2025, 2}, Rows: rows},
	} {
		_, truth := makeFile(t, o)
		d := truth.Dirt
		for _, k := range []struct {
			name string
			got  int64
			rate int64
		}{
			{"far month", d.FarMonth, rateFarYear},
			{"adjacent month", d.AdjacentMonth, rateNextMonth},
			{"dropoff before pickup", d.DropoffBeforePickup, rateBackwards},
			{"zero duration", d.ZeroDuration, rateZeroDuration},
			{"day long", d.DayLong, rateDayLong},
			{"far distance", d.FarDistance, rateFarDistance},
			{"refund pairs", d.RefundPairs, rateRefund / 2},
		} {
			want := float64(rows) * float64(k.rate) / 1e6
			if k.name == "refund pairs" {
				want *= 1 - float64(flexPermille(o.Taxi, o.Month))/1000
			}
			if diff := math.Abs(float64(k.got) - want); diff > 5*math.Sqrt(want) || k.got == 0 {
				t.Errorf("%s %v: %s in %d rows, expected about %.0f", o.Taxi, o.Month, k.name, k.got, want)
			}
		}
		if want := float64(rows) * (rateNoPlaces + rateNoDropoff) / 1e6; truth.Coordinates {
			if diff := math.Abs(float64(d.ZeroCoordinates) - want); diff > 5*math.Sqrt(want) {
				t.Errorf("%s %v: no coordinates in %d rows, expected about %.0f", o.Taxi, o.Month, d.ZeroCoordinates, want)
			}
		}
		if want := rows * flexPermille(o.Taxi, o.Month) / 1000; d.NullPassengers != want {
			t.Errorf("%s %v: no passenger count in %d rows, expected %d", o.Taxi, o.Month, d.NullPassengers, want)
		}
		if d.NegativeTotal != d.RefundPairs {
			t.Errorf("%s %v: %d negative totals in %d refund pairs", o.Taxi, o.Month, d.NegativeTotal, d.RefundPairs)
		}
	}
}

// TestClean checks that no faults are left if all rates are zero.
func TestClean(t *testing.T) {
	for _, month := range []YearMonth{{2009, 2}, {2025, 2}} {
		_, truth := makeFile(t, Options{Taxi: Yellow, Month: month, Rows: 100_000, Clean: true})
		d := truth.Dirt
		d.ZeroPassengers = 0                       // what drivers enter is no fault of the file
		d.NullPickupZone, d.NullDropoffZone = 0, 0 // nor are missing zones if the file has no zone columns
		if d != (Dirt{}) {
			t.Errorf("dirt in a clean file: %+v", d)
		}
		if len(truth.Months) != 1 || *truth.Months[0].Month != month.String()+"-01" {
			t.Errorf("trips of other months in a clean file: %d months", len(truth.Months))
		}
	}
}

// TestRefundPairs checks that each negative row is followed by its charge.
func TestRefundPairs(t *testing.T) {
	b, truth := makeFile(t, Options{Taxi: Yellow, Month: YearMonth{2022, 1}, Rows: 50_000})
	columns := readFile(t, b)
	pairs := int64(0)
	for i, total := range columns["total_amount"].doubles {
		if total >= 0 {
			continue
		}
		pairs++
		for name, c := range columns {
			switch {
			case c.valid[i] != c.valid[i+1]:
				t.Errorf("row %d: %s is null in one row of a pair", i, name)
			case c.doubles != nil && math.Abs(c.doubles[i]) != math.Abs(c.doubles[i+1]),
				c.ints != nil && c.ints[i] != c.ints[i+1]:
				t.Errorf("row %d: %s differs within a pair", i, name)
			}
		}
		if columns["total_amount"].doubles[i+1] != -total {
			t.Errorf("row %d: refund of %v, charge of %v", i, total, columns["total_amount"].doubles[i+1])
		}
	}
	if pairs != truth.Dirt.RefundPairs || pairs == 0 {
		t.Errorf("%d pairs, truth says %d", pairs, truth.Dirt.RefundPairs)
	}
}

// TestLooksLikeTLC checks the rough shape: means, totals, columns that are null together, zones, and the order of the rows.
func TestLooksLikeTLC(t *testing.T) {
	b, truth := makeFile(t, Options{Taxi: Yellow, Month: YearMonth{2019, 8}, Rows: 200_000, Clean: true})
	m := truth.Months[0]
	mean := func(s Sum, unit float64) float64 { return float64(s.Sum) / float64(s.Count) / unit }
	for _, k := range []struct {
		name        string
		got, lo, hi float64
	}{
		{"minutes", mean(m.Duration, 60e6), 12.5, 15},
		{"miles", mean(m.Distance, 1e6), 2.5, 3.3},
		{"passengers", mean(m.Passengers, 1e6), 1.5, 1.7},
		{"dollars", mean(m.Amount, 1e6), 15, 20},
		{"tip", mean(m.Tip, 1e6), 1.6, 2.6},
	} {
		if k.got < k.lo || k.got > k.hi {
			t.Errorf("mean %s %.2f, expected %v to %v", k.name, k.got, k.lo, k.hi)
		}
	}
	if n := len(m.Zones); n < 255 || n > zoneCount {
		t.Errorf("%d zones", n)
	}
	c := readFile(t, b)
	parts := []string{"fare_amount", "extra", "mta_tax", "tip_amount", "tolls_amount", "improvement_surcharge", "congestion_surcharge"}
	sameHour := 0
	pickups := c["tpep_pickup_datetime"].ints
	for i, total := range c["total_amount"].doubles {
		sum := 0.0
		for _, p := range parts {
			sum += c[p].doubles[i]
		}
		if math.Abs(sum-total) > 1e-6 {
			t.Fatalf("row %d: total %v, its parts %v", i, total, sum)
		}
		if pickups[i]%1_000_000 != 0 {
			t.Fatalf("row %d: not a whole second", i)
		}
		if i > 0 && pickups[i]/3_600_000_000 == pickups[i-1]/3_600_000_000 {
			sameHour++
		}
	}
	if sameHour < len(pickups)*85/100 {
		t.Errorf("only %d of %d rows in the hour of the row before", sameHour, len(pickups))
	}
}

// TestFlexFares checks that flex fares are at the end, and which of their columns are null.
func TestFlexFares(t *testing.T) {
	b, truth := makeFile(t, Options{Taxi: Green, Month: YearMonth{2022, 1}, Rows: 10_000})
	columns := readFile(t, b)
	flex := int(truth.Rows - truth.Dirt.NullPassengers)
	nulls := map[string]bool{
		"passenger_count": true, "RatecodeID": true, "store_and_fwd_flag": true,
		"congestion_surcharge": true, "payment_type": true, "trip_type": true,
	}
	for name, c := range columns {
		for i, valid := range c.valid {
			want := name == "ehail_fee" || nulls[name] && i >= flex
			if valid == want {
				t.Fatalf("row %d, flex fares from %d: %s null %v", i, flex, name, !valid)
			}
		}
	}
}
