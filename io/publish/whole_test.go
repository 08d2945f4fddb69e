package publish

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/io/objstore"
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

// TestAQuarantineComesWithItsTablesOrNotAtAll has a second run that finds the output in use, or the disk full.
func TestAQuarantineComesWithItsTablesOrNotAtAll(t *testing.T) {
	for name, code := range map[string]fault.Code{"in use": fault.Conflict, "given up": fault.Conflict, "too many rows refused": fault.Gate} {
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
			case "in use":
				staging = func(objstore.Access, context.Context, string, string, []string, func(string)) (objstore.Staging, error) {
					return nil, objstore.ErrBusy
				}
				t.Cleanup(func() { staging = objstore.Access.NewStaging })
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

// failing is a staging area that cannot publish to one place.
type failing struct {
	objstore.Staging
	place string
}

func (s failing) Publish(name, place string) error {
	if place == s.place {
		return errors.New("no room")
	}
	return s.Staging.Publish(name, place)
}

// TestWhateverStepFailsIsUndone fails at each place where a publication writes, and at its end.
func TestWhateverStepFailsIsUndone(t *testing.T) {
	dir := t.TempDir()
	cfg, r := judged(t, dir, "first")
	cfg.Fenced = true
	if err := publishThrough(cfg, r); err != nil {
		t.Fatal(err)
	}
	everything := func() map[string]string {
		all := contents(t, cfg.Output)
		maps.Copy(all, contents(t, filepath.Join(cfg.Quarantine.Dir, "rows")))
		return all
	}
	before := everything()
	defer func() { staging = objstore.Access.NewStaging }()
	cfg, r = judged(t, dir, "second")
	cfg.Fenced = true
	for _, place := range planOf(cfg, Parquet{}).publish {
		staging = func(a objstore.Access, ctx context.Context, output, id string, places []string, note func(string)) (objstore.Staging, error) {
			s, err := a.NewStaging(ctx, output, id, places, note)
			return failing{s, place}, err
		}
		f := fault.Find(r.checkAndPublish(t.Context(), cfg))
		if f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, place+": no room; what was published before is whole") {
			t.Errorf("%s: found %v", place, f)
		}
		if after := everything(); !maps.Equal(before, after) {
			t.Errorf("%s: found %v, expected %v as before", place, after, before)
		}
	}
	staging = objstore.Access.NewStaging
	if err := r.checkAndPublish(t.Context(), cfg); err != nil { // the next attempt finds what the previous ones have prepared
		t.Error(err)
	}
	if after := everything(); after[filepath.Join(cfg.Quarantine.Dir, "rows", "a%", "000000000000.parquet")] != "row of second" {
		t.Errorf("found %v, expected the rows of the second run", after)
	}
}

// TestWhatAnotherRunPublishedMeanwhileIsNotReplacedInSilence has a run during which another run publishes.
func TestWhatAnotherRunPublishedMeanwhileIsNotReplacedInSilence(t *testing.T) {
	for _, others := range []int{0, 1} {
		dir := t.TempDir()
		var notes []string
		for _, id := range []string{"slow", "quick"} {
			defer Listen(id, func(text string) { notes = append(notes, text) })()
		}
		slow, result := judged(t, dir, "slow")
		slow.Before = Seen(t.Context(), objstore.Access{}, slow.Output)
		if others > 0 {
			cfg, r := judged(t, dir, "quick")
			cfg.Before = Seen(t.Context(), objstore.Access{}, cfg.Output)
			if err := r.checkAndPublish(t.Context(), cfg); err != nil || len(notes) > 0 {
				t.Fatalf("found %v, notes %q", err, notes)
			}
		}
		if err := result.checkAndPublish(t.Context(), slow); err != nil {
			t.Fatal(err)
		}
		if len(notes) != others || others > 0 && !strings.Contains(notes[0], "another run published there while this one ran") {
			t.Errorf("after %d other runs: found notes %q", others, notes)
		}
	}
}

// TestWhatFailsAfterPublishingIsANote makes the clean-up of the staging area fail.
func TestWhatFailsAfterPublishingIsANote(t *testing.T) {
	cfg, r := judged(t, t.TempDir(), "first")
	var notes []string
	defer Listen(cfg.ID, func(text string) { notes = append(notes, text) })()
	defer func() { staging = objstore.Access.NewStaging }()
	staging = func(a objstore.Access, ctx context.Context, output, id string, places []string, note func(string)) (objstore.Staging, error) {
		s, err := a.NewStaging(ctx, output, id, places, note)
		return leaving{s}, err
	}
	if err := r.checkAndPublish(t.Context(), cfg); err != nil || len(notes) != 1 || !strings.Contains(notes[0], "all is published") {
		t.Errorf("found %v, notes %q, expected no error and a note", err, notes)
	}
}

// leaving is a staging area whose removal fails.
type leaving struct{ objstore.Staging }

func (s leaving) Close() error { return errors.Join(s.Staging.Close(), errors.New("no permission")) }

// TestAFullDiskSaysItsCauseOnce gives each staged file less and less room, so that the disk is full at every point of a table. A write
// that fails in the middle fails again when the file is closed.
func TestAFullDiskSaysItsCauseOnce(t *testing.T) {
	defer func() { staging = objstore.Access.NewStaging }()
	failed := 0
	for room := 0; room < 4000; room += 100 {
		cfg, r := judged(t, t.TempDir(), "first")
		staging = func(a objstore.Access, ctx context.Context, output, id string, places []string, note func(string)) (objstore.Staging, error) {
			s, err := a.NewStaging(ctx, output, id, places, note)
			return full{s, room}, err
		}
		err := r.checkAndPublish(t.Context(), cfg)
		if err == nil {
			continue
		}
		failed++
		if f := fault.Find(err); f == nil || f.Code != fault.Failed || strings.Count(f.Message, "no space left") != 1 {
			t.Errorf("room for %d bytes: found %v, expected exit code 1 and the cause once", room, err)
		}
	}
	if failed < 5 {
		t.Errorf("only %d runs had too little room: the test does not test", failed)
	}
}

// full is a staging area with room for a given number of bytes of each file.
type full struct {
	objstore.Staging
	room int
}

func (s full) Stage(name string, write func(io.Writer) error) error {
	return s.Staging.Stage(name, func(io.Writer) error { return write(&fullDisk{s.room}) })
}

type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}
