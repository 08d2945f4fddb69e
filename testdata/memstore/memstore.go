// Package memstore has a store in memory for tests, which fails when it is told to.
package memstore

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tripstats/io/objstore"
)

// Scheme is that of the store's addresses.
const Scheme = "mem"

// Store is a store in memory.
type Store struct {
	mu      sync.Mutex
	objects map[string]object
	version int
	before  func(Request) error
	after   func(Request) error
}

type object struct {
	content []byte
	version string
}

// Request is a request to the store.
type Request struct {
	Op  string // list, stat, read, put or delete
	URI string
}

// Use serves a new store under mem:// until the test ends, with short pauses between attempts.
func Use(t testing.TB) *Store {
	t.Helper()
	s := &Store{objects: map[string]object{}}
	objstore.Register(Scheme, s)
	t.Cleanup(objstore.QuickRetries())
	return s
}

// Fail sets what is called before a request is carried out, and after it was. If it returns an error, that is the answer.
func (s *Store) Fail(before, after func(Request) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

func (s *Store) do(r Request, f func() error) error {
	s.mu.Lock()
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(r); err != nil {
			return err
		}
	}
	s.mu.Lock()
	err := f()
	s.mu.Unlock()
	if err == nil && after != nil {
		err = after(r)
	}
	return err
}

// Contents returns all objects whose address begins with a prefix, by the rest of it.
func (s *Store) Contents(prefix string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]string{}
	for uri, o := range s.objects {
		if below, ok := strings.CutPrefix(uri, prefix); ok {
			found[below] = string(o.content)
		}
	}
	return found
}

// Set puts an object, whatever the store is told to do, or removes it if content is nil.
func (s *Store) Set(uri string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if content == nil {
		delete(s.objects, uri)
		return
	}
	s.set(uri, content)
}

func (s *Store) set(uri string, content []byte) string {
	s.version++
	s.objects[uri] = object{bytes.Clone(content), strconv.Itoa(s.version)}
	return s.objects[uri].version
}

// List lists objects.
func (s *Store) List(_ context.Context, prefix string) (found []objstore.Object, err error) {
	err = s.do(Request{"list", prefix}, func() error {
		for _, uri := range slices.Sorted(maps.Keys(s.objects)) {
			if o := s.objects[uri]; strings.HasPrefix(uri, prefix) {
				found = append(found, objstore.Object{URI: uri, Size: int64(len(o.content)), Version: o.version})
			}
		}
		return nil
	})
	return found, err
}

// Stat describes an object.
func (s *Store) Stat(_ context.Context, uri string) (found objstore.Object, err error) {
	err = s.do(Request{"stat", uri}, func() error {
		o, ok := s.objects[uri]
		if !ok {
			return fs.ErrNotExist
		}
		found = objstore.Object{URI: uri, Size: int64(len(o.content)), Version: o.version}
		return nil
	})
	return found, err
}

// ReadRange reads an object in its version.
func (s *Store) ReadRange(ctx context.Context, o objstore.Object, p []byte, off int64) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.do(Request{"read", o.URI}, func() error {
		have, ok := s.objects[o.URI]
		switch {
		case !ok:
			return fs.ErrNotExist
		case have.version != o.Version:
			return objstore.ErrChanged
		}
		copy(p, have.content[off:])
		return nil
	})
}

// Put writes an object on a condition.
func (s *Store) Put(_ context.Context, uri string, content []byte, when objstore.Condition) (version string, err error) {
	err = s.do(Request{"put", uri}, func() error {
		have, ok := s.objects[uri]
		switch {
		case when.Absent && ok:
			return objstore.ErrExists
		case when.Version != "" && !ok:
			return fs.ErrNotExist
		case when.Version != "" && have.version != when.Version:
			return objstore.ErrChanged
		}
		version = s.set(uri, content)
		return nil
	})
	return version, err
}

// PutFile writes an object.
func (s *Store) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	b, err := io.ReadAll(io.NewSectionReader(content, 0, size))
	if err != nil {
		return "", err
	}
	return s.Put(ctx, uri, b, objstore.Condition{})
}

// Delete removes an object.
func (s *Store) Delete(_ context.Context, uri, version string) error {
	return s.do(Request{"delete", uri}, func() error {
		if have, ok := s.objects[uri]; ok && version != "" && have.version != version {
			return objstore.ErrChanged
		}
		delete(s.objects, uri)
		return nil
	})
}
