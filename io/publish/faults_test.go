package publish

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/io/quarantine"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// judged returns a consistent run with rules. It has two files with seven rows in all; two rows are refused and in quarantine. It has three
// tables whose totals are the other five. Runs with different names publish different bytes.
func judged(t *testing.T, dir, name string) (Config, result) {
	t.Helper()
	cfg := Config{
		Output: filepath.Join(dir, "out"), ID: name, MaxRejected: -1, Tables: []string{"trip_stats", "location_stats", "quality"},
		Balance: []Total{{"trip_stats", "trip_count"}, {"location_stats", "pickups"}, {"location_stats", "dropoffs"}},
		Meta:    []parquetio.Meta{{Key: "tripstats.quality", Value: "standard of " + name}}, Quality: "standard", Flags: map[string]string{"input": name},
		Program: Program{Name: "tripstats", Version: "1"}, Rules: &Rules{Digest: "d"}, Quarantine: &quarantine.Config{Dir: filepath.Join(dir, "kept"), ID: name},
	}
	r := result{
		files: []element.Admitted{{Source: "a", Rows: 5, Month: 601}, {Source: "b", Rows: 2, Month: 602}},
		tallies: []element.Tally{
			{Source: "a", Rows: 5, Counted: 3, Refused: []element.Refused{{Rule: "pickup_missing", Rows: 1}, {Rule: "pickup_stray", Rows: 1}}},
			{Source: "b", Rows: 2, Counted: 2},
		},
		tables: []element.Table{
			columns("trip_stats", []string{"trip_count"}, []int64{3, 2}),
			columns("location_stats", []string{"pickups", "dropoffs"}, []int64{2, 3, 0}, []int64{1, 3, 1}),
			table("quality", 5, 2, 1, 1),
		},
	}
	for i := range 2 { // a has a refused row in each of two row groups
		path := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i))
		if err := os.WriteFile(path, []byte("row of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		r.kept = append(r.kept, quarantine.File{Source: "a", FirstRow: int64(i), Path: path, Rows: 1, Refused: 1})
	}
	return cfg, r
}

// columns returns a table of integers with a column for each name.
func columns(name string, names []string, values ...[]int64) element.Table {
	var fields []arrow.Field
	var arrays []arrow.Array
	for i, v := range values {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		b.AppendValues(v, nil)
		fields = append(fields, arrow.Field{Name: names[i], Type: arrow.PrimitiveTypes.Int64})
		arrays = append(arrays, b.NewArray())
	}
	return element.Table{Name: name, Record: array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(len(values[0])))}
}

