package tlcgen

// tariff holds the money rules of one month, in cents.
type tariff struct {
	base, unit  int64 // flag drop; per fifth of a mile or minute in slow traffic
	jfk         int64 // flat fare between JFK and Manhattan
	night, rush int64 // extra from 20:00 to 06:00; on weekdays from 16:00 to 20:00
	mtaTax      int64
	improvement int64
	congestion  int64
	airport     int64
	cbd         int64
	toll        int64 // of the tunnels and the larger bridges

	cardPermille    int64 // trips paid by card
	vendor1Permille int64 // trips recorded by vendor 1, in tenths of a mile
}

// tariffs lists what changed in a month. Each row builds on the ones before.
var tariffs = []struct {
	from  YearMonth
	apply func(*tariff)
}{
	{YearMonth{2009, 1}, func(t *tariff) {
		*t = tariff{
			base: 250, unit: 40, jfk: 4500, night: 50, rush: 100, toll: 415,
			cardPermille: 260, vendor1Permille: 520,
		}
	}},
	{YearMonth{2009, 11}, func(t *tariff) { t.mtaTax = 50 }},
	{YearMonth{2010, 1}, func(t *tariff) { t.toll, t.cardPermille = 457, 380 }},
	{YearMonth{2011, 1}, func(t *tariff) {
		*t = tariff{
			base: 250, unit: 40, jfk: 4500, night: 50, rush: 100, mtaTax: 50, toll: 480,
			cardPermille: 460, vendor1Permille: 500,
		}
	}},
	{YearMonth{2012, 9}, func(t *tariff) { t.unit, t.jfk, t.cardPermille = 50, 5200, 530 }},
	{YearMonth{2013, 3}, func(t *tariff) { t.toll, t.cardPermille = 533, 560 }},
	{YearMonth{2015, 1}, func(t *tariff) { t.improvement, t.cardPermille = 30, 620 }},
	{YearMonth{2015, 4}, func(t *tariff) { t.toll = 554 }},
	{YearMonth{2017, 4}, func(t *tariff) { t.toll, t.cardPermille, t.vendor1Permille = 576, 680, 450 }},
	{YearMonth{2019, 2}, func(t *tariff) { t.congestion, t.cardPermille, t.vendor1Permille = 250, 720, 370 }},
	{YearMonth{2019, 4}, func(t *tariff) { t.toll = 612 }},
	{YearMonth{2021, 4}, func(t *tariff) { t.airport, t.toll, t.vendor1Permille = 125, 655, 300 }},
	{YearMonth{2023, 1}, func(t *tariff) {
		t.base, t.unit, t.jfk, t.night, t.rush, t.improvement = 300, 70, 7000, 100, 250, 100
		t.cardPermille, t.vendor1Permille = 800, 270
	}},
	{YearMonth{2023, 5}, func(t *tariff) { t.airport = 175 }},
	{YearMonth{2023, 8}, func(t *tariff) { t.toll = 694 }},
	{YearMonth{2025, 1}, func(t *tariff) { t.cbd, t.cardPermille, t.vendor1Permille = 75, 850, 210 }},
}

func tariffOf(taxi Taxi, m YearMonth) tariff {
	var t tariff
	for _, row := range tariffs {
		if !m.Before(row.from) {
			row.apply(&t)
		}
	}
	if taxi == Green {
		t.vendor1Permille = t.vendor1Permille * 2 / 5
		t.cardPermille = t.cardPermille * 4 / 5
		t.airport = 0
		if t.congestion > 0 {
			t.congestion = 275
		}
	}
	return t
}

// fare returns the metered fare in cents of a trip of the given hundredths of
// a mile and seconds. A mile takes 180 seconds unless traffic is slow.
func (t *tariff) fare(distance, seconds int64) int64 {
	units := (distance + 19) / 20
	if slow := seconds - distance*9/5; slow > 0 {
		units += slow / 60
	}
	return t.base + t.unit*max(units-1, 0)
}

// extra returns the surcharge in cents of a pickup at an hour of a weekday.
func (t *tariff) extra(hour int, weekend bool) int64 {
	switch {
	case hour >= 20 || hour < 6:
		return t.night
	case hour >= 16 && !weekend:
		return t.rush
	}
	return 0
}

// tip returns the tip in cents on a sum, by 16 random bits: most follow the
// percentages that the terminal offers, some are whole dollars, some nothing.
func tip(sum int64, bits uint64) int64 {
	mode, rest := bits&255, int64(bits>>8&255)
	switch {
	case mode < 105:
		return (sum*20 + 50) / 100
	case mode < 128:
		return (sum*25 + 50) / 100
	case mode < 142:
		return (sum*30 + 50) / 100
	case mode < 200:
		return 100 * (1 + rest*rest/20_000 + rest&1)
	case mode < 216:
		return 0
	}
	return sum * (40 + rest) / 1000
}
