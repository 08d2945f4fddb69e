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

// Store is where the objects of a scheme lie. Each call is one attempt: [Access.storeOf] gives a store that tries again.
//
// Errors are or wrap fs.ErrNotExist, fs.ErrPermission, ErrChanged (the version is not the one asked for), ErrExists (it
// is there, and should not be), ErrUnsupported, or, where another attempt may succeed, a *temporaryError. Messages do
// not repeat the address, and hold no secret.
type Store interface {
	// List returns all objects whose address begins with prefix, in any order, without Name.
	List(ctx context.Context, prefix string) ([]Object, error)

	// Stat returns the object of an address, without Name.
	Stat(ctx context.Context, uri string) (Object, error)

	// ReadRange fills p with the bytes of o from off on, all of them, in one request. They are of o.Version.
	ReadRange(ctx context.Context, o Object, p []byte, off int64) error

	// Put writes a whole object and returns its version.
	Put(ctx context.Context, uri string, content []byte, when Condition) (version string, err error)

	// PutFile is Put of the first size bytes of content, whatever is there, with little of it in memory at once.
	PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (version string, err error)

	// Delete removes an object: whatever is there, or only what is of a version, else ErrChanged. That there is none is no
	// error.
	Delete(ctx context.Context, uri, version string) error
}

// Condition is when a Put is to be done. The zero value is always.
type Condition struct {
	Absent  bool   // only if there is no such object, else ErrExists
	Version string // only if the object is of this version, else ErrChanged
}

// Errors of stores.
var (
	ErrExists      = errors.New("it is there already")
	ErrUnsupported = errors.New("not supported by this kind of address")

	// ErrCredentials is a refusal that no waiting helps against.
	ErrCredentials = fmt.Errorf("not accepted: %w", fs.ErrPermission)
)

// Refused tells whether a server has refused what it may give to others, or at another time: some answer so for what is
// not there, and to who asks too often.
func Refused(err error) bool {
	return errors.Is(err, fs.ErrPermission) && !errors.Is(err, ErrCredentials)
}

// temporaryError is an error after which another attempt may succeed.
type temporaryError struct {
	err   error
	after time.Duration // as the server asks for, or 0
}

func (e *temporaryError) Error() string { return e.err.Error() }
func (e *temporaryError) Unwrap() error { return e.err }

// temporary marks an error as one after which another attempt may succeed.
func temporary(err error, after time.Duration) error { return &temporaryError{err: err, after: after} }

// Unavailable tells who chooses an exit code that the store or the network did not answer as it should.
func (e *temporaryError) Unavailable() bool { return true }

// temporaryStatus tells whether an HTTP status may pass: too many requests, or a server's own trouble. A server that does
// not know the method or the version of HTTP will not know it later.
func temporaryStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return status >= http.StatusInternalServerError
}

// Access is how stores are reached: all that finds, reads and writes objects are its methods. It travels in DoFns, so its fields
// are exported.
type Access struct {
	GCSAnonymous bool // gs: ask without credentials; otherwise there must be some
	AllowHTTP    bool // http to other hosts than this one, without encryption

	// Refusing is how addresses of a web server begin that answers 403 to who asks too often. There a refusal to read what
	// was found passes.
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
