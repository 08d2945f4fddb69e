package objstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"google.golang.org/api/option"
)

// noGCS sets the environment so that there are no credentials in it, and no way to Google.
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

// fakeGCS is fake-gcs-server with one bucket, called bucket. between sees the requests first, and gives on those it wants.
func fakeGCS(t *testing.T, between func(w http.ResponseWriter, r *http.Request, next http.Handler)) *httptest.Server {
	t.Helper()
	noGCS(t)
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Stop)
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if between == nil {
			fake.HTTPHandler().ServeHTTP(w, r)
			return
		}
		between(w, r, fake.HTTPHandler())
	}))
	t.Cleanup(server.Close)
	return server
}

// emulated is a store whose library is told of the server by STORAGE_EMULATOR_HOST.
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

// at lets a store with credentials ask a server here.
func at(server *httptest.Server) option.ClientOption {
	return option.WithEndpoint(server.URL + "/storage/v1/")
}

func isMedia(r *http.Request) bool { return r.URL.Query().Get("alt") == "media" }

func TestGCSConforms(t *testing.T) {
	conforms(t, emulated(t, fakeGCS(t, nil)), "gs://bucket/run/", nil)
}

// gcsRetried is a store that tries again, as a Store.
type gcsRetried struct{ *retrying }

func (s gcsRetried) List(ctx context.Context, prefix string) ([]Object, error) {
	return s.list(ctx, prefix)
}

func (s gcsRetried) Stat(ctx context.Context, uri string) (Object, error) { return s.stat(ctx, uri) }

func (s gcsRetried) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	return s.readRange(ctx, o, p, off)
}

func (s gcsRetried) Put(ctx context.Context, uri string, content []byte, when Condition) (string, error) {
	return s.put(ctx, uri, content, when)
}

func (s gcsRetried) Delete(ctx context.Context, uri string) error { return s.delete(ctx, uri) }

// hasty makes the pauses between attempts short.
func hasty(t *testing.T) {
	t.Helper()
	saved := policy
	policy.firstPause, policy.lastPause = time.Millisecond, 2*time.Millisecond
	t.Cleanup(func() { policy = saved })
}

// TestGCSConformsWithTroubles loses requests before they are carried out, or answers after that.
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
			conforms(t, gcsRetried{newRetrying(emulated(t, fakeGCS(t, trouble)))}, "gs://bucket/run/", nil)
		})
	}
}

// TestGCSAttemptsOnce: what fails may be tried again by retrying alone, which is told what the server asks for.
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
		"delete": func() error { return g.Delete(ctx, o.URI) },
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

// TestGCSReadsWhatWasMatched is about answers that are not of the object as it was matched, or not all of it.
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

// TestGCSSendsTheChecksum in the one request of an upload, by which the server refuses what arrives otherwise.
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

// accountOf writes the key file of a made-up service account whose tokens come from a server here, points
// GOOGLE_APPLICATION_CREDENTIALS to it, and returns what must be in no message.
func accountOf(t *testing.T, server *httptest.Server) (secrets []string) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	writeCredential(t, map[string]string{
		"type": "service_account", "client_email": "robot@made-up.iam.gserviceaccount.com", "project_id": "made-up",
		"private_key_id": "0123456789abcdef", "private_key": key, "token_uri": server.URL + "/token",
	})
	return append(strings.Fields(key)[3:], "PRIVATE KEY", "0123456789abcdef", theToken) // its lines
}

const theToken = "made-up-access-token"

func writeCredential(t *testing.T, file map[string]string) {
	t.Helper()
	content, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
}

