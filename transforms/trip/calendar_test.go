package trip

import (
	"math"
	"reflect"
	"testing"
	"time"

	"tripstats/transforms/element"
)

func TestMonthsAgreeWithTheStandardLibrary(t *testing.T) {
	for day := int64(-400 * 366); day < 800*366; day += 13 {
		tm := time.Unix(day*86400, 0).UTC()
		month := MonthOf(day*microsPerDay + microsPerDay - 1)
		if want := int32((tm.Year()-1970)*12 + int(tm.Month()) - 1); month != want {
			t.Fatalf("month of %v: %d, expected %d", tm, month, want)
		}
		if YearOf(month) != int32(tm.Year()) {
			t.Fatalf("year of %v: %d", tm, YearOf(month))
		}
		first := time.Date(tm.Year(), tm.Month(), 1, 0, 0, 0, 0, time.UTC)
		if want := int32(floorDiv(first.Unix(), 86400)); FirstDay(month) != want {
			t.Fatalf("first day of %v: %d, expected %d", tm, FirstDay(month), want)
		}
	}
}

func TestMonthsAtTheEdgesOfInt64(t *testing.T) {
	for _, v := range []int64{math.MinInt64, math.MaxInt64, 0, -1} {
		month := MonthOf(v)
		lo, hi := monthSpan(month)
		if v < lo || v > hi || v == hi && hi != math.MaxInt64 {
			t.Errorf("%d lies in month %d, whose span is [%d, %d)", v, month, lo, hi)
		}
	}
}

func TestRunsCoverEveryRowWithItsMonth(t *testing.T) {
	at := func(y int, m time.Month, d int) int64 { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMicro() }
	mar, apr := MonthOf(at(2020, 3, 1)), MonthOf(at(2020, 4, 1))
	for name, c := range map[string]struct {
		pickup Column
		want   []MonthRun
	}{
		"none":  {Column{}, nil},
		"one":   {Column{Values: []int64{at(2020, 3, 1), at(2020, 3, 31)}}, []MonthRun{{Month: mar, End: 2}}},
		"edges": {Column{Values: []int64{at(2020, 4, 1) - 1, at(2020, 4, 1), at(2020, 3, 9)}}, []MonthRun{{Month: mar, End: 1}, {Month: apr, End: 2}, {Month: mar, End: 3}}},
		"nulls": {Column{Values: []int64{0, 0, at(2020, 3, 1), 0}, Valid: []byte{0b0100}, Nulls: 3}, []MonthRun{{Month: element.NoMonth, End: 2}, {Month: mar, End: 3}, {Month: element.NoMonth, End: 4}}},
		"epoch": {Column{Values: []int64{0, -1}}, []MonthRun{{Month: 0, End: 1}, {Month: -1, End: 2}}},
		"zero":  {Column{Values: []int64{0, 0}, Valid: []byte{0b01}, Nulls: 1}, []MonthRun{{Month: 0, End: 1}, {Month: element.NoMonth, End: 2}}},
	} {
		if got := appendRuns(nil, &c.pickup); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, expected %v", name, got, c.want)
		}
	}
}

func TestWallClockOfNewYorkOnBothNightsOfClockChange(t *testing.T) {
	w, err := newWallClock()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"2020-01-01T05:00:00Z": "2020-01-01 00:00:00",
		"2020-07-01T04:00:00Z": "2020-07-01 00:00:00",
		"2020-03-08T06:59:59Z": "2020-03-08 01:59:59", // EST
		"2020-03-08T07:00:00Z": "2020-03-08 03:00:00", // EDT: the hour from 2 is skipped
		"2020-11-01T05:59:59Z": "2020-11-01 01:59:59", // EDT
		"2020-11-01T06:00:00Z": "2020-11-01 01:00:00", // EST: the hour from 1 comes again
	} {
		instant, err := time.Parse(time.RFC3339, in)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := w.at(instant.UnixMicro())
		if text := time.UnixMicro(got).UTC().Format("2006-01-02 15:04:05"); text != want || !ok {
			t.Errorf("%s: %s, expected %s", in, text, want)
		}
	}
	if _, ok := w.at(math.MinInt64); ok {
		t.Error("the earliest instant has no wall clock of 64 bits, but found one")
	}
}
