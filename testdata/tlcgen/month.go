package tlcgen

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Taxi is a kind of taxi: "yellow", "green", "fhvhv" or "fhv".
type Taxi string

// The kinds of taxi that have files.
const (
	Yellow Taxi = "yellow"
	Green  Taxi = "green"
	FHVHV  Taxi = "fhvhv" // high-volume for-hire vehicles
	FHV    Taxi = "fhv"   // other for-hire vehicles
)

var taxis = []Taxi{Yellow, Green, FHVHV, FHV}

// ParseTaxis reads a comma-separated list of kinds of taxi. The error names
// the first unknown one.
func ParseTaxis(s string) ([]Taxi, error) {
	var list []Taxi
	for f := range strings.SplitSeq(s, ",") {
		t := Taxi(strings.TrimSpace(f))
		if !slices.Contains(taxis, t) {
			return nil, fmt.Errorf("tlcgen: taxi %q is none of %v", f, taxis)
		}
		list = append(list, t)
	}
	return list, nil
}

// YearMonth is a calendar month. Two of them compare with == and Before.
type YearMonth struct {
	Year  int
	Month int // 1 to 12
}

// MonthOf returns the month of a year.
func MonthOf(year, month int) YearMonth { return YearMonth{year, month} }

// String returns the month as in file names: 2014-03.
func (m YearMonth) String() string { return fmt.Sprintf("%04d-%02d", m.Year, m.Month) }

// Before reports whether m is earlier than o.
func (m YearMonth) Before(o YearMonth) bool { return m.index() < o.index() }

// Add returns the month n months later.
func (m YearMonth) Add(n int) YearMonth {
	return monthOfIndex(m.index() + n)
}

// index counts months since year 0, so that months order as integers.
func (m YearMonth) index() int { return m.Year*12 + m.Month - 1 }

func monthOfIndex(i int) YearMonth { return YearMonth{i / 12, i%12 + 1} }

// monthAt returns the month of a time in microseconds since 1970.
func monthAt(micros int64) YearMonth {
	t := time.UnixMicro(micros).UTC()
	return YearMonth{t.Year(), int(t.Month())}
}

// start returns the first second of the month in seconds since 1970, on a
// clock without zone or summer time, as the files' timestamps are.
func (m YearMonth) start() int64 {
	return time.Date(m.Year, time.Month(m.Month), 1, 0, 0, 0, 0, time.UTC).Unix()
}

// ParseMonth reads a month such as 2014-03.
func ParseMonth(s string) (YearMonth, error) {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return YearMonth{}, fmt.Errorf("tlcgen: month %q is not of the form 2014-03", s)
	}
	return YearMonth{t.Year(), int(t.Month())}, nil
}

// ParseMonths reads a comma-separated list of months and inclusive ranges:
// 2014-01..2014-06,2023-01. Order is kept; a month that is named twice is an
// error.
func ParseMonths(s string) ([]YearMonth, error) {
	var months []YearMonth
	seen := map[YearMonth]bool{}
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "..")
		from, err := ParseMonth(first)
		if err != nil {
			return nil, err
		}
		to := from
		if isRange {
			if to, err = ParseMonth(last); err != nil {
				return nil, err
			}
		}
		if to.Before(from) {
			return nil, fmt.Errorf("tlcgen: months %q end before they start", part)
		}
		for m := from; !to.Before(m); m = m.Add(1) {
			if seen[m] {
				return nil, fmt.Errorf("tlcgen: month %v is named twice", m)
			}
			seen[m] = true
			months = append(months, m)
		}
	}
	return months, nil
}

// FileName returns the base name of a month's file:
// yellow_tripdata_2014-03.parquet.
func FileName(t Taxi, m YearMonth) string {
	return fmt.Sprintf("%s_tripdata_%v.parquet", t, m)
}

// FilePath returns the slash-separated path of a month's file below the
// output folder: yellow/2014/yellow_tripdata_2014-03.parquet, or the base name
// alone if flat.
func FilePath(t Taxi, m YearMonth, flat bool) string {
	if flat {
		return FileName(t, m)
	}
	return path.Join(string(t), fmt.Sprintf("%04d", m.Year), FileName(t, m))
}

const (
	hour = 3600 // seconds
	day  = 24 * hour
)

// clock knows the nights on which New York changes its clocks in one month.
// Times are seconds since 1970 on the wall clock; -1 means no such night.
type clock struct {
	spring int64 // 02:00 of the second Sunday in March: 02:00 to 03:00 do not exist
	fall   int64 // 01:00 of the first Sunday in November: 01:00 to 02:00 exist twice
}

func clockOf(m YearMonth) clock {
	c := clock{-1, -1}
	first := time.Date(m.Year, time.Month(m.Month), 1, 0, 0, 0, 0, time.UTC)
	sunday := m.start() + int64((7-int(first.Weekday()))%7)*day
	switch m.Month {
	case 3:
		c.spring = sunday + 7*day + 2*hour
	case 11:
		c.fall = sunday + hour
	}
	return c
}

// hours returns the start of the hour that the clock skips or repeats in the
// month, if there is one.
func (c clock) hours() []int64 {
	if start := max(c.spring, c.fall); start >= 0 {
		return []int64{start}
	}
	return nil
}

// dropoff returns the wall-clock time after a trip of the given length.
// second says that a pickup in the doubled hour lies in its second pass.
func (c clock) dropoff(pickup, seconds int64, second bool) int64 {
	end := pickup + seconds
	switch {
	case c.spring >= 0 && pickup < c.spring && end >= c.spring:
		return end + hour
	case c.fall >= 0 && pickup < c.fall+hour && end >= c.fall+hour && (pickup < c.fall || !second):
		return end - hour
	}
	return end
}
