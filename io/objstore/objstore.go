// Package objstore finds, opens and publishes objects: things with an address, a size and random access. It knows
// neither Beam nor Arrow.
//
// Local files and file systems mounted in the program itself ([Mount]) are read directly. Everything else is a [Store], one
// for each of gs, s3, az and https. An object is read in the version that [Match] found, and in no other. Requests that may
// succeed later are repeated. For an address with an unknown scheme the error is [*UnsupportedError].
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
	"strings"
	"sync/atomic"
	"time"
)

// Object describes an object as it was when it was matched.
type Object struct {
	URI     string // absolute path, or address
	Name    string // short name, unique among the objects that were matched together: see Match
	Size    int64  // bytes
	Version string // changes when the content does
	Token   string // identifies the content for later runs, more strictly than Version; "" if it cannot be relied on. See token

	Dataset  string // if the object is a part of a dataset: the name of the dataset's folder; see Match
	Wild     bool   // only patterns with wildcards matched it or its folder
	Refused  string // why it cannot be read, and what to do; "" if it can be read
	Identity string // equal for two names of one local file; "" if not known

	Table  string  // if it is a file of a table's latest version: the table's folder
	Values []Value // the columns that are not in the file, as the table's log has them
}

// Value is the value of a column in all rows of a file.
type Value struct {
	Name string
	Text string
	Null bool   // Text is "" then
	Type string // as the table's schema names it; "" is text
}

// Reader reads an object at any offset, from several goroutines at once.
type Reader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Errors that callers tell apart. The fs errors (fs.ErrNotExist, fs.ErrPermission) pass through as they are.
var (
	ErrNoMatch = errors.New("nothing matches")
	ErrPattern = errors.New("not a valid pattern; * ? [] {} and ** are understood")
	ErrChanged = errors.New("the file has changed since it was matched")
)

// UnsupportedError says that no store here serves the scheme of an address.
type UnsupportedError struct{ URI, Scheme string }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: no store for scheme %q, expected a local path, gs, s3, az or https", e.URI, e.Scheme)
}

// Scheme splits an address into its scheme, "" for a local path, and the rest. file:// is a local path.
func Scheme(uri string) (scheme, rest string) {
	scheme, rest, ok := strings.Cut(uri, "://")
	switch {
	case !ok || strings.ContainsAny(scheme, "/\\*?[{"):
		return "", uri
	case strings.EqualFold(scheme, "file"):
		return "", rest
	}
	return strings.ToLower(scheme), rest
}

// local returns the local path of an address, or an *UnsupportedError.
func local(uri string) (string, error) {
	scheme, path := Scheme(uri)
	if scheme != "" {
		return "", &UnsupportedError{URI: uri, Scheme: scheme}
	}
	return path, nil
}

// Open opens an object for reading. It is an error that wraps ErrChanged if the object is no longer what was matched.
func (a Access) Open(ctx context.Context, o Object) (Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if fsys, path, ok := mounted(o.URI); ok {
		return openMounted(fsys, path)
	}
	if scheme, path := Scheme(o.URI); scheme == "" {
		return openLocal(path, o)
	}
	s, err := a.storeOf(ctx, o.URI)
	if err != nil {
		return nil, err
	}
	return &remoteReader{ctx: ctx, store: s, object: o}, nil
}

// remoteReader makes a request of each read. It keeps the context of Open, as io.ReaderAt has none.
type remoteReader struct {
	ctx    context.Context
	store  *retrying
	object Object
}

func (r *remoteReader) ReadAt(p []byte, off int64) (int, error) {
	short := error(nil)
	if left := r.object.Size - off; int64(len(p)) > left {
		p, short = p[:max(0, left)], io.EOF
	}
	if len(p) == 0 {
		return 0, short
	}
	if err := r.store.readRange(r.ctx, r.object, p, off); err != nil {
		return 0, err
	}
	return len(p), short
}

func (r *remoteReader) Close() error { return nil }
func (r *remoteReader) Size() int64  { return r.object.Size }

// WithContext returns a reader like r whose requests end with ctx.
func WithContext(ctx context.Context, r Reader) Reader {
	if r, ok := r.(*remoteReader); ok {
		return &remoteReader{ctx: ctx, store: r.store, object: r.object}
	}
	return r
}

// Remote tells whether each read of an object is a request.
func Remote(uri string) bool {
	scheme, _ := Scheme(uri)
	_, mounted := mounts[scheme]
	return scheme != "" && !mounted
}

// Stat returns the object of an address, as it is now.
func (a Access) Stat(ctx context.Context, uri string) (Object, error) {
	if scheme, path := Scheme(uri); scheme == "" {
		return describe(path)
	}
	s, err := a.storeOf(ctx, uri)
	if err != nil {
		return Object{}, err
	}
	o, err := s.stat(ctx, uri)
	o.Name = baseOf(uri)
	return o, err
}

// List returns the objects whose address begins with prefix, and after that has at most so many slashes, without Name. A
// web server has no listing.
func (a Access) List(ctx context.Context, prefix string, slashes int) ([]Object, error) {
	if scheme, path := Scheme(prefix); scheme == "" {
		dir, begin := filepath.Split(filepath.FromSlash(path))
		return listLocal(ctx, filepath.Clean(dir), begin, slashes)
	}
	s, err := a.storeOf(ctx, prefix)
	if err != nil {
		return nil, err
	}
	objects, err := s.list(ctx, prefix)
	return slices.DeleteFunc(objects, func(o Object) bool {
		return strings.Count(strings.TrimPrefix(o.URI, prefix), "/") > slashes
	}), err
}

// listLocal follows links, as Stat does.
func listLocal(ctx context.Context, dir, begin string, slashes int) (out []Object, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), begin) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, fs.ErrNotExist): // a link to nothing
		case err != nil:
			return nil, err
		case info.Mode().IsRegular():
			out = append(out, Object{URI: path, Size: info.Size(), Version: localVersion(info), Token: localToken(info, time.Now())})
		case info.IsDir() && slashes > 0:
			below, err := listLocal(ctx, path, "", slashes-1)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
	}
	return out, err
}

// ReadAll returns the content of a small object.
func (a Access) ReadAll(ctx context.Context, uri string) ([]byte, error) {
	o, err := a.Stat(ctx, uri)
	if err != nil {
		return nil, err
	}
	return a.Content(ctx, o)
}

// Content returns the content of a small object that was listed or matched.
func (a Access) Content(ctx context.Context, o Object) ([]byte, error) {
	r, err := a.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // read only
	p := make([]byte, r.Size())
	if _, err := r.ReadAt(p, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return p, nil
}

// Join appends a path to an address.
func Join(uri, path string) string {
	if scheme, local := Scheme(uri); scheme == "" {
		return filepath.Join(local, filepath.FromSlash(path))
	}
	return strings.TrimRight(uri, "/") + "/" + path
}

var bytesRead atomic.Int64

// BytesRead is how many bytes this process has read through Readers.
func BytesRead() int64 { return bytesRead.Load() }

// Reason strips the operation and path that fs errors carry, as the caller names the file itself.
func Reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	var le *os.LinkError // of a rename
	if errors.As(err, &le) {
		return le.Err
	}
	return err
}
