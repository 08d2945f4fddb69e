package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The policy of retries. There are up to attempts attempts. The pauses double from firstPause to lastPause; each is shortened at
// random, by up to a half, so that many readers do not retry at the same moment. If the server asks for a pause, that is used
// instead, up to longestWish.
var policy = struct {
	attempts              int
	firstPause, lastPause time.Duration
	longestWish           time.Duration
	perAttempt            time.Duration // time limit of a small request; a large one has more, by slowest
	slowest               int64         // the least bytes a second
}{attempts: 7, firstPause: 200 * time.Millisecond, lastPause: 10 * time.Second, longestWish: 2 * time.Minute, perAttempt: 30 * time.Second, slowest: 64 << 10}

// perHost is how many requests may be under way at once to one host.
const perHost = 16

var requests, retries atomic.Int64

// Requests returns how many requests this process has made to stores, retries included.
func Requests() int64 { return requests.Load() }

// Retries returns how many requests this process has repeated because they failed.
func Retries() int64 { return retries.Load() }

// retrying is a store that repeats requests which may succeed later, and limits the number of requests at once.
type retrying struct {
	one Store

	mu    sync.Mutex
	gates map[string]chan struct{} // by host or bucket
}

func newRetrying(one Store) *retrying { return &retrying{one: one, gates: map[string]chan struct{}{}} }

// gate limits the number of requests at once to an address's host.
func (s *retrying) gate(uri string) chan struct{} {
	_, rest := Scheme(uri)
	host, _, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gates[host] == nil {
		s.gates[host] = make(chan struct{}, perHost)
	}
	return s.gates[host]
}

// do makes a request until it succeeds, cannot succeed, or was tried often enough. size is the number of bytes that are
// transferred. attempt counts from 0.
func (s *retrying) do(ctx context.Context, uri string, size int, request func(ctx context.Context, attempt int) error) error {
	under := beginRequest(uri)
	defer under.end()
	gate := s.gate(uri)
	pause := policy.firstPause
	for attempt := 0; ; attempt++ {
		select {
		case gate <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		requests.Add(1)
		if attempt > 0 {
			retries.Add(1)
		}
		limited, cancel := context.WithTimeoutCause(ctx, policy.perAttempt+time.Duration(int64(size)/policy.slowest)*time.Second, errSlow)
		err := request(limited, attempt)
		if err != nil && limited.Err() != nil && ctx.Err() == nil {
			err = temporary(context.Cause(limited), 0)
		}
		cancel()
		<-gate
		switch again := mayPass(err); {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case again == nil:
			return err
		case attempt+1 >= policy.attempts:
			return temporary(fmt.Errorf("%w (tried %d times)", err, policy.attempts), again.after)
		default:
			wait := pause/2 + rand.N(pause/2+1)
			if again.after > 0 {
				wait = min(again.after, policy.longestWish)
			}
			pause = min(2*pause, policy.lastPause)
			under.failed(err)
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

var errSlow = errors.New("the server is too slow: no answer in time")

// mayPass returns err as a temporaryError if another attempt may succeed, otherwise nil.
func mayPass(err error) *temporaryError {
	var t *temporaryError
	var network net.Error
	var lookup *net.DNSError
	var disk *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &disk): // its cause is taken for one of the network, because both have the numbers of the system
		return nil
	case errors.As(err, &lookup) && lookup.IsNotFound && !wasReached(lookup.Name):
		return nil // the address is wrong
	case errors.As(err, &t):
		return t
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.As(err, &network) && !errors.Is(err, context.Canceled):
		return &temporaryError{err: err}
	}
	return nil
}

func (s *retrying) list(ctx context.Context, prefix string) (objects []Object, err error) {
	err = s.do(ctx, prefix, 0, func(ctx context.Context, _ int) error {
		objects, err = s.one.List(ctx, prefix)
		return err
	})
	for i, o := range objects {
		objects[i].Token = storeToken(o.Version, o.Size)
	}
	return objects, err
}

func (s *retrying) stat(ctx context.Context, uri string) (o Object, err error) {
	err = s.do(ctx, uri, 0, func(ctx context.Context, _ int) error {
		o, err = s.one.Stat(ctx, uri)
		return err
	})
	o.Token = storeToken(o.Version, o.Size)
	return o, err
}

func (s *retrying) readRange(ctx context.Context, o Object, p []byte, off int64) error {
	err := s.do(ctx, o.URI, len(p), func(ctx context.Context, _ int) error { return s.one.ReadRange(ctx, o, p, off) })
	if err == nil {
		bytesRead.Add(int64(len(p)))
	}
	return err
}

// put writes an object. If the answer to an attempt was lost, the object may have been written all the same, and the condition of
// the next attempt fails. Then put compares the object with the content.
func (s *retrying) put(ctx context.Context, uri string, content []byte, when Condition) (version string, err error) {
	err = s.do(ctx, uri, len(content), func(ctx context.Context, attempt int) error {
		version, err = s.one.Put(ctx, uri, content, when)
		if attempt > 0 && (errors.Is(err, ErrExists) || errors.Is(err, ErrChanged)) {
			o, same, trouble := s.holds(ctx, uri, content)
			switch {
			case trouble != nil:
				return trouble // so that the request is repeated, and the object compared again
			case same:
				version = o.Version
				return nil
			}
		}
		return err
	})
	return version, err
}

// holds tells whether an object has this content. If it returns an error, the caller may try again.
func (s *retrying) holds(ctx context.Context, uri string, content []byte) (o Object, same bool, err error) {
	o, err = s.one.Stat(ctx, uri)
	if err != nil || o.Size != int64(len(content)) {
		if mayPass(err) == nil {
			err = nil
		}
		return o, false, err
	}
	have := make([]byte, len(content))
	if len(have) > 0 {
		if err := s.one.ReadRange(ctx, o, have, 0); err != nil {
			if mayPass(err) == nil {
				err = nil
			}
			return o, false, err
		}
	}
	return o, bytes.Equal(have, content), nil
}

// putFile writes an object from a file without a condition, so that it can be repeated.
func (s *retrying) putFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (version string, err error) {
	err = s.do(ctx, uri, int(size), func(ctx context.Context, _ int) error {
		version, err = s.one.PutFile(ctx, uri, content, size)
		return err
	})
	return version, err
}

// delete removes an object; if version is not empty, only in that version. If the answer to an attempt was lost, the next attempt
// finds no object, which is not an error.
func (s *retrying) delete(ctx context.Context, uri, version string) error {
	return s.do(ctx, uri, 0, func(ctx context.Context, _ int) error { return s.one.Delete(ctx, uri, version) })
}

// QuickRetries makes the pauses between attempts short, for tests, and returns a function that restores them.
func QuickRetries() (undo func()) {
	was := policy
	policy.firstPause, policy.lastPause = time.Millisecond, 4*time.Millisecond
	return func() { policy = was }
}
