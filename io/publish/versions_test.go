package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tripstats/io/kept"
	"tripstats/io/objstore"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// wholeVersion checks that the manifest names files that have the bytes it says, in each version that is kept. It returns the head.
func wholeVersion(t *testing.T, access objstore.Access, output string) Head {
	t.Helper()
	h, err := ReadHead(t.Context(), access, output)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range h.Versions() {
		m, dir, err := ReadVersion(t.Context(), access, output, v.Number)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range m.Outputs {
			content, err := access.ReadAll(t.Context(), objstore.Join(output, o.Path))
			sum := sha256.Sum256(content)
			if err != nil || hex.EncodeToString(sum[:]) != o.SHA256 || int64(len(content)) != o.Bytes || v.Number > 0 && !strings.HasPrefix(o.Path, dir+"/") {
				t.Fatalf("version %d: %s: found %d bytes, %v, expected the %d of the manifest", v.Number, o.Path, len(content), err, o.Bytes)
			}
		}
	}
	return h
}

// nothingElse checks that an output is in order: the versions are whole, the copies are of the latest, and there is nothing else.
func nothingElse(t *testing.T, output string) {
	t.Helper()
	var access objstore.Access
	h := wholeVersion(t, access, output)
	if lags, err := h.Lagging(t.Context(), access, output); lags || err != nil {
		t.Errorf("the copies lag: %v, %v", lags, err)
	}
	want := map[string]string{ManifestName: string(h.content), ReadmeName: readme}
	for _, v := range h.Versions() {
		m, _, err := ReadVersion(t.Context(), access, output, v.Number)
		if err != nil {
			t.Fatal(err)
		}
		want[v.Dir+"/"+versionManifest], want[v.Dir+"/"+runName], want[v.Dir+"/"+copiedName] = "", "", ""
		for _, o := range m.Outputs {
			content, err := access.ReadAll(t.Context(), objstore.Join(output, o.Path))
			if err != nil {
				t.Fatal(err)
			}
			want[o.Path] = string(content)
			if v.Number == h.Version {
				want[o.Plain] = string(content)
			}
		}
	}
	found := filesBelow(t, output)
	for _, p := range slices.Sorted(maps.Keys(found)) {
		content, known := want[p]
		switch optional := strings.HasSuffix(p, "/"+goneName) || strings.HasSuffix(p, "/"+kept.IndexName) || strings.HasSuffix(p, "/"+kept.StatesName); {
		case p == runsName, strings.HasSuffix(p, "/lock"), optional:
		case !known:
			t.Errorf("found %s, expected no such file", p)
		case content != "" && found[p] != content:
			t.Errorf("%s: found other bytes than expected", p)
		}
		delete(want, p)
	}
	for p := range want {
		if !strings.HasSuffix(p, "/"+copiedName) || strings.HasPrefix(p, h.Dir+"/") { // a run before may have been killed
			t.Errorf("found no %s", p)
		}
	}
}

// filesBelow returns the files of an output, by place.
func filesBelow(t *testing.T, output string) map[string]string {
	t.Helper()
	if objstore.Remote(output) {
		return store(t).Contents(output + "/")
	}
	found := map[string]string{}
	for path, content := range contents(t, output) {
		rel, err := filepath.Rel(output, path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.ToSlash(rel)] = content
	}
	return found
}

// commits publishes a run whose tables have a number.
func commits(t *testing.T, output, id string, n int64, change ...func(*Config, *result)) error {
	t.Helper()
	cfg, r := good(output)
	cfg.ID, cfg.Balance = id, nil
	r.tables[0], r.tables[1] = table("second", n), table("first", n)
	for _, c := range change {
		c(&cfg, &r)
	}
	return r.checkAndPublish(t.Context(), cfg)
}

func mustCommit(t *testing.T, output, id string, n int64, change ...func(*Config, *result)) {
	t.Helper()
	if err := commits(t, output, id, n, change...); err != nil {
		t.Fatal(err)
	}
}