// contents returns the files below a folder, by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestWhatDoesNotReconcileIsNotPublished plants one fault at a time into a second run. The run must notice each fault, and the output
// and quarantine of the first run must not change by a byte.
func TestWhatDoesNotReconcileIsNotPublished(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*result)
		want  string
	}{
		"a row lost":    {func(r *result) { r.tallies[0].Rows-- }, "a: found 4 rows read, expected the footer's 5"},
		"a row twice":   {func(r *result) { r.tallies[1].Rows++ }, "b: found 3 rows read"},
		"no row at all": {func(r *result) { r.tallies[0] = element.Tally{Source: "a"} }, "a: found 0 rows read, expected the footer's 5"},

		"a row neither counted nor refused":    {func(r *result) { r.tallies[0].Counted-- }, "a: found 2 rows counted and 2 refused, expected the 5 read"},
		"a row counted and refused":            {func(r *result) { r.tallies[0].Refused[1].Rows++ }, "a: found 3 rows counted and 3 refused, expected the 5 read"},
		"a rule's refusals lost":               {func(r *result) { r.tallies[0].Refused = r.tallies[0].Refused[:1] }, "a: found 3 rows counted and 1 refused, expected the 5 read"},
		"all refusals lost":                    {func(r *result) { r.tallies[0].Refused = nil }, "a: found 3 rows counted and 0 refused, expected the 5 read"},
		"a row counted for another file":       {func(r *result) { r.tallies[0].Counted--; r.tallies[1].Counted++ }, "a: found 2 rows counted and 2 refused, expected the 5 read"},
		"a refused row that the tables count":  {func(r *result) { r.tallies[0].Counted--; r.tallies[0].Refused[0].Rows++ }, "table trip_stats: found 5 as the sum of trip_count, expected the 4 rows counted"},
		"a counted row that the tables do not": {func(r *result) { r.tallies[0].Counted++; r.tallies[0].Refused[0].Rows-- }, "table trip_stats: found 5 as the sum of trip_count, expected the 6 rows counted"},

		"a tally missing":      {func(r *result) { r.tallies = r.tallies[:1] }, "found results of 1 files, expected 2"},
		"no tally":             {func(r *result) { r.tallies = nil }, "found results of 0 files, expected 2"},
		"a tally twice":        {func(r *result) { r.tallies[1].Source = "a" }, "a: found two results"},
		"a tally too many":     {func(r *result) { r.tallies = append(r.tallies, element.Tally{Source: "c"}) }, "found results of 3 files, expected 2"},
		"a tally from nowhere": {func(r *result) { r.tallies[1].Source = "z" }, "b: found no result, expected one"},

		"a table lost":            {func(r *result) { r.tables = r.tables[:2] }, "found tables [trip_stats location_stats], expected [trip_stats location_stats quality]"},
		"a table twice":           {func(r *result) { r.tables = append(r.tables, r.tables[2]) }, "found tables [trip_stats location_stats quality quality]"},
		"a table of another name": {func(r *result) { r.tables[2].Name = "qualities" }, "qualities"},
		"trips lost":              {func(r *result) { r.tables[0] = columns("trip_stats", []string{"trip_count"}, []int64{3, 1}) }, "table trip_stats: found 4 as the sum of trip_count, expected the 5 rows counted"},
		"filtered trips that the table has": {func(r *result) {
			r.tallies[1].Filtered = []element.Filtered{{Table: "trip_stats", Rows: 2}}
		}, "table trip_stats: found 5 as the sum of trip_count, expected the 5 rows counted of all files without the 2 that the table filters"},
		"no trips": {func(r *result) { r.tables[0] = columns("trip_stats", []string{"trip_count"}, nil) }, "table trip_stats: found 0 as the sum of trip_count"},
		"a pickup lost": {func(r *result) {
			r.tables[1] = columns("location_stats", []string{"pickups", "dropoffs"}, []int64{2, 2, 0}, []int64{1, 3, 1})
		}, "table location_stats: found 4 as the sum of pickups, expected the 5 rows counted"},
		"a dropoff twice": {func(r *result) {
			r.tables[1] = columns("location_stats", []string{"pickups", "dropoffs"}, []int64{2, 3, 0}, []int64{1, 3, 2})
		}, "table location_stats: found 6 as the sum of dropoffs, expected the 5 rows counted"},
		"no column of dropoffs": {func(r *result) { r.tables[1] = columns("location_stats", []string{"pickups"}, []int64{5}) }, "found -1 as the sum of dropoffs"},
		"two columns of pickups": {func(r *result) {
			r.tables[1] = columns("location_stats", []string{"pickups", "pickups"}, []int64{5}, []int64{5})
		}, "found -1 as the sum of pickups"},

		"a refused row not in quarantine":    {func(r *result) { r.kept = r.kept[:1] }, "a: found 1 refused rows in quarantine, expected 2"},
		"no refused row in quarantine":       {func(r *result) { r.kept = nil }, "a: found 0 refused rows in quarantine, expected 2"},
		"a refused row twice in quarantine":  {func(r *result) { r.kept[0].Refused++ }, "a: found 3 refused rows in quarantine, expected 2"},
		"only rows of cell rules":            {func(r *result) { r.kept[0].Refused = 0 }, "a: found 1 refused rows in quarantine, expected 2"},
		"a row of a file without refusals":   {func(r *result) { r.kept[0].Source = "b" }, "a: found 1 refused rows in quarantine, expected 2"},
		"rows in quarantine of no file":      {func(r *result) { r.kept = append(r.kept, quarantine.File{Source: "z", Refused: 1}) }, "z: found 1 refused rows in quarantine, expected no such file"},
		"a quarantine file gone, by someone": {func(r *result) { r.kept[1].Path += "-gone" }, "quarantine "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg, r := judged(t, dir, "first")
			if err := publishThrough(cfg, r); err != nil {
				t.Fatal(err)
			}
			output, kept := contents(t, cfg.Output), contents(t, filepath.Join(cfg.Quarantine.Dir, "rows"))
			if len(output) != 12 || len(kept) != 2 {
				t.Fatalf("found %d files in the output and %d in quarantine, expected 12 and 2", len(output), len(kept))
			}
			cfg, r = judged(t, dir, "second")
			c.plant(&r)
			f := fault.Find(publishThrough(cfg, r))
			if f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, c.want) || !strings.Contains(f.Message, "nothing was published") {
				t.Errorf("found %v, expected exit code 1 with %q", f, c.want)
			}
			if !maps.Equal(output, contents(t, cfg.Output)) || !maps.Equal(kept, contents(t, filepath.Join(cfg.Quarantine.Dir, "rows"))) {
				t.Error("what was published before has changed")
			}
		})
	}
}

// TestARunWithRulesIsReplacedWhole shows that the test above would notice a change.
func TestARunWithRulesIsReplacedWhole(t *testing.T) {
	dir := t.TempDir()
	var before map[string]string
	for _, name := range []string{"first", "second"} {
		cfg, r := judged(t, dir, name)
		if err := publishThrough(cfg, r); err != nil {
			t.Fatal(err)
		}
		after := contents(t, dir)
		for _, path := range []string{"out/trip_stats/trip_stats.parquet", "out/location_stats/location_stats.parquet", "out/quality/quality.parquet", "out/" + ManifestName, "kept/rows/a%/000000000000.parquet"} {
			if path = filepath.Join(dir, path); after[path] == "" || after[path] == before[path] {
				t.Errorf("%s: %s has not changed", name, path)
			}
		}
		before = after
		m, err := ReadManifest(t.Context(), objstore.Access{}, cfg.Output)
		if err != nil || m.Rows != 7 || m.Inputs[0].Counted != 3 || m.Kept == nil || m.Kept.Files != 2 || m.Kept.Rows != 2 {
			t.Errorf("%s: found %+v, %v", name, m, err)
		}
	}
}
