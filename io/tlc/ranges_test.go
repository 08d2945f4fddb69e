package tlc

import (
	"fmt"
	"strings"
	"testing"
)

func TestListsOfMonths(t *testing.T) {
	for list, want := range map[string]string{
		"2023":                           "2023-01..2023-12",
		"2023-01,2023-02":                "2023-01..2023-02",
		"2023-03, 2023-01":               "2023-01..2023-01 2023-03..2023-03",
		"2022,2023-06":                   "2022-01..2022-12 2023-06..2023-06",
		"2021..2022,2022-05..2023-01":    "2021-01..2023-01",
		"2024-01..,2023-05,2025-01":      "2023-05..2023-05 2024-01..",
		"2023-12,2024..":                 "2023-12..",
		"2014-01..2014-03":               "2014-01..2014-03",
		"2023-01,2023-01":                "2023-01..2023-01",
		"2023-13":                        "error: no such month",
		"2023-00..2023-05":               "error: no such month",
		"2023-1":                         "error: write 2023-01",
		"202301":                         "error: write 2023-01",
		"2023/7":                         "error: write 2023-07",
		"2023-01,":                       "error: expected months",
		"2023-01,,2023-02":               "error: expected months",
		"yellow":                         "error: expected months",
		"1999":                           "error: expected months",
		"2023-05..2023-01,2024-01":       "error: ends before it begins",
		"2023-01-01..2023-02-01,2023-03": "error: expected months",
	} {
		ranges, err := ParseRanges(list, "yellow")
		var parts []string
		for _, r := range ranges {
			part := FormatMonth(r.First) + ".."
			if !r.Open {
				part += FormatMonth(r.Last)
			}
			parts = append(parts, part)
		}
		got := strings.Join(parts, " ")
		if words, isError := strings.CutPrefix(want, "error: "); isError {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%q: found %s, %v, expected an error with %q", list, got, err, words)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q: found %s, %v, expected %s", list, got, fmt.Sprint(err), want)
		}
	}
}
