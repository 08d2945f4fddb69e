package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/io/kept"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// perVendor reads columns that the standing tables do not have: codes, and a number.
const perVendor = "CREATE TABLE per_vendor AS SELECT taxi, vendorid, count(*) AS n, sum(tolls_amount) AS tolls FROM trips GROUP BY ALL"

// keptTables are tables of every kind: standing, finished with each file, added up over files, and with columns of their own.
func keptTables(t *testing.T, judged bool) []*aggregate.Spec {
	return append(aggregate.Tables(judged), declaredIn(t, judged, byFile, together, perVendor)...)
}

// TestKeptResultsGiveWhatReadingGives takes the results of some files, and of some of their tables, from a run before.
func TestKeptResultsGiveWhatReadingGives(t *testing.T) {
	for _, monthless := range []bool{false, true} {
		for _, judged := range []bool{true, false} {
			dir, out := tree(t, judged, monthless), t.TempDir()
			tables := keptTables(t, judged)
			p := planOf(t, judged, out, dir+"/**", tables...)
			p.admission.Taxis = []string{"yellow", "green"}
			p.admission.MergeSameMonth = monthless
			first := mustGather(t, "direct", p)
			inputs := first.store(t, out, "kept.bin")
			for _, runner := range inProcess() {
				name := fmt.Sprintf("%s, judged %t, monthless %t", runner, judged, monthless)
				for what, some := range map[string]func(string) (bool, []string){
					"everything":       all,
					"nothing":          func(string) (bool, []string) { return false, nil },
					"the yellow files": func(source string) (bool, []string) { return strings.Contains(source, "yellow"), nil },
					"the others":       func(source string) (bool, []string) { return !strings.Contains(source, "yellow"), nil },
					"standing tables":  func(string) (bool, []string) { return true, []string{"trip_stats", "location_stats"} },
					"tables of SQL":    func(string) (bool, []string) { return true, []string{"by_file", "together", "per_vendor"} },
				} {
					t.Run(name+", "+what, func(t *testing.T) {
						mustGather(t, runner, p.reusing(inputs, some)).same(t, first)
					})
				}
			}
		}
	}
}

// TestAnySplitOfInputsGivesTheSameTables draws for each file whether it is kept, kept for some tables, or read; what is read is kept again, and
// used by the next run.
func TestAnySplitOfInputsGivesTheSameTables(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	dir, out := tree(t, true, true), t.TempDir()
	p := planOf(t, true, out, dir+"/**", keptTables(t, true)...)
	want := mustGather(t, "direct", p)
	inputs := want.store(t, out, "0.bin")
	random := rand.New(rand.NewPCG(3, 5))
	for round := range rounds {
		runner := inProcess()[round%2]
		split := p.reusing(inputs, func(string) (bool, []string) {
			switch random.IntN(4) {
			case 0:
				return false, nil
			case 1:
				return true, nil
			}
			names := []string{}
			for _, table := range p.tables {
				if random.IntN(2) == 0 {
					names = append(names, table.Name)
				}
			}
			return true, names
		})
		got := mustGather(t, runner, split)
		if got.same(t, want); t.Failed() {
			t.Fatalf("round %d on %s: kept %d, partly %d of %d inputs", round, runner, len(split.kept), len(split.partly), len(inputs))
		}
		for _, in := range got.store(t, out, fmt.Sprint(round+1, ".bin")) { // their entries take the place of the old ones
			at := slices.IndexFunc(inputs, func(old kept.Input) bool { return old.Source == in.Source })
			inputs[at] = in
		}
	}
}

