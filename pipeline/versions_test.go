package main_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestAnOldVersionIsRestored restores the first of two versions: locally and in each store its tables are those of the first run, byte by
// byte, readers of the copies see them, and what was kept of its inputs is good again.
func TestAnOldVersionIsRestored(t *testing.T) {
	stores := map[string]func(*testing.T) bucket{"s3": s3, "gs": gcs, "local": nil}
	for name, start := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, output, env := t.TempDir(), "out", []string(nil)
			if start != nil {
				b := start(t)
				output, env = b.base+"/deep/out", b.env
			}
			makeTwoVersions(t, dir, output, env)
			run := func(args ...string) result { return runOnce(t, command{args: args, dir: dir, env: env}) }
			first := run("export", output, "trip_stats", "--at=1").succeeds(t).stdout
			second := run("export", output, "trip_stats").succeeds(t).stdout
			if first == second || strings.Count(first, "\n") != 2 || strings.Count(second, "\n") != 3 {
				t.Fatalf("found the first version\n%s and the second\n%s, expected one month and two", first, second)
			}
			r := run("restore", output, "--at=1").succeeds(t)
			if !strings.Contains(r.stderr, "tripstats: done version=3 restored=1 tables=4 output="+output) || r.stdout != "" {
				t.Errorf("found %s", r.stderr)
			}
			if got := run("export", output, "trip_stats").succeeds(t).stdout; got != first {
				t.Errorf("found the restored table\n%s, expected\n%s", got, first)
			}
			run("check", output, "--inputs").succeeds(t)
			var h struct {
				Output   string
				Versions []struct {
					Version int
					Run     string
					Rows    int
					Months  map[string][]string
					Changes []string
				}
			}
			if err := json.Unmarshal([]byte(run("history", output, "--json").succeeds(t).stdout), &h); err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, v := range h.Versions {
				got = append(got, append(v.Changes, v.Months["yellow"]...))
			}
			want := [][]string{
				{"2023-01"},
				{"added yellow_tripdata_2023-02.parquet", "2023-01", "2023-02"},
				{"removed yellow_tripdata_2023-02.parquet", "2023-01"},
			}
			if !slices.EqualFunc(got, want, slices.Equal[[]string]) || h.Output != output {
				t.Errorf("found the versions %q of %s, expected %q", got, h.Output, want)
			}
			// The kept results of the restored version are those of its input: the first run has nothing to do again.
			r = run("--input=raw/*-01.parquet", "--output="+output).succeeds(t)
			if !strings.Contains(r.stderr, " version=3 committed=false ") {
				t.Errorf("the run of the restored version again: found %s, expected that it commits nothing", r.stderr)
			}
		})
	}
}

// TestADamagedVersionIsNotRestored damages a table of the first version: nothing changes.
func TestADamagedVersionIsNotRestored(t *testing.T) {
	dir := t.TempDir()
	makeTwoVersions(t, dir, "out", nil)
	tables, err := filepath.Glob(filepath.Join(dir, "out/.tripstats/v/1-*/trip_stats.parquet.table"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("found %q, %v", tables, err)
	}
	content, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tables[0], flip(content), 0o666); err != nil {
		t.Fatal(err)
	}
	before := treeOf(t, filepath.Join(dir, "out"))
	runOnce(t, command{args: []string{"restore", "out", "--at=1"}, dir: dir}).fails(t, 3, "out: ", "trip_stats.parquet.table: found other bytes", "nothing was published")
	if after := treeOf(t, filepath.Join(dir, "out")); !maps.Equal(before, after) {
		t.Errorf("found other files after it: %v, expected %v", after, before)
	}
	for _, at := range []string{"--at=2", "--at=7", ""} {
		code, word := 2, "found version 2, which is the latest, expected an older one"
		switch at {
		case "--at=7":
			code, word = 4, "found no version 7, expected one of 1, 2"
		case "":
			word = "found no --at=N"
		}
		args := slices.DeleteFunc([]string{"restore", "out", at}, func(a string) bool { return a == "" })
		runOnce(t, command{args: args, dir: dir}).fails(t, code, word)
	}
	runOnce(t, command{args: []string{"export", "out", "trip_stats", "--at=1"}, dir: dir}).fails(t, 3, "found other bytes", "tripstats check out says what is sound")
}

// TestCheckAsksForInputs changes, removes and leaves inputs.
func TestCheckAsksForInputs(t *testing.T) {
	dir := t.TempDir()
	makeTwoVersions(t, dir, "out", nil)
	runOnce(t, command{args: []string{"check", "out", "--inputs"}, dir: dir}).succeeds(t)
	name := filepath.Join(dir, "raw", "yellow_tripdata_2023-01.parquet")
	if _, err := tlcgen.WriteFile(t.Context(), name, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 1), Rows: 2_100, RowGroups: 1}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "raw", "yellow_tripdata_2023-02.parquet")); err != nil {
		t.Fatal(err)
	}
	r := runOnce(t, command{args: []string{"check", "out", "--inputs", "--json"}, dir: dir})
	c := parseChecked(t, r.stdout)
	if r.code != 3 || c.Sound || len(c.Wrong) != 2 || !strings.Contains(c.Wrong[0].Message, "2023-01.parquet: found ") || !strings.Contains(c.Wrong[1].Message, "2023-02.parquet: found no such file") {
		t.Errorf("found exit code %d and %+v, expected the two inputs", r.code, c.Wrong)
	}
	runOnce(t, command{args: []string{"check", "out"}, dir: dir}).succeeds(t)
}

