package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"tripstats/io/objstore"
	"tripstats/testdata/memstore"
	"tripstats/transforms/fault"
)

// memOutput is an output in the store of useStore.
const memOutput = "mem://bucket/out"

var stores sync.Map // by test: the store

// useStore serves a store in memory until the test ends.
func useStore(t *testing.T) *memstore.Store {
	t.Helper()
	s := memstore.Use(t)
	stores.Store(t.Name(), s)
	t.Cleanup(func() { stores.Delete(t.Name()) })
	return s
}

func store(t *testing.T) *memstore.Store {
	t.Helper()
	s, ok := stores.Load(t.Name())
	if !ok {
		t.Fatal("the test uses no store")
	}
	return s.(*memstore.Store)
}

// codeOf is the exit code of an error.
func codeOf(err error) fault.Code {
	switch f := fault.Find(err); {
	case err == nil:
		return fault.OK
	case f == nil:
		return -1
	default:
		return f.Code
	}
}

var (
	errDown    = objstore.Temporary(errors.New("the server answers 503 Service Unavailable"))
	errRefused = fmt.Errorf("the server answers 403: %w", fs.ErrPermission)
)

// TestTheAnswerToTheSwapDecides has a store that answers in many ways when a second run replaces the manifest. Whatever it answers, one
// version is whole, and the exit code says which.
func TestTheAnswerToTheSwapDecides(t *testing.T) {
	another := func(s *memstore.Store) { // another run that has lost its lock, or an older program, publishes
		s.Set(memOutput+"/"+ManifestName, []byte(strings.ReplaceAll(s.Contents(memOutput + "/")[ManifestName], `"quality": "raw"`, `"quality": "another"`)))
	}
	for name, c := range map[string]struct {
		before, after func(s *memstore.Store, n int) error // of the n-th request, from 1
		reading       bool                                 // the manifest cannot be read from then on
		code          fault.Code
		committed     bool // the head is of the second run
		stays         bool // and if not, the files of its version stay
	}{
		"done":         {code: fault.OK, committed: true},
		"429, 500, ..": {before: first(2, errDown), code: fault.OK, committed: true},
		"409":          {before: first(1, objstore.Temporary(errors.New("the server answers 409 ConditionalRequestConflict"))), code: fault.OK, committed: true},
		"412":          {before: func(s *memstore.Store, _ int) error { another(s); return nil }, code: fault.Conflict},
		"404": {before: func(s *memstore.Store, _ int) error {
			s.Set(memOutput+"/"+ManifestName, nil)
			return nil
		}, code: fault.Conflict},
		"403":                                    {before: first(99, errRefused), code: fault.Failed},
		"403, and the manifest cannot be read":   {before: first(99, errRefused), reading: true, code: fault.Unavailable, stays: true},
		"503 for ever":                           {before: first(99, errDown), code: fault.Unavailable, stays: true},
		"503 for ever, of the manifest too":      {before: first(99, errDown), reading: true, code: fault.Unavailable, stays: true},
		"carried out, no answer":                 {after: first(1, errDown), code: fault.OK, committed: true},
		"carried out, no answer for ever":        {after: first(99, errDown), code: fault.OK, committed: true},
		"carried out, a false answer":            {after: first(99, errRefused), code: fault.OK, committed: true},
		"carried out, and nothing can be read":   {after: first(99, errDown), reading: true, code: fault.Unavailable, committed: true},
		"no answer, and another's is there":      {before: func(s *memstore.Store, _ int) error { another(s); return errDown }, code: fault.Conflict},
		"carried out, and another's is on top":   {after: func(s *memstore.Store, _ int) error { onTop(s); return errDown }, code: fault.OK, committed: true},
		"not carried out, found to be another's": {before: func(s *memstore.Store, _ int) error { another(s); return errRefused }, code: fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			s := useStore(t)
			mustCommit(t, memOutput, "first", 1)
			n, swapping := 0, false
			hook := func(do func(*memstore.Store, int) error, count bool) func(memstore.Request) error {
				return func(r memstore.Request) error {
					if r.URI != memOutput+"/"+ManifestName {
						return nil
					}
					if r.Op != "put" {
						if swapping && c.reading {
							return errDown
						}
						return nil
					}
					if swapping = true; count {
						n++
					}
					if do == nil {
						return nil
					}
					return do(s, n)
				}
			}
			s.Fail(hook(c.before, true), hook(c.after, false))
			err := commits(t, memOutput, "second", 2)
			s.Fail(nil, nil)
			if codeOf(err) != c.code {
				t.Errorf("found %v, expected exit code %d", err, c.code)
			}
			if _, there := s.Contents(memOutput + "/")[ManifestName]; !there {
				return // somebody has removed the output
			}
			h := wholeVersion(t, objstore.Access{}, memOutput)
			if h.isOf("second") != c.committed {
				t.Errorf("found the version of run %s", h.Manifest.Commit.Run)
			}
			left := 0
			for place := range s.Contents(memOutput + "/" + versionsDir + "/2-second/") {
				if place != "" {
					left++
				}
			}
			if (left > 0) != (c.committed || c.stays) {
				t.Errorf("found %d files of the version that was tried", left)
			}
			mustCommit(t, memOutput, "next", 3)
			nothingElse(t, memOutput)
		})
	}
}

