package query

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

const (
	microsPerSecond = 1_000_000
	microsPerMinute = 60 * microsPerSecond
	microsPerHour   = 60 * microsPerMinute
	microsPerDay    = 24 * microsPerHour

	// The dates that DuckDB has are those of 32 bits, without two of each end that mean infinity.
	maxDay, minDay = 1<<31 - 2, -1<<31 + 2
)

// A civil date of the proleptic Gregorian calendar. The year before 1 is 0.
type civil struct {
	year       int64
	month, day int
}

// civilOf returns the date of a day since 1970-01-01. It counts in eras of 400 years that start on March 1, so that the leap day
// is the last day of its year.
func civilOf(days int64) civil {
	days += 719_468 // 0000-03-01
	era := floorDiv(days, 146_097)
	doe := days - era*146_097                                // day of the era, 0 to 146,096
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365 // year of the era, 0 to 399
	doy := doe - (365*yoe + yoe/4 - yoe/100)                 // day of a year from March 1
	mp := (5*doy + 2) / 153                                  // month from March
	c := civil{year: yoe + era*400, month: int(mp) + 3, day: int(doy-(153*mp+2)/5) + 1}
	if c.month > 12 {
		c.month -= 12
	}
	if c.month <= 2 {
		c.year++
	}
	return c
}

// days returns the days since 1970-01-01.
func (c civil) days() int64 {
	year := c.year
	if c.month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yoe := year - era*400
	mp := int64(c.month+9) % 12
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + (153*mp+2)/5 + int64(c.day) - 1 - 719_468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// isoDay is the day of the week, Monday is 1.
func isoDay(days int64) int64 { return floorMod(days+3, 7) + 1 }

// isoWeek is the number of the week that has the day's Thursday in its year.
func isoWeek(days int64) int64 {
	thursday := days - isoDay(days) + 4
	first := civil{civilOf(thursday).year, 1, 1}.days()
	return (thursday-first)/7 + 1
}

// datePart is a part of a time that extract and date_trunc know.
type datePart struct {
	name string
	// of returns the part of a time in µs.
	of func(micros int64) int64
	// trunc returns the first moment, in µs, of the part of the calendar that a time is in; nil if there is no such part.
	trunc func(micros int64) int64
}

func dayOf(micros int64) int64 { return floorDiv(micros, microsPerDay) }

// ofDay is a part that follows from the day.
func ofDay(of func(day int64) int64) func(int64) int64 {
	return func(micros int64) int64 { return of(dayOf(micros)) }
}

// toMonth truncates to the first of every so many months of the year.
func toMonth(months int) func(int64) int64 {
	return ofDay(func(day int64) int64 {
		c := civilOf(day)
		return civil{c.year, c.month - (c.month-1)%months, 1}.days() * microsPerDay
	})
}

func toUnit(unit int64) func(int64) int64 {
	return func(micros int64) int64 { return floorDiv(micros, unit) * unit }
}

// dateParts are all of them. Each is also a function: hour(t) is extract(hour FROM t).
var dateParts = []datePart{
	{"year", ofDay(func(d int64) int64 { return civilOf(d).year }), toMonth(12)},
	{"quarter", ofDay(func(d int64) int64 { return int64(civilOf(d).month+2) / 3 }), toMonth(3)},
	{"month", ofDay(func(d int64) int64 { return int64(civilOf(d).month) }), toMonth(1)},
	{"week", ofDay(isoWeek), ofDay(func(d int64) int64 { return (d - isoDay(d) + 1) * microsPerDay })},
	{"day", ofDay(func(d int64) int64 { return int64(civilOf(d).day) }), toUnit(microsPerDay)},
	{"isodow", ofDay(isoDay), nil},
	{"hour", func(m int64) int64 { return floorMod(m, microsPerDay) / microsPerHour }, toUnit(microsPerHour)},
	{"minute", func(m int64) int64 { return floorMod(m, microsPerHour) / microsPerMinute }, toUnit(microsPerMinute)},
	{"second", func(m int64) int64 { return floorMod(m, microsPerMinute) / microsPerSecond }, toUnit(microsPerSecond)},
}

func appendDate(b []byte, days int64) []byte {
	c := civilOf(days)
	if c.year < 1 {
		return fmt.Appendf(b, "%04d-%02d-%02d (BC)", 1-c.year, c.month, c.day)
	}
	if c.year > 9999 {
		b = strconv.AppendInt(b, c.year, 10)
	} else {
		b = appendTwo(appendTwo(b, int(c.year/100)), int(c.year%100))
	}
	return appendTwo(append(appendTwo(append(b, '-'), c.month), '-'), c.day)
}

// appendTwo appends a number below 100 as two digits.
func appendTwo(b []byte, n int) []byte { return append(b, '0'+byte(n/10), '0'+byte(n%10)) }

func appendTimestamp(b []byte, micros int64) []byte {
	day := dayOf(micros)
	rest := micros - day*microsPerDay
	b = append(appendDate(b, day), ' ')
	b = append(appendTwo(b, int(rest/microsPerHour)), ':')
	b = append(appendTwo(b, int(rest/microsPerMinute%60)), ':')
	b = appendTwo(b, int(rest/microsPerSecond%60))
	if fraction := rest % microsPerSecond; fraction != 0 {
		b = bytes.TrimRight(fmt.Appendf(b, ".%06d", fraction), "0")
	}
	return b
}

// parseDate reads YYYY-MM-DD.
func parseDate(s string) (days int64, ok bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[5:7])
	day, ok3 := digits(s[8:])
	c := civil{int64(year), month, day}
	if !ok1 || !ok2 || !ok3 || year < 1 || month < 1 || month > 12 || day < 1 || civilOf(c.days()) != c {
		return 0, false
	}
	return c.days(), true
}

// parseTimestamp reads YYYY-MM-DD, alone or with HH:MM, HH:MM:SS or HH:MM:SS and up to six decimals.
func parseTimestamp(s string) (micros int64, ok bool) {
	date := s[:min(10, len(s))]
	days, ok := parseDate(date)
	clock := s[len(date):]
	if !ok || clock == "" {
		return days * microsPerDay, ok
	}
	clock, fraction, hasFraction := strings.Cut(clock[1:], ".")
	if s[10] != ' ' && s[10] != 'T' || len(clock) != 5 && len(clock) != 8 || hasFraction && (len(clock) != 8 || fraction == "" || len(fraction) > 6) {
		return 0, false
	}
	micros = days * microsPerDay
	for i, unit := range []int64{microsPerHour, microsPerMinute, microsPerSecond}[:(len(clock)+1)/3] {
		n, ok := digits(clock[3*i : 3*i+2])
		if !ok || n > 59 || i == 0 && n > 23 || i > 0 && clock[3*i-1] != ':' {
			return 0, false
		}
		micros += int64(n) * unit
	}
	n, ok := digits((fraction + "000000")[:6])
	return micros + int64(n), ok
}

func digits(s string) (int, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