func TestGCSNamesTheCredentialThatIsRefused(t *testing.T) {
	status := 0
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		switch {
		case r.URL.Path == "/token":
			fmt.Fprintf(w, `{"access_token": %q, "token_type": "Bearer", "expires_in": 3600}`, theToken)
		case r.Header.Get("Authorization") != "Bearer "+theToken:
			t.Errorf("asked with authorization %q", r.Header.Get("Authorization"))
		case status != 0: // a proxy may repeat what it was sent
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error": {"code": %d, "message": "robot does not have storage.objects.get access, %s", "errors": [{"reason": "forbidden"}]}}`, status, r.Header.Get("Authorization"))
		default:
			next.ServeHTTP(w, r)
		}
	})
	secrets := accountOf(t, server)
	g, ctx := storeGCS(t, Access{}, at(server)), t.Context()
	version, err := g.Put(ctx, "gs://bucket/x", []byte("content"), Condition{})
	if err != nil {
		t.Fatal(err)
	}
	for _, status = range []int{401, 403} {
		for name, call := range map[string]func() error{
			"list": func() error { _, err := g.List(ctx, "gs://bucket/x"); return err },
			"stat": func() error { _, err := g.Stat(ctx, "gs://bucket/x"); return err },
			"read": func() error {
				return g.ReadRange(ctx, Object{URI: "gs://bucket/x", Size: 7, Version: version}, make([]byte, 3), 0)
			},
			"put":    func() error { _, err := g.Put(ctx, "gs://bucket/x", nil, Condition{}); return err },
			"delete": func() error { return g.Delete(ctx, "gs://bucket/x") },
		} {
			err := call()
			if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil {
				t.Fatalf("%s: found %v, expected %v", name, err, fs.ErrPermission)
			}
			holds(t, err, secrets, fmt.Sprint(status), "type service_account", "client_email robot@made-up.iam.gserviceaccount.com",
				"GOOGLE_APPLICATION_CREDENTIALS", "storage.objects.get", "roles/storage.objectViewer")
		}
	}
}

// holds checks that a message has the wanted parts, and no secret.
func holds(t *testing.T, err error, secrets []string, wanted ...string) {
	t.Helper()
	if err == nil {
		t.Error("found no error")
		return
	}
	for _, w := range wanted {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("found %q, expected %q in it", err, w)
		}
	}
	for _, s := range secrets {
		if strings.Contains(err.Error(), s) || strings.Contains(fmt.Sprintf("%#v", err), s) {
			t.Errorf("found a secret in %q", err)
		}
	}
}

func TestGCSWithoutToken(t *testing.T) {
	var status int
	var tokens, asked atomic.Int64
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		if r.URL.Path != "/token" {
			asked.Add(1)
		}
		tokens.Add(1)
		r.ParseForm() //nolint:errcheck // repeats it whatever it is
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error": "invalid_grant", "error_description": "no such account, for %s"}`, r.Form.Get("assertion"))
	})
	secrets := append(accountOf(t, server), "eyJ") // of which every signed assertion has the beginning
	g, ctx := storeGCS(t, Access{}, at(server)), t.Context()

	status = http.StatusBadRequest
	_, err := g.Stat(ctx, "gs://bucket/x")
	holds(t, err, secrets, "400", "invalid_grant", "client_email robot@made-up", "gcloud auth application-default login")
	if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil || asked.Load() != 0 {
		t.Errorf("found %v", err)
	}
	status = http.StatusServiceUnavailable
	_, err = g.Stat(ctx, "gs://bucket/x")
	holds(t, err, secrets, "503")
	if mayPass(err) == nil {
		t.Errorf("found %v, expected that it may pass", err)
	}
	server.Close()
	if _, err = g.Stat(ctx, "gs://bucket/x"); mayPass(err) == nil {
		t.Errorf("found %v, expected that it may pass", err)
	}
	holds(t, err, secrets, "no access token")
}