// first fails the first n requests.
func first(n int, err error) func(*memstore.Store, int) error {
	return func(_ *memstore.Store, i int) error {
		if i <= n {
			return err
		}
		return nil
	}
}

// onTop has another run commit on the version that is there, as it can when the lock was lost.
func onTop(s *memstore.Store) {
	all := s.Contents(memOutput + "/")
	m, err := parseManifest([]byte(all[ManifestName]))
	if err != nil {
		panic(err)
	}
	if m.Commit.Run == "third" {
		return
	}
	m.Commit = &Commit{Version: m.Commit.Version + 1, Base: m.Commit.Version, Run: "third", Nonce: "third", Output: m.Commit.Output, Versions: append([]string{versionName(m.Commit.Version+1, "third")}, m.Commit.Versions...)}
	for i := range m.Outputs {
		o := &m.Outputs[i]
		from := o.Path
		o.Path = versionDir(m.Commit.Version, "third") + "/" + o.Table + ".parquet" + tableEnding
		s.Set(memOutput+"/"+o.Path, []byte(all[from]))
	}
	for place, content := range map[string][]byte{ManifestName: m.encode(), versionDir(m.Commit.Version, "third") + "/" + versionManifest: m.encode(), versionDir(m.Commit.Version, "third") + "/" + runName: []byte("{}")} {
		s.Set(memOutput+"/"+place, content)
	}
}

// TestAnOldVersionNeverReplacesANewerCopy has another run commit, and replace the copies, while a run brings its own copies forward.
func TestAnOldVersionNeverReplacesANewerCopy(t *testing.T) {
	for _, at := range []string{"stat", "put"} {
		s := useStore(t)
		mustCommit(t, memOutput, "first", 1)
		var mu sync.Mutex
		swapped, done := false, false
		s.Fail(func(r memstore.Request) error {
			mu.Lock()
			defer mu.Unlock()
			if !done && swapped && r.Op == at && strings.HasSuffix(r.URI, ".parquet") {
				done = true
				onTop(s)
				for _, table := range []string{"first", "second"} {
					s.Set(memOutput+"/"+table+"/"+table+".parquet", []byte("of the third run"))
				}
			}
			return nil
		}, func(r memstore.Request) error {
			mu.Lock()
			defer mu.Unlock()
			swapped = swapped || r.Op == "put" && r.URI == memOutput+"/"+ManifestName
			return nil
		})
		err := commits(t, memOutput, "second", 2)
		s.Fail(nil, nil)
		h := wholeVersion(t, objstore.Access{}, memOutput)
		if err != nil || !done || h.Manifest.Commit.Run != "third" {
			t.Errorf("%s: found %v, and the head of %s", at, err, h.Manifest.Commit.Run)
		}
		for place, content := range s.Contents(memOutput + "/") {
			if strings.HasSuffix(place, ".parquet") && content != "of the third run" {
				t.Errorf("%s: found an old copy at %s", at, place)
			}
		}
	}
}

// TestEveryRequestOfACommitMayFail fails each request of a second run in turn, in several ways. The manifest names a whole version after
// that, of the second run if that says that it has committed, and the next run finds an output that is in order.
func TestEveryRequestOfACommitMayFail(t *testing.T) {
	for name, c := range map[string]struct {
		err         error
		after, stay bool
	}{
		"refused once": {errRefused, false, false}, "refused from then on": {errRefused, false, true},
		"no answer once": {errDown, false, false}, "no answer from then on": {errDown, false, true},
		"an answer lost": {errDown, true, false}, "all answers lost from then on": {errDown, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			codes := map[fault.Code]int{}
			for k := 1; ; k++ {
				s := useStore(t)
				fenced := func(cfg *Config, _ *result) { cfg.Fenced = true }
				mustCommit(t, memOutput, "first", 1, fenced)
				var mu sync.Mutex
				n := 0
				fail := func(memstore.Request) error {
					mu.Lock()
					defer mu.Unlock()
					if n++; n == k || c.stay && n > k {
						return c.err
					}
					return nil
				}
				if c.after {
					s.Fail(nil, fail)
				} else {
					s.Fail(fail, nil)
				}
				err := commits(t, memOutput, "second", 2, fenced, withoutSecond)
				s.Fail(nil, nil)
				code := codeOf(err)
				codes[code]++
				h := wholeVersion(t, objstore.Access{}, memOutput)
				switch committed := h.isOf("second"); {
				case code == fault.OK && !committed, code != fault.OK && code != fault.Unavailable && committed, code < 0:
					t.Fatalf("request %d: found %v, and that the head is of %s", k, err, h.Manifest.Commit.Run)
				}
				s.Set(memOutput+"/"+objstore.StateDir+"/lock", nil) // otherwise the next run waits until the lock is known to be of a dead run
				mustCommit(t, memOutput, "next", 3, fenced, withoutSecond)
				nothingElse(t, memOutput)
				if n < k {
					break
				}
				if t.Failed() {
					t.Fatalf("request %d", k)
				}
			}
			t.Logf("exit codes: %v", codes)
			for code := range codes {
				if code != fault.OK && code != fault.Failed && code != fault.Conflict && code != fault.Unavailable {
					t.Errorf("found exit code %d", code)
				}
			}
		})
	}
}

