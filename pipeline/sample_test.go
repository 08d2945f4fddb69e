package main_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
)

func TestTheSampleNeedsNoArguments(t *testing.T) {
	dir := t.TempDir()
	r := runOnce(t, command{dir: dir}).succeeds(t)
	golden(t, "sample_stdout", r.stdout)
	golden(t, "sample_trip_stats", readTable(t, filepath.Join(dir, "out"), "trip_stats").String())
	golden(t, "sample_quality", readTable(t, filepath.Join(dir, "out"), "quality").String())
	golden(t, "sample_location_schema", strings.Join(readTable(t, filepath.Join(dir, "out"), "location_stats").schema, "\n")+"\n")

	keyValue := regexp.MustCompile(`^tripstats: done( [a-z_]+=\S+)+\n$`)
	told, isFirst := strings.CutPrefix(r.stderr, sampleNote)
	if !isFirst || !keyValue.MatchString(told) {
		t.Errorf("stderr is no line of key=value: %q", r.stderr)
	}
	for _, want := range []string{" files=8 ", " rows=58000 ", " bytes_read=", " seconds=", " rows_per_second=", " peak_memory_mib=", " runner=direct "} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("stderr has no %q: %q", want, r.stderr)
		}
	}
	var truths []tlcgen.FileTruth
	for _, o := range tlcgen.Sample() {
		truths = append(truths, truthOf(t, o))
	}
	// Raw gives the generator's truth to the last bit. It makes no ledger, and removes that of the previous run.
	runOnce(t, command{args: []string{"--quality=raw", "--input=sample", "--output=out"}, dir: dir}).succeeds(t)
	holdsTruth(t, filepath.Join(dir, "out"), truths...)
	var found []string
	for path := range treeOf(t, filepath.Join(dir, "out")) {
		found = append(found, path)
	}
	wantOnly(t, found, append(tableFiles(false), "_manifest.json", "README.txt", ".tripstats/lock")...)
}

func TestThePlanReadsFootersAndWritesNothing(t *testing.T) {
	dir := t.TempDir()
	r := runOnce(t, command{args: []string{"--plan"}, dir: dir}).succeeds(t)
	golden(t, "sample_plan", r.stdout)
	if got := treeOf(t, dir); len(got) != 0 || r.stderr != sampleNote {
		t.Errorf("found files %v and stderr %q", got, r.stderr)
	}
}

func TestTheOutputIsTheTablesTheManifestAndTheLock(t *testing.T) {
	dir := t.TempDir()
	runOnce(t, command{args: []string{"--input=sample", "--output=deep/er/out"}, dir: dir}).succeeds(t)
	var found []string
	for path := range treeOf(t, filepath.Join(dir, "deep", "er", "out")) {
		found = append(found, path)
	}
	wantOnly(t, found, outputFiles...)
}

// outputFiles has all files in an output folder after a run.
var outputFiles = append(tableFiles(true), "_manifest.json", "README.txt", ".tripstats/lock")

// tableFiles are the files of the tables.
func tableFiles(judged bool) (paths []string) {
	for _, name := range aggregate.StandingNames(judged) {
		paths = append(paths, name+"/"+name+".parquet")
	}
	return paths
}

func wantOnly(t *testing.T, found []string, want ...string) {
	t.Helper()
	count := map[string]int{}
	for _, f := range found {
		count[f]++
	}
	for _, w := range want {
		count[w]--
	}
	for name, n := range count {
		switch {
		case n > 0:
			t.Errorf("%s is there and should not be", name)
		case n < 0:
			t.Errorf("%s is not there", name)
		}
	}
}

func TestASecondRunGivesTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	for _, runner := range runnerNames {
		args := []string{"--input=sample", "--output=out", "--runner=" + runner}
		runOnce(t, command{args: args, dir: dir}).succeeds(t)
		first := treeOf(t, dir)
		runOnce(t, command{args: args, dir: dir}).succeeds(t)
		if second := treeOf(t, dir); !maps.Equal(first, second) {
			t.Errorf("%s: found %v, expected %v as before", runner, second, first)
		}
	}
}

// TestNothingButTheFilesDecidesTheBytes reads the same files with each runner, with more and fewer cores, from another folder, in
// another order and with other patterns.
func TestNothingButTheFilesDecidesTheBytes(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"here/raw", "there/deeper/raw"} {
		for _, o := range []tlcgen.Options{
			month(tlcgen.Yellow, 2019, 8, 40_000), month(tlcgen.Green, 2019, 8, 3_000), month(tlcgen.Yellow, 2023, 5, 20_000),
		} {
			o.RowGroups = 3
			generate(t, filepath.Join(dir, folder), o)
		}
	}
	var want tree
	for _, c := range []struct{ input, runner, cores string }{
		{"here/raw/*.parquet", "direct", "2"},
		{"here/raw/*.parquet", "direct", "1"},
		{"here/raw/*.parquet", "prism", "1"},
		{"here/raw/*.parquet", "prism", "2"},
		{"here/raw/*.parquet", "prism", "8"},
		{"there/deeper/raw/*.parquet", "prism", "3"},
		{"there/deeper/raw/yellow*-05.parquet,there/deeper/raw/g*.parquet,there/deeper/raw/yellow*-08.parquet", "direct", "5"},
		{"here/raw/yellow_tripdata_2023-05.parquet,here/raw/yellow_tripdata_2019-08.parquet,here/raw/green_tripdata_2019-08.parquet", "direct", "2"},
		{"here/raw/green_tripdata_2019-08.parquet,here/raw/yellow_tripdata_2023-05.parquet,here/raw/yellow_tripdata_2019-08.parquet", "prism", "2"},
	} {
		output := t.TempDir()
		runOnce(t, command{
			args: []string{"--input=" + c.input, "--output=" + output, "--runner=" + c.runner}, dir: dir, env: []string{"GOMAXPROCS=" + c.cores},
		}).succeeds(t)
		got := treeOf(t, output).tableFiles()
		if want == nil {
			want = got
		}
		if len(got) != len(tableFiles(true)) || !maps.Equal(got, want) {
			t.Errorf("%+v: found %v, expected %v", c, got, want)
		}
	}
}
