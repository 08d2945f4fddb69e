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

// Put calls [putLocal].
func (localStore) Put(_ context.Context, uri string, content []byte, when Condition) (string, error) {
	_, path := Scheme(uri)
	return putLocal(path, func(w io.Writer) error { _, err := w.Write(content); return err }, when)
}

// PutFile is Put for content that is read while it is sent.
func (localStore) PutFile(_ context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	_, path := Scheme(uri)
	return putLocal(path, func(w io.Writer) error { _, err := io.Copy(w, io.NewSectionReader(content, 0, size)); return err }, Condition{})
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
	if err := Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return SyncDir(filepath.Dir(path))
}
