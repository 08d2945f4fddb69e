package tlcgen

// How much of each kind of dirt a file holds, per million rows. The kinds
// exclude each other within a row. The comments give what published files
// show.
const (
	rateFarYear      = 30    // pickups of 2001, 2008, 2009, 2088 ...: 1 to 10 per 100,000
	rateNextMonth    = 40    // pickups in an adjacent month: 2 to 80 per 100,000
	rateBackwards    = 200   // dropoff before pickup: none to 0.6 %
	rateZeroDuration = 1_000 // dropoff at pickup: 0.04 to 0.14 %
	rateDayLong      = 3_000 // 23 to 24 hours, a meter left running: 0.2 to 0.4 %
	rateFarDistance  = 30    // 100 to 300,000 miles: 0 to 0.1 %
	rateRefund       = 3_000 // a refund and, next to it, the charge it cancels: 0.1 to 0.6 %
	rateZeroDistance = 8_000 // no distance: 0.6 to 5 %
)

// Of files with coordinates: how many rows per million have none, so that both
// are 0, at both ends of the trip or at its end alone. Published files: 1 to 3 %.
// A trip that other dirt spoils may lack them too.
const (
	rateNoPlaces  = 17_000
	rateNoDropoff = 2_000
)

// farYears are the years in which rows of dirt kind rateFarYear lie. Meters
// fall back to the start of such years when their clock is lost.
var farYears = [...]int{2001, 2002, 2003, 2008, 2009, 2009, 2009, 2041, 2053, 2088}

// dayLongSeconds bounds the durations of rateDayLong rows. They stay below
// 24 hours.
const (
	dayLongFrom = 23 * hour
	dayLongTo   = 24 * hour
)

// maxDistance is the longest distance of a rateFarDistance row, in hundredths
// of a mile: 300,000 miles.
const maxDistance = 300_000_00

// flexShares gives the share of flex fares, in rows per thousand, from a month
// on. A flex fare is agreed on in an app before the trip: passenger_count,
// RatecodeID, store_and_fwd_flag and the surcharges are null. They stand at
// the end of a file, in their own order of time.
var flexShares = []struct {
	taxi     Taxi
	from     YearMonth
	permille int64
}{
	{Yellow, YearMonth{2019, 7}, 7},
	{Yellow, YearMonth{2020, 4}, 70},
	{Yellow, YearMonth{2021, 7}, 35},
	{Yellow, YearMonth{2022, 1}, 30},
	{Yellow, YearMonth{2024, 1}, 60},
	{Yellow, YearMonth{2024, 7}, 100},
	{Yellow, YearMonth{2025, 1}, 200},
	{Yellow, YearMonth{2025, 6}, 260},
	{Green, YearMonth{2019, 7}, 170},
	{Green, YearMonth{2020, 4}, 260},
	{Green, YearMonth{2021, 7}, 110},
	{Green, YearMonth{2023, 1}, 63},
	{Green, YearMonth{2025, 1}, 40},
	{Green, YearMonth{2025, 3}, 69},
}

// flexPermille returns the flex fares of a month in rows per thousand.
func flexPermille(t Taxi, m YearMonth) int64 {
	share := int64(0)
	for _, f := range flexShares {
		if f.taxi == t && !m.Before(f.from) {
			share = f.permille
		}
	}
	return share
}

// passengerShares gives passenger counts and their shares per 100,000 rows.
// Zero is what a driver leaves who enters nothing.
var passengerShares = map[Taxi][]share{
	Yellow: {
		{1, 71_300},
		{2, 14_500},
		{5, 4_500},
		{3, 4_100},
		{6, 2_700},
		{4, 2_000},
		{0, 890},
		{7, 4},
		{8, 4},
		{9, 2},
	},
	Green: {
		{1, 84_900},
		{2, 7_900},
		{5, 2_300},
		{6, 1_600},
		{3, 1_500},
		{4, 700},
		{0, 1_080},
		{7, 8},
		{8, 8},
		{9, 4},
	},
}