// TestEachRunMakesAVersion checks what can be read of versions, in a folder and in a store.
func TestEachRunMakesAVersion(t *testing.T) {
	useStore(t)
	for _, output := range []string{filepath.Join(t.TempDir(), "out"), memOutput} {
		var access objstore.Access
		if h, err := ReadHead(t.Context(), access, output); err != nil || h.Version != NoVersion || h.Token != "" || h.Versions() != nil {
			t.Fatalf("no output: found %+v, %v", h, err)
		}
		tokens := map[string]bool{}
		for i := int64(1); i <= 3; i++ {
			mustCommit(t, output, fmt.Sprint("run", i), i)
			h := wholeVersion(t, access, output)
			c := h.Manifest.Commit
			if h.Version != i || c.Base != i-1 && i > 1 || i == 1 && c.Base != NoVersion || c.Run != fmt.Sprint("run", i) || len(c.Versions) != int(i) || tokens[h.Token] {
				t.Errorf("found version %d, %+v, token %s", h.Version, c, h.Token)
			}
			tokens[h.Token] = true
			nothingElse(t, output)
		}
		head, err := ReadHead(t.Context(), access, output)
		versions := head.Versions()
		if err != nil || len(versions) != 3 || versions[0] != (Version{1, "run1", versionsDir + "/1-run1"}) || versions[2].Number != 3 {
			t.Errorf("found %v, %v", versions, err)
		}
		m, dir, err := ReadVersion(t.Context(), access, output, 2)
		if err != nil || m.Commit.Run != "run2" || dir != versions[1].Dir {
			t.Errorf("found %+v in %s, %v", m, dir, err)
		}
		if _, _, err := ReadVersion(t.Context(), access, output, 9); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("found %v", err)
		}
		if r, err := ReadRun(t.Context(), access, output, dir); err != nil || r.Run != "run2" || r.Memory == 0 || r.End == "" {
			t.Errorf("found %+v, %v", r, err)
		}
		first, err := ReadHead(t.Context(), access, output)
		if err != nil || first.Manifest.Commit.Output == "" || m.Commit.Output != first.Manifest.Commit.Output {
			t.Errorf("the id of the output is not that of all versions: %v", err)
		}
	}
}

// TestARunIsOfTheHeadThatItWasPlannedWith has another run commit after a run was planned.
func TestARunIsOfTheHeadThatItWasPlannedWith(t *testing.T) {
	output := t.TempDir()
	base := func() Base {
		h, err := ReadHead(t.Context(), objstore.Access{}, output)
		if err != nil {
			t.Fatal(err)
		}
		return h.Base()
	}
	with := func(b Base) func(*Config, *result) { return func(cfg *Config, _ *result) { cfg.Base = b } }
	nobody := base()
	mustCommit(t, output, "a", 1, with(nobody))
	first := base()
	before := contents(t, output)
	for name, b := range map[string]Base{"no output": nobody, "another": {Known: true, Token: "x", Version: 1}} {
		if f := fault.Find(commits(t, output, "late", 2, with(b))); f == nil || f.Code != fault.Conflict || !strings.Contains(f.Message, "another run published there while this one ran; nothing was published") {
			t.Errorf("planned with %s: found %v, expected exit code 6", name, f)
		}
		if after := contents(t, output); !maps.Equal(before, after) {
			t.Errorf("planned with %s: found %v, expected all as before", name, slices.Sorted(maps.Keys(after)))
		}
	}
	mustCommit(t, output, "b", 2, with(first))
	mustCommit(t, output, "c", 3) // a run that cannot see the output from where it is planned
	nothingElse(t, output)
}

