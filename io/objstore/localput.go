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

// putLocal writes a file beside the place and renames it. Among processes, Absent holds always, and Version among those that use this
// function or hold the lock of the output.
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

// replaceLocal renames a synced file to its place on a condition. If there is a version as well as an error, the file is in place, and may
// not survive a power cut.
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

// renameNew moves a file to a place where there is none. Of several processes that do this at once, one does it.
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

// lockBeside locks a file, for processes that use these methods. Who holds the lock removes its file, so who gets one checks that it is the one
// that others see.
func lockBeside(path string) (unlock func() error, err error) {
	lock := LockFile(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock"))
	for {
		if err := lock.Lock(); err != nil {
			return nil, err
		}
		held, err := lock.Stat()
		if there, missing := os.Lstat(lock.Path()); err == nil && missing == nil && os.SameFile(held, there) {
			return func() error { return errors.Join(os.Remove(lock.Path()), lock.Unlock()) }, nil
		}
		if err := lock.Unlock(); err != nil { // who held it before has removed the file: another may have made a new one
			return nil, err
		}
	}
}

// Each calls do for 0 up to n, for some at once, and joins the errors.
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
