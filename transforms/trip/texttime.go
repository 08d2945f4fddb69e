package trip

import (
	"strings"

	"tripstats/transforms/element"
)

// A time as text has this form; the parts in [...] are optional:
//
//	time     = date (" " | "T") clock [[" "] zone]
//	date     = YYYY-M-D | YYYY/M/D | M/D/YYYY | D/M/YYYY
//	clock    = H:MM[:SS[.fraction]] [" "] [AM | PM]
//	zone     = Z | UTC | ±HH | ±HHMM | ±HH:MM
//
// A year has four digits; a month, a day or an hour has one or two; minutes and seconds have two; a fraction has any number. In dates
// that end with the year, the order of month and day is that of the file: see [DateOrder]. Missing seconds are 0. Fractions of a
// microsecond are rounded half away from 1970. AM and PM may be in lower case. A zone cannot follow AM or PM.

// textForm says whether a text is a time, and whether it has a zone.
type textForm uint8

const (
	noTime   textForm = iota // not a time
	wallTime                 // a wall clock time
	hasZone                  // a time with a zone, but --utc does not say how to read it
)

// textClock reads times from texts. It keeps the last date, because consecutive trips nearly always have the same date. The zero value
// refuses zones and dates that end with the year. It is not safe for concurrent use.
type textClock struct {
	order element.DateOrder
	utc   string     // Options.UTC
	wall  *wallClock // for UTCConvert

	// The last date of the form YYYY-MM-DD, as its differences from 1970-01-01, and the µs since 1970 at which it begins. So the zero value
	// is the date 1970-01-01.
	yearMonth uint64
	day       uint16
	start     int64

	// The same for the last date of another form, and how many bytes it has.
	other      [10]byte
	otherBytes int
	otherStart int64
}

// load8 returns the first eight bytes of s as a number. The first byte is in the lowest bits.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

const (
	clockZero   = 0x30303A30303A3030 // "00:00:00"
	clockDigits = 0x0F0F000F0F000F0F
	clockOver9  = 0x0606000606000606 // added to a digit, it carries into the upper half of a byte that is more than 9

	firstYearMonth = 0x2D31302D30373931 // "1970-01-"
	firstDay       = 0x3130             // "01"

	yearMonthZero   = 0x2D30302D30303030 // "0000-00-"
	yearMonthDigits = 0x000F0F000F0F0F0F
	yearMonthOver9  = 0x0006060006060606
)

// read returns the time in s, in µs since 1970-01-01.
func (c *textClock) read(s string) (int64, textForm) {
	if len(s) < 19 || s[10] != ' ' && s[10] != 'T' {
		return c.readAny(s)
	}
	if load8(s)^firstYearMonth != c.yearMonth || (uint16(s[8])|uint16(s[9])<<8)^firstDay != c.day {
		if !c.begin(s) {
			return c.readAny(s)
		}
	}
	x := load8(s[11:]) ^ clockZero
	if (x|(x+clockOver9))&^clockDigits != 0 {
		return c.readAny(s)
	}
	x = x*10 + x>>8 // each digit and the next one
	h, m, sec := x&0xff, x>>24&0xff, x>>48&0xff
	if h > 23 || m > 59 || sec > 59 {
		return 0, noTime
	}
	t := c.start + int64((h*60+m)*60+sec)*microsPerSecond
	if len(s) > 19 {
		return c.readEnd(s, t)
	}
	return t, wallTime
}

// readEnd reads what follows the seconds of s. t is the time up to the seconds.
func (c *textClock) readEnd(s string, t int64) (int64, textForm) {
	end, half := scanner{s[19:]}, -1
	if end.is('.') {
		micros, than, ok := end.fraction()
		if !ok {
			return 0, noTime
		}
		t, half = t+micros, than
	}
	if end.rest == "" {
		return rounded(t, half), wallTime
	}
	return c.readAny(s)
}

// rounded rounds t, whose fraction of a microsecond compares with one half as half says: see scanner.clock. One half is rounded away from
// 1970.
func rounded(t int64, half int) int64 {
	if half > 0 || half == 0 && t >= 0 {
		return t + 1
	}
	return t
}

// begin keeps the date YYYY-MM-DD at the start of s. It returns false if there is none.
func (c *textClock) begin(s string) bool {
	all := load8(s)
	x := all ^ yearMonthZero
	d0, d1 := s[8]-'0', s[9]-'0'
	if (x|(x+yearMonthOver9))&^yearMonthDigits != 0 || d0 > 9 || d1 > 9 {
		return false
	}
	x = x*10 + x>>8
	start, ok := startOf(int64(x&0xff)*100+int64(x>>16&0xff), int(x>>40&0xff), int(d0)*10+int(d1))
	if ok {
		c.yearMonth, c.day, c.start = all^firstYearMonth, (uint16(s[8])|uint16(s[9])<<8)^firstDay, start
	}
	return ok
}

// startOf returns the µs since 1970 at which a date begins, and whether there is such a date.
func startOf(year int64, month, day int) (int64, bool) {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return 0, false
	}
	first := dayOf(year, month)
	if day > 28 {
		nextYear, nextMonth := year, month+1
		if nextMonth > 12 {
			nextYear, nextMonth = year+1, 1
		}
		if int64(day) > dayOf(nextYear, nextMonth)-first {
			return 0, false
		}
	}
	return (first + int64(day) - 1) * microsPerDay, true
}

// scanner reads a text from its start. It removes what it has read from rest.
type scanner struct{ rest string }

// digits reads a number of at most most digits. It also returns how many digits the number has.
func (s *scanner) digits(most int) (v, n int) {
	for n < most && n < len(s.rest) && s.rest[n]-'0' <= 9 {
		v = v*10 + int(s.rest[n]-'0')
		n++
	}
	s.rest = s.rest[n:]
	return v, n
}

