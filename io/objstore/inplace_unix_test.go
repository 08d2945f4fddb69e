//go:build unix

package objstore

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWhatIsNoFileIsNotWaitedFor puts other things in the place of the lock and of a file that is read. A named pipe without
// a writer would be waited for for ever.
func TestWhatIsNoFileIsNotWaitedFor(t *testing.T) {
	for kind, put := range map[string]func(path string) error{
		"a named pipe":    func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a symbolic link": func(path string) error { return os.Symlink("elsewhere", path) },
		"a folder":        func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		out := t.TempDir()
		lock := filepath.Join(out, StateDir, lockName)
		if err := os.Mkdir(filepath.Dir(lock), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := put(lock); err != nil {
			t.Fatal(err)
		}
		if _, err := NewLock(t.Context(), out, "1", nil); err == nil || !strings.Contains(err.Error(), lock+": found "+kind+", expected a file") {
			t.Errorf("%s as the lock: found %v", kind, err)
		}
		if _, err := os.Lstat(filepath.Join(filepath.Dir(lock), "elsewhere")); err == nil {
			t.Errorf("%s as the lock: a file was made where it leads", kind)
		}
		if kind == "a symbolic link" { // an input may be one
			continue
		}
		if _, err := openLocal(lock, Object{URI: lock}); err == nil || !strings.Contains(err.Error(), "found "+kind) {
			t.Errorf("%s to read: found %v", kind, err)
		}
	}
}

// TestOnlyWhatNobodyElseCanWriteToIsPrivate is about folders and files that hold what nobody else may see.
func TestOnlyWhatNobodyElseCanWriteToIsPrivate(t *testing.T) {
	dir := t.TempDir()
	mkdir := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("ours", link); err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string]string{
		mkdir("ours", 0o700):     "",
		mkdir("read", 0o755):     "",
		mkdir("team", 0o770):     "others may write to it",
		mkdir("all", 0o777):      "others may write to it",
		filepath.Join(dir, "no"): "",
		link:                     "found a symbolic link, expected a folder",
	} {
		if err := CheckPrivate(path, true); (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("%s: found %v, expected %q", path, err, words)
		}
	}
	if os.Geteuid() == 0 {
		theirs := mkdir("theirs", 0o700)
		if err := os.Chown(theirs, 4711, -1); err != nil {
			t.Fatal(err)
		}
		if err := CheckPrivate(theirs, true); err == nil || !strings.Contains(err.Error(), "belongs to user 4711") {
			t.Errorf("of another user: found %v", err)
		}
	}
}
