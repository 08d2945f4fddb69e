package main_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/gofrs/flock"

	"tripstats/testdata/tlcgen"
)

// planted writes a month that has rows for every row rule and many cell rules, in several row groups.
func planted(taxi tlcgen.Taxi, year, m int) tlcgen.Options {
	o := month(taxi, year, m, 30_000)
	o.RowGroups = 3
	o.Plant = tlcgen.Plant{NaN: 2, NullPickup: 4, NullDropoff: 5, NegativeDistance: 6, ZeroPassengers: 11, NullPickupZone: 15, UnknownDropoffZone: 18}
	return o
}

// quarantined reads a quarantine. It returns, for each source and row number, the rules of the row, and the row's columns as text.
func quarantined(t *testing.T, dir string) (rules map[string]map[int64][]string, columns map[string]map[int64]string) {
	t.Helper()
	rules, columns = map[string]map[int64][]string{}, map[string]map[int64]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: found mode %v (%v), expected %v", path, info.Mode(), err, want)
		}
		if filepath.Ext(path) != ".parquet" {
			return nil
		}
		table := readParquet(t, path)
		originals := table.originals()
		for i, row := range table.rows {
			source := row[table.names["source"]]
			n, err := strconv.ParseInt(row[table.names["row_number"]], 10, 64)
			if err != nil {
				return err
			}
			if rules[source] == nil {
				rules[source], columns[source] = map[int64][]string{}, map[int64]string{}
			}
			rules[source][n] = append(rules[source][n], row[table.names["rule"]])
			columns[source][n] = originals[i]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rules, columns
}

// originals returns the rows of a file as text, in the columns that the job reads.
func (tb table) originals() []string {
	rows := make([]string, len(tb.rows))
	for c, name := range tb.schema {
		if bare, _, _ := strings.Cut(name, " "); !slices.Contains(readColumns, bare) {
			continue
		}
		for i, row := range tb.rows {
			rows[i] += name + "=" + row[c] + ";"
		}
	}
	return rows
}

var readColumns = []string{
	"tpep_pickup_datetime", "tpep_dropoff_datetime", "lpep_pickup_datetime", "lpep_dropoff_datetime", "PULocationID", "DOLocationID",
	"passenger_count", "trip_distance", "total_amount", "tip_amount",
}

// TestTheQuarantineHoldsTheRowsOfTheLedger compares the number of rows in quarantine with the ledger, by source and rule, and each
// row with the row of the source that has its number.
func TestTheQuarantineHoldsTheRowsOfTheLedger(t *testing.T) {
	dir := t.TempDir()
	paths := map[string]string{}
	for _, o := range []tlcgen.Options{planted(tlcgen.Yellow, 2019, 8), planted(tlcgen.Green, 2023, 5)} {
		path := generate(t, filepath.Join(dir, "raw", "deep"), o)
		paths["deep/"+filepath.Base(path)] = path
	}
	for _, runner := range runnerNames {
		var published tree
		for _, cells := range []bool{false, true} {
			out, kept := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "kept")
			r := runOnce(t, command{args: []string{
				"--input=raw/**/*.parquet", "--output=" + out, "--runner=" + runner, "--quarantine=" + kept, fmt.Sprintf("--quarantine-cells=%v", cells),
			}, dir: dir}).succeeds(t)
			if got := treeOf(t, out).tableFiles(); published == nil {
				published = got
			} else if !maps.Equal(got, published) {
				t.Errorf("%s: the quarantine changes the tables", runner)
			}
			want := map[string]map[string]int64{}
			total := int64(0)
			for _, row := range readTable(t, out, "quality").rows {
				source, rule, scope := row[1], row[3], row[4]
				if scope != "row" && (scope != "cell" || !cells) {
					continue
				}
				if want[source] == nil {
					want[source] = map[string]int64{}
				}
				var n int64
				fmt.Sscan(row[5], &n) //nolint:errcheck // a failure leaves 0, which is reported below
				want[source][rule] += n
				total += n
			}
			rules, columns := quarantined(t, kept)
			for source, path := range paths {
				got := map[string]int64{}
				for _, list := range rules[source] {
					for _, rule := range list {
						got[rule]++
					}
				}
				if !maps.Equal(got, want[source]) || len(got) == 0 {
					t.Errorf("%s, cells %v: %s: found %v, expected %v", runner, cells, source, got, want[source])
				}
				rows := readParquet(t, path).originals()
				for n, text := range columns[source] {
					if text != rows[n] {
						t.Fatalf("%s: %s: row %d: found %s, expected %s", runner, source, n, text, rows[n])
					}
				}
			}
			if !strings.Contains(r.stderr, fmt.Sprintf(" quarantined=%d ", total)) {
				t.Errorf("%s: found %q, expected quarantined=%d", runner, r.stderr, total)
			}
		}
	}
}