func TestGCSCredentialsThatCannotBeUsed(t *testing.T) {
	noGCS(t)
	_, err := newGCS(t.Context(), Access{})
	holds(t, err, nil, "GOOGLE_APPLICATION_CREDENTIALS", "gcloud auth application-default login", "--gcs-anonymous")

	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "missing.json"))
	_, err = newGCS(t.Context(), Access{})
	holds(t, err, nil, "(GOOGLE_APPLICATION_CREDENTIALS: no such file", "--gcs-anonymous")
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v tells that the object is missing", err)
	}

	// The key itself, where its path belongs.
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", `{"private_key":"MIIEsecret"}`)
	_, err = newGCS(t.Context(), Access{})
	holds(t, err, []string{"MIIEsecret"}, "--gcs-anonymous")

	for _, file := range []map[string]string{
		{"type": "unheard-of", "private_key": "MIIEsecret"},
		{"type": "service_account", "client_email": "a@b", "private_key": "MIIEsecret", "token_uri": "http://127.0.0.1:1/"},
		{"type": "authorized_user", "client_id": "a", "client_secret": "MIIEsecret", "refresh_token": ""},
	} {
		writeCredential(t, file)
		g, err := newGCS(t.Context(), Access{})
		if err == nil {
			_, err = g.Stat(t.Context(), "gs://bucket/x")
			if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil {
				t.Errorf("found %v, expected %v", err, fs.ErrPermission)
			}
		}
		holds(t, err, []string{"MIIEsecret"}, "--gcs-anonymous")
	}
}

// TestGCSDoesNotWaitForMetadata on a network that swallows what is sent to the metadata server.
func TestGCSDoesNotWaitForMetadata(t *testing.T) {
	noGCS(t)
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		detectGCSCredentials = func(*credentials.DetectOptions) (*auth.Credentials, error) {
			<-end
			return nil, errors.New("ended")
		}
		start := time.Now()
		_, err := newGCS(t.Context(), Access{})
		holds(t, err, nil, "GOOGLE_APPLICATION_CREDENTIALS", "--gcs-anonymous", "no answer")
		if took := time.Since(start); took != gcsFindLimit {
			t.Errorf("took %v, expected %v", took, gcsFindLimit)
		}
	})
}

// TestGCSSendsNoCredential: not to an emulator, and not where none is to be used, though there is one.
func TestGCSSendsNoCredential(t *testing.T) {
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		if r.URL.Path == "/token" || r.Header.Get("Authorization") != "" {
			t.Errorf("asked %s with authorization %q", r.URL.Path, r.Header.Get("Authorization"))
		}
		w.WriteHeader(http.StatusUnauthorized)
	})
	accountOf(t, server)
	_, err := storeGCS(t, Access{GCSAnonymous: true}, at(server)).Stat(t.Context(), "gs://bucket/x")
	holds(t, err, nil, "anonymous", "leave out --gcs-anonymous")
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("found %v", err)
	}
	_, err = emulated(t, server).Stat(t.Context(), "gs://bucket/x")
	holds(t, err, nil, "STORAGE_EMULATOR_HOST")
}

func TestGCSSpeaksHTTP1(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })) //nolint:errcheck // seen below
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	if _, err := http.Get(server.URL); err == nil { // sets the default transport up for HTTP/2
		t.Fatal("found no error, expected an unknown certificate")
	}
	transport := gcsConnections()
	defer transport.CloseIdleConnections()
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{}
	}
	transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	resp, err := (&http.Client{Transport: transport}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // not read
	if resp.Proto != "HTTP/1.1" {
		t.Errorf("found %s", resp.Proto)
	}
}

// TestGCSFollowsNoRedirect, as the credential would go with it.
func TestGCSFollowsNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer elsewhere.Close()
	server := fakeGCS(t, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	if _, err := emulated(t, server).Stat(t.Context(), "gs://bucket/x"); err == nil || mayPass(err) != nil || strings.Contains(err.Error(), server.URL) {
		t.Errorf("found %v", err)
	}
}

func TestGCSIdentity(t *testing.T) {
	noGCS(t)
	for file, want := range map[string]string{
		``: "of this machine",
		`{"type": "authorized_user", "account": "me@x", "refresh_token": "s3"}`:                                                                             "of type authorized_user, account me@x",
		`{"type": "external_account", "service_account_impersonation_url": "https://iamcredentials/v1/projects/-/serviceAccounts/r@x:generateAccessToken"}`: "of type external_account, acting as r@x",
	} {
		if got := identifyGCS([]byte(file)).name; !strings.Contains(got, want) || strings.Contains(got, "s3") {
			t.Errorf("found %q, expected %q", got, want)
		}
	}
}
