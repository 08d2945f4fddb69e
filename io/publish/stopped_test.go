package publish

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/io/objstore"
	"tripstats/io/quarantine"
	"tripstats/transforms/fault"
)

// runWhole runs a publication as a run does: it opens the quarantine, publishes, and closes the quarantine.
func runWhole(t *testing.T, cfg Config, r result) error {
	t.Helper()
	area, err := quarantine.Open(t.Context(), *cfg.Quarantine)
	if err != nil {
		return err
	}
	return errors.Join(r.checkAndPublish(t.Context(), cfg), area.Close())
}

var errStopped = errors.New("the run was killed")

// stops counts the steps of a run, and lets a run fail. Every step from one on fails, so that what is on the disk is what a run
// leaves that is killed just before that step. Before that, one step may fail for another reason.
type stops struct {
	steps  []objstore.Step
	from   int // number of the first step that is not taken, from 1; 0 for none
	faulty string
	failed int // number of the step that failed for another reason
}

func (s *stops) take(step objstore.Step) error {
	s.steps = append(s.steps, step)
	if s.from > 0 && len(s.steps) >= s.from {
		return errStopped
	}
	if s.faulty != "" && step.Do == objstore.StepRename && strings.HasSuffix(step.To, filepath.FromSlash(s.faulty)) && s.failed == 0 {
		s.failed = len(s.steps)
		return errors.New("no room")
	}
	return nil
}

// twoBefore makes an output of a run named first, and rows of a run that a guard stopped after it.
func twoBefore(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"first", "guarded"} {
		cfg, r := judged(t, dir, name)
		want := fault.OK
		if name == "guarded" {
			cfg.MaxRejected, want = 0, fault.Gate
		}
		if err := runWhole(t, cfg, r); want == fault.OK && err != nil || want != fault.OK && fault.Find(err).Code != want {
			t.Fatal(err)
		}
	}
}

// stepOf returns the number of the step of a second run at which a fault comes.
func stepOf(t *testing.T, faulty string) int {
	t.Helper()
	dir := t.TempDir()
	twoBefore(t, dir)
	cfg, r := judged(t, dir, "second")
	cfg.Fenced = true
	s := &stops{faulty: faulty}
	defer objstore.Watch(s.take)()
	if err := runWhole(t, cfg, r); s.failed == 0 {
		t.Fatalf("found no step with %s: %v", faulty, err)
	}
	return s.failed
}

// checkOneRun checks that the manifest names one version whole, and that the rows are of its run. It returns the name of that run.
func checkOneRun(t *testing.T, dir string) string {
	t.Helper()
	h := wholeVersion(t, objstore.Access{}, filepath.Join(dir, "out"))
	of, all := h.Manifest.Flags["input"], contents(t, dir)
	for i := range 2 {
		row := filepath.Join(dir, "kept", "rows", "a%", "00000000000"+string(rune('0'+i))+".parquet")
		if all[row] != "row of "+of {
			t.Errorf("the manifest is of run %s: found %q in quarantine", of, all[row])
		}
	}
	guarded := all[filepath.Join(dir, "kept", "rows-not-published", "a%", "000000000000.parquet")]
	if (guarded == "row of guarded") != (of == "first") {
		t.Errorf("the manifest is of run %s: found %q in the rows that are not published", of, guarded)
	}
	return of
}

