package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// memStore is a store in memory.
type memStore struct {
	mu         sync.Mutex
	objects    map[string]memObject
	version    int
	ignorant   struct{ absent, version bool } // conditions that it does not mind
	before     func(op string) error          // fails a request before it is carried out
	afterwards func(op string) error          // loses the answer of one that was
}

type memObject struct {
	content []byte
	version string
}

// useMem serves a new store in memory under mem:// for the length of the test, with short pauses and leases.
func useMem(t *testing.T) *memStore {
	t.Helper()
	m := &memStore{objects: map[string]memObject{}}
	register("mem", func(context.Context, Access) (Store, error) { return m, nil })
	was, renewed, expires, poll := policy, leaseRenewed, leaseExpires, leasePoll
	policy.firstPause, policy.lastPause = time.Millisecond, 2*time.Millisecond
	leaseRenewed, leaseExpires, leasePoll = 30*time.Millisecond, 200*time.Millisecond, 5*time.Millisecond
	forget := func() {
		made.Lock()
		made.stores = nil
		made.Unlock()
	}
	forget()
	t.Cleanup(func() {
		delete(makers, "mem")
		forget()
		policy, leaseRenewed, leaseExpires, leasePoll = was, renewed, expires, poll
	})
	return m
}

func (m *memStore) do(op string, f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.before != nil {
		if err := m.before(op); err != nil {
			return err
		}
	}
	err := f()
	if m.afterwards != nil && err == nil {
		err = m.afterwards(op)
	}
	return err
}

func (m *memStore) List(_ context.Context, prefix string) (found []Object, err error) {
	err = m.do("list", func() error {
		for uri, o := range m.objects {
			if strings.HasPrefix(uri, prefix) {
				found = append(found, Object{URI: uri, Size: int64(len(o.content)), Version: o.version})
			}
		}
		return nil
	})
	return found, err
}

func (m *memStore) Stat(_ context.Context, uri string) (found Object, err error) {
	err = m.do("stat", func() error {
		o, ok := m.objects[uri]
		if !ok {
			return fs.ErrNotExist
		}
		found = Object{URI: uri, Size: int64(len(o.content)), Version: o.version}
		return nil
	})
	return found, err
}

func (m *memStore) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return m.do("read", func() error {
		have, ok := m.objects[o.URI]
		switch {
		case !ok:
			return fs.ErrNotExist
		case have.version != o.Version:
			return ErrChanged
		}
		copy(p, have.content[off:])
		return nil
	})
}

func (m *memStore) Put(_ context.Context, uri string, content []byte, when Condition) (version string, err error) {
	err = m.do("put "+uri, func() error {
		have, ok := m.objects[uri]
		switch {
		case when.Absent && ok && !m.ignorant.absent:
			return ErrExists
		case when.Version != "" && have.version != when.Version && !m.ignorant.version:
			return ErrChanged
		}
		m.version++
		version = strconv.Itoa(m.version)
		m.objects[uri] = memObject{bytes.Clone(content), version}
		return nil
	})
	return version, err
}

func (m *memStore) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	b, err := io.ReadAll(io.NewSectionReader(content, 0, size))
	if err != nil {
		return "", err
	}
	return m.Put(ctx, uri, b, Condition{})
}

func (m *memStore) Delete(_ context.Context, uri, version string) error {
	return m.do("delete "+uri, func() error {
		if have, ok := m.objects[uri]; ok && version != "" && have.version != version {
			return ErrChanged
		}
		delete(m.objects, uri)
		return nil
	})
}

// contents are the objects, for comparison.
func (m *memStore) contents() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]string{}
	for uri, o := range m.objects {
		out[uri] = string(o.content)
	}
	return out
}

func TestTheStoreOfTestsConforms(t *testing.T) { conforms(t, useMem(t), "mem://bucket/x/", nil) }

