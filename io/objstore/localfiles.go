package objstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// MakeDirs makes a folder with the given mode, and missing folders above it with the usual mode. They survive a power cut. It
// returns the folders that it made, outer ones first. Errors name the folder.
func MakeDirs(path string, mode fs.FileMode) (made []string, err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, nil
	case err == nil:
		return nil, fmt.Errorf("%s: found %s, expected a folder; move it away", path, kindOf(info))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w", path, Reason(err))
	}
	above := filepath.Dir(path)
	if above != path {
		if made, err = MakeDirs(above, 0o777); err != nil {
			return made, err
		}
	}
	switch err := makeDir(path, mode); {
	case err == nil:
		return append(made, path), SyncDir(above)
	case errors.Is(err, fs.ErrExist):
		if info, err := os.Stat(path); err == nil && info.IsDir() { // another run has made it meanwhile
			return made, nil
		}
		return made, fmt.Errorf("%s: found a symbolic link to nothing, expected a folder; move it away", path)
	default:
		return made, fmt.Errorf("%s: %w", path, Reason(err))
	}
}

// LockFile is a lock on a file, which ends with the process. It is taken with [TryLock].
func LockFile(path string) *flock.Flock {
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDONLY|openFlags|noFollow), flock.SetPermissions(0o600))
}

// TryLock takes a lock if nobody else has it. It returns an error if the path is not a file, for example a named pipe. If the file of the
// lock was removed or replaced meanwhile, others see another file: then it is tried again with that.
func TryLock(l *flock.Flock) (ok bool, err error) {
	for {
		ok, err = tryLock(l)
		if err != nil || !ok {
			return ok, err
		}
		current, err := isCurrent(l)
		if current {
			return true, nil
		}
		if err := errors.Join(err, l.Unlock()); err != nil {
			return false, err
		}
	}
}

// isCurrent tells whether the file of a lock that is held is still in its place. Otherwise others see another file, or none.
func isCurrent(l *flock.Flock) (bool, error) {
	held, err := l.Stat()
	if err != nil {
		return false, err
	}
	there, missing := os.Lstat(l.Path())
	return missing == nil && os.SameFile(held, there), nil
}

func tryLock(l *flock.Flock) (ok bool, err error) {
	if info, err := os.Lstat(l.Path()); err == nil && !info.Mode().IsRegular() {
		return false, notAFile(l.Path(), info)
	}
	if ok, err = l.TryLock(); err != nil {
		return false, fmt.Errorf("%s: locking: %w", l.Path(), Reason(err))
	}
	if info, err := l.Stat(); ok && (err != nil || !info.Mode().IsRegular()) { // something else was put there meanwhile
		if err == nil {
			err = notAFile(l.Path(), info)
		}
		return false, errors.Join(err, l.Unlock())
	}
	return ok, nil
}

func notAFile(path string, info fs.FileInfo) error {
	return fmt.Errorf("%s: found %s, expected a file; remove it", path, kindOf(info))
}

// CheckPrivate returns an error unless only the user can replace a folder or file. It must be a folder or file, as kind says; it
// must belong to the user who runs the program or to root; and nobody else may write to it. If it does not exist, there is no
// error. A symbolic link is not followed.
func CheckPrivate(path string, folder bool) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, Reason(err))
	}
	uid, known := ownerOf(info)
	switch {
	case folder && !info.IsDir():
		return fmt.Errorf("%s: found %s, expected a folder", path, kindOf(info))
	case !folder && !info.Mode().IsRegular():
		return fmt.Errorf("%s: found %s, expected a file", path, kindOf(info))
	case known && uid != os.Geteuid() && uid != 0:
		return fmt.Errorf("%s: found that it belongs to user %d, expected the user who runs this (%d)", path, uid, os.Geteuid())
	case known && info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s: found that others may write to it (%v), expected its owner alone; say chmod go-w", path, info.Mode())
	}
	return nil
}