// TestTheQuarantineIsReplacedWhole runs twice with different inputs and one quarantine: no rows of the first run may be left.
func TestTheQuarantineIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	a := generate(t, filepath.Join(dir, "raw"), planted(tlcgen.Yellow, 2019, 8))
	b := generate(t, filepath.Join(dir, "raw"), planted(tlcgen.Green, 2023, 5))
	run := func(input string) tree {
		runOnce(t, command{args: []string{"--input=" + input, "--output=out", "--quarantine=kept", "--existing=replace"}, dir: dir}).succeeds(t)
		return treeOf(t, filepath.Join(dir, "kept"))
	}
	mark := func(tr tree) tree { delete(tr, ".tripstats/quarantine"); return tr } // it names the run
	first := mark(run(a))
	if second := run(b); len(second) != 2+3 { // the lock, the mark, and one for each row group
		t.Errorf("found %v, expected those of one file", second)
	}
	if again := mark(run(a)); !maps.Equal(first, again) {
		t.Errorf("found %v, expected %v as before", again, first)
	}
	// A run that refuses a file leaves the rows of the run before.
	if err := os.WriteFile(filepath.Join(dir, "raw", "bad.parquet"), []byte("nothing"), 0o666); err != nil {
		t.Fatal(err)
	}
	runOnce(t, command{args: []string{"--input=raw/*", "--output=out", "--quarantine=kept"}, dir: dir}).fails(t, 3, "bad.parquet")
	if after := mark(treeOf(t, filepath.Join(dir, "kept"))); !maps.Equal(first, after) {
		t.Errorf("found %v, expected %v as before", after, first)
	}
}

// TestTheQuarantineIsNoInput checks that later runs do not count refused rows: wildcards skip a quarantine, and a pattern that names
// its rows is refused.
func TestTheQuarantineIsNoInput(t *testing.T) {
	dir := t.TempDir()
	generate(t, filepath.Join(dir, "raw"), planted(tlcgen.Yellow, 2019, 8))
	run := func(input string) result {
		return runOnce(t, command{args: []string{"--input=" + input, "--output=out", "--quarantine=raw/kept"}, dir: dir})
	}
	run("raw/**/*.parquet").succeeds(t)
	tables, rows := treeOf(t, filepath.Join(dir, "out")).tableFiles(), treeOf(t, filepath.Join(dir, "raw")).tableFiles()
	run("raw/**/*.parquet").succeeds(t)
	run("raw/kept/rows/*/*.parquet").fails(t, 2, "--quarantine", "lies in raw/kept")
	if again := treeOf(t, filepath.Join(dir, "out")).tableFiles(); !maps.Equal(tables, again) {
		t.Errorf("found tables %v, expected %v as before", again, tables)
	}
	if again := treeOf(t, filepath.Join(dir, "raw")).tableFiles(); !maps.Equal(rows, again) {
		t.Errorf("found rows %v, expected %v as before", again, rows)
	}
}

