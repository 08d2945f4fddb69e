package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/io/delta"
	"tripstats/io/objstore"
	"tripstats/io/publish"
)

// TestAKilledRunLeavesDeltaTablesWhole kills runs that write Delta tables at each step of the commit, and between two logs. Whoever reads a
// log then sees the old or the new version of the table. The next run leaves the logs at its version, and no file of the killed one. One of
// the runs has a table more than the other, so every second version empties a table.
func TestAKilledRunLeavesDeltaTablesWhole(t *testing.T) {
	crash := crashingProgram(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	var both [2][]string
	for i, r := range twoRivals(t) {
		both[i] = append(r.args, "--output="+out, "--format=delta")
	}
	run := func(program string, args []string, env ...string) result {
		t.Helper()
		r, err := command{args: args, env: env}.run(program, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run(program(t), both[0]).succeeds(t)
	run(program(t), both[1]).succeeds(t)
	now := 1
	for _, step := range publish.Steps() {
		times := map[string]int{"copy replaced": 0, "log committed": 4, "table written": 2}
		n, listed := times[step]
		if !listed {
			n = 1
		}
		for k := range n {
			where := fmt.Sprintf("killed at step %q, passed %d times before", step, k)
			now = 1 - now
			if r := run(crash, both[now], fmt.Sprintf("TRIPSTATS_CRASH=%s,%d", step, k)); r.code != -1 {
				t.Fatalf("%s: it was not killed: exit code %d\n%s", where, r.code, r.stderr)
			}
			readable(t, where, out)
			run(program(t), both[now]).succeeds(t)
			readable(t, where+", and run again", out)
			run(program(t), []string{"check", out}).succeeds(t)
			onlyVersions(t, where+", and run again", out)
		}
	}
}

// readable checks that each table's log has one file that is there, or none if the table is no more.
func readable(t *testing.T, where, out string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(out, "*", delta.Folder))
	if err != nil || len(logs) < 4 {
		t.Fatalf("%s: found %d logs, %v", where, len(logs), err)
	}
	for _, log := range logs {
		table := filepath.Dir(log)
		files, err := delta.Files(t.Context(), objstore.Access{}, objstore.Table{URI: table})
		if err != nil || len(files) > 1 || len(files) == 0 && filepath.Base(table) != "by_hour" {
			t.Errorf("%s: %s: found %v, %v", where, filepath.Base(table), files, err)
		}
		for _, f := range files {
			if _, err := os.Stat(filepath.Join(table, f.Path)); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
}

// onlyVersions checks that all data files are of versions that are kept.
func onlyVersions(t *testing.T, where, out string) {
	t.Helper()
	m, err := publish.ReadManifest(t.Context(), objstore.Access{}, out)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(out, "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "v"), ".parquet"); !slices.Contains(m.Commit.Versions, version) {
			t.Errorf("%s: found %s, expected those of %v alone", where, f, m.Commit.Versions)
		}
	}
}
