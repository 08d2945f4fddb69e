package trip

import (
	"strings"
	"testing"
)

func TestMonthsInARowAreARange(t *testing.T) {
	var odd []string // none follows another
	for _, year := range strings.Fields("2001 2002 2003 2004 2005 2006 2007") {
		odd = append(odd, "green "+year+"-03", "green "+year+"-09")
	}
	for _, c := range []struct {
		months []string
		all    bool
		want   string
	}{
		{nil, false, ""},
		{[]string{"2020-01"}, false, "2020-01"},
		{[]string{"yellow 2019-12", "yellow 2020-01"}, false, "yellow 2019-12, yellow 2020-01"},
		{[]string{"2019-11", "2019-12", "2020-01"}, false, "2019-11..2020-01"},
		{[]string{"green 2019-11", "green 2019-12", "green 2020-01", "green 2020-03", "yellow 2020-04", "yellow 2020-05"}, false, "green 2019-11..2020-01, green 2020-03, yellow 2020-04, yellow 2020-05"},
		{[]string{"a", "b", "c"}, false, "a, b, c"},
		{odd, false, "14 months, the first green 2001-03 and the last green 2007-09 (--verbose names them all)"},
		{odd, true, strings.Join(odd, ", ")},
	} {
		if got := SomeMonths(c.months, c.all); got != c.want {
			t.Errorf("%q: found %q, expected %q", c.months, got, c.want)
		}
	}
}
