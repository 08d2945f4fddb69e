package objstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tripstats/testdata/fakes"
)

// noSecrets fails if a message has a secret.
func noSecrets(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{s3Secret, s3Session, "s3://", "127.0.0.1", "X-Amz", "Signature=", "x-id", "0a0a0a"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("found %q in %q", secret, err)
		}
	}
}

// allOf makes each kind of request, once.
func allOf(t *testing.T, s Store) map[string]error {
	t.Helper()
	const uri = "s3://bucket/dir/x"
	_, list := s.List(t.Context(), "s3://bucket/dir/")
	_, stat := s.Stat(t.Context(), uri)
	read := s.ReadRange(t.Context(), Object{URI: uri, Size: 10, Version: `"1"`}, make([]byte, 5), 2)
	_, put := s.Put(t.Context(), uri, []byte("x"), Condition{})
	all := map[string]error{"list": list, "stat": stat, "read": read, "put": put, "delete": s.Delete(t.Context(), uri, "")}
	for _, err := range all {
		noSecrets(t, err)
	}
	return all
}

func TestS3WithoutCredentials(t *testing.T) {
	f := fakes.NewS3(t, true)
	useS3(t, f.URL)
	check := func(t *testing.T, mentions ...string) {
		t.Helper()
		s, err := newS3(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for op, err := range allOf(t, s) {
			if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil {
				t.Fatalf("%s: found %v, %v", op, err, mayPass(err))
			}
			for _, want := range append(mentions, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "role") {
				if !strings.Contains(err.Error(), want) {
					t.Fatalf("%s: found %v, expected a word of %s", op, err, want)
				}
			}
		}
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		os.Unsetenv(name) //nolint:errcheck // useS3 has set it, and restores it
	}
	check(t)
	profile := filepath.Join(t.TempDir(), "config")
	t.Setenv("AWS_CONFIG_FILE", profile)
	for _, line := range []string{`echo '{"Version":1,"SecretAccessKey":"` + s3Secret + `"'`, `sh -c 'exit 3'`} {
		if err := os.WriteFile(profile, []byte("[default]\ncredential_process = "+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		check(t, "credential_process")
	}
	if n := len(f.Requests()); n != 0 {
		t.Errorf("%d requests were made without credentials", n)
	}
	t.Setenv("AWS_PROFILE", "nobody")
	if _, err := newS3(t.Context()); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("found %v, expected the profile's name", err)
	}
}

func TestS3Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		status        int
		code, message string
		mentions      string
	}{
		"access denied":   {403, "AccessDenied", "Access Denied", "AccessDenied: Access Denied"},
		"unknown key":     {403, "InvalidAccessKeyId", "The key does not exist in our records.", "does not know it"},
		"wrong secret":    {403, "SignatureDoesNotMatch", "Found " + strings.Repeat("0a", 32) + " of " + s3Secret, "its secret is not"},
		"session is over": {400, "ExpiredToken", "The provided token " + s3Session + " has expired.", "aws sso login"},
		"not signed in":   {401, "Unauthorized", "see http://idp/?token=" + s3Session, "Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fakes.NewS3(t, true)
			f.Before = func(w http.ResponseWriter, r *http.Request) bool {
				answerS3(w, c.status, c.code, c.message)
				return true
			}
			for op, err := range allOf(t, newS3Test(t, f.URL)) {
				if !errors.Is(err, fs.ErrPermission) || mayPass(err) != nil {
					t.Errorf("%s: found %v, expected %v", op, err, fs.ErrPermission)
				}
				for _, want := range []string{s3KeyID, "EnvConfigCredentials", c.mentions, fmt.Sprint(c.status)} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: found %v, expected a word of %q", op, err, want)
					}
				}
			}
		})
	}
}

