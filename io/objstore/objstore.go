// Package objstore finds, opens and publishes objects: things with an address, a size and random access. It knows
// neither Beam nor Arrow.
//
// This version knows local files, and file systems mounted in the program itself ([Mount]). Another scheme is one more
// implementation behind [Match] and [Open]; an address with a scheme that nothing here serves is an
// [*UnsupportedError].
package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"
)

// Object is one object as it was when it was matched.
type Object struct {
	URI     string // absolute path
	Name    string // short name, distinct among the objects matched together: see Match
	Size    int64  // bytes
	Version string // changes when the content does
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
	return fmt.Sprintf("%s: no store for scheme %q; this version reads and writes local paths (or file://)", e.URI, e.Scheme)
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
func Open(ctx context.Context, o Object) (Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if fsys, path, ok := mounted(o.URI); ok {
		return openMounted(fsys, path)
	}
	path, err := local(o.URI)
	if err != nil {
		return nil, err
	}
	return openLocal(path, o)
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
	return err
}
