package objstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// local matches a local pattern. If a file or folder of that name exists, it is no pattern, whatever characters it has.
func (m *matches) local(ctx context.Context, pattern string) error {
	info, err := os.Stat(pattern)
	switch {
	case err == nil && info.IsDir():
		return m.localFolder(ctx, filepath.Clean(pattern))
	case err == nil:
		o, err := describe(pattern)
		if err != nil {
			return Reason(err)
		}
		m.add(match{Object: o, source: filepath.Base(pattern)})
		return nil
	}
	if hint := misread(pattern); hint != nil {
		return hint
	}
	if !hasMeta(pattern) {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: no such file", ErrNoMatch)
		}
		return Reason(err)
	}
	slashed := filepath.ToSlash(pattern)
	if !doublestar.ValidatePattern(slashed) {
		return ErrPattern
	}
	dir, rest := fixed(slashed)
	hidden := hides(rest)
	fsys := visible{dir, hidden}
	paths, err := doublestar.Glob(fsys, rest, doublestar.WithFailOnIOErrors())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	had := m.hits
	for _, p := range paths {
		full := path.Join(dir, p)
		info, err := os.Stat(filepath.FromSlash(full))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%s: %w", full, Reason(err))
		case !info.IsDir():
			err = m.localFile(ctx, dir, full, true)
		case isDataset(full):
			err = m.localDataset(ctx, dir, full, true, hidden)
		}
		if err != nil {
			return err
		}
	}
	if m.hits == had {
		return fmt.Errorf("%w: no file", ErrNoMatch)
	}
	return nil
}

// localFolder matches a folder that is named without wildcards.
func (m *matches) localFolder(ctx context.Context, folder string) error {
	had := m.hits
	slashed := filepath.ToSlash(folder)
	if delta, err := m.localDelta(path.Dir(slashed), slashed, false); delta || err != nil {
		return err
	}
	if !isDataset(slashed) {
		return folderError(folder, string(filepath.Separator), holdsFiles(folder))
	}
	if err := m.localDataset(ctx, path.Dir(slashed), slashed, false, isHidden); err != nil {
		return err
	}
	if m.hits == had {
		return fmt.Errorf("%w: no file in this folder", ErrNoMatch)
	}
	return nil
}

// folderError says how to name the files of a folder: the files in it or, if there are none, the files in folders below it.
func folderError(folder, separator string, direct bool) error {
	below := []string{folder, "**", "*.parquet"}
	if direct {
		below = []string{folder, "*.parquet"}
	}
	return fmt.Errorf("%w: it is a folder; for the parquet files in it say '%s'", ErrNoMatch, strings.Join(below, separator))
}

func holdsFiles(folder string) bool {
	found, _ := filepath.Glob(filepath.Join(folder, "*.parquet"))
	return len(found) > 0
}

// localDataset matches all files below a folder.
func (m *matches) localDataset(ctx context.Context, prefix, folder string, wild bool, hidden func(string) bool) error {
	if delta, err := m.localDelta(prefix, folder, wild); delta || err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.FromSlash(folder))
	if err != nil {
		return fmt.Errorf("%s: %w", folder, Reason(err))
	}
	for _, e := range entries {
		full := path.Join(folder, e.Name())
		if hidden(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.FromSlash(full))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%s: %w", full, Reason(err))
		case info.IsDir() && e.Type()&fs.ModeSymlink == 0: // a link may lead back up
			err = m.localDataset(ctx, prefix, full, wild, hidden)
		case !info.IsDir():
			err = m.localFile(ctx, prefix, full, wild)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// localFile matches a file below a fixed prefix.
func (m *matches) localFile(ctx context.Context, prefix, full string, wild bool) error {
	if m.isOwn(ctx, prefix, full, localSign) {
		return nil
	}
	if delta, err := m.localDelta(prefix, path.Dir(full), wild); delta || err != nil {
		return err
	}
	o, err := describe(filepath.FromSlash(full))
	if err != nil {
		return fmt.Errorf("%s: %w", full, Reason(err))
	}
	o.Wild = wild
	found := within(o, prefix, full)
	if found.folder != "" {
		if found.folder, err = canonical(filepath.FromSlash(found.folder)); err != nil {
			return fmt.Errorf("%s: %w", full, Reason(err))
		}
	}
	m.add(found)
	return nil
}

// localSign returns a path if there is such a file.
func localSign(path string) string {
	if exists(filepath.FromSlash(path)) {
		return path
	}
	return ""
}

// localDelta matches the Delta table that a folder below a prefix is or belongs to, and tells whether there is one.
func (m *matches) localDelta(prefix, folder string, wild bool) (bool, error) {
	for dir := folder; ; dir = path.Dir(dir) {
		is, known := m.deltas[dir]
		if !known {
			is = exists(filepath.Join(filepath.FromSlash(dir), deltaLog))
			m.deltas[dir] = is
		}
		if is {
			uri, err := canonical(filepath.FromSlash(dir))
			if err != nil {
				return false, err
			}
			m.add(refusedDelta(uri, prefix, dir, wild))
			return true, nil
		}
		if dir == "." || dir == "/" || len(dir) <= len(prefix) && !strings.Contains(path.Base(dir), "=") { // a folder month=1 is part of a table
			return false, nil
		}
	}
}

// visible is a folder without its hidden entries. Unlike os.DirFS it allows names that are not UTF-8.
type visible struct {
	dir    string
	hidden func(part string) bool
}

func (v visible) at(name string) string {
	return filepath.Join(filepath.FromSlash(v.dir), filepath.FromSlash(name))
}

func (v visible) Open(name string) (fs.File, error)     { return os.Open(v.at(name)) }
func (v visible) Stat(name string) (fs.FileInfo, error) { return os.Stat(v.at(name)) }

func (v visible) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(v.at(name))
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return v.hidden(e.Name()) }), err
}

func describe(path string) (Object, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Object{}, err
	}
	if !info.Mode().IsRegular() { // opening a pipe that nobody writes to would wait for ever
		return Object{}, errors.New("not a regular file; save it as one first")
	}
	uri, err := canonical(path)
	if err != nil {
		return Object{}, err
	}
	return Object{URI: uri, Name: filepath.Base(path), Size: info.Size(), Version: localVersion(info), Identity: identity(info)}, nil
}