// TestARunMayBeKilledAtAnyStep stops a second run before each of its steps, with and without a fault on the way. Then the next run is
// stopped before each of its first steps. When one begins at last, the quarantine must be of the run that the manifest tells, and a run that
// is not disturbed leaves nothing of the others but their versions.
func TestARunMayBeKilledAtAnyStep(t *testing.T) {
	for _, faulty := range []string{"", "kept/rows", ManifestName, ".tripstats/quarantine", runsName} {
		name := faulty
		if faulty == "" {
			name = "no fault"
		}
		t.Run(name, func(t *testing.T) {
			before := t.TempDir()
			twoBefore(t, before)
			found := map[string]int{}
			first := 1
			if faulty != "" { // the steps before the fault are those of the run without one
				first = stepOf(t, faulty)
			}
			for n := first; ; n++ {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(before)); err != nil {
					t.Fatal(err)
				}
				cfg, r := judged(t, dir, "second")
				cfg.Fenced = true
				s := &stops{from: n, faulty: faulty}
				restore := objstore.Watch(s.take)
				err := runWhole(t, cfg, r)
				restore()
				last := s.steps[min(n, len(s.steps))-1]
				for m := 1; ; m++ { // the next run
					cfg, _ := judged(t, dir, "third")
					s := &stops{from: m}
					restore := objstore.Watch(s.take)
					area, err := quarantine.Open(t.Context(), *cfg.Quarantine)
					restore()
					if err != nil && !errors.Is(err, errStopped) {
						t.Fatalf("stopped before step %d (%v): %v", n, last, err)
					}
					if err == nil {
						if err := area.Close(); err != nil {
							t.Fatal(err)
						}
						break
					}
				}
				found[checkOneRun(t, dir)]++
				if faulty == "" {
					checkNextRun(t, dir)
				}
				left, globErr := filepath.Glob(filepath.Join(dir, "kept", ".tripstats", "*"))
				if globErr != nil || len(left) != 2 {
					t.Errorf("found %v, expected the lock and the mark alone", left)
				}
				if t.Failed() {
					t.Fatalf("stopped before step %d (%v)", n, last)
				}
				if len(s.steps) < n {
					if undone := faulty == "kept/rows" || faulty == ManifestName; undone != (err != nil) {
						t.Errorf("found %v", err)
					}
					break
				}
			}
			t.Logf("runs that were found after a stop: %v", found)
			undone, committed := faulty == "kept/rows" || faulty == ManifestName, faulty == runsName || faulty == ".tripstats/quarantine"
			if (found["first"] == 0) != committed || (found["second"] == 0) != undone {
				t.Errorf("found %v: this test does not test", slices.Sorted(maps.Keys(found)))
			}
		})
	}
}

// checkNextRun has a next run, after which the output is as if nobody had been killed.
func checkNextRun(t *testing.T, dir string) {
	t.Helper()
	cfg, r := judged(t, dir, "fourth")
	if err := runWhole(t, cfg, r); err != nil {
		t.Fatal(err)
	}
	nothingElse(t, cfg.Output)
}

// killedBefore makes the outputs of twoBefore, and a second run that is killed before it first replaces or removes a path.
func killedBefore(t *testing.T, dir, path string) {
	t.Helper()
	twoBefore(t, dir)
	cfg, r := judged(t, dir, "second")
	killed := false
	defer objstore.Watch(func(s objstore.Step) error {
		at := filepath.Join(dir, filepath.FromSlash(path))
		killed = killed || s.Do == objstore.StepRename && s.To == at || s.Do == objstore.StepRemoveAll && s.Path == at
		if killed {
			return errStopped
		}
		return nil
	})()
	if err := runWhole(t, cfg, r); !killed {
		t.Fatalf("found no step with %s: %v", path, err)
	}
}

// TestAConfirmedChangeHolds kills a run that has published, before it cleans up. Then another run publishes without a quarantine, so
// that the manifest proves nothing.
func TestAConfirmedChangeHolds(t *testing.T) {
	dir := t.TempDir()
	killedBefore(t, dir, "out/trip_stats/trip_stats.parquet")
	cfg, r := judged(t, dir, "other")
	cfg.Quarantine, r.kept = nil, nil
	if err := r.checkAndPublish(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	area, err := quarantine.Open(t.Context(), quarantine.Config{Dir: filepath.Join(dir, "kept"), ID: "third"})
	if err != nil {
		t.Fatal(err)
	}
	if err := area.Close(); err != nil {
		t.Error(err)
	}
	if got := contents(t, filepath.Join(dir, "kept", "rows"))[filepath.Join(dir, "kept", "rows", "a%", "000000000000.parquet")]; got != "row of second" {
		t.Errorf("found %q, expected the row of run second", got)
	}
}

// TestAProofThatCannotBeReadStopsTheNextRun leaves all as it is, and says what to do.
func TestAProofThatCannotBeReadStopsTheNextRun(t *testing.T) {
	dir := t.TempDir()
	killedBefore(t, dir, "out/"+ManifestName)
	manifest := filepath.Join(dir, "out", ManifestName)
	if err := errors.Join(os.Remove(manifest), os.Mkdir(manifest, 0o700)); err != nil {
		t.Fatal(err)
	}
	before := contents(t, filepath.Join(dir, "kept"))
	cfg := quarantine.Config{Dir: filepath.Join(dir, "kept"), ID: "third"}
	ready := filepath.Join(cfg.Dir, ".tripstats", "run-second", "ready")
	_, err := quarantine.Open(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), manifest) || !strings.Contains(err.Error(), "or remove "+ready) {
		t.Errorf("found %v, expected an error that names %s and %s", err, manifest, ready)
	}
	if after := contents(t, cfg.Dir); !maps.Equal(before, after) {
		t.Errorf("found %v, expected %v as before", after, before)
	}
	if err := os.Remove(ready); err != nil {
		t.Fatal(err)
	}
	area, err := quarantine.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := area.Close(); err != nil {
		t.Error(err)
	}
}
