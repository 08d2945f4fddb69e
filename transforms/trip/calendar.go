package trip

import (
	"tripstats/transforms/eights"
	"tripstats/transforms/element"
)

const (
	microsPerSecond = 1_000_000
	microsPerDay    = 86_400 * microsPerSecond
)

// civil returns the proleptic Gregorian year and month (1 to 12) of a day since 1970-01-01. The algorithm counts in
// eras of 400 years (146,097 days) that start on March 1, so that the leap day is the last of its year.
func civil(day int64) (year int64, month int) {
	day += 719_468 // 0000-03-01
	era := floorDiv(day, 146_097)
	doe := day - era*146_097                                 // day of era, [0, 146096]
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365 // year of era, [0, 399]
	doy := doe - (365*yoe + yoe/4 - yoe/100)                 // day of a year from March 1
	mp := (5*doy + 2) / 153                                  // month from March
	month = int(mp) + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month
}

// dayOf returns the day since 1970-01-01 of the first of a month.
func dayOf(year int64, month int) int64 {
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yoe := year - era*400
	mp := int64(month-3+12) % 12
	doy := (153*mp + 2) / 5
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// MonthOf returns the month, since 1970-01, of a time in µs.
func MonthOf(micros int64) int32 {
	year, month := civil(floorDiv(micros, microsPerDay))
	return int32((year-1970)*12 + int64(month) - 1)
}

// YearOf returns the calendar year of a month since 1970-01.
func YearOf(month int32) int32 { return 1970 + int32(floorDiv(int64(month), 12)) }

// FirstDay returns the first day of a month since 1970-01, as days since 1970-01-01: an Arrow date32.
func FirstDay(month int32) int32 {
	year := floorDiv(int64(month), 12)
	return int32(dayOf(1970+year, int(int64(month)-year*12)+1))
}

// monthSpan returns the times, in µs, that lie in a month: [lo, hi).
func monthSpan(month int32) (lo, hi int64) {
	return satMicros(FirstDay(month)), satMicros(FirstDay(month + 1))
}

// satMicros returns the start of a day in µs. It saturates, so the first and last month of the int64 range are cut short.
func satMicros(day int32) int64 {
	const most = int64(1<<63-1) / microsPerDay
	switch {
	case int64(day) > most:
		return 1<<63 - 1
	case int64(day) < -most:
		return -1 << 63
	}
	return int64(day) * microsPerDay
}

// appendRuns appends the months of a batch's pickup times to runs.
func appendRuns(runs []MonthRun, pickup *Column) []MonthRun {
	var month int32 = element.NoMonth
	lo, hi := int64(0), int64(0) // the times of the current month are in [lo, hi)
	open := false
	for i := 0; i < len(pickup.Values); i++ {
		if pickup.Nulls == 0 {
			if i += within(pickup.Values[i:], lo, hi); i == len(pickup.Values) {
				break
			}
		}
		t := pickup.Values[i]
		if pickup.Valid != nil && pickup.IsNull(i) {
			if !open || month != element.NoMonth {
				runs = closeRun(runs, open, month, i)
				month, lo, hi, open = element.NoMonth, 0, 0, true
			}
			continue
		}
		if t >= lo && t < hi {
			continue
		}
		runs = closeRun(runs, open, month, i)
		month, open = MonthOf(t), true
		lo, hi = monthSpan(month)
	}
	return closeRun(runs, open, month, len(pickup.Values))
}

// Within returns how many values at the start of a slice are in [lo, hi]. It may stop early at the largest int64.
func Within(values []int64, lo, hi int64) int {
	if hi == 1<<63-1 {
		hi--
	}
	return within(values, lo, hi+1)
}

// within returns how many values at the start of a slice are in [lo, hi), for hi >= lo.
func within(values []int64, lo, hi int64) int {
	return eights.Within(values, lo, uint64(hi-lo))
}

func closeRun(runs []MonthRun, open bool, month int32, end int) []MonthRun {
	if !open {
		return runs
	}
	return append(runs, MonthRun{Month: month, End: end})
}
