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
			if got, form := (&textClock{}).read(text); form != wallTime || got != want {
				t.Errorf("%s: the text is %d µs, TIMESTAMP(NANOS) %d", text, got, want)
			}
		}
	}
}
