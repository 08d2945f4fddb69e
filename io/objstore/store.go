package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Store has the objects of a scheme. Each call makes one attempt; [Access.storeOf] returns a store that tries again.
//
// Errors are or wrap fs.ErrNotExist, fs.ErrPermission, ErrChanged (the object has another version), ErrExists (the object exists
// and should not), ErrUnsupported or, if another attempt may succeed, a *temporaryError. Messages do not repeat the address and
// have no secrets.
type Store interface {
	// List returns all objects whose address begins with prefix, in any order. Their Name is empty.
	List(ctx context.Context, prefix string) ([]Object, error)

	// Stat returns the object at an address. Its Name is empty.
	Stat(ctx context.Context, uri string) (Object, error)

	// ReadRange fills p with the bytes of o from off on, in one request. All of them are of o.Version.
	ReadRange(ctx context.Context, o Object, p []byte, off int64) error

	// Put writes a whole object and returns its version.
	Put(ctx context.Context, uri string, content []byte, when Condition) (version string, err error)

	// PutFile writes the first size bytes of content without a condition. It keeps little of them in memory.
	PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (version string, err error)

	// Delete removes an object. If version is not empty and the object has another one, the error is ErrChanged. It is not an error
	// if there is no such object.
	Delete(ctx context.Context, uri, version string) error
}

// Condition says when a Put may write. The zero value means always.
type Condition struct {
	Absent  bool   // only if there is no such object; otherwise ErrExists
	Version string // only if the object has this version; otherwise ErrChanged
}

// Errors of stores.
var (
	ErrExists      = errors.New("it is there already")
	ErrUnsupported = errors.New("not supported by this kind of address")

	// ErrCredentials says that the credentials are wrong. Trying again later does not help.
	ErrCredentials = fmt.Errorf("not accepted: %w", fs.ErrPermission)
)

// Refused tells whether a server refused a request that it may grant to other users or later. Some servers also refuse requests for
// objects that do not exist, and requests that come too often.
func Refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) && !errors.Is(err, ErrCredentials)
}

// temporaryError is an error after which another attempt may succeed.
type temporaryError struct {
	err   error
	after time.Duration // the pause that the server asked for, or 0
}

func (e *temporaryError) Error() string { return e.err.Error() }
func (e *temporaryError) Unwrap() error { return e.err }

// temporary marks an error as one after which another attempt may succeed.
func temporary(err error, after time.Duration) error { return &temporaryError{err: err, after: after} }

// Unavailable is true: the store or the network did not answer as it should. It decides the exit code.
func (e *temporaryError) Unavailable() bool { return true }

// temporaryStatus tells whether a request may succeed later after an HTTP status: too many requests, or a fault of the server. A
// server that does not know the method or the HTTP version will not know it later.
func temporaryStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= http.StatusInternalServerError
}

// Access says how stores may be reached. What finds, reads and writes objects are its methods. It travels in DoFns, so its fields are
// exported.
type Access struct {
	GCSAnonymous bool // gs: use no credentials; otherwise there must be some
	AllowHTTP    bool // allow http, without encryption, to other hosts than this one

	// Refusing is the prefix of the addresses of a web server that answers 403 if requests come too often. If it refuses an object
	// that was found before, the request is tried again.
	Refusing string
}

// makers make the store of a scheme.
var makers = map[string]func(ctx context.Context, a Access) (Store, error){}

// register adds the maker of a scheme's store. Call it from an init function.
func register(scheme string, make func(ctx context.Context, a Access) (Store, error)) {
	makers[scheme] = make
}

// made are the stores of this process, so that connections and credentials are used again. They are no settings: which store
// serves an address is said by the Access with which it is asked for.
var made struct {
	sync.Mutex
	stores map[madeFor]*retrying
}

type madeFor struct {
	access Access
	scheme string
}

// storeOf returns the store that serves an address, or an *UnsupportedError.
func (a Access) storeOf(ctx context.Context, uri string) (*retrying, error) {
	scheme, _ := Scheme(uri)
	make, ok := makers[scheme]
	if !ok {
		return nil, &UnsupportedError{URI: Redact(uri), Scheme: scheme}
	}
	made.Lock()
	defer made.Unlock()
	if s := made.stores[madeFor{a, scheme}]; s != nil {
		return s, nil
	}
	one, err := make(context.WithoutCancel(ctx), a) // the store outlives the call
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Redact(uri), err)
	}
	if made.stores == nil {
		made.stores = map[madeFor]*retrying{}
	}
	s := newRetrying(one)
	made.stores[madeFor{a, scheme}] = s
	return s, nil
}

var bucketName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:-]*$`)

// isBucket tells whether a bucket may have this name. It becomes part of an address's path, or of a host's name.
func isBucket(name string) bool { return bucketName.MatchString(name) && !strings.Contains(name, "..") }

// Served tells whether addresses of a scheme can be read.
func Served(scheme string) bool {
	_, mounted := mounts[scheme]
	_, stored := makers[scheme]
	return scheme == "" || mounted || stored
}
