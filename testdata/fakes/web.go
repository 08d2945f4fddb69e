package fakes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Web is a web server of objects in memory.
type Web struct {
	URL string

	// Before, where it is set, answers a request first, and tells whether it did. It may be called from many goroutines.
	Before func(w http.ResponseWriter, r *http.Request, content []byte) bool

	mu      sync.Mutex
	objects map[string][]byte
}

// NewWeb starts a web server of these objects, by path without the first slash.
func NewWeb(t testing.TB, objects map[string][]byte) *Web {
	t.Helper()
	w := &Web{objects: objects}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// Set puts an object at a path, or removes it if the content is nil.
func (s *Web) Set(path string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if content == nil {
		delete(s.objects, path)
	} else {
		s.objects[path] = content
	}
}

// ServeHTTP answers heads, whole objects and ranges, with an ETag.
func (s *Web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	content, ok := s.objects[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if s.Before != nil && s.Before(w, r, content) {
		return
	}
	w.Header().Set("ETag", tagOf(content))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func tagOf(content []byte) string {
	sum := sha256.Sum256(content)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// Faults are what a server or the way to it may do to a request. Each answers in the place of the server.
var Faults = map[string]func(w http.ResponseWriter, r *http.Request, content []byte){
	"403": status(http.StatusForbidden, ""),
	"404": status(http.StatusNotFound, ""),
	"429": status(http.StatusTooManyRequests, "0"),
	"500": status(http.StatusInternalServerError, ""),
	"503": status(http.StatusServiceUnavailable, "0"),
	"reset in the middle": func(w http.ResponseWriter, r *http.Request, content []byte) {
		partly(w, r, content)
		panic(http.ErrAbortHandler)
	},
	"reset at once": func(http.ResponseWriter, *http.Request, []byte) { panic(http.ErrAbortHandler) },
	"short body": func(w http.ResponseWriter, r *http.Request, content []byte) {
		partly(w, r, content) // the server closes the connection, as less came than it had said
	},
	"slow drip": func(w http.ResponseWriter, r *http.Request, content []byte) {
		body := answer(w, r, content)
		for _, part := range [][]byte{body[:len(body)/3], body[len(body)/3:]} {
			w.Write(part)                         //nolint:errcheck // the client may give up
			http.NewResponseController(w).Flush() //nolint:errcheck // as above
			time.Sleep(2 * time.Millisecond)
		}
	},
	"another ETag": func(w http.ResponseWriter, r *http.Request, content []byte) {
		other := bytes.Clone(content)
		for i := range other {
			other[i] ^= 0x55
		}
		w.Header().Set("ETag", tagOf(other))
		r.Header.Del("If-Match")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(other))
	},
	"a page with status 200": func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><html><body>Sign in to the network</body></html>")
	},
	"sent on to another host": func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, "http://nowhere.invalid/x", http.StatusFound)
	},
	"sent on to a file": func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	},
	"packed": func(w http.ResponseWriter, r *http.Request, content []byte) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("ETag", tagOf(content))
		w.Write(content[:len(content)/2]) //nolint:errcheck // the client may give up
	},
}

func status(code int, after string) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(code)
	}
}

// answer writes the head of a good answer and returns the body that is due.
func answer(w http.ResponseWriter, r *http.Request, content []byte) []byte {
	w.Header().Set("ETag", tagOf(content))
	body, code := content, http.StatusOK
	var from, to int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err == nil {
		to = min(to, len(content)-1)
		body, code = content[from:to+1], http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(content)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	if r.Method == http.MethodHead {
		return nil
	}
	return body
}

func partly(w http.ResponseWriter, r *http.Request, content []byte) {
	if body := answer(w, r, content); len(body) > 0 {
		w.Write(body[:len(body)/2])           //nolint:errcheck // the client may give up
		http.NewResponseController(w).Flush() //nolint:errcheck // as above
	}
}

// Schedule is which request meets which fault: each with a chance, by a seed, the address and how often it was asked for.
// So it does not matter in which order requests of several goroutines come.
type Schedule struct {
	Seed   uint64
	Chance float64  // of a request
	Names  []string // of Faults

	mu    sync.Mutex
	asked map[string]uint64
}

// Meets is a Before of a Web.
func (s *Schedule) Meets(w http.ResponseWriter, r *http.Request, content []byte) bool {
	what := r.Method + r.URL.Path + r.Header.Get("Range")
	s.mu.Lock()
	if s.asked == nil {
		s.asked = map[string]uint64{}
	}
	s.asked[what]++
	n := s.asked[what]
	s.mu.Unlock()
	h := fnv.New64a()
	h.Write([]byte(what)) //nolint:errcheck // never fails
	rng := rand.New(rand.NewPCG(s.Seed, h.Sum64()+n))
	if rng.Float64() >= s.Chance {
		return false
	}
	Faults[s.Names[rng.IntN(len(s.Names))]](w, r, content)
	return true
}
