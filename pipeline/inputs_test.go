package main_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/testdata/tlcgen"
)

func TestAFileOfSeveralPatternsIsReadOnce(t *testing.T) {
	dir := t.TempDir()
	o := month(tlcgen.Yellow, 2019, 8, 500)
	path := generate(t, filepath.Join(dir, "raw", "2019"), o)
	if err := os.Symlink(filepath.Join(dir, "raw"), filepath.Join(dir, "linked")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(dir, "raw", "2019", "alias_2019-08.parquet")); err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{
		"raw/**/*.parquet," + path + ",raw/2019/yellow*",
		"raw/../raw/2019/yellow_tripdata_2019-08.parquet,file://" + path,
		"linked/2019/yellow*.parquet,raw/2019/yellow*.parquet",
		"raw/2019/{yellow,alias}*.parquet",
	} {
		r := runOnce(t, command{args: []string{"--quality=raw", "--input=" + input, "--output=out"}, dir: dir}).succeeds(t)
		if !strings.Contains(r.stderr, " files=1 rows=500 ") {
			t.Errorf("--input=%s: found %q, expected one file of 500 rows", input, r.stderr)
		}
	}
	// Given twice, the flag adds up.
	r := runOnce(t, command{args: []string{"--quality=raw", "--input=" + path, "--input=" + path, "--output=out"}, dir: dir}).succeeds(t)
	if !strings.Contains(r.stderr, " files=1 ") {
		t.Errorf("found %q, expected one file", r.stderr)
	}
	holdsTruth(t, filepath.Join(dir, "out"), truthOf(t, o))
}

func TestTwoFilesOfOneTaxiAndMonthAreRefusedUnlessMerged(t *testing.T) {
	dir := t.TempDir()
	a, b := month(tlcgen.Yellow, 2019, 8, 300), month(tlcgen.Yellow, 2019, 8, 200)
	b.Seed = 7
	generate(t, filepath.Join(dir, "a"), a)
	generate(t, filepath.Join(dir, "b"), b)
	generate(t, filepath.Join(dir, "b"), month(tlcgen.Green, 2019, 8, 100)) // another taxi, which is no conflict
	for _, runner := range runnerNames {
		args := []string{"--input=*/yellow*.parquet", "--output=out", "--runner=" + runner}
		runOnce(t, command{args: args, dir: dir}).fails(t, 3, "a/yellow_tripdata_2019-08.parquet", "b/yellow_tripdata_2019-08.parquet", "--same-month=merge")
		if got := treeOf(t, filepath.Join(dir, "out")); len(got) != 0 {
			t.Errorf("%s: refused, but wrote %v", runner, got)
		}
	}
	runOnce(t, command{args: []string{"--input=*/yellow*.parquet", "--plan"}, dir: dir}).fails(t, 3, "a/yellow", "b/yellow")
	for _, runner := range runnerNames {
		args := []string{"--quality=raw", "--input=*/*.parquet", "--output=out", "--same-month=merge", "--runner=" + runner}
		runOnce(t, command{args: args, dir: dir}).succeeds(t)
		holdsTruth(t, filepath.Join(dir, "out"), truthOf(t, a), truthOf(t, b), truthOf(t, month(tlcgen.Green, 2019, 8, 100)))
	}
}

func TestOneTaxiIsReadAndTheOthersCounted(t *testing.T) {
	dir := t.TempDir()
	yellow, green := month(tlcgen.Yellow, 2019, 8, 300), month(tlcgen.Green, 2019, 8, 200)
	generate(t, filepath.Join(dir, "raw"), yellow)
	generate(t, filepath.Join(dir, "raw"), green)
	generate(t, filepath.Join(dir, "raw"), month(tlcgen.Green, 2019, 9, 200))
	for _, runner := range runnerNames {
		r := runOnce(t, command{args: []string{"--quality=raw", "--input=raw/*", "--taxi=yellow", "--output=out", "--runner=" + runner}, dir: dir}).succeeds(t)
		if !strings.Contains(r.stderr, " files=1 files_left_out=2 rows=300 ") {
			t.Errorf("%s: found %q", runner, r.stderr)
		}
		holdsTruth(t, filepath.Join(dir, "out"), truthOf(t, yellow))
		m := readManifest(t, filepath.Join(dir, "out"))
		if got := strings.Join(m.LeftOut, " "); got != "green_tripdata_2019-08.parquet green_tripdata_2019-09.parquet" {
			t.Errorf("%s: the manifest says %q was left out", runner, got)
		}
	}
	runOnce(t, command{args: []string{"--input=raw/green*", "--taxi=yellow", "--output=other"}, dir: dir}).fails(t, 4, "yellow", "2 files")
	r := runOnce(t, command{args: []string{"--input=raw/*", "--taxi=yellow", "--plan"}, dir: dir}).succeeds(t)
	if !strings.Contains(r.stdout, "2 left out") {
		t.Errorf("the plan says\n%s", r.stdout)
	}
}

