package tlc

import "testing"

func TestMonthOfTakesTheFirstValidMonthOfTheBaseName(t *testing.T) {
	for _, c := range []struct {
		name, want string
	}{
		{"yellow_tripdata_2014-01.parquet", "2014-01"},
		{"a/2016-07/green_tripdata_2023-12.parquet", "2023-12"},
		{"x_2014-13_2015-02.parquet", "2015-02"},
		{"x_2014-00.parquet", ""},
		{"part-00000.parquet", ""},
		{"2020-120.parquet", "2020-12"},
		{"y_1999-01.parquet", ""},
		{"2014-01/part.parquet", ""},
		{"202020-11.parquet", "2020-11"},
	} {
		got := ""
		if m, ok := MonthOf(c.name); ok {
			got = FormatMonth(m)
		}
		if got != c.want {
			t.Errorf("MonthOf(%q) = %q, expected %q", c.name, got, c.want)
		}
	}
}

func TestFormatMonthBeforeTheEpoch(t *testing.T) {
	for month, want := range map[int32]string{0: "1970-01", -1: "1969-12", -12: "1969-01", 11: "1970-12", 660: "2025-01"} {
		if got := FormatMonth(month); got != want {
			t.Errorf("FormatMonth(%d) = %q, expected %q", month, got, want)
		}
	}
}