// TestRequestsAreMadeAgainWhereThatHelps counts attempts by what the store answers.
func TestRequestsAreMadeAgainWhereThatHelps(t *testing.T) {
	m := useMem(t)
	if _, err := m.Put(t.Context(), "mem://b/x", []byte("0123456789"), Condition{}); err != nil {
		t.Fatal(err)
	}
	var asked int
	for _, c := range []struct {
		name  string
		err   error
		fails int // so many first attempts
		want  int // attempts
		good  bool
	}{
		{"nothing wrong", nil, 0, 1, true},
		{"passes at once", temporary(errors.New("503"), 0), 1, 2, true},
		{"passes in the end", temporary(errors.New("503"), time.Millisecond), policy.attempts - 1, policy.attempts, true},
		{"never passes", temporary(errors.New("503"), 0), 100, policy.attempts, false},
		{"breaks off", fmt.Errorf("reading: %w", errors.ErrUnsupported), 1, 1, false},
		{"not allowed", fs.ErrPermission, 1, 1, false},
		{"not there", fs.ErrNotExist, 1, 1, false},
		{"changed", ErrChanged, 1, 1, false},
	} {
		asked = 0
		m.before = func(string) error {
			if asked++; asked <= c.fails {
				return c.err
			}
			return nil
		}
		before := Retries()
		p := make([]byte, 4)
		err := newRetrying(m).readRange(t.Context(), Object{URI: "mem://b/x", Size: 10, Version: "1"}, p, 3)
		if asked != c.want || (err == nil) != c.good || c.good && string(p) != "3456" || Retries()-before != int64(c.want-1) {
			t.Errorf("%s: %d attempts, %v, %q, %d counted", c.name, asked, err, p, Retries()-before)
		}
		if !c.good && !errors.Is(err, c.err) {
			t.Errorf("%s: found %v, expected %v", c.name, err, c.err)
		}
	}
}

// TestALostAnswerToAConditionalWriteIsFoundOut has the store carry out a write and lose its answer: the second attempt
// finds the object there, and must not take it for another's.
func TestALostAnswerToAConditionalWriteIsFoundOut(t *testing.T) {
	m := useMem(t)
	lose := 1
	m.afterwards = func(op string) error {
		if lose > 0 && strings.HasPrefix(op, "put") {
			lose--
			return temporary(errors.New("connection reset"), 0)
		}
		return nil
	}
	s := newRetrying(m)
	first, err := s.put(t.Context(), "mem://b/x", []byte("mine"), Condition{Absent: true})
	if err != nil {
		t.Fatal(err)
	}
	lose = 1
	if _, err := s.put(t.Context(), "mem://b/x", []byte("mine again"), Condition{Version: first}); err != nil {
		t.Fatal(err)
	}
	lose = 0
	if _, err := s.put(t.Context(), "mem://b/x", []byte("other"), Condition{Absent: true}); !errors.Is(err, ErrExists) {
		t.Errorf("found %v, expected %v", err, ErrExists)
	}
}

var likePort = regexp.MustCompile(`^[12]+/[^@]*[?#]`)

// TestNoPasswordIsShown has passwords of all that may mislead a reader of addresses.
func TestNoPasswordIsShown(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	const letters = "/?#@:[]%12XY"
	for range 100_000 {
		password := make([]byte, 3+chance.IntN(5))
		for i := range password {
			password[i] = letters[chance.IntN(len(letters))]
		}
		if likePort.Match(password) { // then it is the address of a host called user, with a port, a path and a query
			continue
		}
		for _, uri := range []string{"https://user:" + string(password) + "@host/x", "https://user:" + string(password) + "@host:80"} {
			if shown := Redact(uri); strings.ContainsAny(shown, "12XY") || strings.Contains(shown, "user") {
				t.Fatalf("%s is shown as %s", uri, shown)
			}
			if err := (Access{}).Allows(uri); err != nil && strings.ContainsAny(strings.NewReplacer("%2F", "", "%23", "", "%XX", "").Replace(err.Error()), "12XY") {
				t.Fatalf("%s: found %v", uri, err)
			}
		}
	}
}

func TestRedact(t *testing.T) {
	for uri, want := range map[string]string{
		"/local/a?b@c": "/local/a?b@c",
		"https://h/p/x.parquet?X-Amz-Signature=secret": "https://h/p/x.parquet",
		"https://user:secret@h/p":                      "https://h/p",
		"https://user:secret@h":                        "https://h",
		"az://container/x?sig=secret":                  "az://container/x",
		"htps://h/x?sig=secret":                        "htps://h/x",
		"gs://bucket/a?b*.parquet":                     "gs://bucket/a?b*.parquet",
		"https://h/p#fragment":                         "https://h/p",
		"https://user:se/cret@h/p":                     "https://...",
		"https://user:12/cret@h/p":                     "https://...",
		"https://user:se?cret@h/p":                     "https://...",
		"https://user:se#cret@h/p?sig=secret":          "https://...",
		"https://user:p@se/cret@h/p":                   "https://...",
		"https://user:p%2Fse@h:80/p":                   "https://h:80/p",
		"https://h:8080/p/x?mail=a@b":                  "https://h:8080/p/x",
		"https://[::1]:8080/p/x?t=1:2@3":               "https://[::1]:8080/p/x",
		"https://h/a@b.parquet":                        "https://h/a@b.parquet",
	} {
		if got := Redact(uri); got != want {
			t.Errorf("%s: found %s, expected %s", uri, got, want)
		}
	}
}
