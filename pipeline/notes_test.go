package main_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/testdata/tlcgen"
)

func TestMissingMonthsAreNoted(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []tlcgen.Options{
		month(tlcgen.Yellow, 2019, 11, 50), month(tlcgen.Yellow, 2020, 2, 50), month(tlcgen.Yellow, 2020, 3, 50),
		month(tlcgen.Green, 2020, 1, 50), month(tlcgen.Green, 2021, 4, 50),
	} {
		generate(t, filepath.Join(dir, "raw"), o)
	}
	write(t, filepath.Join(dir, "raw", "nameless.parquet"), trips(t)) // it has no month, so it fills no gap
	const yellow = "yellow 2019-12, yellow 2020-01"
	for _, c := range []struct {
		name, input string
		notes       []string
	}{
		{"within a taxi, across years", "raw/yellow*", []string{"no file for " + yellow}},
		{"none", "raw/yellow_tripdata_2020*", nil},
		{"one file", "raw/green_tripdata_2020*", nil},
		{"without a month in the name", "raw/nameless.parquet", []string{
			"no file has a month in its name, so pickups of every month since 2009-01 count, however late; --as-of says which is the last",
		}},
		{"of both taxis, no more than a few of them", "raw/*", []string{
			"no file for 16 months, the first green 2020-02 and the last yellow 2020-01 (--verbose names them all)",
		}},
		{"the sample, whose months are a choice", "sample", nil},
	} {
		for _, runner := range runnerNames {
			r := runOnce(t, command{args: []string{"--input=" + c.input, "--output=" + t.TempDir(), "--runner=" + runner}, dir: dir}).succeeds(t)
			if notes := r.notes(); !slices.Equal(notes, c.notes) {
				t.Errorf("%s, %s: found notes %q, expected %q", c.name, runner, notes, c.notes)
			}
		}
		r := runOnce(t, command{args: []string{"--input=" + c.input, "--plan"}, dir: dir}).succeeds(t)
		if notes := r.notes(); !slices.Equal(notes, c.notes) {
			t.Errorf("%s, --plan: found notes %q, expected %q", c.name, notes, c.notes)
		}
	}

	// With --require-complete such a run publishes nothing, and leaves the previous output.
	runOnce(t, command{args: []string{"--input=raw/yellow_tripdata_2020*", "--output=out", "--require-complete"}, dir: dir}).succeeds(t)
	before := treeOf(t, filepath.Join(dir, "out"))
	for _, more := range [][]string{{"--output=out"}, {"--output=out", "--quality=raw"}, {"--output=new"}, {"--output=out", "--runner=prism"}, {"--plan"}} {
		args := append([]string{"--input=raw/yellow*", "--require-complete"}, more...)
		runOnce(t, command{args: args, dir: dir}).fails(t, 4, "--require-complete", "no file for "+yellow+";")
	}
	if after := treeOf(t, filepath.Join(dir, "out")); !maps.Equal(before, after) || len(treeOf(t, filepath.Join(dir, "new"))) != 0 {
		t.Errorf("found %v, expected %v as before", after, before)
	}
	// Files that --taxi leaves out do not count.
	runOnce(t, command{args: []string{"--input=raw/*", "--taxi=green", "--output=out", "--require-complete"}, dir: dir}).fails(t, 4, "green 2020-02")
	generate(t, filepath.Join(dir, "raw"), month(tlcgen.Yellow, 2019, 12, 50))
	generate(t, filepath.Join(dir, "raw"), month(tlcgen.Yellow, 2020, 1, 50))
	runOnce(t, command{args: []string{"--input=raw/*", "--taxi=yellow", "--output=out", "--require-complete"}, dir: dir}).succeeds(t)
}

