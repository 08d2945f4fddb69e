package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/quality"
)

// published returns the tables below an output, by path.
func published(t *testing.T, out string) map[string]string {
	t.Helper()
	found := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(out, "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		content, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(p)] = fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return found
}

// attempt runs the pipeline in this process, with addresses as input.
func attempt(ctx context.Context, runner string, patterns []string, out string) error {
	r, err := runners.Find(runner)
	if err != nil {
		return err
	}
	objects, err := objstore.Access{}.Match(ctx, patterns)
	if err != nil {
		return err
	}
	cfg := configOf("standard", quality.Config{})
	cfg.Output = out
	p, s := beam.NewPipelineWithRoot()
	build(s, plan{
		files: source.Files(objects), trips: tripOptions("", true, aggregate.Tables(true)),
		standard: true, tables: aggregate.Tables(true), quality: quality.Config{AsOf: element.NoMonth}, publish: cfg,
	})
	_, err = r.Run(ctx, p)
	return err
}

// faultyFiles returns two small months in memory.
func faultyFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 3000, RowGroups: 3, Seed: 1},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2023, Month: 5}, Rows: 2000, Seed: 2},
	} {
		var b bytes.Buffer
		if _, err := tlcgen.Write(t.Context(), &b, o); err != nil {
			t.Fatal(err)
		}
		files[tlcgen.FileName(o.Taxi, o.Month)] = b.Bytes()
	}
	for form, month := range map[string]string{"csv": "2019-09", "csv.gz": "2019-10"} {
		files["yellow_tripdata_"+month+"."+form] = csvOf(t, month, form == "csv.gz")
	}
	return files
}

func addresses(base string, files map[string][]byte) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, base+"/"+name)
	}
	return all
}

// TestEachFaultGivesTheRightTablesOrAClearErrorAndNothing makes each fault happen once, and then at every request.
func TestEachFaultGivesTheRightTablesOrAClearErrorAndNothing(t *testing.T) {
	defer objstore.QuickRetries()()
	files := faultyFiles(t)
	clean := t.TempDir()
	if err := attempt(t.Context(), "direct", addresses(fakes.NewWeb(t, files).URL, files), clean); err != nil {
		t.Fatal(err)
	}
	want := published(t, clean)
	passes := []string{"429", "500", "503", "reset in the middle", "reset at once", "short body", "slow drip"} // faults after which the run succeeds if they happen once
	for name := range fakes.Faults {
		for _, chance := range []float64{0.3, 1} {
			web := fakes.NewWeb(t, files)
			seed := uint64(0)
			schedule := &fakes.Schedule{Seed: seed, Chance: chance, Names: []string{name}}
			web.Before = schedule.Meets
			out := t.TempDir()
			err := attempt(t.Context(), "direct", addresses(web.URL, files), out)
			got := published(t, out)
			switch good := slices.Contains(passes, name) && chance < 1 || name == "slow drip"; {
			case err == nil && !maps.Equal(got, want):
				t.Errorf("%s, chance %v: published other tables", name, chance)
			case good && err != nil:
				t.Errorf("%s, chance %v: found %v, expected it to pass", name, chance, err)
			case !good && err == nil && chance == 1:
				t.Errorf("%s, always: found no error", name)
			case err != nil && len(got) > 0:
				t.Errorf("%s, chance %v: failed, and published %v", name, chance, got)
			}
			if err != nil {
				tells(t, name, err)
			}
		}
	}
}

// tells checks that an error says which file it is about.
func tells(t *testing.T, name string, err error) {
	t.Helper()
	text := console{}.messageOf(err)
	if f := fault.Find(err); f == nil && !strings.Contains(text, "_tripdata_") || strings.Contains(text, "damaged") || strings.Contains(text, "goroutine") {
		t.Errorf("%s: the error does not say it: %s", name, text)
	}
}

// TestRandomFaultsNeverGiveAWrongTable reads from a web server with random faults. Either the tables are right, or there are no
// tables and an error.
func TestRandomFaultsNeverGiveAWrongTable(t *testing.T) {
	defer objstore.QuickRetries()()
	rounds := 200
	if os.Getenv("TRIPSTATS_SOAK") != "" {
		rounds = 1000
	}
	files := faultyFiles(t)
	clean := t.TempDir()
	if err := attempt(t.Context(), "direct", addresses(fakes.NewWeb(t, files).URL, files), clean); err != nil {
		t.Fatal(err)
	}
	want := published(t, clean)
	all := slices.Sorted(maps.Keys(fakes.Faults))
	temporary := []string{"429", "500", "503", "reset in the middle", "reset at once", "short body", "slow drip"}
	right, failed := 0, 0
	for round := range rounds {
		web := fakes.NewWeb(t, files)
		schedule := &fakes.Schedule{Seed: uint64(round), Chance: 0.02 + 0.4*float64(round%10)/10, Names: temporary}
		if round%4 == 0 {
			schedule.Names = all
		}
		web.Before = schedule.Meets
		runner := "direct"
		if round%10 == 9 {
			runner = "prism"
		}
		out := t.TempDir()
		err := attempt(t.Context(), runner, addresses(web.URL, files), out)
		got := published(t, out)
		switch {
		case err == nil && maps.Equal(got, want):
			right++
		case err != nil && len(got) == 0:
			failed++
			tells(t, fmt.Sprint("round ", round), err)
		default:
			t.Fatalf("round %d, %s: found %v, %v, expected %v or an error and nothing", round, runner, got, err, want)
		}
	}
	t.Logf("of %d runs %d gave the right tables, %d an error", rounds, right, failed)
	if right < rounds/2 || failed == 0 {
		t.Errorf("of %d runs %d gave the right tables, %d an error: the schedules are too hard or too easy", rounds, right, failed)
	}
}