// two reads a number of two digits.
func (s *scanner) two() (int, bool) {
	v, n := s.digits(2)
	return v, n == 2
}

// is removes c if it is the next byte, and tells whether it was.
func (s *scanner) is(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// date reads a date, and returns the µs since 1970 at which it begins.
func (s *scanner) date(order element.DateOrder) (start int64, ok bool) {
	d := s.numbers()
	if !d.ok {
		return 0, false
	}
	month, day := d.first, d.second
	if d.yearLast {
		switch order {
		case element.MonthFirst:
		case element.DayFirst:
			month, day = day, month
		default:
			return 0, false
		}
	}
	return startOf(int64(d.year), month, day)
}

// dateNumbers are the numbers of a date. The date need not exist.
type dateNumbers struct {
	year, first, second int
	yearLast            bool // first and second are before the year, with slashes between the numbers
	ok                  bool // the text has the form of a date
}

// numbers reads the numbers of a date.
func (s *scanner) numbers() (d dateNumbers) {
	v, n := s.digits(4)
	switch {
	case n == 4: // YYYY-M-D, YYYY/M/D
		d.year = v
		between := byte('-')
		if s.is('/') {
			between = '/'
		} else if !s.is('-') {
			return d
		}
		if d.first, n = s.digits(2); n == 0 || !s.is(between) {
			return d
		}
		d.second, n = s.digits(2)
		d.ok = n > 0
	case (n == 1 || n == 2) && s.is('/'):
		d.yearLast, d.first = true, v
		if d.second, n = s.digits(2); n == 0 || !s.is('/') {
			return d
		}
		d.year, n = s.digits(4)
		d.ok = n == 4
	}
	return d
}

// clock reads a time of day in µs. half compares the remaining fraction of a microsecond with one half: -1 if it is less or zero, 0 if it
// is one half, 1 if it is more.
func (s *scanner) clock() (micros int64, half int, ok bool) {
	hour, n := s.digits(2)
	if n == 0 || !s.is(':') {
		return 0, 0, false
	}
	minute, ok := s.two()
	second := 0
	half = -1
	if ok && s.is(':') {
		if second, ok = s.two(); ok && s.is('.') {
			micros, half, ok = s.fraction()
		}
	}
	if !ok || minute > 59 || second > 59 {
		return 0, 0, false
	}
	if half := s.halfDay(); half != 0 {
		if hour < 1 || hour > 12 {
			return 0, 0, false
		}
		if hour %= 12; half == 'P' {
			hour += 12
		}
	}
	if hour > 23 {
		return 0, 0, false
	}
	return micros + int64((hour*60+minute)*60+second)*microsPerSecond, half, true
}

// halfDay removes AM or PM, in upper or lower case, from the end of the text, and returns its first letter in upper case. It returns 0 if
// there is neither.
func (s *scanner) halfDay() byte {
	end := strings.TrimPrefix(s.rest, " ")
	if len(end) != 2 || end[1]|0x20 != 'm' {
		return 0
	}
	c := end[0] &^ 0x20
	if c != 'A' && c != 'P' {
		return 0
	}
	s.rest = ""
	return c
}

// fraction reads the digits of a fraction of a second. half is as for clock.
func (s *scanner) fraction() (micros int64, half int, ok bool) {
	v, n := s.digits(6)
	if n == 0 {
		return 0, 0, false
	}
	for i := n; i < 6; i++ {
		v *= 10
	}
	half = -1
	for place := 0; s.rest != "" && s.rest[0]-'0' <= 9; place++ {
		switch d := s.rest[0] - '0'; {
		case place == 0 && d > 5, place > 0 && half == 0 && d > 0:
			half = 1
		case place == 0 && d == 5:
			half = 0
		}
		s.rest = s.rest[1:]
	}
	return int64(v), half, true
}

// zone reads the rest of a text as a zone, in µs east of UTC.
func (s *scanner) zone() (offset int64, ok bool) {
	s.is(' ')
	switch s.rest {
	case "Z", "UTC":
		return 0, true
	}
	sign := int64(1)
	if s.is('-') {
		sign = -1
	} else if !s.is('+') {
		return 0, false
	}
	hours, ok := s.two()
	minutes := 0
	if ok && s.rest != "" {
		s.is(':')
		minutes, ok = s.two()
	}
	if !ok || s.rest != "" || hours > 23 || minutes > 59 {
		return 0, false
	}
	return sign * int64(hours*60+minutes) * 60 * microsPerSecond, true
}

// readAny is [textClock.read] for any text.
func (c *textClock) readAny(text string) (int64, textForm) {
	s := scanner{text}
	start := c.otherStart
	if n := c.otherBytes; n > 0 && len(text) > n && text[:n] == string(c.other[:n]) && text[n] == ' ' {
		s.rest = text[n:]
	} else {
		var ok bool
		if start, ok = s.date(c.order); !ok {
			return 0, noTime
		}
		if n := len(text) - len(s.rest); n <= len(c.other) {
			c.otherBytes, c.otherStart = copy(c.other[:], text[:n]), start
		}
	}
	if !s.is(' ') && !s.is('T') {
		return 0, noTime
	}
	clock, half, ok := s.clock()
	if !ok {
		return 0, noTime
	}
	t := start + clock
	if s.rest == "" {
		return rounded(t, half), wallTime
	}
	offset, ok := s.zone()
	switch {
	case !ok:
		return 0, noTime
	case c.utc == UTCRefuse:
		return 0, hasZone
	case c.utc == UTCConvert:
		// This cannot overflow 64 bits, because a year has four digits.
		t, _ = c.wall.at(rounded(t-offset, half))
		return t, wallTime
	}
	return rounded(t, half), wallTime
}
