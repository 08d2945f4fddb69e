package quarantine

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestTheMarkIsNotWrittenThroughALink puts a symbolic link in the place of the mark: before the folder is opened, and while a run
// writes.
func TestTheMarkIsNotWrittenThroughALink(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	unharmed := func() {
		t.Helper()
		if got, err := os.ReadFile(victim); err != nil || string(got) != "precious" {
			t.Errorf("found %q, %v in the file that the link leads to", got, err)
		}
	}
	cfg := open(t, "one")
	if err := errors.Join(os.Remove(cfg.mark()), os.Symlink(victim, cfg.mark())); err != nil {
		t.Fatal(err)
	}
	if err := commit(cfg, nil); err != nil {
		t.Error(err)
	}
	unharmed()
	if err := errors.Join(os.Remove(cfg.mark()), os.Symlink(victim, cfg.mark())); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: cfg.Dir, ID: "two"}); !errors.Is(err, ErrNotPrivate) {
		t.Errorf("found %v, expected %v", err, ErrNotPrivate)
	}
	unharmed()
}

func TestAFolderThatOthersMayWriteToIsRefused(t *testing.T) {
	for name, share := range map[string]func(cfg Config) error{
		"the folder":       func(cfg Config) error { return os.Chmod(cfg.Dir, 0o777) },
		"the folder's own": func(cfg Config) error { return os.Chmod(cfg.state(), 0o770) },
		"the mark":         func(cfg Config) error { return os.Chmod(cfg.mark(), 0o666) },
		"a link for folder": func(cfg Config) error {
			return errors.Join(os.RemoveAll(cfg.state()), os.Symlink(t.TempDir(), cfg.state()))
		},
	} {
		cfg := Config{Dir: filepath.Join(t.TempDir(), "kept"), ID: "one"}
		a, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if err := share(cfg); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrNotPrivate) {
			t.Errorf("%s: found %v, expected %v", name, err, ErrNotPrivate)
		}
	}
}

// TestAChangeIsUndone checks that the rows, the mark and the rows of a run that was stopped are restored.
func TestAChangeIsUndone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	text := func(path string) string {
		b, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	const row = "a%/000000000000.parquet"
	for i, id := range []string{"one", "two", "three", "four"} {
		cfg := Config{Dir: dir, ID: id}
		a, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(cfg.run(), "file")
		if err := os.WriteFile(path, []byte(id), 0o600); err != nil {
			t.Fatal(err)
		}
		proof := Proof{URI: filepath.Join(dir, "no manifest")}
		if id == "two" { // a guard stops it
			proof = Proof{}
		}
		c, err := Prepare(t.Context(), cfg, []File{{Source: "a", Path: path}}, proof)
		if err == nil {
			err = c.Do()
		}
		if err == nil && id != "two" {
			err = c.Confirm()
		}
		if err == nil && id == "three" {
			err = c.Undo()
		}
		if err := errors.Join(err, a.Close()); err != nil {
			t.Fatal(err)
		}
		want := [][3]string{{"one", "none", "one"}, {"one", "two", "one"}, {"one", "two", "one"}, {"four", "none", "four"}}[i]
		found := [3]string{text("rows/" + row), text("rows-not-published/" + row), text(".tripstats/quarantine")}
		if want[1] == "none" {
			_, err := os.Stat(cfg.Unpublished())
			if !errors.Is(err, os.ErrNotExist) {
				t.Errorf("after run %s: found rows of a run that was stopped", id)
			}
			found[1] = "none"
		}
		if found != want {
			t.Errorf("after run %s: found %q, expected %q", id, found, want)
		}
	}
}
