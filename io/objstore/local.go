package objstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

type localReader struct {
	f    *os.File
	size int64
}

func openLocal(path string, o Object) (Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && o.Version != "" && localVersion(info) != o.Version {
		err = fmt.Errorf("%w: found %d bytes, expected %d as matched (or its time changed); run again when it is written", ErrChanged, info.Size(), o.Size)
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &localReader{f: f, size: info.Size()}, nil
}

func (r *localReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.f.ReadAt(p, off)
	bytesRead.Add(int64(n))
	return n, err
}

// WillNeed tells the operating system what will be read soon, where it can be told.
func (r *localReader) WillNeed(off, n int64) { willNeed(r.f, off, n) }

func (r *localReader) Close() error { return r.f.Close() }
func (r *localReader) Size() int64  { return r.size }

// localVersion identifies a file's content by size and modification time.
func localVersion(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano())
}

// canonical returns the absolute path of an existing file without symbolic links, so that one file has one name.
func canonical(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}