// TestWhatIsKeptOfAKeptFile checks that a run keeps the results of what it has read, and of nothing else.
func TestWhatIsKeptOfAKeptFile(t *testing.T) {
	dir, out := tree(t, true, false), t.TempDir()
	p := planOf(t, true, out, dir+"/yellow_tripdata_2019-0[34].parquet", keptTables(t, true)...)
	first := mustGather(t, "direct", p)
	inputs := first.store(t, out, "kept.bin")
	some := p.reusing(inputs, func(source string) (bool, []string) {
		if strings.Contains(source, "-03") {
			return true, nil
		}
		return true, []string{"trip_stats"}
	})
	got := mustGather(t, "direct", some).remembered
	if len(got.Files) != 1 || len(got.Results) != 1 || got.Results[0].Source != "yellow_tripdata_2019-04.parquet" {
		t.Fatalf("found %d files and %d results, expected those of the file that was read for some tables", len(got.Files), len(got.Results))
	}
	want := first.remembered.Results[1]
	if r := got.Results[0]; string(r.Bytes) != string(want.Bytes) || !slices.Equal(r.Tables, want.Tables) || r.Rows != want.Rows {
		t.Errorf("found %d bytes of %+v, expected %d of %+v: the same as of a file that is read once", len(r.Bytes), r.Tables, len(want.Bytes), want.Tables)
	}
}

// TestATableLessAndATableMore changes the tables between runs: what is kept has tables that the run does not make, and lacks some.
func TestATableLessAndATableMore(t *testing.T) {
	dir, out := tree(t, true, true), t.TempDir()
	declared := declaredIn(t, true, byFile, together, perVendor)
	standing := aggregate.Tables(true)
	sets := [][]*aggregate.Spec{standing, append(slices.Clone(standing), declared[2]), declared[:2], slices.Concat(standing, declared), declared[2:], standing}
	var inputs []kept.Input
	for i, tables := range sets {
		p := planOf(t, true, out, dir+"/**", tables...)
		want := mustGather(t, "direct", p)
		usable := slices.DeleteFunc(slices.Clone(inputs), func(in kept.Input) bool {
			return slices.ContainsFunc(in.Results, func(r kept.Result) bool { return r.Numbers != "" && r.Numbers != aggregate.Numbers(tables) })
		})
		got := mustGather(t, "prism", p.reusing(usable, all))
		if got.same(t, want); t.Failed() {
			t.Fatalf("tables %v, with results of %v", aggregate.Names(tables), aggregate.Names(sets[max(0, i-1)]))
		}
		for _, in := range got.store(t, out, fmt.Sprint(i, ".bin")) {
			if at := slices.IndexFunc(inputs, func(old kept.Input) bool { return old.Source == in.Source }); at >= 0 {
				inputs[at] = in
			} else {
				inputs = append(inputs, in)
			}
		}
	}
}

// TestANewTableReadsOnlyItsColumns compares the bytes that a file needs for some tables and for all.
func TestANewTableReadsOnlyItsColumns(t *testing.T) {
	dir := tree(t, true, false)
	tables := append(aggregate.Tables(true), declaredIn(t, true, "CREATE TABLE tolls AS SELECT taxi, sum(tolls_amount) AS tolls FROM trips GROUP BY ALL")...)
	p := planOf(t, true, "", dir+"/yellow_tripdata_2019-03.parquet", tables...)
	names := func(skip uint64) string {
		f := p.files[0]
		f.Skip = skip
		return strings.Join(projected(t, p, f), " ")
	}
	for skip, want := range map[uint64]string{
		0b011: "tpep_pickup_datetime tolls_amount",
		0b101: "tpep_pickup_datetime PULocationID DOLocationID",
		0:     "tpep_pickup_datetime tpep_dropoff_datetime passenger_count trip_distance PULocationID DOLocationID tip_amount tolls_amount total_amount",
	} {
		if got := names(skip); got != want {
			t.Errorf("without the tables %03b: found the columns %s, expected %s", skip, got, want)
		}
	}
}

