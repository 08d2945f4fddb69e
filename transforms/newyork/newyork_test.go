package newyork

import (
	"testing"
	"time"
)

func TestSummerTime(t *testing.T) {
	zone, err := Zone()
	if err != nil {
		t.Fatal(err)
	}
	for instant, want := range map[string]string{
		"2014-03-09T06:59:59Z": "2014-03-09 01:59:59 EST",
		"2014-03-09T07:00:00Z": "2014-03-09 03:00:00 EDT",
		"2023-11-05T05:59:59Z": "2023-11-05 01:59:59 EDT",
		"2023-11-05T06:00:00Z": "2023-11-05 01:00:00 EST",
		"2099-07-01T00:00:00Z": "2099-06-30 20:00:00 EDT", // beyond the table of the file, by its rule
	} {
		at, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := at.In(zone).Format("2006-01-02 15:04:05 MST"); got != want {
			t.Errorf("%s: found %s, expected %s", instant, got, want)
		}
	}
}