// TestAGateThatClosesLeavesTheRowsToLookAt checks that a run which --max-rejected stops leaves the output unchanged and its refused
// rows in the quarantine.
func TestAGateThatClosesLeavesTheRowsToLookAt(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, planted(tlcgen.Yellow, 2019, 8))
	runOnce(t, command{args: []string{"--input=" + path, "--output=out", "--quarantine=kept", "--max-rejected=0.001%"}, dir: dir}).
		fails(t, 5, "yellow_tripdata_2019-08.parquet", "pickup_", "--max-rejected", "nothing was published", "the refused rows are in")
	rules, _ := quarantined(t, filepath.Join(dir, "kept"))
	if len(rules["yellow_tripdata_2019-08.parquet"]) < 4 {
		t.Errorf("found %v, expected the refused rows", rules)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("an output was made")
	}
}

// TestAWholeFileInQuarantineTakesNoMoreMemory refuses every row: the file's name has another month than its rows.
func TestAWholeFileInQuarantineTakesNoMoreMemory(t *testing.T) {
	o := month(tlcgen.Yellow, 2019, 8, 1_000_000)
	dir := t.TempDir()
	path := generate(t, dir, o)
	other := filepath.Join(dir, "yellow_tripdata_2016-01.parquet")
	if err := os.Rename(path, other); err != nil {
		t.Fatal(err)
	}
	for _, runner := range runnerNames {
		lowerOwnPeak()
		r := runOnce(t, command{args: []string{"--input=" + other, "--output=out", "--quarantine=kept", "--runner=" + runner}, dir: dir}).succeeds(t)
		t.Logf("%s: %d MiB, %.1f s", runner, r.maxRSS>>20, r.elapsed.Seconds())
		if r.maxRSS > mostMemory || !strings.Contains(r.stderr, " quarantined=1000000 ") {
			t.Errorf("%s: took %d MiB, at most %d are allowed; %s", runner, r.maxRSS>>20, mostMemory>>20, r.stderr)
		}
	}
}

// TestColumnsOfEveryTypeGoIntoQuarantine refuses a row of a file whose columns have the types of other writers.
func TestColumnsOfEveryTypeGoIntoQuarantine(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "x_2019-08.parquet"), with(with(with(trips(t),
		"tpep_pickup_datetime", column{"tpep_pickup_datetime", of(t, wallMicros, "2010-01-01 2019-08-02")}),
		"PULocationID", column{"PULocationID", of(t, arrow.BinaryTypes.String, "132 7")}),
		"tip_amount", column{"tip_amount", array.NewNull(2)}))
	dir := t.TempDir()
	for _, runner := range runnerNames {
		runOnce(t, command{args: []string{"--input=" + path, "--output=out", "--quarantine=kept", "--runner=" + runner}, dir: dir}).succeeds(t)
		rules, columns := quarantined(t, filepath.Join(dir, "kept"))
		got := columns["x_2019-08.parquet"][0]
		if len(rules["x_2019-08.parquet"]) != 1 || !strings.Contains(got, "PULocationID utf8=132;") || !strings.Contains(got, "tip_amount null=(null);") || !strings.Contains(got, "2010-01-01") {
			t.Errorf("%s: found %v, %q", runner, rules, got)
		}
	}
}

func TestAQuarantineInUseIsExit6(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, dir, planted(tlcgen.Yellow, 2019, 8))
	args := []string{"--input=" + path, "--output=out", "--quarantine=kept"}
	runOnce(t, command{args: args, dir: dir}).succeeds(t)
	held := flock.New(filepath.Join(dir, "kept", ".tripstats", "lock"))
	if ok, err := held.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	runOnce(t, command{args: args, dir: dir}).fails(t, 6, "--quarantine", "kept", "another run")
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	// The next run removes what a killed run has left.
	left := filepath.Join(dir, "kept", ".tripstats", "run-dead")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	runOnce(t, command{args: args, dir: dir}).succeeds(t)
	if _, err := os.Stat(left); err == nil {
		t.Error("what a killed run left is still there")
	}
}
