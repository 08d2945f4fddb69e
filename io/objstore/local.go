package objstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// localReader reads a file that must not change while it is open. After each read it checks size and time again, so that it
// returns no byte of a file that somebody writes to.
type localReader struct {
	f     *os.File
	size  int64
	mtime time.Time
}

func openLocal(path string, o Object) (Reader, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && o.Version != "" && localVersion(info) != o.Version {
		err = fmt.Errorf("%w: found %d bytes, expected %d as matched (or its time changed); run again when it is written", ErrChanged, info.Size(), o.Size)
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("found %s, expected a file", kindOf(info))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &localReader{f: f, size: info.Size(), mtime: info.ModTime()}, nil
}

func (r *localReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.f.ReadAt(p, off)
	bytesRead.Add(int64(n))
	if changed := r.unchanged(); changed != nil {
		return 0, changed
	}
	return n, err
}

// unchanged returns an error that wraps ErrChanged if the file has been written to since it was opened.
func (r *localReader) unchanged() error {
	info, err := r.f.Stat()
	if err == nil && (info.Size() != r.size || !info.ModTime().Equal(r.mtime)) {
		err = fmt.Errorf("%w: found %d bytes, expected %d as matched (or its time changed); run again when it is written", ErrChanged, info.Size(), r.size)
	}
	return err
}

// Unchanged returns an error that wraps ErrChanged if the file of r has changed since it was opened. Call it after the last
// read, before the data are used, and when the data make no sense. For a remote object it does nothing: every answer is
// compared with the matched version.
func Unchanged(r Reader) error {
	if r, ok := r.(interface{ unchanged() error }); ok {
		return r.unchanged()
	}
	return nil
}

// WillNeed tells the operating system what will be read soon, where it can be told.
func (r *localReader) WillNeed(off, n int64) { willNeed(r.f, off, n) }

func (r *localReader) Close() error { return r.f.Close() }
func (r *localReader) Size() int64  { return r.size }

// localVersion identifies a file's content by size and modification time.
func localVersion(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())
}

// kindOf describes in words what is at a path.
func kindOf(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// canonical returns the absolute path of an existing file without symbolic links, so that one file has one name.
func canonical(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}