func TestFilesWithoutRowsGiveTheirMonthAndNoZones(t *testing.T) {
	dir := t.TempDir()
	for _, m := range []int{3, 8} {
		generate(t, filepath.Join(dir, "raw"), month(tlcgen.Yellow, 2019, m, 0))
	}
	// The manifest has no month for a file without a month in its name.
	write(t, filepath.Join(dir, "raw", "nameless.parquet"), empty(t, trips(t)))
	for _, runner := range runnerNames {
		r := runOnce(t, command{args: []string{"--input=raw/*", "--output=out", "--runner=" + runner}, dir: dir}).succeeds(t)
		if !strings.Contains(r.stderr, " files=3 rows=0 ") {
			t.Errorf("%s: found %q", runner, r.stderr)
		}
		const want = "yellow 2019-03-01 0 - - - - -; yellow 2019-08-01 0 - - - - -"
		monthly, zones := readTable(t, filepath.Join(dir, "out"), "trip_stats"), readTable(t, filepath.Join(dir, "out"), "location_stats")
		if got := monthly.cells(monthlyColumns...); got != want {
			t.Errorf("%s: trip_stats: found %q, expected %q", runner, got, want)
		}
		if len(zones.rows) != 0 || len(zones.schema) != 6 {
			t.Errorf("%s: location_stats: found %s, expected no rows and six columns", runner, zones)
		}
	}
	// If this is the only file, all tables exist with their columns; the only rows are those about the file in the ledger.
	runOnce(t, command{args: []string{"--input=raw/nameless.parquet", "--output=none"}, dir: dir}).succeeds(t)
	for name, columns := range map[string]int{"trip_stats": 21, "location_stats": 6} {
		if got := readTable(t, filepath.Join(dir, "none"), name); len(got.rows) != 0 || len(got.schema) != columns {
			t.Errorf("%s: found %s, expected no rows and %d columns", name, got, columns)
		}
	}
}

// empty returns the columns without rows.
func empty(t *testing.T, columns []column) []column {
	t.Helper()
	var out []column
	for _, c := range columns {
		out = append(out, column{c.name, of(t, c.values.DataType(), "")})
	}
	return out
}

func TestAFailedRunLeavesThePreviousOutputAsItWas(t *testing.T) {
	dir := t.TempDir()
	runOnce(t, command{args: []string{"--input=sample", "--output=out"}, dir: dir}).succeeds(t)
	before := treeOf(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "bad_2019-08.parquet"), []byte("PAR1 nothing PAR1"), 0o666); err != nil {
		t.Fatal(err)
	}
	good := generate(t, dir, month(tlcgen.Yellow, 2019, 9, 50_000))
	before = mergeTrees(before, treeOf(t, dir))
	for _, runner := range runnerNames {
		for _, input := range []string{"bad_2019-08.parquet", good + ",bad_2019-08.parquet"} {
			runOnce(t, command{args: []string{"--input=" + input, "--output=out", "--runner=" + runner}, dir: dir}).
				fails(t, 3, "bad_2019-08.parquet")
			if after := treeOf(t, dir); !maps.Equal(before, after) {
				t.Errorf("%s: found %v, expected %v as before", runner, after, before)
			}
		}
	}
}

func mergeTrees(a, b tree) tree {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func TestNamesWithOddCharactersAreTakenAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	o := month(tlcgen.Green, 2019, 8, 100)
	raw := generate(t, dir, o)
	for _, name := range []string{"a b.parquet", "a[1].parquet", "ä€.parquet", "a{b}.parquet", "100%.parquet", "'quoted'.parquet"} {
		if err := os.Rename(raw, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		raw = filepath.Join(dir, name)
		runOnce(t, command{args: []string{"--input=" + name, "--output=out"}, dir: dir}).succeeds(t)
		if m := readManifest(t, filepath.Join(dir, "out")); m.Inputs[0].Source != name {
			t.Errorf("%s: the manifest has %q", name, m.Inputs[0].Source)
		}
	}
	// A comma is written with a backslash before it.
	for _, name := range []string{"a,b.parquet", ",.parquet"} {
		if err := os.Rename(raw, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		raw = filepath.Join(dir, name)
		runOnce(t, command{args: []string{"--input=" + strings.ReplaceAll(name, ",", `\,`), "--output=out"}, dir: dir}).succeeds(t)
		if m := readManifest(t, filepath.Join(dir, "out")); m.Inputs[0].Source != name {
			t.Errorf("%s: the manifest has %q", name, m.Inputs[0].Source)
		}
	}
	// A control character of a name must not break the line of a failure.
	name := "a\nb\x1b[31m.parquet"
	if err := os.WriteFile(filepath.Join(dir, name), []byte("nothing"), 0o666); err != nil {
		t.Fatal(err)
	}
	runOnce(t, command{args: []string{"--input=" + name, "--output=out"}, dir: dir}).fails(t, 3, "not a parquet file")
}
