package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	results "tripstats/io/kept"
	"tripstats/testdata/tlcgen"
)

// TestAnOutputWithoutZonesGetsThemWithoutReading turns an output into one of a program that knew no zones table. The next run, with each value
// of --existing, adds the table, and makes it of kept results.
func TestAnOutputWithoutZonesGetsThemWithoutReading(t *testing.T) {
	dir := t.TempDir()
	for m := 1; m <= 2; m++ {
		generate(t, filepath.Join(dir, "raw"), month(tlcgen.Yellow, 2014, m, 500))
	}
	time.Sleep(2100 * time.Millisecond) // nothing is kept of a file that has just changed
	do := func(args ...string) result { return runOnce(t, command{args: args, dir: dir}) }
	for _, flags := range [][]string{{"--existing=protect"}, {"--existing=replace"}, {"--existing=extend"}, {"--existing=extend", "--format=delta"}, {"--tables=by_hour"}, {"--quality=raw"}} {
		name := "out" + strings.Join(flags, "")
		args := append([]string{"--input=raw/*.parquet", "--output=" + name}, flags...)
		do(args...).succeeds(t)
		want := sumOfTable(t, filepath.Join(dir, name), "zones")
		withoutZones(t, filepath.Join(dir, name))
		if r := do(append(slices.Clone(args), "--plan")...).succeeds(t); !strings.Contains(r.stdout, "the run would make version 2") || !strings.Contains(r.stdout, "reads       0 bytes of its inputs") {
			t.Errorf("%s: the plan is\n%s\nexpected a new version for which nothing is read", name, r.stdout)
		}
		if r := do(args...).succeeds(t); !strings.Contains(r.stderr, " files=0 ") || !strings.Contains(r.stderr, " version=2 committed=true inputs=2 reused=2 ") {
			t.Errorf("%s: found %s, expected a new version for which no input was read", name, r.stderr)
		}
		if found := sumOfTable(t, filepath.Join(dir, name), "zones"); found != want {
			t.Errorf("%s: found the zones table %s, expected %s", name, found, want)
		}
		if r := do("history", name).succeeds(t); !strings.Contains(r.stdout, "more tables: zones") {
			t.Errorf("%s: the history is\n%s\nexpected that the second version has the zones table in addition", name, r.stdout)
		}
		do("check", name).succeeds(t)
		if r := do(args...).succeeds(t); !strings.Contains(r.stderr, " version=2 committed=false ") {
			t.Errorf("%s: found %s, expected that there is nothing to do", name, r.stderr)
		}
	}
}

// sumOfTable returns the digest of a table by the manifest, or "".
func sumOfTable(t *testing.T, output, table string) string {
	t.Helper()
	for _, o := range outputsOf(t, output)["outputs"].([]any) {
		if o := o.(map[string]any); o["table"] == table {
			return o["sha256"].(string)
		}
	}
	return ""
}

func outputsOf(t *testing.T, output string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(output, "_manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// withoutZones takes the zones table from an output of one version.
func withoutZones(t *testing.T, output string) {
	t.Helper()
	m := outputsOf(t, output)
	m["outputs"] = slices.DeleteFunc(m["outputs"].([]any), func(o any) bool { return o.(map[string]any)["table"] == "zones" })
	content, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	versions, err := filepath.Glob(filepath.Join(output, ".tripstats", "v", "*"))
	if err != nil || len(versions) != 1 {
		t.Fatalf("found the versions %q, %v, expected one", versions, err)
	}
	write := func(path string, content []byte) {
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(output, "_manifest.json"), content)
	write(filepath.Join(versions[0], "manifest.json"), content)
	for _, path := range []string{filepath.Join(output, "zones"), filepath.Join(versions[0], "zones.parquet.table")} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	folder := ".tripstats/v/" + filepath.Base(versions[0])
	index, err := os.ReadFile(filepath.Join(versions[0], results.IndexName))
	if err != nil {
		t.Fatal(err)
	}
	x, err := results.Decode(folder, index)
	if err != nil {
		t.Fatal(err)
	}
	x.Identity = strings.Repeat("0", len(x.Identity)) // that of other tables
	if index, err = x.Encode(folder); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(versions[0], results.IndexName), index)
}
