//go:build unix

package runners

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestWhatAKilledRunLeftInTheTemporaryFolderIsRemoved has folders of dead and living runs, and of others.
func TestWhatAKilledRunLeftInTheTemporaryFolderIsRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for path := range map[string]bool{"tripstats-runner-dead/deep": true, "tripstats-runner-": true, "tripstats-other": true, "elsewhere": true} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("elsewhere", filepath.Join(dir, "tripstats-runner-link")); err != nil {
		t.Fatal(err)
	}
	restore, err := ownTemp()
	if err != nil {
		t.Fatal(err)
	}
	alive := os.Getenv("TMPDIR")
	t.Setenv("TMPDIR", dir) // like in another run
	removeDeadTemps()
	for path, want := range map[string]bool{
		"tripstats-runner-dead": false, "tripstats-runner-": false,
		"tripstats-other": true, "elsewhere": true, "tripstats-runner-link": true, filepath.Base(alive): true,
	} {
		if _, err := os.Lstat(filepath.Join(dir, path)); (err == nil) != want {
			t.Errorf("%s: found %v, expected it to be there: %v", path, err, want)
		}
	}
	if err := restore(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(alive); err == nil {
		t.Error("the run's own folder is left")
	}
}

// TestAFolderIsNeverHandedOutThatAnotherRunRemoves has a run look for dead folders all the time, while others make theirs.
func TestAFolderIsNeverHandedOutThatAnotherRunRemoves(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				removeDeadTemps()
			}
		}
	}()
	for range 2000 {
		dir, lock, err := lockedTemp()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("the folder is gone: %v", err)
			break
		}
		if err := errors.Join(lock.Unlock(), os.RemoveAll(dir)); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-stopped
}
