package objstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
)

// writeLocal writes a file and syncs it, and makes the folders above.
func writeLocal(path string, write func(io.Writer) error) error {
	if _, err := MakeDirs(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := create(path, os.O_TRUNC|openFlags|noFollow)
	if err != nil {
		return err
	}
	return CloseSynced(f.File, write(f))
}

// putLocal writes a temporary file beside the place and renames it. The condition Absent holds against all other processes. The condition
// Version holds only against processes that use this function or that wait for the lock of the output.
func putLocal(path string, write func(w io.Writer) error, when Condition) (version string, err error) {
	if _, err := MakeDirs(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%016x", filepath.Base(path), rand.Uint64()))
	temp, err := create(name, os.O_EXCL)
	if err != nil {
		return "", err
	}
	if err = CloseSynced(temp.File, write(temp)); err == nil && when.Version != "" {
		unlock, busy := lockBeside(path)
		if err = busy; err == nil {
			defer func() { err = errors.Join(err, unlock()) }()
		}
	}
	if err == nil {
		version, err = replaceLocal(temp.Name(), path, when)
	}
	if err != nil && version == "" {
		_ = os.Remove(temp.Name())
	}
	return version, err
}

// replaceLocal renames a synced file to its place if the condition holds. If it returns both a version and an error, the file is in its
// place, but may not survive a power cut.
func replaceLocal(temp, path string, when Condition) (version string, err error) {
	if when.Version != "" {
		if there, err := os.Stat(path); err != nil || localVersion(there) != when.Version {
			return "", ErrChanged
		}
	}
	info, err := os.Stat(temp)
	if err != nil {
		return "", err
	}
	if when.Absent {
		err = renameNew(temp, path)
	} else {
		err = Rename(temp, path)
	}
	if err != nil {
		return "", err
	}
	return localVersion(info), SyncDir(filepath.Dir(path))
}

// renameNew moves a file to a place where there is no file. If several processes do this at once, only one succeeds.
func renameNew(temp, path string) error {
	if err := taking(Step{StepRename, temp, path}); err != nil {
		return err
	}
	err := renameNoReplace(temp, path)
	if errors.Is(err, errors.ErrUnsupported) { // by a file system
		if err = os.Link(temp, path); err == nil {
			err = os.Remove(temp)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, fs.ErrPermission): // a file system without links
		if _, there := os.Lstat(path); there == nil {
			return ErrExists
		}
		return os.Rename(temp, path)
	}
	return err
}

// lockBeside locks a file beside a path. The holder of the lock removes this file at the end. So a process that gets the lock checks that the
// file is still in its place; otherwise another process may have locked a new file.
func lockBeside(path string) (unlock func() error, err error) {
	lock := LockFile(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock"))
	for {
		if err := lock.Lock(); err != nil {
			return nil, err
		}
		if current, _ := isCurrent(lock); current { // an error is one of a file that is not in its place any more
			return func() error { return errors.Join(os.Remove(lock.Path()), lock.Unlock()) }, nil
		}
		if err := lock.Unlock(); err != nil { // the holder before has removed the file
			return nil, err
		}
	}
}

// Each calls do for 0 to n-1, several at once, and joins the errors.
func Each(n int, do func(i int) error) error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	slots := make(chan struct{}, perHost)
	for i := range n {
		wg.Go(func() {
			slots <- struct{}{}
			errs[i] = do(i)
			<-slots
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
