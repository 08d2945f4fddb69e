package objstore

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"google.golang.org/api/option"
)

// noGCS sets an environment without credentials and without a way to reach Google.
func noGCS(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "GCE_METADATA_HOST", "GOOGLE_CLOUD_QUOTA_PROJECT",
		"GOOGLE_CLOUD_UNIVERSE_DOMAIN", "GOOGLE_API_USE_CLIENT_CERTIFICATE", "CLOUDSDK_CONFIG",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("APPDATA", t.TempDir())
	saved := detectGCSCredentials
	detectGCSCredentials = func(o *credentials.DetectOptions) (*auth.Credentials, error) {
		if os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") == "" {
			return nil, errors.New("credentials: could not find default credentials") // as away from Google's machines
		}
		return saved(o)
	}
	t.Cleanup(func() { detectGCSCredentials = saved })
}

// fakeGCS returns fake-gcs-server with one bucket, called bucket. between gets each request first and decides whether to pass it on.
func fakeGCS(t *testing.T, between func(w http.ResponseWriter, r *http.Request, next http.Handler)) *httptest.Server {
	t.Helper()
	noGCS(t)
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Stop)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	handler := heedsOnDelete(fake.HTTPHandler())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if between == nil {
			handler.ServeHTTP(w, r)
			return
		}
		between(w, r, handler)
	}))
	t.Cleanup(server.Close)
	return server
}

// heedsOnDelete makes deletions honour their condition, which fake-gcs-server 1.56.1 ignores.
func heedsOnDelete(fake http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if want := r.URL.Query().Get("ifGenerationMatch"); r.Method == http.MethodDelete && want != "" {
			look := r.Clone(r.Context())
			look.Method, look.URL.RawQuery = http.MethodGet, ""
			found := httptest.NewRecorder()
			fake.ServeHTTP(found, look)
			var o struct{ Generation string }
			if err := json.Unmarshal(found.Body.Bytes(), &o); err == nil && found.Code == http.StatusOK && o.Generation != want {
				w.WriteHeader(http.StatusPreconditionFailed)
				return
			}
		}
		fake.ServeHTTP(w, r)
	})
}

// emulated returns a store whose library finds the server by STORAGE_EMULATOR_HOST.
func emulated(t *testing.T, server *httptest.Server) *gcs {
	t.Helper()
	t.Setenv("STORAGE_EMULATOR_HOST", server.URL)
	return storeGCS(t, Access{})
}

func storeGCS(t *testing.T, a Access, more ...option.ClientOption) *gcs {
	t.Helper()
	g, err := newGCS(t.Context(), a, more...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// at makes a store with credentials send its requests to a test's server.
func at(server *httptest.Server) option.ClientOption {
	return option.WithEndpoint(server.URL + "/storage/v1/")
}

func isMedia(r *http.Request) bool { return r.URL.Query().Get("alt") == "media" }

func TestGCSConforms(t *testing.T) {
	conforms(t, emulated(t, fakeGCS(t, nil)), "gs://bucket/run/", nil)
}

// hasty makes the pauses between attempts short.
func hasty(t *testing.T) {
	t.Helper()
	saved := policy
	policy.firstPause, policy.lastPause = time.Millisecond, 2*time.Millisecond
	t.Cleanup(func() { policy = saved })
}

// TestGCSConformsWithTroubles loses requests before they are carried out, and answers after they were.
func TestGCSConformsWithTroubles(t *testing.T) {
	hasty(t)
	var n atomic.Int64
	for name, trouble := range map[string]func(w http.ResponseWriter, r *http.Request, next http.Handler){
		"requests": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			switch i := n.Add(1); {
			case i%3 == 0:
				w.WriteHeader(http.StatusServiceUnavailable)
			case i%4 == 0:
				panic(http.ErrAbortHandler) // closes the connection
			case i%5 == 0 && isMedia(r):
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				maps.Copy(w.Header(), answer.Header())
				w.WriteHeader(answer.Code)
				w.Write(answer.Body.Bytes()[:answer.Body.Len()/2]) //nolint:errcheck // breaks off
				panic(http.ErrAbortHandler)
			default:
				next.ServeHTTP(w, r)
			}
		},
		"answers": func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodGet || n.Add(1)%2 == 0 {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			conforms(t, again{newRetrying(emulated(t, fakeGCS(t, trouble)))}, "gs://bucket/run/", nil)
		})
	}
}