func TestAColumnThatTLCHasAddedIsNotedAndCounted(t *testing.T) {
	dir := t.TempDir()
	more := append(trips(t), column{"new_fee", of(t, doubles, "1 2")})
	write(t, filepath.Join(dir, "x_2019-08.parquet"), append(more, column{"a\nb", of(t, doubles, "1 2")}))
	write(t, filepath.Join(dir, "x_2019-09.parquet"), with(more, "tpep_pickup_datetime",
		column{"tpep_pickup_datetime", of(t, wallMicros, "2019-09-01 2019-09-02")}))
	write(t, filepath.Join(dir, "x_2019-10.parquet"), with(trips(t), "tpep_pickup_datetime",
		column{"tpep_pickup_datetime", of(t, wallMicros, "2019-10-01 2019-10-02")}))
	for _, runner := range runnerNames {
		args := []string{"--input=*.parquet", "--output=out", "--runner=" + runner}
		r := runOnce(t, command{args: args, dir: dir}).succeeds(t)
		want := []string{"columns that are not known, and not needed: a b (in 1 files, first x_2019-08.parquet), new_fee (in 2 files, first x_2019-08.parquet)"}
		if notes := r.notes(); !slices.Equal(notes, want) {
			t.Errorf("%s: found notes %q, expected %q", runner, notes, want)
		}
		var lines []string
		for _, row := range readTable(t, filepath.Join(dir, "out"), "quality").rows {
			if row[3] == "column_unknown" {
				lines = append(lines, strings.Join(row, " "))
			}
		}
		if got, want := strings.Join(lines, "; "), "yellow x_2019-08.parquet 2019-08-01 column_unknown file 2; yellow x_2019-09.parquet 2019-09-01 column_unknown file 2"; got != want {
			t.Errorf("%s: found lines %q, expected %q", runner, got, want)
		}
		if m := readManifest(t, filepath.Join(dir, "out")); !slices.Equal(m.Inputs[0].Unknown, []string{"new_fee", "a\nb"}) || m.Inputs[2].Unknown != nil {
			t.Errorf("%s: the manifest has %+v", runner, m.Inputs)
		}
		// All trips count, even if the column is unknown.
		if got := readTable(t, filepath.Join(dir, "out"), "trip_stats").sum(t, "trip_count"); got != 6 {
			t.Errorf("%s: found %d trips, expected 6", runner, got)
		}

		before := treeOf(t, dir)
		runOnce(t, command{args: append(args, "--unknown-columns=fail"), dir: dir}).with(2).fails(t, 3, "x_2019-08.parquet", "new_fee", "--unknown-columns=fail")
		runOnce(t, command{args: []string{"--input=x_2019-09.parquet", "--plan", "--unknown-columns=fail"}, dir: dir}).fails(t, 3, "x_2019-09.parquet", "new_fee")
		if after := treeOf(t, dir); !maps.Equal(before, after) {
			t.Errorf("%s: found %v, expected %v as before", runner, after, before)
		}
	}
	planned := runOnce(t, command{args: []string{"--input=*.parquet", "--plan"}, dir: dir}).succeeds(t)
	if notes := planned.notes(); len(notes) != 1 || !strings.Contains(notes[0], "new_fee (in 2 files, first x_2019-08.parquet)") {
		t.Errorf("--plan: found notes %q", notes)
	}
	r := runOnce(t, command{args: []string{"--input=x_2019-10.parquet", "--output=out", "--unknown-columns=fail"}, dir: dir}).succeeds(t)
	if notes := r.notes(); len(notes) != 0 {
		t.Errorf("found notes %q", notes)
	}
}

// TestAFileWithoutAMonthEndsWithAsOf has trips just inside and just outside 2009-01 to 2019-08.
func TestAFileWithoutAMonthEndsWithAsOf(t *testing.T) {
	dir := t.TempDir()
	six := sixRows(t, "tip_amount", doubles, "1", "1")
	six = with(six, "tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, wallMicros,
		"2008-12-31T23:59:59.999999 2009-01-01T00:00:00 2019-08-31T23:59:59.999999 2019-09-01T00:00:00 2019-10-01T00:00:00 2088-01-24T00:00:00")})
	nameless := write(t, filepath.Join(dir, "nameless.parquet"), six)
	september := generate(t, dir, month(tlcgen.Yellow, 2019, 9, 1))
	for _, c := range []struct {
		name, asOf string
		args       []string
		stray      int64
	}{
		{"given", "2019-08", []string{"--input=" + nameless, "--as-of=2019-08"}, 4},
		{"given, later", "2019-10", []string{"--input=" + nameless, "--as-of=2019-10"}, 2},
		{"from another name", "2019-09", []string{"--input=" + nameless + "," + september, "--same-month=merge"}, 3},
		{"given, before another name", "2019-08", []string{"--input=" + nameless + "," + september, "--as-of=2019-08"}, 4},
		{"without an end", "", []string{"--input=" + nameless}, 1},
	} {
		for _, runner := range runnerNames {
			runOnce(t, command{args: append(c.args, "--output=out", "--runner="+runner), dir: dir}).succeeds(t)
			output := filepath.Join(dir, "out")
			if got := fired(t, output, "pickup_stray"); got != c.stray {
				t.Errorf("%s, %s: found %d strays, expected %d", c.name, runner, got, c.stray)
			}
			if got := readManifest(t, output).Rules.AsOf; got != c.asOf {
				t.Errorf("%s, %s: the manifest says %q, expected %q", c.name, runner, got, c.asOf)
			}
		}
	}
}

// TestTheLineOfARunTellsWhatTheRulesChanged has a trip of 15 minutes and one of 24 hours.
func TestTheLineOfARunTellsWhatTheRulesChanged(t *testing.T) {
	columns := trips(t)
	columns = with(columns, "tpep_dropoff_datetime", column{"tpep_dropoff_datetime", of(t, wallMicros, "2019-08-01T10:15:00 2019-08-03T10:00:00")})
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "x_2019-08.parquet"), columns)
	for _, runner := range runnerNames {
		args := []string{"--input=" + path, "--output=out", "--runner=" + runner}
		r := runOnce(t, command{args: args, dir: dir}).succeeds(t)
		if want := " rows=2 rows_rejected=0 duration_minutes=727.5->15.0 "; !strings.Contains(r.stderr, want) {
			t.Errorf("%s: found %q, expected %q in it", runner, r.stderr, want)
		}
		if rules := readManifest(t, filepath.Join(dir, "out")).Rules; fmt.Sprint(rules.DurationMinutesRaw, rules.DurationMinutesStandard) != "727.5 15" {
			t.Errorf("%s: the manifest has %+v", runner, rules)
		}
		if r := runOnce(t, command{args: append(args, "--quality=raw"), dir: dir}).succeeds(t); strings.Contains(r.stderr, "->") {
			t.Errorf("%s: raw changes nothing, found %q", runner, r.stderr)
		}
	}
}