func TestS3Temporary(t *testing.T) {
	f := fakes.NewS3(t, true)
	s := newS3Test(t, f.URL)
	if _, err := s.Put(t.Context(), "s3://bucket/x", []byte("0123456789"), Condition{}); err != nil {
		t.Fatal(err)
	}
	o, err := s.Stat(t.Context(), "s3://bucket/x")
	if err != nil {
		t.Fatal(err)
	}
	hijack := func(w http.ResponseWriter, text string) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(conn, text) //nolint:errcheck // the client reports it
		conn.Close()               //nolint:errcheck // as above
	}
	xml := func(status int, code string) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			answerS3(w, status, code, "later")
		}
	}
	for name, fail := range map[string]func(w http.ResponseWriter){
		"slow down":         xml(503, "SlowDown"),
		"slow down, by 400": xml(400, "SlowDown"),
		"request timeout":   xml(400, "RequestTimeout"),
		"408":               xml(408, "What"),
		"429":               xml(429, "What"),
		"500":               xml(500, "InternalError"),
		"502 of a proxy": func(w http.ResponseWriter) {
			w.WriteHeader(502)
			io.WriteString(w, "<html><br>bad gateway") //nolint:errcheck // the client reports it
		},
		"503 of a proxy, empty": func(w http.ResponseWriter) { w.WriteHeader(503) },
		"clock":                 xml(403, "RequestTimeTooSkewed"),
		"no answer":             func(w http.ResponseWriter) { hijack(w, "") },
		"half a head":           func(w http.ResponseWriter) { hijack(w, "HTTP/1.1 206 Partial") },
		"short body": func(w http.ResponseWriter) {
			hijack(w, "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 2-6/10\r\nETag: "+o.Version+"\r\n\r\n23")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			f.Before = func(w http.ResponseWriter, r *http.Request) bool {
				fails := asked.Add(1) <= 2
				if fails {
					fail(w)
				}
				return fails
			}
			before := len(f.Requests())
			err := s.ReadRange(t.Context(), o, make([]byte, 5), 2)
			if mayPass(err) == nil {
				t.Errorf("found %v, expected an error after which another attempt may succeed", err)
			}
			noSecrets(t, errors.New(strings.ReplaceAll(fmt.Sprint(err), "127.0.0.1:", ""))) // the network names hosts
			if n := len(f.Requests()) - before; n != 1 && name != "no answer" {             // which Go itself takes for a connection that was idle too long
				t.Errorf("found %d requests, expected one", n)
			}
			p := make([]byte, 5)
			if err := newRetrying(s).readRange(t.Context(), o, p, 2); err != nil || string(p) != "23456" {
				t.Errorf("found %q, %v", p, err)
			}
		})
	}
	t.Run("says when", func(t *testing.T) {
		f.Before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Retry-After", "7")
			answerS3(w, 503, "SlowDown", "Please reduce your request rate.")
			return true
		}
		for op, err := range allOf(t, s) {
			if again := mayPass(err); again == nil || again.after != 7*time.Second {
				t.Errorf("%s: found %v, %+v", op, err, again)
			}
		}
	})
	t.Run("half a listing", func(t *testing.T) {
		f.Before = func(w http.ResponseWriter, r *http.Request) bool {
			io.WriteString(w, `<ListBucketResult><Contents><Key>x</Key><Size>1</Size><ETag>"1"</ETag></Contents>`) //nolint:errcheck // the client reports it
			return true
		}
		if objects, err := s.List(t.Context(), "s3://bucket/"); mayPass(err) == nil {
			t.Errorf("found %v, %v", objects, err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		s := newS3Test(t, "http://127.0.0.1:1")
		if _, err := s.Stat(t.Context(), "s3://bucket/x"); mayPass(err) == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("found %v", err)
		}
	})
}

// TestS3Clock has a server that refuses signatures from a wrong clock. The SDK learns the time from that answer.
func TestS3Clock(t *testing.T) {
	f := fakes.NewS3(t, true)
	f.Before = func(w http.ResponseWriter, r *http.Request) bool {
		now := time.Now().Add(-3 * time.Hour)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || signed.Sub(now).Abs() > 15*time.Minute {
			answerS3(w, 403, "RequestTimeTooSkewed", "The difference is too large.")
			return true
		}
		if r.Method == http.MethodHead {
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Length", "3")
		}
		return r.Method == http.MethodHead
	}
	useS3(t, f.URL)
	o, err := Stat(t.Context(), "s3://bucket/x")
	if err != nil || o.Size != 3 {
		t.Errorf("found %+v, %v", o, err)
	}
}
