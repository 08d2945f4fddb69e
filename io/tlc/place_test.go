package tlc

import "testing"

func TestMonthInSaysWhereTheMonthStands(t *testing.T) {
	for _, c := range []struct{ path, month, at string }{
		{"lake/yellow_tripdata_2014-01.parquet", "2014-01", ""},
		{"year=2016/month=07/yellow_tripdata_2014-01.parquet", "2014-01", ""}, // the base name comes first

		{"lake/year=2024/month=01/part-0.parquet", "2024-01", "year=2024/month=01"},
		{"year=2024/month=1/day=5/part-0.parquet", "2024-01", "year=2024/month=1"},
		{"yellow/puYear=2016/puMonth=12/part-0.snappy.parquet", "2016-12", "puYear=2016/puMonth=12"},
		{"month=03/color=green/YEAR=2019/x.csv.gz", "2019-03", "month=03/YEAR=2019"},
		{"pickup_year=2019/pickup_month=4/x.csv", "2019-04", "pickup_year=2019/pickup_month=4"},
		{"year=2024/month=01/year=2025/x.parquet", "2025-01", "month=01/year=2025"}, // the nearest
		{"year=2024/month=01/yellow_2025_02.parquet", "2024-01", "year=2024/month=01"},
		{"year=2024/month=13/x.parquet", "", ""},
		{"year=24/month=01/x.parquet", "", ""},
		{"year=2024/x.parquet", "", ""},
		{"year=2024/puMonth=1/x.parquet", "", ""},
		{"year=__HIVE_DEFAULT_PARTITION__/month=1/x.parquet", "", ""},

		{"yellow/2025/02.parquet", "2025-02", "2025/02"},
		{"2025/02.csv.gz", "2025-02", "2025/02"},
		{"2025/13.parquet", "", ""},
		{"2025/02/x.parquet", "", ""},
		{"a/02.parquet", "", ""},

		{"yellow_2025_02.parquet", "2025-02", "2025_02"},
		{"2025_02.csv", "2025-02", "2025_02"},
		{"lake/2025_02.csv", "2025-02", "2025_02"},
		{"lake/202502.csv", "2025-02", "202502"},
		{"yellow_2025_02", "2025-02", "2025_02"},
		{"yellow_2025_13_2025_03.csv", "2025-03", "2025_03"},
		{"yellow_202502.parquet", "2025-02", "202502"},
		{"yellow202502.csv.gz", "2025-02", "202502"},
		{"yellow_20250214.parquet", "", ""}, // a day, or a number
		{"yellow_1202502.parquet", "", ""},
		{"yellow_202513.parquet", "", ""},
		{"part-00000-202502.parquet", "", ""}, // numbers of parts and tasks
		{"part-202502_2.parquet", "", ""},
		{"yellow_200802.parquet", "", ""}, // TLC publishes no files of this month: it is a number

		{"2024-12/yellow.parquet", "", ""}, // the day of a download
		{"2024_12/yellow.parquet", "", ""},
		{"download_202412/yellow.parquet", "", ""},
		{`C:\lake\year=2024\month=01\x.parquet`, "2024-01", "year=2024/month=01"},
		{"x.parquet", "", ""},
		{"", "", ""},
	} {
		month := ""
		m, at, ok := MonthIn(c.path)
		if ok {
			month = FormatMonth(m)
		}
		if month != c.month || at.Text != c.at {
			t.Errorf("MonthIn(%q) = %q from %q, expected %q from %q", c.path, month, at.Text, c.month, c.at)
		}
	}
}

func TestTheTaxiOfAPartitionIsInAFolderAboveIt(t *testing.T) {
	for name, want := range map[string]string{
		"color=green/year=2024/month=01/part-0.parquet": "green", "yellow/2025/02.parquet": "yellow", "yellow_202502.parquet": "yellow",
	} {
		if found := TaxiOf(name); found != want {
			t.Errorf("TaxiOf(%q) = %q, expected %q", name, found, want)
		}
	}
}

// TestEachFormHoldsItsExampleAlone checks that the example of each form matches no other form.
func TestEachFormHoldsItsExampleAlone(t *testing.T) {
	for i, f := range forms {
		for k, other := range forms {
			if _, _, ok := other.find(f.example); ok != (k == i) {
				t.Errorf("%s: the form of %s holds a month: %v", f.example, other.example, ok)
			}
		}
	}
}
