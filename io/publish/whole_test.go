package publish

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/fault"
)

// TestAPublicationThatFailsLeavesAllAsItWas puts an obstacle in the way of a second run, at each place where a publication writes.
// Tables, manifest and quarantine of the first run must not change by a byte, and no folder may be made.
func TestAPublicationThatFailsLeavesAllAsItWas(t *testing.T) {
	replace := func(path string, with func(string) error) error { return errors.Join(os.RemoveAll(path), with(path)) }
	aFile := func(path string) error { return os.WriteFile(path, nil, 0o666) }
	aFolder := func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o777) }
	for name, c := range map[string]struct {
		plant func(out, kept string) error
		words string
	}{
		"a file in the place of the last table's folder": {func(out, _ string) error { return replace(filepath.Join(out, "quality"), aFile) }, "quality: found a file, expected a folder"},
		"a folder in the place of the last table":        {func(out, _ string) error { return replace(filepath.Join(out, "quality/quality.parquet"), aFolder) }, "quality.parquet: found a folder, expected a file"},
		"a folder in the place of the manifest":          {func(out, _ string) error { return replace(filepath.Join(out, ManifestName), aFolder) }, ManifestName + ": found a folder, expected a file"},
		"a folder in the place of the quarantine's mark": {func(_, kept string) error { return replace(filepath.Join(kept, ".tripstats/quarantine"), aFolder) }, "quarantine"},
		"a folder in the place of the quarantine's rows": {func(_, kept string) error { return aFolder(filepath.Join(kept, ".tripstats/run-second/before-rows")) }, "quarantine"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg, r := judged(t, dir, "first")
			if err := publishThrough(cfg, r); err != nil {
				t.Fatal(err)
			}
			if err := c.plant(cfg.Output, cfg.Quarantine.Dir); err != nil {
				t.Fatal(err)
			}
			published := func() map[string]string {
				all := contents(t, cfg.Output)
				maps.Copy(all, contents(t, filepath.Join(cfg.Quarantine.Dir, "rows")))
				return all
			}
			before := published()
			cfg, r = judged(t, dir, "second")
			f := fault.Find(publishThrough(cfg, r))
			if f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, c.words) {
				t.Errorf("found %v, expected exit code 1 with %q", f, c.words)
			}
			if after := published(); !maps.Equal(before, after) {
				t.Errorf("found %v, expected %v as before", slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
			}
		})
	}
}

// TestAQuarantineComesWithItsTablesOrNotAtAll has a second run that finds another head, or that it was given up.
func TestAQuarantineComesWithItsTablesOrNotAtAll(t *testing.T) {
	for name, code := range map[string]fault.Code{"changed": fault.Conflict, "given up": fault.Conflict, "too many rows refused": fault.Gate} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cfg, r := judged(t, dir, "first")
			if err := publishThrough(cfg, r); err != nil {
				t.Fatal(err)
			}
			rows := filepath.Join(cfg.Quarantine.Dir, "rows")
			before := contents(t, rows)
			cfg, r = judged(t, dir, "second")
			ctx := t.Context()
			switch name {
			case "changed":
				cfg.Base = Base{Known: true, Token: "of another run"}
			case "given up":
				cfg.Fenced = true
				if _, err := Revoke(ctx, cfg); err != nil {
					t.Fatal(err)
				}
			case "too many rows refused":
				cfg.MaxRejected = 0
			}
			if f := fault.Find(r.checkAndPublish(ctx, cfg)); f == nil || f.Code != code {
				t.Errorf("found %v, expected exit code %d", f, code)
			}
			if after := contents(t, rows); !maps.Equal(before, after) {
				t.Errorf("found %v, expected %v as before", after, before)
			}
			if got := contents(t, cfg.Quarantine.Dir); name == "too many rows refused" && got[filepath.Join(cfg.Quarantine.Unpublished(), "a%", "000000000000.parquet")] != "row of second" {
				t.Errorf("found %v, expected the rows of the run that was stopped", slices.Sorted(maps.Keys(got)))
			}
		})
	}
}