// TestGCSAttemptsOnce checks that the library does not retry. Only retrying does, and it gets the pause that the server asks for.
func TestGCSAttemptsOnce(t *testing.T) {
	var n atomic.Int64
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // of no interest
		n.Add(1)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	g, ctx := emulated(t, server), t.Context()
	o := Object{URI: "gs://bucket/secret-name", Size: 10, Version: "5"}
	for name, call := range map[string]func() error{
		"list":   func() error { _, err := g.List(ctx, o.URI); return err },
		"stat":   func() error { _, err := g.Stat(ctx, o.URI); return err },
		"read":   func() error { return g.ReadRange(ctx, o, make([]byte, 3), 0) },
		"put":    func() error { _, err := g.Put(ctx, o.URI, []byte("x"), Condition{}); return err },
		"absent": func() error { _, err := g.Put(ctx, o.URI, []byte("x"), Condition{Absent: true}); return err },
		"delete": func() error { return g.Delete(ctx, o.URI, "") },
	} {
		n.Store(0)
		err := call()
		if again := mayPass(err); n.Load() != 1 || again == nil || again.after != 7*time.Second {
			t.Errorf("%s: found %d requests and %v, expected one, and that it may pass after 7s", name, n.Load(), err)
		}
		if err != nil && strings.Contains(err.Error(), "secret-name") {
			t.Errorf("%s: %v repeats the address", name, err)
		}
	}
	server.Close()
	if _, err := g.Stat(ctx, o.URI); mayPass(err) == nil || strings.Contains(err.Error(), "secret-name") {
		t.Errorf("found %v, expected an error that may pass", err)
	}
}

func TestGCSTriesAgain(t *testing.T) {
	hasty(t)
	var n atomic.Int64
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if n.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
	s := newRetrying(emulated(t, server))
	if version, err := s.put(t.Context(), "gs://bucket/x", []byte("content"), Condition{Absent: true}); err != nil || version == "" || n.Load() != 3 {
		t.Errorf("found version %q, %v after %d requests, expected 3", version, err, n.Load())
	}
}

// TestGCSReadsWhatWasMatched has answers with another version than the matched one, and incomplete answers.
func TestGCSReadsWhatWasMatched(t *testing.T) {
	var n atomic.Int64
	var spoil func(h http.Header, body []byte) []byte
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !isMedia(r) || spoil == nil {
			next.ServeHTTP(w, r)
			return
		}
		n.Add(1)
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("the server may decompress")
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body := spoil(answer.Header(), answer.Body.Bytes())
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(body) //nolint:errcheck // may break off
	})
	g, ctx := emulated(t, server), t.Context()
	const uri = "gs://bucket/x"
	if _, err := g.Put(ctx, uri, []byte("0123456789"), Condition{}); err != nil {
		t.Fatal(err)
	}
	o, err := g.Stat(ctx, uri)
	if err != nil {
		t.Fatal(err)
	}
	same := func(_ http.Header, body []byte) []byte { return body }
	longer := o
	longer.Size++
	for _, c := range []struct {
		name    string
		o       Object
		off     int64
		spoil   func(h http.Header, body []byte) []byte
		want    error
		mayPass bool
	}{
		{"another generation", o, 2, func(h http.Header, body []byte) []byte { h.Set("X-Goog-Generation", "1"); return body }, ErrChanged, false},
		{"another size", longer, 2, same, ErrChanged, false},
		{"beyond its end", o, 10, same, ErrChanged, false},
		{"a version that is none", Object{URI: uri, Size: 10, Version: `"etag"`}, 2, same, nil, false},
		{"another range", o, 2, func(h http.Header, body []byte) []byte { h.Set("Content-Range", "bytes 3-6/10"); return body }, nil, false},
		{"breaks off", o, 2, func(_ http.Header, body []byte) []byte { return body[:2] }, nil, true},
	} {
		spoil = c.spoil
		n.Store(0)
		err := g.ReadRange(ctx, c.o, make([]byte, 4), c.off)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || (mayPass(err) != nil) != c.mayPass || n.Load() > 1 {
			t.Errorf("%s: found %v after %d requests, expected %v, that it may pass: %v", c.name, err, n.Load(), c.want, c.mayPass)
		}
	}
	spoil = nil
	if _, err := g.Put(ctx, uri, []byte("9876543210"), Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := g.ReadRange(ctx, o, make([]byte, 4), 2); !errors.Is(err, ErrChanged) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %v, expected %v", err, ErrChanged)
	}
}

