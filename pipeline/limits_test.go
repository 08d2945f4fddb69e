package main_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"tripstats/io/publish"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/quality"
)

// fired returns the rows of a rule in the ledger, over all files and months.
func fired(t *testing.T, output, rule string) int64 {
	t.Helper()
	ledger := readTable(t, output, "quality")
	lines := table{names: ledger.names}
	for _, row := range ledger.rows {
		if row[ledger.names["rule"]] == rule {
			lines.rows = append(lines.rows, row)
		}
	}
	return lines.sum(t, "rows")
}

// longerThan counts the trips of a file that begin in its month and take longer than the given minutes.
func longerThan(t *testing.T, path, month string, minutes int64) (n int64) {
	t.Helper()
	tb := readParquet(t, path)
	at := func(row []string, name string) time.Time {
		when, err := time.Parse("2006-01-02T15:04:05", row[tb.names[name]])
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, row := range tb.rows {
		from, until := at(row, "tpep_pickup_datetime"), at(row, "tpep_dropoff_datetime")
		if from.Format("2006-01") == month && until.Sub(from) > time.Duration(minutes)*time.Minute {
			n++
		}
	}
	return n
}

// TestALimitChangesWhatARuleDoesAndIsToldWithTheTables compares the ledger with the long trips in the input file, and checks that the
// published tables say which limit was used.
func TestALimitChangesWhatARuleDoesAndIsToldWithTheTables(t *testing.T) {
	dir := t.TempDir()
	input := generate(t, dir, month(tlcgen.Yellow, 2019, 8, 5_000))
	if err := os.WriteFile(filepath.Join(dir, "limits.txt"), []byte("# an hour\nduration_over=60\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	var first publish.Rules
	for i, c := range []struct {
		flag    string
		minutes int64
	}{
		{"--limits=", 300},
		{"--limits=duration_over=60", 60},
		{"--limits=@limits.txt", 60},
		{"--limits=duration_over=300", 300}, // the default, given explicitly
	} {
		runOnce(t, command{args: []string{"--input=" + input, "--output=out", c.flag}, dir: dir}).succeeds(t)
		output := filepath.Join(dir, "out")
		if got, want := fired(t, output, "duration_over"), longerThan(t, input, "2019-08", c.minutes); got != want || want == 0 {
			t.Errorf("%s: found %d rows, expected %d", c.flag, got, want)
		}
		rules := readManifest(t, output).Rules
		if rules.Limits["duration_over"] != c.minutes || rules.Limits["tip_over"] != 5000 || len(rules.Limits) < 5 {
			t.Errorf("%s: the manifest has %v", c.flag, rules.Limits)
		}
		if i == 0 {
			first = *rules
		}
		if same := c.minutes == 300; (rules.Digest == first.Digest) != same {
			t.Errorf("%s: found digest %s after %s, expected the same: %v", c.flag, rules.Digest, first.Digest, same)
		}
		for _, name := range []string{"trip_stats", "location_stats", "quality"} {
			meta := readTable(t, output, name).meta
			want := quality.Limits{"duration_over": c.minutes}.String()
			if meta["tripstats.limits"] != want || meta["tripstats.rules_digest"] != rules.Digest {
				t.Errorf("%s: %s: found %v, expected limits %s and digest %s", c.flag, name, meta, want, rules.Digest)
			}
		}
	}
}
