package trip

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tripstats/transforms/element"
)

// clockFor returns a textClock for an order of dates and a value of --utc.
func clockFor(t testing.TB, order element.DateOrder, utc string) *textClock {
	t.Helper()
	wall, err := newWallClock()
	if err != nil {
		t.Fatal(err)
	}
	return &textClock{order: order, utc: utc, wall: wall}
}

func TestTimesAreReadInEveryForm(t *testing.T) {
	for _, c := range []struct {
		text  string
		order element.DateOrder
		utc   string
		want  string // "" if the text is not a time
	}{
		{"2009-01-04 02:52:00", "", "", "2009-01-04 02:52:00"},
		{"2009-01-04T02:52:00", "", "", "2009-01-04 02:52:00"},
		{"2009-01-04 02:52", "", "", "2009-01-04 02:52:00"},
		{"2009-1-4 2:52", "", "", "2009-01-04 02:52:00"},
		{"2009/01/04 02:52:07", "", "", "2009-01-04 02:52:07"},
		{"2009-01-04 02:52:00.5", "", "", "2009-01-04 02:52:00.5"},
		{"2020-04-24 08:20:17.000000", "", "", "2020-04-24 08:20:17"},
		{"2020-02-29 23:59:59.9999995", "", "", "2020-03-01 00:00:00"},
		{"2020-02-29 23:59:59.99999949999999999999", "", "", "2020-02-29 23:59:59.999999"},
		{"1969-12-31 23:59:59.0000005", "", "", "1969-12-31 23:59:59"},
		{"1969-12-31 23:59:59.00000050000000001", "", "", "1969-12-31 23:59:59.000001"},
		{"0000-01-01 00:00:00", "", "", "0000-01-01 00:00:00"},
		{"9999-12-31 23:59:59", "", "", "9999-12-31 23:59:59"},
		{"1970-01-01 00:00:01", "", "", "1970-01-01 00:00:01"},

		{"01/02/2021 0:30", "mdy", "", "2021-01-02 00:30:00"},
		{"01/02/2021 0:30", "dmy", "", "2021-02-01 00:30:00"},
		{"1/2/2021 0:30:09", "mdy", "", "2021-01-02 00:30:09"},
		{"1/2/2021 12:30 AM", "mdy", "", "2021-01-02 00:30:00"},
		{"1/2/2021 12:30:01 pm", "mdy", "", "2021-01-02 12:30:01"},
		{"1/2/2021 01:30PM", "mdy", "", "2021-01-02 13:30:00"},
		{"13/2/2021 01:30", "dmy", "", "2021-02-13 01:30:00"},

		{"2013-08-01T08:14:37.000+08:00", "", UTCWall, "2013-08-01 08:14:37"},
		{"2013-08-01T08:14:37.000+08:00", "", UTCConvert, "2013-07-31 20:14:37"},
		{"2013-08-01 04:00:00Z", "", UTCConvert, "2013-08-01 00:00:00"},
		{"2013-08-01 04:00:00 UTC", "", UTCConvert, "2013-08-01 00:00:00"},
		{"2013-12-01 05:00:00+00", "", UTCConvert, "2013-12-01 00:00:00"},
		{"2013-12-01 00:00:00-0500", "", UTCConvert, "2013-12-01 00:00:00"},
		{"2013-12-01 00:00-05:00", "", UTCConvert, "2013-12-01 00:00:00"},
		{"2013-08-01 04:00:00", "", UTCConvert, "2013-08-01 04:00:00"}, // without a zone it is wall clock
		{"2013-08-01 04:00:00.0000005Z", "", UTCConvert, "2013-08-01 00:00:00.000001"},
		{"7/1/2013 04:00 Z", "mdy", UTCConvert, "2013-07-01 00:00:00"},

		{text: ""},
		{text: "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00 02:52:00"},
		{text: "0000-00-00 02:52:00"},
		{text: "2009-01-04"},
		{text: "2009-01-04 "},
		{text: "2009-01-04 02"},
		{text: "2009-01-04 02:5:00"},
		{text: "2009-01-04 02:52:0"},
		{text: "2009-01-04 02:52:00,5"},
		{text: "2009-01-04 02:52:00_5"},
		{text: "2009-01-04 02:52:0_0"},
		{text: "2009-01-04 02:52:00."},
		{text: "+009-01-04 02:52:00"},
		{text: "2009-01-04  02:52:00"},
		{text: "2009-01-04t02:52:00"},
		{text: "2009-01-0402:52:00"},
		{text: "2009-13-04 02:52:00"},
		{text: "2009-00-04 02:52:00"},
		{text: "2009-01-32 02:52:00"},
		{text: "2009-01-00 02:52:00"},
		{text: "2009-02-29 02:52:00"},
		{text: "2009-01-04 24:00:00"},
		{text: "2009-01-04 02:60:00"},
		{text: "2009-01-04 02:52:60"},
		{text: "2009-01/04 02:52:00"},
		{text: "9-01-04 02:52:00"},
		{text: "20090104 02:52:00"},
		{text: "2009-01-04 02:52:00x"},
		{text: "2009-01-04 02:52:00 EST", utc: UTCWall},
		{text: "2009-01-04 02:52:00+5", utc: UTCWall},
		{text: "2009-01-04 02:52:00+05:60", utc: UTCWall},
		{text: "2009-01-04 02:52:00+24", utc: UTCWall},
		{text: "2009-01-04 02:52:00+05:0", utc: UTCWall},
		{text: "2009-01-04 02:52:00Z0", utc: UTCWall},
		{text: "1/2/2021 0:30"},
		{text: "13/2/2021 0:30", order: "mdy"},
		{text: "2/13/2021 0:30", order: "dmy"},
		{text: "1/2/21 0:30", order: "mdy"},
		{text: "1/2/2021", order: "mdy"},
		{text: "1/2/2021 13:30 PM", order: "mdy"},
		{text: "1/2/2021 0:30 AM", order: "mdy"},
		{text: "1/2/2021 1:30 PMZ", order: "mdy", utc: UTCWall},
		{text: "1/2/2021 1:30 XM", order: "mdy"},
		{text: "001/2/2021 1:30", order: "mdy"},
		{text: "1//2021 1:30", order: "mdy"},
		{text: "1-2-2021 1:30", order: "mdy"},
	} {
		for _, before := range []string{"", "2009-01-04 00:00:00"} { // the clock keeps another date
			clock := clockFor(t, c.order, c.utc)
			clock.read(before)
			got, form := clock.read(c.text)
			if text := time.UnixMicro(got).UTC().Format("2006-01-02 15:04:05.999999"); (form == wallTime) != (c.want != "") || form == wallTime && text != c.want || form == hasZone {
				t.Errorf("%q with %q and %q: found %s, %v, expected %q", c.text, c.order, c.utc, text, form, c.want)
			}
		}
	}
	for _, text := range []string{"2013-08-01T08:14:37.000+08:00", "2013-08-01 04:00:00Z", "2013-08-01 04:00:00 UTC", "2013-08-01 04:00 -05"} {
		if got, form := clockFor(t, "", UTCRefuse).read(text); form != hasZone {
			t.Errorf("%q: found %d, %v, expected that a zone is noticed", text, got, form)
		}
	}
}

