package publish

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/objstore"
	"tripstats/testdata/disk"
)

// TestAPublicationSurvivesAPowerCut watches the steps of runs that make a new output, replace it, and remove tables from it,
// with refused rows in several folders.
func TestAPublicationSurvivesAPowerCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep")
	kept := filepath.Join(dir, "stage-kept")
	if err := os.MkdirAll(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	order, check := disk.Watch(t, []string{ManifestName, "quarantine"}, []string{"stage-", "gone-", "new", copiedName})
	for _, name := range []string{"first", "second", "third"} {
		cfg, r := judged(t, dir, name)
		cfg.Output, cfg.Fenced, cfg.Existing = filepath.Join(dir, "made", "out"), true, Replace
		if name == "third" {
			cfg.Absent, cfg.Tables, r.tables, cfg.Balance = []string{"quality", "never"}, cfg.Tables[:2], r.tables[:2], nil
		}
		r.kept[0].Source, r.files[0].Source, r.tallies[0].Source = "2019/deep/a", "2019/deep/a", "2019/deep/a"
		r.kept[1].Source = r.kept[0].Source
		for i, p := range r.kept { // as the writer of refused rows does
			path := filepath.Join(kept, filepath.Base(p.Path))
			if err := errors.Join(os.Rename(p.Path, path), objstore.CloseSynced(os.OpenFile(path, os.O_WRONLY, 0))); err != nil {
				t.Fatal(err)
			}
			r.kept[i].Path = path
		}
		order.Steps = nil
		if err := runWhole(t, cfg, r); err != nil {
			t.Fatal(err)
		}
		renames := map[string]bool{}
		for _, s := range order.Steps {
			if rel, err := filepath.Rel(dir, s.To); s.Do == objstore.StepRename && err == nil {
				renames[filepath.ToSlash(rel)] = true
			}
		}
		for _, want := range []string{"made/out/trip_stats/trip_stats.parquet", "made/out/" + ManifestName, "made/out/" + runsName, "kept/rows", "kept/.tripstats/quarantine"} {
			if !renames[want] {
				t.Errorf("run %s: found no rename to %s: this test does not test", name, want)
			}
		}
		if _, err := os.Stat(filepath.Join(cfg.Output, "quality")); errors.Is(err, os.ErrNotExist) != (name == "third") {
			t.Errorf("run %s: quality: %v", name, err)
		}
	}
	check()
	for _, s := range order.Steps {
		if s.Do == objstore.StepRename && filepath.Base(s.Path) != "new" && strings.Contains(s.To, filepath.Join("made", "out")) {
			t.Errorf("found %v, expected that an output is changed by files that are written to one place alone", s)
		}
	}
}
