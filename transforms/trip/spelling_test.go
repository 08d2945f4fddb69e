package trip

import (
	"testing"
	"time"
)

// TestTimesAreRoundedAlikeWhateverTheirType rounds the same instants, before and after 1970, in each type that has nanoseconds.
func TestTimesAreRoundedAlikeWhateverTheirType(t *testing.T) {
	for _, day := range []int64{-25_567, -1, 0, 1, 20_000} {
		for _, nanos := range []int64{0, 1, 499, 500, 501, 999, 1000, 1499, 1500, 1501, 43_200_000_000_500, 86_399_999_999_499, 86_399_999_999_500, 86_399_999_999_999} {
			want, _ := microsFromNanos(day*86_400_000_000_000 + nanos)
			if got, ok := microsFromInt96(nanos, int32(day+2_440_588)); !ok || got != want {
				t.Errorf("day %d, %d ns: INT96 is %d µs, TIMESTAMP(NANOS) %d", day, nanos, got, want)
			}
			text := time.Unix(day*86_400, nanos).UTC().Format("2006-01-02 15:04:05.000000000")
			if got, ok := microsFromText(text); !ok || got != want {
				t.Errorf("%s: the text is %d µs, TIMESTAMP(NANOS) %d", text, got, want)
			}
		}
	}
}

// TestOnlyDecimalsAreNumbers has texts that only Go reads as numbers and times.
func TestOnlyDecimalsAreNumbers(t *testing.T) {
	for _, s := range []string{"1_000", "1_0.5", "0x1p4", "0X10", "0x_1p4", "0b11", "0o17", "inf", "+Inf", "infinity", "nan", "NaN", "1e", "e5", ".", "+", "--5", "1,5", " 5", "5 ", "١"} {
		if v, ok := fixText(s); ok {
			t.Errorf("%q: found the number %d", s, v)
		}
		if v, ok := zoneText(s); ok {
			t.Errorf("%q: found the zone %d", s, v)
		}
	}
	for s, want := range map[string]int64{"+5": 5e6, "-5": -5e6, "5.": 5e6, ".5": 5e5, "1e2": 1e8, "-2.5E+1": -25e6, "1000": 1e9, "007": 7e6} {
		if v, ok := fixText(s); !ok || v != want {
			t.Errorf("%q: found %d, %v, expected %d", s, v, ok, want)
		}
	}
	for s, want := range map[string]int64{"+5": 5, "132.0": 132, "1.32e2": 132, "007": 7} {
		if v, ok := zoneText(s); !ok || v != want {
			t.Errorf("%q: found %d, %v, expected %d", s, v, ok, want)
		}
	}
	for _, s := range []string{"2009-01-04 02:52:00,5", "2009-01-04 02:52:00_5", "2009-01-04 02:52:0_0", "2009-01-04T02:52:00", "2009-1-4 02:52:00", "2009-01-04 02:52:00.", "+009-01-04 02:52:00"} {
		if v, ok := microsFromText(s); ok {
			t.Errorf("%q: found the time %d", s, v)
		}
	}
}
