package objstore

import (
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
)

// accountOf writes the key file of a made-up service account whose tokens come from a test's server, sets
// GOOGLE_APPLICATION_CREDENTIALS to it, and returns the words that must be in no message.
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
			"delete": func() error { return g.Delete(ctx, "gs://bucket/x", "") },
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

// holds checks that a message has the wanted parts and no secret.
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

	// The variable has the key itself instead of its path.
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

// TestGCSDoesNotWaitForMetadata has a network that drops requests to the metadata server.
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

// TestGCSSendsNoCredential has a credential that must not be sent: to an emulator, and with --gcs-anonymous.
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

// TestGCSFollowsNoRedirect checks that redirects are errors, because the credential would be sent to the other address.
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