// TestVersionsBeyondTheLastGo keeps two, and results that the head refers to.
func TestVersionsBeyondTheLastGo(t *testing.T) {
	output := t.TempDir()
	two := func(cfg *Config, _ *result) { cfg.KeepVersions = 2 }
	for i := range 4 {
		mustCommit(t, output, fmt.Sprint("run", i+1), int64(i), two)
		nothingElse(t, output)
	}
	mustCommit(t, output, "run5", 5, two, func(cfg *Config, _ *result) {
		cfg.Identity = "x"
		cfg.Kept = kept.Compact([]*kept.Input{{Source: "a", Results: []kept.Result{{At: kept.Ref{File: versionsDir + "/3-run3/" + kept.StatesName}}}}})
		if err := os.WriteFile(filepath.Join(output, versionsDir, "3-run3", kept.StatesName), []byte("results"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	found := filesBelow(t, output)
	if found[versionsDir+"/3-run3/"+kept.StatesName] != "results" || found[versionsDir+"/3-run3/"+versionManifest] != "" {
		t.Errorf("found %v, expected the results alone of version 3", slices.Sorted(maps.Keys(found)))
	}
	mustCommit(t, output, "run6", 6, two)
	nothingElse(t, output)
	if n := len(wholeVersion(t, objstore.Access{}, output).Versions()); n != 2 {
		t.Errorf("found %d versions, expected 2", n)
	}
}

// TestWhatRunsLeftThatDidNotCommitIsRemoved has folders that no manifest names. One may be of a run that is planned with a later head.
func TestWhatRunsLeftThatDidNotCommitIsRemoved(t *testing.T) {
	output := t.TempDir()
	mustCommit(t, output, "a", 1)
	plant := func(name, end string) {
		dir := filepath.Join(output, versionsDir, name)
		record, err := json.Marshal(RunRecord{End: end})
		if err = errors.Join(err, os.MkdirAll(dir, 0o777), os.WriteFile(filepath.Join(dir, runName), record, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UTC()
	plant("1-dead", now.Format(time.RFC3339))
	plant("2-dead", now.Format(time.RFC3339))
	plant("7-young", now.Format(time.RFC3339))
	plant("7-old", now.Add(-2*abandoned).Format(time.RFC3339))
	plant("of-somebody", now.Add(-2*abandoned).Format(time.RFC3339))
	mustCommit(t, output, "b", 2)
	var left []string
	entries, err := os.ReadDir(filepath.Join(output, versionsDir))
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{"1-a", "2-b", "7-young", "of-somebody"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("found %v, %v, expected %v", left, err, want)
	}
}

// TestAnOutputWithoutVersionsBecomesOne begins with what a program without versions has published.
func TestAnOutputWithoutVersionsBecomesOne(t *testing.T) {
	output := t.TempDir()
	mustCommit(t, output, "a", 1)
	h := wholeVersion(t, objstore.Access{}, output)
	h.Manifest.Commit = nil
	for i := range h.Manifest.Outputs {
		o := &h.Manifest.Outputs[i]
		o.Path, o.Plain = o.Plain, ""
	}
	if err := errors.Join(os.WriteFile(filepath.Join(output, ManifestName), h.Manifest.encode(), 0o666), os.RemoveAll(filepath.Join(output, objstore.StateDir))); err != nil {
		t.Fatal(err)
	}
	h = wholeVersion(t, objstore.Access{}, output)
	if v := h.Versions(); h.Version != 0 || h.Dir != "" || len(v) != 1 || v[0] != (Version{}) {
		t.Errorf("found version %d in %s, %v, expected version 0 alone", h.Version, h.Dir, v)
	}
	if changed, err := Forward(t.Context(), objstore.Access{}, output, nil); err != nil || len(changed) > 0 {
		t.Errorf("found %v, %v", changed, err)
	}
	mustCommit(t, output, "b", 2, withoutSecond)
	h = wholeVersion(t, objstore.Access{}, output)
	if h.Version != 1 || h.Manifest.Commit.Base != 0 || len(h.Versions()) != 1 {
		t.Errorf("found version %d, %+v", h.Version, h.Manifest.Commit)
	}
	nothingElse(t, output)
}

// withoutSecond is a run that has only the first table, as a run without rules has no ledger.
func withoutSecond(cfg *Config, r *result) {
	cfg.Tables, cfg.Absent, r.tables = []string{"first"}, []string{"second"}, r.tables[1:]
}

// TestCopiesThatLagAreBroughtForward kills a run just after its commit, then another. The next run, and Forward, do what is left to do.
func TestCopiesThatLagAreBroughtForward(t *testing.T) {
	for _, by := range []string{"the next run", "Forward"} {
		output := t.TempDir()
		mustCommit(t, output, "a", 1)
		for _, id := range []string{"b", "c"} {
			swapped := false
			restore := objstore.Watch(func(s objstore.Step) error {
				if swapped {
					return errStopped
				}
				swapped = s.Do == objstore.StepRename && filepath.Base(s.To) == ManifestName
				return nil
			})
			err := commits(t, output, id, 2, withoutSecond)
			restore()
			h := wholeVersion(t, objstore.Access{}, output)
			lags, lagErr := h.Lagging(t.Context(), objstore.Access{}, output)
			if err != nil || !swapped || h.Manifest.Commit.Run != id || !lags || lagErr != nil {
				t.Fatalf("found %v, version of %s, lagging %v, %v, expected a run that has committed and not more", err, h.Manifest.Commit.Run, lags, lagErr)
			}
			if _, err := os.Stat(filepath.Join(output, "second", "second.parquet")); err != nil {
				t.Fatal(err)
			}
		}
		switch by {
		case "Forward":
			changed, err := Forward(t.Context(), objstore.Access{}, output, nil)
			if want := []string{"first/first.parquet"}; err != nil || !slices.Equal(changed, want) {
				t.Errorf("found %v, %v, expected %v", changed, err, want)
			}
		default:
			mustCommit(t, output, "d", 3, withoutSecond)
		}
		nothingElse(t, output)
		if by == "Forward" {
			if err := os.WriteFile(filepath.Join(output, "first", "first.parquet"), []byte("somebody's"), 0o666); err != nil {
				t.Fatal(err)
			}
			if changed, err := Forward(t.Context(), objstore.Access{}, output, nil); err != nil || len(changed) != 1 {
				t.Errorf("a damaged copy: found %v, %v", changed, err)
			}
			if changed, err := Forward(t.Context(), objstore.Access{}, output, nil); err != nil || len(changed) != 0 {
				t.Errorf("found %v, %v, expected nothing to do", changed, err)
			}
			nothingElse(t, output)
		}
	}
}

// TestAnAttemptThatComesLaterGoesOn has a second attempt of a run that has committed, and of one after which another run has.
func TestAnAttemptThatComesLaterGoesOn(t *testing.T) {
	output := t.TempDir()
	mustCommit(t, output, "a", 1)
	if err := os.Remove(filepath.Join(output, "first", "first.parquet")); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, output, "a", 1) // it brings the copies forward again
	nothingElse(t, output)
	swapped := false
	restore := objstore.Watch(func(s objstore.Step) error {
		if swapped {
			return errStopped
		}
		swapped = s.Do == objstore.StepRename && filepath.Base(s.To) == ManifestName
		return nil
	})
	err := commits(t, output, "killed", 2, withoutSecond)
	restore()
	if err != nil || !swapped {
		t.Fatalf("found %v, expected a run that has committed and not more", err)
	}
	mustCommit(t, output, "killed", 2, withoutSecond)
	nothingElse(t, output)
	if _, err := os.Stat(filepath.Join(output, "second")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %v, expected that the copy of the table that is no more is removed", err)
	}
	mustCommit(t, output, "b", 2)
	before := contents(t, output)
	mustCommit(t, output, "a", 1)
	if after := contents(t, output); !maps.Equal(before, after) {
		t.Error("a late attempt has changed the output")
	}
}

// TestResultsAreKeptWithTheVersion keeps results of inputs that were read, of one that goes on, and none of what cannot be relied on.
func TestResultsAreKeptWithTheVersion(t *testing.T) {
	output := t.TempDir()
	file := func(source, token string) element.Recognised {
		var f element.Recognised
		f.Source, f.Token, f.Reading, f.URI, f.Size = source, token, "reading", "https://user:secret@host/"+source, 7
		return f
	}
	packed := func(source, taxi string, b []byte) element.Packed {
		return element.Packed{Source: source, Taxi: taxi, Rows: 3, Tables: []element.PackedTable{{Name: "t", Digest: "d", Alone: true}}, Bytes: b}
	}
	var unusable element.Unusable
	unusable.Source, unusable.Token, unusable.Reading = "zones", "z", "reading"
	mustCommit(t, output, "a", 1, func(cfg *Config, r *result) {
		cfg.Identity = "one"
		r.remembered = []element.Remembered{
			{Files: []element.Recognised{file("b", "1"), file("a", "2"), file("young", ""), file("big", "3"), file("left out", "4")}, Unusable: []element.Unusable{unusable}},
			{Results: []element.Packed{packed("b", "yellow", []byte("b yellow")), packed("b", "green", []byte("b green")), packed("a", "yellow", []byte("a")), packed("big", "yellow", nil), packed("young", "yellow", []byte("young"))}},
		}
	})
	h := wholeVersion(t, objstore.Access{}, output)
	x, err := ReadIndex(t.Context(), objstore.Access{}, output, h.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if text := filesBelow(t, output)[h.Dir+"/"+kept.IndexName]; strings.Contains(text, "secret") {
		t.Errorf("a password is kept: %s", text)
	}
	check := func(x *kept.Index, identity string, want map[string]string) {
		t.Helper()
		got := map[string]string{}
		for _, in := range x.Inputs {
			var results []string
			for _, r := range in.Results {
				b, err := part([]byte(filesBelow(t, output)[r.At.File]), r.At)
				if err != nil {
					t.Error(err)
				}
				results = append(results, r.Taxi+" "+string(b))
			}
			got[in.Source] = strings.Join(results, ", ")
		}
		if x.Format != kept.Format || x.Identity != identity || !maps.Equal(got, want) || !slices.IsSortedFunc(x.Inputs, func(a, b kept.Input) int { return strings.Compare(a.Source, b.Source) }) {
			t.Errorf("found %+v with %v, expected %v", x, got, want)
		}
	}
	check(x, "one", map[string]string{"a": "yellow a", "b": "green b green, yellow b yellow", "left out": "", "zones": ""})
	mustCommit(t, output, "b", 2, func(cfg *Config, r *result) { // b is read again
		cfg.Identity, cfg.Kept = "two", compactOf(x.Inputs)
		r.remembered = []element.Remembered{{Files: []element.Recognised{file("b", "5")}, Results: []element.Packed{packed("b", "yellow", []byte("new"))}}}
	})
	h = wholeVersion(t, objstore.Access{}, output)
	if x, err = ReadIndex(t.Context(), objstore.Access{}, output, h.Dir); err != nil {
		t.Fatal(err)
	}
	check(x, "two", map[string]string{"a": "yellow a", "b": "yellow new", "left out": "", "zones": ""})
}
