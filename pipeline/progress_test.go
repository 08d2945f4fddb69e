package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tripstats/io/objstore"
	"tripstats/runners"
	"tripstats/transforms/watch"
)

// halfway is a run that has read a half of its bytes.
func halfway(names ...string) status {
	s := status{State: watch.State{
		Stage: watch.Reading, Inputs: 4, Looked: 4, Files: 4, FilesDone: 1, Rows: 36_000_000, RowsDone: 18_000_000, Bytes: 400_000_000, BytesDone: 200_000_000, Refused: 7, Open: names,
	}}
	s.speed(mark{at: time.Unix(0, 0), rows: 8_000_000, bytes: 100_000_000}, mark{at: time.Unix(10, 0), rows: 18_000_000, bytes: 200_000_000})
	return s
}

// TestTheBarFitsTheTerminal has terminals of many widths: what matters least is left out first.
func TestTheBarFitsTheTerminal(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{140, " 50%  [##########..........]  200.0/400.0 MB  18.0/36.0 M rows  1.0 M rows/s  20 s left  yellow_tripdata_2014-03.parquet"},
		{100, " 50%  [##########..........]  18.0/36.0 M rows  1.0 M rows/s  20 s left  ...ripdata_2014-03.parquet"},
		{80, " 50%  [#####.....]  1.0 M rows/s  20 s left  yellow_tripdata_2014-03.parquet"},
		{70, " 50%  [#####.....]  1.0 M rows/s  20 s left  ...pdata_2014-03.parquet"},
		{50, " 50%  1.0 M rows/s  20 s left  ...2014-03.parquet"},
		{40, " 50%  20 s left  ...ata_2014-03.parquet"},
		{30, " 50%  ...data_2014-03.parquet"},
		{12, " 50%  ...et"},
		{5, " 50%"},
		{2, " "},
		{1, ""},
	} {
		got := halfway("yellow/2014/yellow_tripdata_2014-03.parquet").bar(c.width)
		if strings.TrimRight(got, " ") != strings.TrimRight(c.want, " ") || cellsOf(got) >= c.width {
			t.Errorf("width %d: found %q (%d cells), expected %q", c.width, got, cellsOf(got), c.want)
		}
	}
}

// hostileNames are names of files that a terminal must not obey.
var hostileNames = map[string]string{
	"codes":         "a\x1b[2J\x1b]0;title\x07b\r\n\tc\x9b31m.parquet",
	"direction":     "abc\u202etxt.exe\u2066x\u200f.parquet",
	"hebrew":        "נסיעות-מונית-2014-03.parquet",
	"wide":          strings.Repeat("計程車", 20) + ".parquet",
	"marks":         strings.Repeat("e\u0301\u0327", 200),
	"long":          strings.Repeat("n", 300) + ".parquet",
	"very long":     strings.Repeat("é", 1_000_000),
	"not UTF-8":     "a\xff\xfeb.parquet",
	"quotes":        `"'</script>&%s%!d(x).parquet`,
	"separators":    "a\u2028b\u2029c\u0085d.parquet",
	"invisible":     "a\u200b\ufeff\u00adb.parquet",
	"only controls": "\x1b\x1b\x1b",
}

// TestHostileNamesAreShownAsText has names in bars and in lines: nothing in them reaches the terminal but text, in the width that there is.
func TestHostileNamesAreShownAsText(t *testing.T) {
	for name, hostile := range hostileNames {
		s := halfway("x/" + hostile)
		for _, width := range []int{1, 5, 30, 79, 80, 81, 120, 400} {
			bar := s.bar(width)
			if cellsOf(bar) >= width || strings.ContainsFunc(bar, controls) {
				t.Errorf("%s, width %d: found %q, expected text in fewer cells", name, width, bar)
			}
		}
		line := s.text()
		if strings.ContainsFunc(line, controls) || len(line) > 1000 || !strings.Contains(line, "read 50%: 200.0 of 400.0 MB, 18.0 of 36.0 M rows, 1 of 4 files, 1.0 M rows a second, 20 s left, now ") {
			t.Errorf("%s: found %q", name, line)
		}
		var b bytes.Buffer
		console{w: &b}.file(fileRecord{Source: hostile, Taxi: "yellow", Use: "read"})
		if line := strings.TrimSuffix(b.String(), "\n"); strings.ContainsFunc(line, controls) {
			t.Errorf("%s: found %q", name, line)
		}
		b.Reset()
		console{w: &b, form: "json"}.record(s.record())
		var r statusRecord
		if err := json.Unmarshal(b.Bytes(), &r); err != nil || strings.Count(b.String(), "\n") != 1 || len(r.Reading) != 1 {
			t.Errorf("%s: found %.200q (%v), expected a record in one line", name, b.String(), err)
		}
	}
	if got := plainName("נסיעות ü 計"); got != "נסיעות ü 計" {
		t.Errorf("found %q, expected letters of any script as they are", got)
	}
}