// projected returns the names of the columns that are read of a file.
func projected(t *testing.T, p plan, f element.Found) (names []string) {
	t.Helper()
	d, err := describe(t, p, f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := trip.Recognise(d, p.trips)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Projection {
		names = append(names, r.Columns[c].Name)
	}
	return names
}

// TestDamagedResultsAreNotBelieved damages what is stored, in every way. The fault says what to run again without.
func TestDamagedResultsAreNotBelieved(t *testing.T) {
	dir, out := tree(t, true, false), t.TempDir()
	tables := append(aggregate.Tables(true), declaredIn(t, true, byFile)...)
	p := planOf(t, true, out, dir+"/yellow_tripdata_2019-0[34].parquet", tables...)
	first := mustGather(t, "direct", p)
	const source = "yellow_tripdata_2019-04.parquet"
	inputs := first.store(t, out, "kept.bin")
	content, err := os.ReadFile(filepath.Join(out, "kept.bin"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(content)
	flipped[len(flipped)-9] ^= 1 // the second file's
	for _, c := range []struct {
		name         string
		stored       []byte // nil: no such file
		index        func(in *kept.Input)
		file, source string
	}{
		{"a byte", flipped, nil, "kept.bin", source},
		{"the end", content[:len(content)-3], nil, "kept.bin", ""},
		{"everything", nil, nil, "kept.bin", ""},
		{"the result of another file", content, func(in *kept.Input) { in.Results = inputs[0].Results; in.File.Rows++ }, "", source},
		{"another number of rows", content, func(in *kept.Input) { in.Results[0].Rows++ }, "kept.bin", source},
		{"a place outside", content, func(in *kept.Input) { in.Results[0].At.Offset = 1 << 40 }, "kept.bin", ""},
		{"a table that the result does not have", content, func(in *kept.Input) { in.Results[0].At = inputs[0].Results[0].At; in.Results[0].At.Length = 3 }, "kept.bin", source},
		{"groups that are finished, and the file is not alone any more", content, nil, "", source},
	} {
		for _, runner := range inProcess() {
			t.Run(c.name+" "+runner, func(t *testing.T) {
				path := filepath.Join(out, "kept.bin")
				if c.stored == nil {
					err = os.Remove(path)
				} else {
					err = os.WriteFile(path, c.stored, 0o600)
				}
				if err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				damaged := slices.Clone(inputs)
				damaged[1].Results = slices.Clone(inputs[1].Results)
				if c.index != nil {
					c.index(&damaged[1])
				}
				p := p
				if strings.Contains(c.name, "alone") {
					p.files = slices.Clone(p.files)
					second := p.files[1]
					second.Source, second.Identity = "b-"+second.Source, ""
					p.files = append(p.files, second)
					p.admission.MergeSameMonth = true
				}
				_, err := gather(t, runner, p.reusing(damaged, all))
				file, named, ok := kept.Damaged(err)
				if !ok || file != c.file || named != c.source {
					t.Errorf("found %q, %q, %t of %v, expected %q, %q", file, named, ok, err, c.file, c.source)
				}
				if f := fault.Find(err); f == nil || f.Code != fault.Unavailable || !strings.HasSuffix(f.Message, "run again with --reuse=false") {
					t.Errorf("found %v, expected exit code 7 and what to do", f)
				}
			})
		}
	}
}

// TestAFileReadAgainHasTheRowsOfItsResult takes a result of another file for some tables: what is read again has other rows.
func TestAFileReadAgainHasTheRowsOfItsResult(t *testing.T) {
	dir, out := tree(t, true, false), t.TempDir()
	p := planOf(t, true, out, dir+"/yellow_tripdata_2019-0[34].parquet", keptTables(t, true)...)
	inputs := mustGather(t, "direct", p).store(t, out, "kept.bin")
	inputs[1].Results = inputs[0].Results
	_, err := gather(t, "direct", p.reusing(inputs, func(source string) (bool, []string) {
		return strings.Contains(source, "-04"), []string{"trip_stats", "location_stats"}
	}))
	if _, source, ok := kept.Damaged(err); !ok || source != "yellow_tripdata_2019-04.parquet" || !strings.Contains(err.Error(), "as when it was read for other tables") {
		t.Errorf("found %v, expected that the rows differ", err)
	}
}
