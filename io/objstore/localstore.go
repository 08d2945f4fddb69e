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
)

// localStore is a Store of local files. The main job does not read through it: see openLocal.
type localStore struct{}

// List walks the folder of the prefix.
func (localStore) List(ctx context.Context, prefix string) ([]Object, error) {
	_, path := Scheme(prefix)
	dir := path
	if !strings.HasSuffix(path, "/") {
		dir = filepath.Dir(path)
	}
	var out []Object
	err := filepath.WalkDir(filepath.Clean(dir), func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case !d.Type().IsRegular() || !strings.HasPrefix(filepath.ToSlash(p), strings.TrimPrefix(path, "./")):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out = append(out, Object{URI: p, Size: info.Size(), Version: localVersion(info)})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

// Stat describes a file.
func (localStore) Stat(_ context.Context, uri string) (Object, error) {
	_, path := Scheme(uri)
	info, err := os.Stat(path)
	if err != nil {
		return Object{}, err
	}
	return Object{URI: path, Size: info.Size(), Version: localVersion(info)}, nil
}

// ReadRange reads from a file that still has the version of the object.
func (localStore) ReadRange(_ context.Context, o Object, p []byte, off int64) error {
	_, path := Scheme(o.URI)
	r, err := openLocal(path, o)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // read only
	if _, err := r.ReadAt(p, off); err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: it is shorter now", ErrChanged)
		}
		return err
	}
	return nil
}

// Put writes a file beside the place and renames it. A lock beside the place makes conditions hold among processes that use this
// method.
func (localStore) Put(_ context.Context, uri string, content []byte, when Condition) (string, error) {
	_, path := Scheme(uri)
	return putLocal(path, func(w io.Writer) error { _, err := w.Write(content); return err }, when)
}

// PutFile is Put for content that is read while it is sent.
func (localStore) PutFile(_ context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	_, path := Scheme(uri)
	return putLocal(path, func(w io.Writer) error { _, err := io.Copy(w, io.NewSectionReader(content, 0, size)); return err }, Condition{})
}

func putLocal(path string, write func(w io.Writer) error, when Condition) (version string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	unlock, err := lockBeside(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	info, statErr := os.Stat(path)
	switch {
	case when.Absent && statErr == nil:
		return "", ErrExists
	case when.Version != "" && (statErr != nil || localVersion(info) != when.Version):
		return "", ErrChanged
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	if err = CloseSynced(temp, write(temp)); err == nil {
		err = Rename(temp.Name(), path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	if info, err = os.Stat(path); err != nil {
		return "", err
	}
	return localVersion(info), nil
}

// lockBeside locks a file, for processes that use these methods.
func lockBeside(path string) (unlock func() error, err error) {
	lock := LockFile(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock"))
	if err := lock.Lock(); err != nil {
		return nil, err
	}
	return func() error { return errors.Join(os.Remove(lock.Path()), lock.Unlock()) }, nil
}

// Delete removes a file.
func (localStore) Delete(_ context.Context, uri, version string) (err error) {
	_, path := Scheme(uri)
	if version != "" {
		unlock, failed := lockBeside(path)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, unlock()) }()
		switch info, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case localVersion(info) != version:
			return ErrChanged
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