// TestCheckNamesDamageInAStore damages an output in a store: what is wrong is named, copies are updated, and a store that does not
// answer is exit code 7.
func TestCheckNamesDamageInAStore(t *testing.T) {
	t.Parallel()
	b := s3(t)
	dir, output := t.TempDir(), b.base+"/out"
	makeTwoVersions(t, dir, output, b.env)
	run := func(args ...string) result { return runOnce(t, command{args: args, dir: dir, env: b.env}) }
	run("check", output, "--inputs").succeeds(t)
	all, err := b.all()
	if err != nil {
		t.Fatal(err)
	}
	named := func(begin, end string) (name string) {
		for n := range all {
			if strings.HasPrefix(n, begin) && strings.HasSuffix(n, end) {
				name = n
			}
		}
		if name == "" {
			t.Fatalf("found no object %s...%s", begin, end)
		}
		return name
	}
	for _, d := range []struct {
		object  string
		content []byte
		repairs bool
	}{
		{named("out/trip_stats/", ".parquet"), all[named("out/.tripstats/v/1-", "trip_stats.parquet.table")], true},
		{named("out/.tripstats/v/2-", "/manifest.json"), []byte("{}"), true},
		{named("out/.tripstats/v/1-", "/kept.bin"), flip(all[named("out/.tripstats/v/1-", "/kept.bin")]), false},
		{named("out/.tripstats/v/2-", "quality.parquet.table"), flip(all[named("out/.tripstats/v/2-", "quality.parquet.table")]), false},
	} {
		if err := b.put(d.object, d.content); err != nil {
			t.Fatal(err)
		}
		r := run("check", output)
		if want := output + ": " + strings.TrimPrefix(d.object, "out/") + ": found "; r.code != 3 || !strings.Contains(strings.ReplaceAll(r.stderr, "yellow_tripdata_2023-01.parquet: ", ""), want) {
			t.Errorf("%s: found exit code %d and %s, expected 3 and %s", d.object, r.code, r.stderr, want)
		}
		if r = run("check", output, "--repair"); d.repairs != (r.code == 0) {
			t.Errorf("%s: --repair: found exit code %d and %s", d.object, r.code, r.stderr)
		}
		if err := b.put(d.object, all[d.object]); err != nil {
			t.Fatal(err)
		}
		run("check", output).succeeds(t)
	}
	away := slices.Concat(b.env, []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"})
	for _, args := range [][]string{{"check"}, {"history"}, {"restore", "--at=1"}, {"export", "trip_stats"}} {
		args = slices.Insert(args, 1, output)
		if r := runOnce(t, command{args: args, dir: dir, env: away}); r.code != 7 || r.stdout != "" {
			t.Errorf("%q: a store that does not answer: found exit code %d and %s, expected 7", args, r.code, r.stderr)
		}
	}
}

// TestExportWritesToAStore reads what export has put into a store.
func TestExportWritesToAStore(t *testing.T) {
	t.Parallel()
	b := s3(t)
	dir := t.TempDir()
	run := func(args ...string) result { return runOnce(t, command{args: args, dir: dir, env: b.env}) }
	run("--input=sample", "--output="+b.base+"/out").succeeds(t)
	want := run("export", b.base+"/out", "quality").succeeds(t).stdout
	run("export", b.base+"/out", "quality", "--to="+b.base+"/exported/q.csv").succeeds(t)
	run("export", b.base+"/out", "--to="+b.base+"/exported/all.xlsx").succeeds(t)
	all, err := b.all()
	if err != nil || string(all["exported/q.csv"]) != want || !strings.HasPrefix(string(all["exported/all.xlsx"]), "PK") {
		t.Errorf("found %d bytes of CSV and %d of the workbook, %v", len(all["exported/q.csv"]), len(all["exported/all.xlsx"]), err)
	}
}

// TestNoCommandOnOutputsShowsASecret gives each command addresses with secrets, in each place and in both forms of messages.
func TestNoCommandOnOutputsShowsASecret(t *testing.T) {
	for _, form := range secretForms {
		for _, args := range [][]string{
			{"check", form},
			{"history", form},
			{"restore", form, "--at=1"},
			{"export", form, "trip_stats"},
			{"export", "none", form},
			{"export", "none", "t", "--to=" + form},
			{"check", form, "--log=json"},
			{"history", "--json", form},
			{"export", form, "--as=" + form},
			{"check", "x", "--at=" + form},
			{"restore", "x", form},
		} {
			t.Run(args[0], func(t *testing.T) {
				t.Parallel()
				hidden(t, args...)
			})
		}
	}
}
