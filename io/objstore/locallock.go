package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockName = "lock"

	// tempName is a file in the state folder that is written and then renamed to its place. Only the holder of the lock writes it.
	tempName = "new"

	// stagePrefix begins the names of temporary folders of programs without versions.
	stagePrefix = "stage-"

	lockWait  = 30 * time.Second
	lockPoll  = 50 * time.Millisecond
	lockNoted = 2 * time.Second
)

// localLock is the lock of a folder. It ends with the process.
type localLock struct {
	output string
	lock   *flock.Flock
	made   []string // folders that were made for the lock, the outer before the inner
}

func lockLocal(ctx context.Context, output string, note func(string)) (_ *localLock, err error) {
	path, err := local(output)
	if err != nil {
		return nil, err
	}
	state := filepath.Join(path, StateDir)
	made, err := MakeDirs(state, 0o777)
	if err != nil {
		return nil, err
	}
	l := &localLock{output: path, lock: LockFile(filepath.Join(state, lockName)), made: made}
	if err := l.acquire(ctx, note); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	left, err := os.ReadDir(state)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", state, Reason(err))
	}
	for _, e := range left { // only the holder of the lock makes temporary files, so these are of a dead run
		if e.Name() != tempName && !strings.HasPrefix(e.Name(), stagePrefix) {
			continue
		}
		if err := RemoveAll(filepath.Join(state, e.Name())); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(state, e.Name()), Reason(err))
		}
	}
	return l, nil
}

// waiting is called each time that another run holds the lock. For tests.
var waiting = func() {}

// acquire waits for the lock and takes it. If it had to wait, it notes this once.
func (l *localLock) acquire(ctx context.Context, note func(string)) error {
	begin, waited, noted := time.Now(), false, note == nil
	for {
		ok, err := TryLock(l.lock)
		since := time.Since(begin)
		switch {
		case err != nil:
			return err
		case ok && waited && !noted:
			note(fmt.Sprintf("%s: another run was publishing to it; this run waited %.1f s for that", l.output, since.Seconds()))
			return nil
		case ok:
			return nil
		case since >= lockWait:
			return fmt.Errorf("%s: %w", l.output, ErrBusy)
		case since >= lockNoted && !noted:
			noted = true
			note(fmt.Sprintf("%s: another run is publishing to it; waiting for that up to %v", l.output, lockWait))
		}
		waited = true
		waiting()
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// close releases the lock. Its file stays: if it were removed, one run could lock the old file and another run a new file, and both would
// hold the lock.
func (l *localLock) close() error { return l.lock.Unlock() }

// at is the path of a place.
func (l *localLock) at(place string) string {
	return filepath.Join(l.output, filepath.FromSlash(place))
}

// put writes a file to a temporary and renames it to its place.
func (l *localLock) put(place string, write func(io.Writer) error, when Condition) (version string, err error) {
	path, temp := l.at(place), l.at(StateDir+"/"+tempName)
	if _, err := MakeDirs(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	f, err := create(temp, os.O_TRUNC|openFlags|noFollow)
	if err != nil {
		return "", err
	}
	if err = CloseSynced(f.File, write(f)); err == nil {
		version, err = replaceLocal(temp, path, when)
	}
	if err != nil && version == "" {
		_ = Remove(temp) // otherwise the next run removes it
	}
	return version, err
}

// copy puts a copy of a file at a place. It makes no link: a program that writes into the copy would then change the original.
func (l *localLock) copy(from, to string, when Condition) (version string, err error) {
	in, err := os.OpenFile(l.at(from), os.O_RDONLY|openFlags, 0)
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // read only
	return l.put(to, func(w io.Writer) error { _, err := io.Copy(w, in); return err }, when)
}

// remove removes a file, and its folder if that is then empty.
func (l *localLock) remove(place, version string) error {
	path := l.at(place)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), isNotDir(err):
		return nil
	case err != nil:
		return err
	case info.IsDir(): // this program made no folder there
		return nil
	case version != "" && localVersion(info) != version:
		return ErrChanged
	}
	if err := Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	dir := filepath.Dir(path)
	if dir != filepath.Clean(l.output) && Remove(dir) == nil {
		return SyncDir(filepath.Dir(dir))
	}
	return SyncDir(dir) // the folder has other files
}

// list returns the places of the files below a folder, and those of empty folders in it.
func (l *localLock) list(place string) (places []string, err error) {
	dir := l.at(place)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case path == dir:
			return nil
		case d.IsDir():
			if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
				return err
			}
		}
		below, err := filepath.Rel(l.output, path)
		places = append(places, filepath.ToSlash(below))
		return err
	})
	return places, err
}

// try returns an error if put could not write to a place.
func (l *localLock) try(place string) error {
	path := l.at(place)
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, link := os.Lstat(dir); link == nil {
			return fmt.Errorf("%s: found a symbolic link to nothing, expected a folder; move it away", dir)
		}
		if dir == filepath.Clean(l.output) {
			return nil
		}
		return l.tryFolder(filepath.Dir(dir))
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", dir, Reason(err))
	case !info.IsDir():
		return fmt.Errorf("%s: found %s, expected a folder; move it away", dir, kindOf(info))
	}
	if err := l.tryFolder(dir); err != nil {
		return err
	}
	there, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", path, Reason(err))
	case there.IsDir():
		return fmt.Errorf("%s: found a folder, expected a file; move it away", path)
	}
	return notOurs(path, info, there)
}

// tryFolder returns an error if a file could not be renamed into a folder.
func (l *localLock) tryFolder(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, Reason(err))
	}
	state, err := os.Stat(l.at(StateDir))
	if err == nil && !sameDevice(state, info) {
		err = fmt.Errorf("it lies on another file system than %s, so that a file cannot be moved there in one step", l.output)
	}
	if err == nil {
		err = writable(dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dir, Reason(err))
	}
	return nil
}

// notOurs returns an error if the file belongs to another user and cannot be replaced: in a folder with the sticky bit only the owner of the
// file or of the folder can replace it.
func notOurs(path string, dir, file fs.FileInfo) error {
	uid, known := ownerOf(file)
	of, _ := ownerOf(dir)
	me := os.Geteuid()
	if dir.Mode()&fs.ModeSticky == 0 || !known || me == 0 || uid == me || of == me {
		return nil
	}
	return fmt.Errorf("%s: found a file of user %d in a folder where only its owner may replace it, expected one of this user (%d); move it away", path, uid, me)
}