func TestGCSRefusesEncodedContent(t *testing.T) {
	noGCS(t)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	io.WriteString(w, strings.Repeat("content ", 100)) //nolint:errcheck // to memory
	w.Close()                                          //nolint:errcheck // to memory
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, InitialObjects: []fakestorage.Object{{
		ObjectAttrs: fakestorage.ObjectAttrs{BucketName: "bucket", Name: "x", ContentEncoding: "gzip"}, Content: zipped.Bytes(),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Stop()
	server := httptest.NewServer(fake.HTTPHandler())
	defer server.Close()
	g := emulated(t, server)
	o, err := g.Stat(t.Context(), "gs://bucket/x")
	if err != nil || o.Size != int64(zipped.Len()) {
		t.Fatalf("found %+v, %v", o, err)
	}
	if err := g.ReadRange(t.Context(), o, make([]byte, 4), 2); err == nil || !strings.Contains(err.Error(), `content encoding "gzip"`) {
		t.Errorf("found %v", err)
	}
}

func TestGCSListsPageByPage(t *testing.T) {
	var pages atomic.Int64
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodGet {
			pages.Add(1)
			if fields := r.URL.Query().Get("fields"); strings.Contains(fields, "acl") || !strings.Contains(fields, "generation") {
				t.Errorf("asks for fields %q", fields)
			}
		}
		next.ServeHTTP(w, r)
	})
	g := emulated(t, server)
	g.page = 2
	for i := range 5 {
		if _, err := g.Put(t.Context(), fmt.Sprintf("gs://bucket/a/%d", i), nil, Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	if objects, err := g.List(t.Context(), "gs://bucket/a/"); err != nil || len(objects) != 5 || pages.Load() != 3 {
		t.Errorf("found %d objects in %d pages, %v", len(objects), pages.Load(), err)
	}
	if objects, err := g.List(t.Context(), "gs://bucket"); err != nil || len(objects) != 5 {
		t.Errorf("the bucket: found %d objects, %v", len(objects), err)
	}
	if _, err := g.List(t.Context(), "gs://nobucket/a/"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %v", err)
	}
}

// TestGCSSendsTheChecksum checks that an upload is one request with its checksum, so that the server refuses changed bytes.
func TestGCSSendsTheChecksum(t *testing.T) {
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, _ := io.ReadAll(r.Body)
		if kind := r.URL.Query().Get("uploadType"); kind != "multipart" || !bytes.Contains(body, []byte(`"crc32c"`)) {
			t.Errorf("found an upload of type %q:\n%s", kind, body)
		}
		r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte("original"), []byte("spoilt!!"), 1)))
		next.ServeHTTP(w, r)
	})
	g := emulated(t, server)
	if _, err := g.Put(t.Context(), "gs://bucket/x", []byte("as it was"), Condition{}); err != nil {
		t.Error(err)
	}
	if _, err := g.Put(t.Context(), "gs://bucket/x", []byte("original"), Condition{}); err == nil {
		t.Error("found no error, expected one")
	}
}

func TestGCSAddresses(t *testing.T) {
	g, ctx := emulated(t, fakeGCS(t, nil)), t.Context()
	for _, uri := range []string{"gs://", "gs:///x", "gs://bucket", "gs://bucket/", "gs://bucket/\xff"} {
		if _, err := g.Stat(ctx, uri); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: found %v, expected another error", uri, err)
		}
	}
}
