package report

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
)

func dateOf(y, m, d int) arrow.Date32 {
	return arrow.Date32FromTime(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC))
}

func TestADeclaredTableGetsThePictureOfItsKeys(t *testing.T) {
	for name, test := range map[string]struct {
		columns string
		rows    [][]any
		keys    []string
		charts  int
		kind    string
	}{
		"months":      {"taxi:text month_start:date trips:int cost:double", [][]any{{"yellow", 202401, 5, 1.5}, {"yellow", 202402, 6, 1.5}}, nil, 2, ""},
		"days":        {"pickup_date:date trips:int", [][]any{{20240131, 5}, {20240201, 6}}, nil, 1, ""},
		"years":       {"taxi:text year:int trips:int", [][]any{{"yellow", 2023, 5}, {"yellow", 2024, 6}}, nil, 1, ""},
		"hours":       {"taxi:text weekday:int pickup_hour:int trips:int", [][]any{{"yellow", 1, 0, 5}, {"yellow", 7, 23, 6}}, nil, 0, "heat"},
		"zones":       {"pickup_location_id:int trips:int", [][]any{{1, 5}, {2, 6}}, nil, 0, "map"},
		"two zones":   {"pickup_location_id:int dropoff_location_id:int trips:int", [][]any{{1, 5, 7}, {2, 6, 7}}, nil, 0, ""},
		"neither":     {"what:text trips:int", [][]any{{"a", 5}}, nil, 0, ""},
		"no measure":  {"month_start:date what:text", [][]any{{202401, "a"}}, nil, 0, ""},
		"other keys":  {"month_start:date passengers:int trips:int", [][]any{{202401, 1, 5}, {202401, 2, 5}}, nil, 0, ""},
		"keys known":  {"month_start:date passengers:int trips:int", [][]any{{202401, 1, 5}, {202401, 2, 5}}, []string{"month_start", "passengers"}, 1, ""},
		"no rows":     {"month_start:date trips:int", nil, nil, 0, ""},
		"odd weekday": {"weekday:int hour:int trips:int", [][]any{{9, 25, 5}, {nil, 1, 6}}, nil, 0, "heat"},
	} {
		tables := map[string]*rows{"own": tableOfRows(t, test.columns, test.rows...)}
		cfg := configOf(tables)
		cfg.Tables = map[string]Table{"own": {Keys: test.keys}}
		d := pageOf(cfg, tables).Own[0]
		kind := ""
		if d.Cube != nil {
			kind = d.Cube.Kind
		}
		if len(d.Charts) != test.charts || kind != test.kind {
			t.Errorf("%s: found %d charts and %q, expected %d and %q", name, len(d.Charts), kind, test.charts, test.kind)
		}
		if len(d.Table.Rows) != len(test.rows) {
			t.Errorf("%s: found %d rows in its table, expected %d", name, len(d.Table.Rows), len(test.rows))
		}
		written(t, cfg, tables)
	}
}

// TestALargeDeclaredTableIsCut protects the size of the page.
func TestALargeDeclaredTableIsCut(t *testing.T) {
	var all [][]any
	for y := range 400 {
		for h := range 168 {
			all = append(all, []any{"yellow", (1700+y)*100 + 1, h/24 + 1, h % 24, (y*7919 + h*104729) % 1_000_003, 1.0, h * y})
		}
	}
	tables := map[string]*rows{"own": tableOfRows(t, "taxi:text month_start:date weekday:int hour:int trips:int cost:decimal more:int", all...)}
	d := pageOf(configOf(tables), tables).Own[0]
	if d.Cube == nil || d.Cube.size() > mostBytes || d.Cube.Months[len(d.Cube.Months)-1] != "January 2099" || !strings.Contains(d.Note, "begins with") {
		t.Errorf("found the note %q and the picture %v, %d bytes", d.Note, d.Cube != nil, d.Cube.size())
	}
	if len(d.Table.Rows) != mostRows || d.Table.Note != "The first 300 of 67,200 rows." {
		t.Errorf("found %d rows and the note %q", len(d.Table.Rows), d.Table.Note)
	}
}

func TestALineBreaksWhereAMonthIsMissing(t *testing.T) {
	c := chartOf("c", "", "", "", []series{{Name: "a", Values: []float64{1, 2, math.NaN(), 3, math.NaN(), 4, 4}}}, nil)
	l := c.Lines[0]
	if strings.Count(l.Path, "M") != 2 || strings.Count(l.Dots, "M") != 1 || strings.Count(l.Gaps, "M") != 2 {
		t.Errorf("found %+v, expected two lines, a dot and two gaps", l)
	}
}

func TestAnAxisHasRoundNumbers(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      string
	}{
		{0, 14.9, "15 10 5 0"},
		{0, 0, "1.00 0.75 0.50 0.25 0.00"},
		{0, 11_999, "15,000 10,000 5,000 0"},
		{0, 20_700_000, "25 20 15 10 5 0"},
		{-3, 4, "4 2 0 −2 −4"},
		{0, 0.0789, "0.08 0.06 0.04 0.02 0.00"},
	} {
		c := chartOf("c", "", "", "", []series{{Values: []float64{test.low, test.high}}}, nil)
		var texts []string
		for _, r := range c.Rows {
			texts = append(texts, r.Text)
		}
		slices.Reverse(texts)
		if got := strings.Join(texts, " "); got != test.want {
			t.Errorf("%v to %v: found %s, expected %s", test.low, test.high, got, test.want)
		}
	}
}

func TestNamesOfLinesDoNotLieOnEachOther(t *testing.T) {
	for _, at := range [][]float64{{0, 0, 0}, {200, 199, 198, 200}, {100}, {50, 55, 190, 10}} {
		var ends []tick
		for _, y := range at {
			ends = append(ends, tick{At: y})
		}
		apart(ends)
		for i, e := range ends {
			if e.At < 0 || e.At > chartHeight || i > 0 && e.At-ends[i-1].At < endHeight-0.1 {
				t.Errorf("%v: found %v", at, ends)
			}
		}
	}
}

func TestColoursChangeAtRoundNumbers(t *testing.T) {
	if got, want := thirds(45_000, 6), []float64{100, 300, 1000, 3000, 10_000, 30_000}; !slices.Equal(got, want) {
		t.Errorf("found %v, expected %v", got, want)
	}
	if got, want := thirds(2, 3), []float64{0.1, 0.3, 1}; math.Abs(got[0]-want[0]) > 1e-9 || math.Abs(got[2]-want[2]) > 1e-9 {
		t.Errorf("found %v, expected %v", got, want)
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "1234": "1,234", "-1234567.50": "−1,234,567.50", "-12": "−12", "123456": "123,456"} {
		if got := group(text); got != want {
			t.Errorf("%s: found %s, expected %s", text, got, want)
		}
	}
	if got := decimals(-0.001, 2); got != "0.00" {
		t.Errorf("found %s, expected 0.00", got)
	}
}