// controls tells whether a terminal may obey a character.
func controls(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
}

func TestWhatIsShownWhereNoRowsAreRead(t *testing.T) {
	for want, s := range map[string]status{
		"finding the inputs":                  {},
		"looking at the inputs: 3 of 5":       {State: watch.State{Stage: watch.Looking, Inputs: 5, Looked: 3}},
		"job j-1 is running, 12.3 M rows rea": {job: runners.Status{Job: "j-1", State: "running", Counters: map[string]int64{"rows_read": 12_345_678}}, seconds: 61},
		"job j-1 is unknown, 1 min 1 s":       {job: runners.Status{Job: "j-1"}, seconds: 61},
	} {
		if got := s.bar(36); got != want {
			t.Errorf("found %q, expected %q", got, want)
		}
		if got := s.text(); !strings.HasPrefix(got, want) {
			t.Errorf("found %q, expected %q", got, want)
		}
	}
	published := halfway()
	published.Stage, published.BytesDone = watch.Publishing, published.Bytes
	if got := published.bar(60); got != "100%  [##########]  18.0/36.0 M rows  publishing" {
		t.Errorf("found %q", got)
	}
	text := halfway("a.csv")
	text.Rows = -5
	if got := text.text(); !strings.Contains(got, ", 18.0 M rows, ") {
		t.Errorf("found %q, expected no number of all rows, because only reading tells", got)
	}
}

// TestWaitingIsShown has a run that waits for the lock and for a store, and another that uses the same store elsewhere.
func TestWaitingIsShown(t *testing.T) {
	now := time.Unix(1000, 0)
	ago := func(seconds int) time.Time { return now.Add(-time.Duration(seconds) * time.Second) }
	tel := &teller{places: []string{"", "https://host/raw/", "s3://bucket/stats"}}
	s := status{State: watch.State{Stage: watch.Locking, Since: ago(12)}, output: "s3://bucket/stats"}
	got := s.waiting(now, []objstore.Request{
		{URI: "https://host/raw/a.parquet", Since: ago(5)},
		{URI: "https://host/other.parquet", Since: ago(5)},
		{URI: "s3://bucket/stats/.tripstats/lock", Since: ago(70), Tries: 2, Cause: objstore.Temporary(errStatus{})},
	}, tel.belongs)
	want := []string{
		"waiting 12 s for the run that is publishing to s3://bucket/stats", "waiting 5 s for https://host/raw/a.parquet",
		"waiting 1 min 10 s for s3://bucket/stats/.tripstats/lock (tried 2 times: status 503  slow down)",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.Since = ago(2)
	if got := s.waiting(now, nil, tel.belongs); got != nil {
		t.Errorf("found %q, expected nothing before %v", got, patience)
	}
}

type errStatus struct{}

func (errStatus) Error() string { return "status 503\x1b slow down" }

// TestLinesComeEachTenSeconds drives the clock: a line each ten seconds, and one at once when something is waited for.
func TestLinesComeEachTenSeconds(t *testing.T) {
	var b bytes.Buffer
	start := time.Unix(1000, 0)
	tel := &teller{out: console{w: &b, form: "plain"}, begun: start, beat: beat{told: start}}
	tel.run = watch.New(t.Name(), nil)
	defer tel.run.Close()
	lines := func(from, to int) int {
		b.Reset()
		for second := from; second <= to; second++ {
			tel.tick(start.Add(time.Duration(second) * time.Second))
		}
		return strings.Count(b.String(), "\n")
	}
	for _, c := range []struct{ from, to, want int }{{1, 9, 0}, {10, 19, 1}, {20, 30, 2}} {
		if got := lines(c.from, c.to); got != c.want {
			t.Errorf("seconds %d to %d: found %d lines, expected %d\n%s", c.from, c.to, got, c.want, b.String())
		}
	}
	tel.run.Stage(watch.Locking) // since today, so that it has been waited for very long
	tel.begun = time.Now().Add(time.Hour)
	tel.told = tel.begun
	b.Reset()
	tel.tick(tel.begun.Add(time.Second))
	tel.tick(tel.begun.Add(2 * time.Second))
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "waiting 1 h 0 min for the run that is publishing to") {
		t.Errorf("found %q, expected one line", got)
	}
}
