package objstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// This file has what io/fetch needs beyond finding and reading objects: streaming an object from some byte on, writing, and
// the policy of retries for callers that retry by themselves.

// Patience is a policy of retries: see [policy].
type Patience struct {
	Attempts    int // without progress between them
	First, Last time.Duration
}

// DefaultPatience is the policy of this package's own requests.
func DefaultPatience() Patience {
	return Patience{Attempts: policy.attempts, First: policy.firstPause, Last: policy.lastPause}
}

// Retry counts the attempts at one thing.
type Retry struct {
	Patience
	tried int
	pause time.Duration
}

// Begin begins to count.
func (p Patience) Begin() *Retry { return &Retry{Patience: p, pause: p.First} }

// Progress forgets the failed attempts, because the last one made progress.
func (r *Retry) Progress() { r.tried, r.pause = 0, r.First }

// Again says how long to wait after an attempt that ended with err, and whether the server asked for this pause. If there is no
// further attempt, it returns the error to fail with.
func (r *Retry) Again(err error) (wait time.Duration, wished bool, failed error) {
	again := mayPass(err)
	if again == nil {
		return 0, false, err
	}
	if r.tried++; r.tried >= r.Attempts {
		return 0, false, temporary(fmt.Errorf("%w (tried %d times)", err, r.tried), 0)
	}
	wait = r.pause/2 + rand.N(r.pause/2+1)
	r.pause = min(2*r.pause, r.Last)
	if again.after > 0 {
		return min(again.after, policy.longestWish), true, nil
	}
	return wait, false, nil
}

// Temporary marks an error as one after which another attempt may succeed.
func Temporary(err error) error { return temporary(err, 0) }

// IsTemporary tells whether another attempt might have succeeded after err.
func IsTemporary(err error) bool { return mayPass(err) != nil }

// CountRetry counts a request that [Get] is to make again.
func CountRetry() { retries.Add(1) }

// From says which part of an object is wanted.
type From struct {
	Offset  int64  // begin here if the object still has Version, otherwise at 0
	Version string // the version of the bytes before Offset, which the caller has
	Have    string // if the object has this version, the server need not send it
}

// Body is an object from Offset on. The caller must read it to its end in time, and Close it.
type Body struct {
	io.ReadCloser
	Offset    int64
	Size      int64  // bytes of the whole object, -1 if the server does not say
	Version   string // "" if the server does not say
	Unchanged bool   // the object has the version From.Have, so there are no bytes
}

// Get requests an object once. After ErrChanged the caller must request it again from 0.
func (a Access) Get(ctx context.Context, uri string, from From) (*Body, error) {
	if scheme, path := Scheme(uri); scheme == "" {
		o, err := describe(path)
		if err != nil {
			return nil, Reason(err)
		}
		return a.getObject(ctx, o, from)
	}
	s, err := a.storeOf(ctx, uri)
	if err != nil {
		return nil, err
	}
	if w, ok := s.one.(*web); ok {
		requests.Add(1)
		return w.get(ctx, uri, from)
	}
	o, err := s.stat(ctx, uri)
	if err != nil {
		return nil, err
	}
	return a.getObject(ctx, o, from)
}

// getBuffer is how many bytes of an object are requested at once.
const getBuffer = 4 << 20

// getObject reads an object in its current version.
func (a Access) getObject(ctx context.Context, o Object, from From) (*Body, error) {
	b := &Body{Size: o.Size, Version: o.Version, ReadCloser: io.NopCloser(strings.NewReader(""))}
	switch {
	case from.Have != "" && from.Have == o.Version:
		b.Unchanged = true
		return b, nil
	case from.Offset > 0 && from.Version != "" && from.Version == o.Version && from.Offset < o.Size:
		b.Offset = from.Offset
	}
	r, err := a.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	b.ReadCloser = struct {
		io.Reader
		io.Closer
	}{bufio.NewReaderSize(io.NewSectionReader(r, b.Offset, o.Size-b.Offset), getBuffer), r}
	return b, nil
}

