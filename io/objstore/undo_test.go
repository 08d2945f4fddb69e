package objstore

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatWasPublishedComesBack replaces one file, adds one and removes one, and then undoes that, in a folder and in a store.
func TestWhatWasPublishedComesBack(t *testing.T) {
	m, dir := useMem(t), filepath.Join(t.TempDir(), "out")
	for output, contents := range map[string]func() map[string]string{
		dir: func() map[string]string {
			found := map[string]string{}
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				rel, _ := filepath.Rel(dir, path)
				switch {
				case err != nil:
					return err
				case rel == StateDir:
					return fs.SkipDir
				case !d.IsDir():
					found[rel] = content(t, path)
				default:
					found[rel] = "folder"
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return found
		},
		"mem://bucket/out": func() map[string]string {
			found := m.contents()
			delete(found, "mem://bucket/out/.tripstats/lock")
			return found
		},
	} {
		for _, place := range places[1:] {
			s, err := NewStaging(t.Context(), output, "first", places, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(s.Stage("x", write("first of "+place)), s.Publish("x", place), s.Close()); err != nil {
				t.Fatal(err)
			}
		}
		before := contents()
		s, err := NewStaging(t.Context(), output, "second", places, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(s.Stage("x", write("second")), s.Stage("y", write("second")), s.Prepare([]string{places[0], places[2]}, places[1:2]),
			s.Publish("x", places[0]), s.Publish("y", places[2]), s.Remove(places[1]))
		if err != nil {
			t.Fatal(err)
		}
		if after := contents(); maps.Equal(before, after) {
			t.Errorf("%s: nothing has changed: %v", output, after)
		}
		if err := errors.Join(s.Undo(), s.Undo(), s.Close()); err != nil { // a second Undo changes nothing
			t.Error(err)
		}
		if after := contents(); !maps.Equal(before, after) {
			t.Errorf("%s: found %v, expected %v as before", output, after, before)
		}
	}
}

// TestWhatCannotBePublishedIsFoundBeforeAnythingIs checks that Prepare notices what is in the way, and leaves no new folder.
func TestWhatCannotBePublishedIsFoundBeforeAnythingIs(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "b"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := NewStaging(t.Context(), out, "1", places, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Prepare(places, nil); err == nil || !strings.Contains(err.Error(), filepath.Join(out, "b")+": found a file, expected a folder") {
		t.Errorf("found %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(out, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was left: %v", err)
	}
}

// TestARunThatHadToWaitSaysSo holds the lock until the second run has noticed that.
func TestARunThatHadToWaitSaysSo(t *testing.T) {
	out := t.TempDir()
	var notes []string
	for _, held := range []bool{false, true} {
		var first Staging
		if held {
			var err error
			if first, err = NewStaging(t.Context(), out, "1", nil, nil); err != nil {
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
		second, err := NewStaging(t.Context(), out, "2", nil, func(text string) { notes = append(notes, text) })
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
	_, err := NewStaging(t.Context(), "mem://bucket/out", "1", places, nil)
	if want := "mem://bucket/out: there is no such bucket; make it, or name another"; err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}
