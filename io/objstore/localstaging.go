package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// localStaging is a folder below the output. A file in it is published by a rename.
type localStaging struct {
	*localLock
	dir string

	made    []string          // folders that Prepare made, the outer before the inner
	kept    map[string]string // for each prepared place: the path where its previous file is kept, "" if there was none
	changed []string          // places that are published or removed, in that order
}

func newLocalStaging(ctx context.Context, output, id string, note func(string)) (_ *localStaging, err error) {
	l, err := lockLocal(ctx, output, note)
	if err != nil {
		return nil, err
	}
	s := &localStaging{localLock: l, dir: filepath.Join(l.output, StateDir, stagePrefix+id), kept: map[string]string{}}
	if err := makeDir(s.dir, 0o777); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.dir, Reason(err)), s.close())
	}
	return s, nil
}

// Stage writes a file to the staging area and syncs it. The name has no separators.
func (s *localStaging) Stage(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return CloseSynced(f, write(f))
}

// Prepare makes the folders of the places to publish to, checks that nothing is in the way, and keeps the previous files.
func (s *localStaging) Prepare(publish, remove []string) error {
	stage, err := os.Stat(s.dir)
	if err != nil {
		return err
	}
	for _, place := range publish {
		dir := filepath.Dir(s.at(place))
		made, err := MakeDirs(dir, 0o777)
		s.made = append(s.made, made...)
		if err != nil {
			return err
		}
		info, err := os.Stat(dir)
		if err == nil && !sameDevice(stage, info) {
			err = fmt.Errorf("it lies on another file system than %s, so that a file cannot be moved there in one step", s.output)
		}
		if err == nil {
			err = writable(dir)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dir, Reason(err))
		}
	}
	for _, place := range slices.Concat(publish, remove) {
		if err := s.keep(place); err != nil {
			return fmt.Errorf("%s: %w", s.at(place), Reason(err))
		}
	}
	return nil
}

// keep makes a hard link in the staging area to the file at a place. If the file system has no hard links, it copies the file.
func (s *localStaging) keep(place string) error {
	from := s.at(place)
	info, err := os.Lstat(from)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.kept[place] = ""
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("found a folder, expected a file; move it away")
	}
	to := filepath.Join(s.dir, fmt.Sprintf("before-%d", len(s.kept)))
	if os.Link(from, to) != nil {
		if err := copyFile(from, to); err != nil {
			return err
		}
	}
	s.kept[place] = to
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.OpenFile(from, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return CloseSynced(out, err)
}

// Publish moves a staged file to its place below the output in one step. It replaces the file there.
func (s *localStaging) Publish(name, place string) error {
	if _, ok := s.kept[place]; !ok {
		if err := s.Prepare([]string{place}, nil); err != nil {
			return err
		}
	}
	if err := Rename(filepath.Join(s.dir, name), s.at(place)); err != nil {
		return err
	}
	s.changed = append(s.changed, place)
	return SyncDir(filepath.Dir(s.at(place)))
}

// Remove removes a published file, and its folder if that is then empty. It is not an error if there is no such file.
func (s *localStaging) Remove(place string) error {
	if _, ok := s.kept[place]; !ok {
		if err := s.Prepare(nil, []string{place}); err != nil {
			return err
		}
	}
	if err := Remove(s.at(place)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	s.changed = append(s.changed, place)
	dir := filepath.Dir(s.at(place))
	if Remove(dir) == nil {
		return SyncDir(filepath.Dir(dir))
	}
	return SyncDir(dir) // the folder has other files
}

// Undo reverts all changes, the last one first.
func (s *localStaging) Undo() error {
	var errs []error
	for _, place := range slices.Backward(s.changed) {
		to, kept := s.at(place), s.kept[place]
		delete(s.kept, place)
		_, err := MakeDirs(filepath.Dir(to), 0o777) // Remove has removed the empty folder
		switch {
		case err != nil:
		case kept == "":
			err = Remove(to)
		default:
			err = Rename(kept, to)
		}
		if err == nil {
			err = SyncDir(filepath.Dir(to))
		}
		errs = append(errs, err)
	}
	s.changed = nil
	return errors.Join(errs...)
}

// Close removes files that were staged but not published, and releases the lock.
func (s *localStaging) Close() error {
	for _, dir := range slices.Backward(s.made) {
		_ = Remove(dir) // it stays if it has published files
	}
	return errors.Join(RemoveAll(s.dir), s.close())
}