// get requests an object from a web server.
func (w *web) get(ctx context.Context, uri string, from From) (*Body, error) {
	header := http.Header{}
	ranged := from.Offset > 0 && from.Version != "" && !strings.HasPrefix(from.Version, "W/")
	if ranged {
		header.Set("Range", fmt.Sprintf("bytes=%d-", from.Offset))
		header.Set("If-Range", from.Version)
	}
	switch {
	case strings.HasPrefix(from.Have, `"`), strings.HasPrefix(from.Have, "W/"):
		header.Set("If-None-Match", from.Have)
	case from.Have != "":
		header.Set("If-Modified-Since", from.Have)
	}
	resp, err := w.ask(ctx, http.MethodGet, uri, header)
	if err != nil {
		return nil, err
	}
	b, err := bodyOf(resp, from, ranged)
	if err != nil || b.Unchanged {
		resp.Body.Close() //nolint:errcheck // the rest of it is not needed
	}
	return b, err
}

// bodyOf reads the head of an answer.
func bodyOf(resp *http.Response, from From, ranged bool) (*Body, error) {
	b := &Body{ReadCloser: resp.Body, Size: resp.ContentLength, Version: versionOf(resp.Header)}
	switch {
	case resp.StatusCode == http.StatusNotModified && from.Have != "":
		b.Unchanged, b.Version, b.Size = true, from.Have, -1
		return b, nil
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && ranged:
		return nil, fmt.Errorf("%w: it is shorter now", ErrChanged)
	case resp.StatusCode == http.StatusPartialContent && ranged:
		if b.Version != "" && b.Version != from.Version {
			return nil, fmt.Errorf("%w: found another version in the middle of it", ErrChanged)
		}
		first, size, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || first != from.Offset || resp.ContentLength >= 0 && size >= 0 && resp.ContentLength != size-first {
			return nil, fmt.Errorf("%w: the server answers with another range than it was asked for", ErrChanged)
		}
		b.Offset, b.Size, b.Version = first, size, from.Version
		return b, nil
	}
	if err := answer(resp, http.StatusOK); err != nil {
		return nil, err
	}
	return b, nil
}

// contentRange reads a header of that name: bytes FIRST-LAST/SIZE, up to the end of the content. size is -1 for *.
func contentRange(value string) (first, size int64, ok bool) {
	span, total, ok := strings.Cut(strings.TrimPrefix(value, "bytes "), "/")
	from, to, ok2 := strings.Cut(span, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	if !ok || !ok2 || err != nil || err2 != nil || first < 0 || last < first || !strings.HasPrefix(value, "bytes ") {
		return 0, 0, false
	}
	if total == "*" {
		return first, -1, true
	}
	size, err = strconv.ParseInt(total, 10, 64)
	return first, size, err == nil && size == last+1
}

// Put writes a whole object in one step and returns its version. A local file survives a power cut then.
func (a Access) Put(ctx context.Context, uri string, content []byte, when Condition) (version string, err error) {
	if scheme, _ := Scheme(uri); scheme == "" {
		return localStore{}.Put(ctx, uri, content, when)
	}
	s, err := a.storeOf(ctx, uri)
	if err != nil {
		return "", err
	}
	return s.put(ctx, uri, content, when)
}

// Delete removes an object. If version is not empty and the object has another one, the error is ErrChanged. It is not an error if there
// is no such object.
func (a Access) Delete(ctx context.Context, uri, version string) error {
	if scheme, _ := Scheme(uri); scheme == "" {
		return localStore{}.Delete(ctx, uri, version)
	}
	s, err := a.storeOf(ctx, uri)
	if err != nil {
		return err
	}
	return s.delete(ctx, uri, version)
}

// PutFile writes an object from a local file. It keeps little of it in memory.
func (a Access) PutFile(ctx context.Context, uri, path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if scheme, _ := Scheme(uri); scheme == "" {
		_, err = localStore{}.PutFile(ctx, uri, f, info.Size())
		return err
	}
	s, err := a.storeOf(ctx, uri)
	if err != nil {
		return err
	}
	_, err = s.putFile(ctx, uri, f, info.Size())
	return err
}

// Register adds or replaces the store of a scheme, for tests of other packages. No address of the scheme may be in use
// meanwhile.
func Register(scheme string, s Store) {
	register(scheme, func(context.Context, Access) (Store, error) { return s, nil })
	Forget()
}

// Forget has stores made anew, for tests that change what the environment says of them.
func Forget() {
	made.Lock()
	defer made.Unlock()
	made.stores = nil
}
