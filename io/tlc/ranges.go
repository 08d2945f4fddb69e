package tlc

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Range is the months from First to Last, including both. An open range ends with the last month that is published.
type Range struct {
	First, Last int32
	Open        bool // Last is not given
}

// ParseRanges reads a list of ranges: see [ParseRange]. The result is in order, and no month is in two ranges.
func ParseRanges(list, taxi string) ([]Range, error) {
	var ranges []Range
	for part := range strings.SplitSeq(list, ",") {
		r, err := ParseRange(part, taxi)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	apart := ranges[:1]
	for _, r := range ranges[1:] {
		before := &apart[len(apart)-1]
		switch {
		case before.Open:
		case r.First > before.Last+1:
			apart = append(apart, r)
		default:
			before.Open, before.Last = r.Open, max(before.Last, r.Last)
		}
	}
	return apart, nil
}

// Since returns what is left of ranges without the months before a taxi's first file, and whether there are such months in them.
func Since(ranges []Range, taxi string) (since []Range, early bool) {
	first := FirstMonth(taxi)
	for _, r := range ranges {
		early = early || r.First < first
		if r.First = max(r.First, first); r.Open || r.First <= r.Last {
			since = append(since, r)
		}
	}
	return since, early
}

// ParseRange reads 2014-01..2023-12, 2024-01.. (to the last published), ..2010-12 (from the first published), or one
// month. A year such as 2023 stands for its twelve months.
func ParseRange(s, taxi string) (Range, error) {
	s = strings.TrimSpace(s)
	from, to, isRange := strings.Cut(s, "..")
	if !isRange {
		to = from
	}
	r := Range{Open: to == ""}
	var err error
	switch {
	case from != "":
		if r.First, _, err = monthsOf(from); err != nil {
			return r, err
		}
	case to == "": // nothing, or .. alone
		return r, fmt.Errorf("found %q, %w", s, errMonths)
	default:
		r.First = FirstMonth(taxi)
	}
	if r.Open {
		return r, nil
	}
	if _, r.Last, err = monthsOf(to); err != nil {
		return r, err
	}
	if r.Last < r.First {
		return r, fmt.Errorf("found %q, which ends before it begins", s)
	}
	return r, nil
}

var (
	errMonths = errors.New("expected months such as 2014-01..2023-12, 2024-01.., 2024-01, 2023, or a list of these: 2023-01,2023-03")

	yearPattern  = regexp.MustCompile(`^20\d\d$`)
	loosePattern = regexp.MustCompile(`^(20\d\d)[-/._]?(\d\d?)$`)
)

// monthsOf reads a month, or a year as its first and last month.
func monthsOf(s string) (first, last int32, err error) {
	if yearPattern.MatchString(s) {
		first, _ = MonthOf(s + "-01")
		return first, first + 11, nil
	}
	m, err := ExactMonth(s)
	if err != nil {
		err = fmt.Errorf("%w, %w", err, errMonths)
	}
	return m, m, err
}

// ExactMonth reads a month such as 2023-12 and nothing else. Its error says what was found, and the month that was meant
// where that can be told.
func ExactMonth(s string) (int32, error) {
	if m, ok := MonthOf(s); ok && FormatMonth(m) == s {
		return m, nil
	}
	parts := loosePattern.FindStringSubmatch(s)
	if parts == nil {
		return 0, fmt.Errorf("found %q", s)
	}
	number := "0" + parts[2]
	meant := parts[1] + "-" + number[len(number)-2:]
	if _, ok := MonthOf(meant); !ok {
		return 0, fmt.Errorf("found %q: there is no such month; a year has the months 01 to 12", s)
	}
	return 0, fmt.Errorf("found %q: write %s", s, meant)
}
