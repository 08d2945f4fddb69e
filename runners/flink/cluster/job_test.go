//go:build unix

package cluster

import "testing"

func TestRowsReadAddsUpTheReadersCounters(t *testing.T) {
	const one = `{"payload": "gJvuAg==", "labels": {"NAMESPACE": "tripstats", "NAME": "rows_read", "PTRANSFORM": "e10"}}`
	for name, c := range map[string]struct {
		text string
		want int64
	}{
		"one":         {`{"metrics": {"attempted": [` + one + `]}}`, 6_000_000},
		"two":         {`{"metrics": {"attempted": [` + one + `, ` + one + `]}}`, 12_000_000},
		"another's":   {`{"metrics": {"attempted": [{"payload": "AQ==", "labels": {"NAMESPACE": "x", "NAME": "rows_read"}}]}}`, 0},
		"none":        {`{"metrics": {"attempted": []}}`, 0},
		"not Beam's ": {`(1,2)`, 0},
	} {
		if got, err := rowsRead(c.text); err != nil || got != c.want {
			t.Errorf("%s: found %d, %v, expected %d", name, got, err, c.want)
		}
	}
	for _, bad := range []string{`rows_read`, `{"metrics": {"attempted": [{"payload": "", "labels": {"NAMESPACE": "tripstats", "NAME": "rows_read"}}]}}`} {
		if got, err := rowsRead(bad); err == nil {
			t.Errorf("%s: found %d, expected an error", bad, got)
		}
	}
}