// slowTime reads the commonest forms with the standard library.
func slowTime(s string) (int64, bool) {
	if strings.Contains(s, ",") || strings.Contains(s, "  ") { // Go takes a comma for a point, and two spaces for one
		return 0, false
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix()*microsPerSecond + roundNanos(int64(t.Nanosecond()), t.Unix() < 0), true
		}
	}
	return 0, false
}

// TestTimesAreThoseOfTheStandardLibrary changes single bytes of times and compares with package time.
func TestTimesAreThoseOfTheStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	clock := &textClock{}
	for range 300_000 {
		at := time.Unix(rng.Int64N(20e9)-9e9, rng.Int64N(1e9)).UTC()
		b := []byte(at.Format([]string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05.000000", "2006-01-02 15:04:05.999999999"}[rng.IntN(4)]))
		if rng.IntN(2) == 0 {
			b[rng.IntN(len(b))] = "0123456789-: T./"[rng.IntN(16)]
		}
		got, form := clock.read(string(b))
		if want, ok := slowTime(string(b)); ok && (form != wallTime || got != want) {
			t.Fatalf("%q: found %d, %v, expected %d", b, got, form, want)
		} else if !ok && form == wallTime && len(b) == 19 && strings.Count(string(b), "/") == 0 {
			if _, err := time.Parse("2006-1-2 15:04:05", strings.Replace(string(b), "T", " ", 1)); err != nil {
				t.Fatalf("%q: found %d, expected no time", b, got)
			}
		}
	}
}

func FuzzTextTime(f *testing.F) {
	for _, s := range []string{"2009-01-04 02:52:00", "2009-01-04T02:52:00.5Z", "1/2/2021 0:30 PM", "2009-01-04 02:52:00+05:30", "13/01/2021 1:02"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, order := range []element.DateOrder{element.NoOrder, element.MonthFirst, element.DayFirst} {
			clock := textClock{order: order, utc: UTCWall}
			got, form := clock.read(s)
			if want, ok := slowTime(s); ok && len(s) <= 29 && (form != wallTime || got != want) {
				t.Errorf("%q: found %d, %v, expected %d", s, got, form, want)
			}
			if again, form2 := clock.read(s); again != got || form2 != form {
				t.Errorf("%q: found %d, %v at first, and %d, %v then", s, got, form, again, form2)
			}
			const least, most = -62_167_219_200 * microsPerSecond, 253_402_300_800 * microsPerSecond // the years 0 to 9999
			if got < least || got > most {
				t.Errorf("%q: found %d, which is beyond four digits of a year", s, got)
			}
		}
	})
}

func BenchmarkTextTime(b *testing.B) {
	for name, layout := range map[string]string{"seconds": "2006-01-02 15:04:05", "fraction": "2006-01-02 15:04:05.000000", "slashes": "01/02/2006 15:04"} {
		b.Run(name, func(b *testing.B) {
			in := make([]string, 1<<12)
			for i := range in {
				in[i] = time.Unix(1_600_000_000+int64(i*17), 0).UTC().Format(layout)
			}
			clock := textClock{order: element.MonthFirst}
			n := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range in {
					x, form := clock.read(s)
					if form != wallTime {
						b.Fatal(fmt.Sprint(s, " is not read"))
					}
					n += x
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(in)), "ns/time")
		})
	}
}
