package objstore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// locked takes the lock of an output and lets it go when the test ends.
func locked(t *testing.T, output string) *Lock {
	t.Helper()
	l, err := NewLock(t.Context(), output, "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// below returns the files below a folder, without the state folder's lock.
func below(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if rel = filepath.ToSlash(rel); rel != StateDir+"/"+lockName {
			found[rel] = content(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAnOutputIsChangedByItsLock does the same in a folder and in a store.
func TestAnOutputIsChangedByItsLock(t *testing.T) {
	m, dir := useMem(t), filepath.Join(t.TempDir(), "new", "out")
	for output, have := range map[string]func() map[string]string{
		dir: func() map[string]string { return below(t, dir) },
		"mem://bucket/out": func() map[string]string {
			found := map[string]string{}
			for uri, text := range m.contents() {
				if below := strings.TrimPrefix(uri, "mem://bucket/out/"); below != StateDir+"/"+lockName {
					found[below] = text
				}
			}
			return found
		},
	} {
		l := locked(t, output)
		ctx := t.Context()
		want := func(what string, err error, files map[string]string) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %s: %v", output, what, err)
			}
			if got := have(); !maps.Equal(got, files) {
				t.Fatalf("%s: %s: found %v, expected %v", output, what, got, files)
			}
		}
		err := l.WriteAll(ctx, []NewFile{{"v/1/t", write("table")}, {"v/1/m", write("manifest")}})
		want("write", errors.Join(err, l.Sync("v/1")), map[string]string{"v/1/t": "table", "v/1/m": "manifest"})
		_, err = l.Copy(ctx, "v/1/t", "t/t", Condition{Absent: true})
		want("copy", err, map[string]string{"v/1/t": "table", "v/1/m": "manifest", "t/t": "table"})
		version, err := l.Put(ctx, "m", []byte("one"), Condition{Absent: true})
		want("put", err, map[string]string{"v/1/t": "table", "v/1/m": "manifest", "t/t": "table", "m": "one"})
		if _, err := l.Put(ctx, "m", []byte("two"), Condition{Absent: true}); !errors.Is(err, ErrExists) {
			t.Errorf("%s: put what is there: found %v, expected %v", output, err, ErrExists)
		}
		if _, err := l.Put(ctx, "m", []byte("two"), Condition{Version: "1-1"}); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: put over another version: found %v, expected %v", output, err, ErrChanged)
		}
		if err := l.Delete(ctx, "m", "1-1"); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: delete another version: found %v, expected %v", output, err, ErrChanged)
		}
		_, err = l.Put(ctx, "m", []byte("changed"), Condition{Version: version})
		want("put over a version", err, map[string]string{"v/1/t": "table", "v/1/m": "manifest", "t/t": "table", "m": "changed"})
		want("delete", errors.Join(l.Delete(ctx, "t/t", ""), l.Delete(ctx, "t/t", ""), l.Delete(ctx, "never/there", "")), map[string]string{"v/1/t": "table", "v/1/m": "manifest", "m": "changed"})
		places, err := l.List(ctx, "v")
		if err != nil || len(places) != 2 || !strings.HasPrefix(places[0], "v/1/") {
			t.Errorf("%s: found the places %v, %v", output, places, err)
		}
		want("delete all", l.DeleteAll(ctx, "v/1"), map[string]string{"m": "changed"})
		if none, err := l.List(ctx, "none"); err != nil || len(none) != 0 {
			t.Errorf("%s: found %v, %v", output, none, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "t")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder is left: %v", err)
	}
}

// TestACopyIsNoLink: who writes into a copy must not change what it is a copy of.
func TestACopyIsNoLink(t *testing.T) {
	out := t.TempDir()
	l := locked(t, out)
	if err := l.Write(t.Context(), "v/t", write("table")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Copy(t.Context(), "v/t", "t/t", Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "t/t"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(out, "v/t")); got != "table" {
		t.Errorf("found %q", got)
	}
}

func TestAFailedWriteLeavesThePublishedFile(t *testing.T) {
	out := t.TempDir()
	l := locked(t, out)
	if _, err := l.Put(t.Context(), "t", []byte("old"), Condition{}); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("disk full")
	if _, err := l.local.put("t", func(w io.Writer) error { return errors.Join(write("half")(w), broken) }, Condition{}); !errors.Is(err, broken) {
		t.Fatalf("found %v", err)
	}
	if got := below(t, out); len(got) != 1 || got["t"] != "old" {
		t.Errorf("found %v, expected the old content alone", got)
	}
}

func TestOneRunPublishesAtATime(t *testing.T) {
	out := t.TempDir()
	first, err := NewLock(context.Background(), out, "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := NewLock(ctx, out, "2", nil); err == nil {
		t.Fatal("two runs hold one output")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	locked(t, out)
}

// TestALockIsOfTheFileThatOthersSee has the file of the lock removed again and again, while runs take the lock.
func TestALockIsOfTheFileThatOthersSee(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, done := make(chan struct{}, 1), make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				l := LockFile(path)
				ok, err := TryLock(l)
				if err != nil {
					t.Error(err)
				}
				if !ok {
					continue
				}
				select {
				case held <- struct{}{}:
				default:
					t.Error("two hold the lock")
				}
				// Who holds it removes it, as somebody may, while others have opened it.
				<-held
				if err := errors.Join(os.Remove(path), l.Unlock()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	<-done
}

func TestWhatADeadRunLeftIsRemoved(t *testing.T) {
	out := t.TempDir()
	state := filepath.Join(out, StateDir)
	err := errors.Join(os.MkdirAll(filepath.Join(state, stagePrefix+"dead", "t"), 0o755), os.WriteFile(filepath.Join(state, tempName), nil, 0o600),
		os.WriteFile(filepath.Join(state, "runs"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	locked(t, out)
	if got := below(t, out); len(got) != 1 || len(got) == 1 && got[StateDir+"/runs"] != "" {
		t.Errorf("found %v", got)
	}
	if _, err := os.Stat(filepath.Join(state, stagePrefix+"dead")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}

// TestWhatIsInTheWayIsFoundBeforeAnythingIsWritten has places that nothing can be put at.
func TestWhatIsInTheWayIsFoundBeforeAnythingIsWritten(t *testing.T) {
	out := t.TempDir()
	err := errors.Join(os.WriteFile(filepath.Join(out, "file"), nil, 0o600), os.MkdirAll(filepath.Join(out, "folder", "t"), 0o700),
		os.Symlink("nowhere", filepath.Join(out, "link")))
	if err != nil {
		t.Fatal(err)
	}
	l := locked(t, out)
	for place, want := range map[string]string{
		"file/t":   "file: found a file, expected a folder; move it away",
		"folder/t": "folder/t: found a folder, expected a file; move it away",
		"link/t":   "link: found a symbolic link to nothing, expected a folder; move it away",
		"new/t":    "",
		"folder/u": "",
		"u":        "",
	} {
		err := l.Try(place)
		if (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: found %v, expected %q", place, err, want)
		}
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 4 {
		t.Errorf("found %v, %v, expected what was there and the state folder", entries, err)
	}
}

// TestAFileThatIsPutIfAbsentIsPutOnce has many put one, without a lock: the log of a Delta table is written in this way.
func TestAFileThatIsPutIfAbsentIsPutOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "0.json")
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = Access{}.Put(t.Context(), path, []byte{byte(i)}, Condition{Absent: true})
		})
	}
	wg.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, ErrExists):
			t.Errorf("found %v", err)
		}
	}
	if got := below(t, filepath.Dir(path)); won < 0 || len(got) != 1 || got["0.json"] != string([]byte{byte(won)}) {
		t.Errorf("found %v, expected that of %d alone", got, won)
	}
}

// TestARunThatHadToWaitSaysSo holds the lock until the second run has noticed that.
func TestARunThatHadToWaitSaysSo(t *testing.T) {
	out := t.TempDir()
	var notes []string
	for _, held := range []bool{false, true} {
		var first *Lock
		if held {
			var err error
			if first, err = NewLock(t.Context(), out, "1", nil); err != nil {
				t.Fatal(err)
			}
		}
		tried := make(chan struct{})
		waiting = func() {
			select {
			case <-tried:
			default:
				close(tried)
			}
		}
		released := make(chan error, 1)
		if held {
			go func() {
				<-tried
				released <- first.Close()
			}()
		}
		second, err := NewLock(t.Context(), out, "2", func(text string) { notes = append(notes, text) })
		waiting = func() {}
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
		if held && <-released != nil {
			t.Error("the first run could not let go")
		}
		if (len(notes) == 1) != held || held && !strings.Contains(notes[0], "another run") {
			t.Errorf("held %v: found notes %q", held, notes)
		}
	}
}

func TestABucketThatDoesNotExistIsSaidOnce(t *testing.T) {
	m := useMem(t)
	m.before = func(string) error { return errNoBucket }
	_, err := NewLock(t.Context(), "mem://bucket/out", "1", nil)
	if want := "mem://bucket/out: there is no such bucket; make it, or name another"; err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}

func TestCheckOutputSeesAFileInTheWay(t *testing.T) {
	root := tree(t, "file")
	for path, ok := range map[string]bool{".": true, "new/deep": true, "file": false, "file/below": false} {
		if err := CheckOutput(filepath.Join(root, path)); (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
	}
	var unsupported *UnsupportedError
	if err := CheckOutput("ftp://host/out"); !errors.As(err, &unsupported) {
		t.Errorf("gs: %v", err)
	}
}
