package runners

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/gofrs/flock"
)

// tempPrefix begins the name of a run's own temporary folder.
const tempPrefix = "tripstats-runner-"

// ownTemp gives the process a temporary folder of its own. What it returns removes it and all that is in it. The process
// holds a lock on the folder, so that other runs see that it is alive.
func ownTemp() (restore func() error, err error) {
	before, had := os.LookupEnv("TMPDIR")
	dir, lock, err := lockedTemp()
	if err != nil {
		return nil, fmt.Errorf("runners: %w", err)
	}
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return nil, errors.Join(fmt.Errorf("runners: %w", err), os.RemoveAll(dir), lock.Unlock())
	}
	return func() error {
		var err error
		if had {
			err = os.Setenv("TMPDIR", before)
		} else {
			err = os.Unsetenv("TMPDIR")
		}
		return errors.Join(err, os.RemoveAll(dir), lock.Unlock())
	}, nil
}

// temps are the runs of this process that use its temporary folder. They have one together, as TMPDIR is of the process.
var temps struct {
	sync.Mutex
	runs    int
	restore func() error
}

// sharedTemp is ownTemp for runs that may be at the same time. The last of them removes the folder.
func sharedTemp() (done func() error, err error) {
	temps.Lock()
	defer temps.Unlock()
	if temps.runs == 0 {
		if temps.restore, err = ownTemp(); err != nil {
			return nil, err
		}
	}
	temps.runs++
	return func() error {
		temps.Lock()
		defer temps.Unlock()
		if temps.runs--; temps.runs > 0 {
			return nil
		}
		return temps.restore()
	}, nil
}

// lockedTemp makes a folder and takes its lock. On systems that cannot lock folders there is no lock, and the folders of killed
// runs stay.
func lockedTemp() (dir string, lock *flock.Flock, err error) {
	for {
		if dir, err = os.MkdirTemp("", tempPrefix); err != nil {
			return "", nil, err
		}
		lock = lockOf(dir)
		ok, err := lock.TryLock()
		if err != nil && !errors.Is(err, fs.ErrNotExist) || ok && isStill(dir, lock) {
			return dir, lock, nil
		}
		// Between the two steps, another run took the folder for that of a dead run.
		if err := lock.Unlock(); err != nil {
			return "", nil, err
		}
	}
}

// lockOf is the lock on a folder.
func lockOf(dir string) *flock.Flock { return flock.New(dir, flock.SetFlag(os.O_RDONLY|noFollow)) }

// isStill tells whether a folder is the one that is locked.
func isStill(dir string, lock *flock.Flock) bool {
	locked, err := lock.Stat()
	if err != nil {
		return false
	}
	info, err := os.Lstat(dir)
	return err == nil && os.SameFile(info, locked)
}

// removeDeadTemps removes the temporary folders of runs that were killed: those of this user whose lock nobody holds. A folder
// that cannot be removed does not matter to this run.
func removeDeadTemps() {
	left, err := os.ReadDir(os.TempDir())
	if err != nil {
		return
	}
	for _, e := range left {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !e.IsDir() {
			continue
		}
		dir := filepath.Join(os.TempDir(), e.Name())
		if !isOwn(dir) {
			continue
		}
		lock := lockOf(dir)
		if ok, err := lock.TryLock(); err == nil && ok {
			_ = os.RemoveAll(dir)
			_ = lock.Unlock()
		}
	}
}