// TestEveryStepOnTheDiskMayFail fails each step of a second run in turn: once, or as on a full disk, where nothing can be written from then on
// and things can still be moved and removed.
func TestEveryStepOnTheDiskMayFail(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for name, fails := range map[string]func(s objstore.Step, n, k int) bool{
		"once": func(_ objstore.Step, n, k int) bool { return n == k },
		"full": func(s objstore.Step, n, k int) bool {
			return n >= k && (s.Do == objstore.StepWrite || s.Do == objstore.StepCreate || s.Do == objstore.StepMakeFolder || s.Do == objstore.StepSync)
		},
		"read-only": func(_ objstore.Step, n, k int) bool { return n >= k },
	} {
		t.Run(name, func(t *testing.T) {
			codes := map[fault.Code]int{}
			template := t.TempDir()
			mustCommit(t, template, "first", 1)
			for k := 1; ; k++ {
				output := filepath.Join(t.TempDir(), "out")
				if err := os.CopyFS(output, os.DirFS(template)); err != nil {
					t.Fatal(err)
				}
				before := contents(t, output)
				var notes []string
				stop := Listen("second", func(text string) { notes = append(notes, text) })
				n, failed := 0, false
				restore := objstore.Watch(func(s objstore.Step) error {
					n++
					if fails(s, n, k) {
						failed = true
						return full
					}
					return nil
				})
				err := commits(t, output, "second", 2, withoutSecond)
				restore()
				stop()
				code := codeOf(err)
				codes[code]++
				h := wholeVersion(t, objstore.Access{}, output)
				committed := h.isOf("second")
				switch {
				case code == fault.OK && !committed, code == fault.Failed && committed, code != fault.OK && code != fault.Failed:
					t.Fatalf("step %d: found %v, and that the head is of %s", k, err, h.Manifest.Commit.Run)
				case code == fault.Failed && strings.Count(err.Error(), "no space left") > 2, code == fault.Failed && !strings.Contains(err.Error(), "no space left"):
					t.Errorf("step %d: found %v, expected the cause once", k, err)
				case name != "read-only" && code == fault.Failed:
					if after := contents(t, output); !maps.Equal(before, after) {
						t.Errorf("step %d: found %v, expected all as before", k, filesBelow(t, output))
					}
				case code == fault.OK && failed && name != "once" && len(notes) == 0:
					t.Errorf("step %d: found no note", k)
				}
				mustCommit(t, output, "next", 3, withoutSecond)
				nothingElse(t, output)
				if n < k {
					break
				}
				if t.Failed() {
					t.Fatalf("step %d", k)
				}
			}
			t.Logf("exit codes: %v", codes)
			if codes[fault.OK] == 0 || codes[fault.Failed] == 0 {
				t.Errorf("found %v: this test does not test", codes)
			}
		})
	}
}

// TestWhatIsInTheWayOfACopyIsFoundFirst has places of copies that cannot be written.
func TestWhatIsInTheWayOfACopyIsFoundFirst(t *testing.T) {
	output := t.TempDir()
	mustCommit(t, output, "first", 1)
	inTheWay := filepath.Join(output, "second", "second.parquet")
	steps := 0
	if err := errors.Join(objstore.Remove(inTheWay), mkdir(inTheWay)); err != nil {
		t.Fatal(err)
	}
	before := contents(t, output)
	restore := objstore.Watch(func(objstore.Step) error { steps++; return nil })
	err := commits(t, output, "second", 2)
	restore()
	if codeOf(err) != fault.Failed || !strings.Contains(err.Error(), "second.parquet: found a folder, expected a file; move it away; nothing was published") || steps > 0 {
		t.Errorf("found %v after %d steps, expected exit code 1 before anything is written", err, steps)
	}
	if after := contents(t, output); !maps.Equal(before, after) {
		t.Errorf("found %v, expected all as before", filesBelow(t, output))
	}
}

func mkdir(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o777) }
