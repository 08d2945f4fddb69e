package tlcgen

import (
	"slices"
	"testing"
)

func TestParseMonths(t *testing.T) {
	tests := []struct {
		in   string
		want []YearMonth // nil for an error
	}{
		{"2014-03", []YearMonth{{2014, 3}}},
		{"2014-11..2015-02", []YearMonth{{2014, 11}, {2014, 12}, {2015, 1}, {2015, 2}}},
		{"2023-05, 2014-03..2014-04", []YearMonth{{2023, 5}, {2014, 3}, {2014, 4}}},
		{"2014-13", nil},
		{"2014", nil},
		{"2014-3", nil},
		{"2014-04..2014-03", nil},
		{"2014-01..2014-03,2014-02", nil},
		{"2014-01..", nil},
		{"", nil},
	}
	for _, tt := range tests {
		got, err := ParseMonths(tt.in)
		if (err != nil) != (tt.want == nil) || !slices.Equal(got, tt.want) {
			t.Errorf("ParseMonths(%q) = %v, %v, expected %v", tt.in, got, err, tt.want)
		}
	}
}

func TestFilePath(t *testing.T) {
	if got, want := FilePath(Yellow, YearMonth{2014, 3}, false), "yellow/2014/yellow_tripdata_2014-03.parquet"; got != want {
		t.Errorf("FilePath = %s, expected %s", got, want)
	}
	if got, want := FilePath(Green, YearMonth{2014, 3}, true), "green_tripdata_2014-03.parquet"; got != want {
		t.Errorf("FilePath = %s, expected %s", got, want)
	}
}

func TestClockChange(t *testing.T) {
	at := func(m YearMonth, d, h, min int64) int64 { return m.start() + (d-1)*day + h*hour + min*60 }
	march, november, july := YearMonth{2014, 3}, YearMonth{2014, 11}, YearMonth{2014, 7}
	tests := []struct {
		name    string
		month   YearMonth
		pickup  int64
		minutes int64
		second  bool
		want    int64
	}{
		{"before the spring change", march, at(march, 9, 1, 10), 20, false, at(march, 9, 1, 30)},
		{"across the spring change", march, at(march, 9, 1, 50), 20, false, at(march, 9, 3, 10)},
		{"after the spring change", march, at(march, 9, 3, 0), 20, false, at(march, 9, 3, 20)},
		{"another Sunday", march, at(march, 16, 1, 50), 20, false, at(march, 16, 2, 10)},
		{"across the fall change", november, at(november, 2, 1, 50), 20, false, at(november, 2, 1, 10)},
		{"long across the fall change", november, at(november, 2, 0, 50), 80, true, at(november, 2, 1, 10)},
		{"after the fall change", november, at(november, 2, 1, 50), 20, true, at(november, 2, 2, 10)},
		{"no change", july, at(july, 6, 1, 50), 20, false, at(july, 6, 2, 10)},
	}
	for _, tt := range tests {
		if got := clockOf(tt.month).dropoff(tt.pickup, tt.minutes*60, tt.second); got != tt.want {
			t.Errorf("%s: dropoff %d minutes off", tt.name, (got-tt.want)/60)
		}
	}
}
