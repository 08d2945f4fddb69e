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
	"time"

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
		info, itself, err := stat(filepath.FromSlash(full))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%s: %w", full, Reason(err))
		case !info.IsDir():
			err = m.localFile(ctx, dir, full, itself, true, slashed, func(p string) bool { return matchesBelow(rest, dir, p, hidden) })
		case isDataset(full), exists(filepath.Join(full, deltaLog)):
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
	table, dir, isTable, err := m.localDelta(path.Dir(slashed), slashed)
	switch {
	case err != nil:
		return err
	case isTable && dir == slashed:
		m.addTable(table, path.Dir(slashed), dir, "", nil)
		return nil
	case !isTable && !isDataset(slashed) && m.in.Endings == nil:
		return folderError(folder, string(filepath.Separator), holdsFiles(folder))
	case isTable || !isDataset(slashed): // a folder of a table's partition too
		err = m.localBelow(ctx, slashed, slashed)
	default:
		err = m.localDataset(ctx, path.Dir(slashed), slashed, false, isHidden)
	}
	if err == nil && m.hits == had {
		return m.nothingIn(isDataset(slashed))
	}
	return err
}

// nothingIn says that a folder has no file.
func (m *matches) nothingIn(dataset bool) error {
	if dataset {
		return fmt.Errorf("%w: no file in this folder", ErrNoMatch)
	}
	return fmt.Errorf("%w: no file in this folder or below it that can be read (%s), beside names that begin with _ or . and outputs of this program", ErrNoMatch, m.in.expected())
}

// localBelow matches the files below a folder that can be read. prefix is the folder that was named.
func (m *matches) localBelow(ctx context.Context, prefix, folder string) error {
	table, dir, isTable, err := m.localDelta(prefix, folder)
	if err != nil {
		return err
	}
	if isTable && dir == folder {
		table.wild = true
		m.addTable(table, prefix, dir, "", nil)
		return nil
	}
	if isDataset(folder) {
		return m.localDataset(ctx, prefix, folder, true, isHidden)
	}
	return m.localEntries(ctx, folder, isHidden, func(full string, isFolder bool, itself fs.FileInfo) error {
		if isFolder {
			return m.localBelow(ctx, prefix, full)
		}
		if !m.in.ends(full) {
			return nil
		}
		return m.localFile(ctx, prefix, full, itself, true, prefix, func(p string) bool { return strings.HasPrefix(p, prefix+"/") })
	})
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
	table, dir, isTable, err := m.localDelta(prefix, folder)
	if err != nil {
		return err
	}
	if isTable && dir == folder {
		table.wild = wild
		m.addTable(table, prefix, dir, "", nil)
		return nil
	}
	return m.localEntries(ctx, folder, hidden, func(full string, isFolder bool, itself fs.FileInfo) error {
		if isFolder {
			return m.localDataset(ctx, prefix, full, wild, hidden)
		}
		return m.localFile(ctx, prefix, full, itself, wild, folder, func(p string) bool { return strings.HasPrefix(p, folder+"/") })
	})
}

// localEntries calls take for the files and folders in a folder that are not hidden. itself is as returned by [stat]. A link to a
// folder is left out, because it may lead back up.
func (m *matches) localEntries(ctx context.Context, folder string, hidden func(string) bool, take func(full string, isFolder bool, itself fs.FileInfo) error) error {
	entries, err := os.ReadDir(filepath.FromSlash(folder))
	if err != nil {
		return fmt.Errorf("%s: %w", folder, Reason(err))
	}
	for _, e := range entries {
		full := path.Join(folder, e.Name())
		if hidden(e.Name()) {
			continue
		}
		info, itself, err := stat(filepath.FromSlash(full))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%s: %w", full, Reason(err))
		case info.IsDir() && e.Type()&fs.ModeSymlink == 0:
			err = take(full, true, itself)
		case !info.IsDir():
			err = take(full, false, itself)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stat returns what os.Stat returns as info. itself is the same, or nil if the path may be a symbolic link.
func stat(path string) (info, itself fs.FileInfo, err error) {
	if filepath.Separator == '/' {
		if itself, err = os.Lstat(path); err != nil || itself.Mode()&fs.ModeSymlink == 0 {
			return itself, itself, err
		}
	}
	info, err = os.Stat(path)
	return info, nil, err
}

// localFile matches a file below a fixed prefix. itself is as returned by [stat]. accepts tells whether a path is one that the pattern or folder by
// stands for.
func (m *matches) localFile(ctx context.Context, prefix, full string, itself fs.FileInfo, wild bool, by string, accepts func(full string) bool) error {
	if m.isOwn(ctx, prefix, full, localSign) {
		return nil
	}
	table, dir, isTable, err := m.localDelta(prefix, path.Dir(full))
	if err != nil {
		return err
	}
	if isTable {
		table.wild = wild
		m.addTable(table, prefix, dir, by, func(below string) bool { return accepts(path.Join(dir, below)) })
		return nil
	}
	o, err := m.describe(filepath.FromSlash(full), itself)
	if err != nil {
		return fmt.Errorf("%s: %w", full, Reason(err))
	}
	o.Wild = wild
	found := within(o, prefix, full)
	if found.folder != "" {
		if found.folder, err = m.folder(filepath.FromSlash(found.folder)); err != nil {
			return fmt.Errorf("%s: %w", full, Reason(err))
		}
	}
	m.add(found)
	return nil
}

// matchesBelow tells whether a pattern below a folder matches a path, and the path is not hidden from it.
func matchesBelow(pattern, dir, full string, hidden func(string) bool) bool {
	below := strings.TrimPrefix(strings.TrimPrefix(full, dir), "/")
	ok, err := doublestar.Match(pattern, below)
	return ok && err == nil && !slices.ContainsFunc(strings.Split(below, "/"), hidden)
}

// localSign returns a path if there is such a file.
func localSign(path string) string {
	if exists(filepath.FromSlash(path)) {
		return path
	}
	return ""
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
	return objectOf(path, info, func() (string, error) { return canonical(path) })
}

// objectOf describes a file. address must return the address of the file.
func objectOf(path string, info fs.FileInfo, address func() (string, error)) (Object, error) {
	if !info.Mode().IsRegular() { // opening a pipe that nobody writes to would wait for ever
		return Object{}, errors.New("not a regular file; save it as one first")
	}
	uri, err := address()
	if err != nil {
		return Object{}, err
	}
	return Object{URI: uri, Name: filepath.Base(path), Size: info.Size(), Version: localVersion(info), Token: localToken(info, time.Now()), Identity: identity(info)}, nil
}

// describe describes a file. itself is as returned by [stat].
func (m *matches) describe(path string, itself fs.FileInfo) (Object, error) {
	if itself == nil {
		return describe(path)
	}
	return objectOf(path, itself, func() (string, error) {
		folder, err := m.folder(filepath.Dir(path))
		return filepath.Join(folder, filepath.Base(path)), err
	})
}

// folder returns the canonical address of a folder. It keeps the address, because a folder may have thousands of files, and finding the address takes
// a call of the operating system for each part of the path.
func (m *matches) folder(path string) (string, error) {
	address, known := m.folders[path]
	if known {
		return address, nil
	}
	address, err := canonical(path)
	if err == nil {
		m.folders[path] = address
	}
	return address, err
}
