package tlcgen

import (
	"strconv"
	"time"
)

// dayText writes times as text. It keeps the date of the last one: most follow each other within a day.
type dayText struct {
	day   int64
	form  Times
	known bool
	date  []byte
}

// append appends a time in microseconds.
func (d *dayText) append(out []byte, micros int64, form Times) []byte {
	seconds := micros / 1e6
	day, rest := seconds/86_400, seconds%86_400
	if rest < 0 {
		day, rest = day-1, rest+86_400
	}
	if !d.known || day != d.day || form != d.form {
		d.day, d.form, d.known = day, form, true
		d.date = dateText(d.date[:0], time.Unix(day*86_400, 0).UTC(), form)
	}
	out = append(out, d.date...)
	hours, minutes, rest := rest/3600, rest/60%60, rest%60
	if form.minutes() {
		out = strconv.AppendInt(out, hours, 10)
		return append(out, ':', byte('0'+minutes/10), byte('0'+minutes%10))
	}
	out = append(out, byte('0'+hours/10), byte('0'+hours%10), ':', byte('0'+minutes/10), byte('0'+minutes%10), ':', byte('0'+rest/10), byte('0'+rest%10))
	switch form {
	case TimesFraction:
		out = append(out, ".000000"...)
	case TimesZ:
		out = append(out, 'Z')
	case TimesOffset:
		out = append(out, ".000+00:00"...)
	}
	return out
}

// dateText appends a date and what separates it from the time.
func dateText(out []byte, t time.Time, form Times) []byte {
	switch form {
	case TimesMDY:
		return t.AppendFormat(out, "1/2/2006 ")
	case TimesDMY:
		return t.AppendFormat(out, "02/01/2006 ")
	case TimesT, TimesZ, TimesOffset:
		return t.AppendFormat(out, "2006-01-02T")
	}
	return t.AppendFormat(out, "2006-01-02 ")
}
