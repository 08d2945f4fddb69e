package objstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

var mounts = map[string]fs.FS{}

// Mount serves a read-only file system under a scheme, such as the sample that is embedded in the program. Call it from an init
// function: workers of a remote runner are the same program, and mount it too. Its files must implement io.ReaderAt, like those of
// embed.FS.
func Mount(scheme string, fsys fs.FS) { mounts[scheme] = fsys }

func mounted(uri string) (fsys fs.FS, path string, ok bool) {
	scheme, path := Scheme(uri)
	fsys, ok = mounts[scheme]
	return fsys, path, ok
}

func (m *matches) mounted(fsys fs.FS, pattern, path string) error {
	paths, err := doublestar.Glob(fsys, path, doublestar.WithFilesOnly())
	if err != nil {
		return fmt.Errorf("%s: %w", pattern, err)
	}
	if len(paths) == 0 {
		return fmt.Errorf("%s: %w: no file", pattern, ErrNoMatch)
	}
	for _, p := range paths {
		info, err := fs.Stat(fsys, p)
		if err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		uri := strings.TrimSuffix(pattern, path) + p
		m.add(match{Object: Object{URI: uri, Size: info.Size()}, source: p})
	}
	return nil
}

type mountedReader struct {
	io.ReaderAt
	io.Closer
	size int64
}

func (r *mountedReader) Size() int64 { return r.size }

func (r *mountedReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, off)
	bytesRead.Add(int64(n))
	return n, err
}

func openMounted(fsys fs.FS, path string) (Reader, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	at, ok := f.(io.ReaderAt)
	if err == nil && !ok {
		err = errors.New("no random access")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &mountedReader{ReaderAt: at, Closer: f, size: info.Size()}, nil
}
