package objstore

import (
	"context"
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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tripstats/testdata/fakes"
)

// What the tests' credentials are. No message may have the secrets in it.
const (
	s3KeyID   = "AKIAPLANTEDKEYID"
	s3Secret  = "planted/secret+0123456789abcdefghijklmnop"
	s3Session = "planted-session-token=="
)

// answerS3 answers with an error of S3.
func answerS3(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	io.WriteString(w, fakes.S3Error(code, message)) //nolint:errcheck // the client reports it
}

// useS3 makes s3:// in this test mean an endpoint, or AWS if it is "", with the planted credentials and nothing of the
// machine's own configuration. Short pauses, too.
func useS3(t *testing.T, endpoint string) {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restores it afterwards
			os.Unsetenv(name)  //nolint:errcheck // it has just been set
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": empty, "AWS_SHARED_CREDENTIALS_FILE": empty, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": s3KeyID, "AWS_SECRET_ACCESS_KEY": s3Secret, "AWS_SESSION_TOKEN": s3Session,
		"AWS_MAX_ATTEMPTS": "5", // of the SDK: not heeded, the retries are ours
	} {
		t.Setenv(name, value)
	}
	if endpoint != "" {
		t.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
	}
	forget := func() {
		made.Lock()
		defer made.Unlock()
		delete(made.stores, "s3")
	}
	forget()
	t.Cleanup(forget)
	was := policy
	policy.firstPause, policy.lastPause = time.Millisecond, 2*time.Millisecond
	t.Cleanup(func() { policy = was })
}

func newS3Test(t *testing.T, endpoint string) *s3Store {
	t.Helper()
	useS3(t, endpoint)
	s, err := newS3(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// s3Again is a store that tries again, as a Store.
type s3Again struct{ *retrying }

func (s s3Again) List(ctx context.Context, prefix string) ([]Object, error) {
	return s.list(ctx, prefix)
}
func (s s3Again) Stat(ctx context.Context, uri string) (Object, error) { return s.stat(ctx, uri) }
func (s s3Again) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	return s.readRange(ctx, o, p, off)
}

func (s s3Again) Put(ctx context.Context, uri string, content []byte, when Condition) (string, error) {
	return s.put(ctx, uri, content, when)
}
func (s s3Again) Delete(ctx context.Context, uri string) error { return s.delete(ctx, uri) }

// smallPages makes a listing come in pages of 7.
func smallPages(_ http.ResponseWriter, r *http.Request) bool {
	if q := r.URL.Query(); q.Get("list-type") == "2" {
		q.Set("max-keys", "7")
		r.URL.RawQuery = q.Encode()
	}
	return false
}

func TestS3Conforms(t *testing.T) {
	t.Run("once", func(t *testing.T) {
		conforms(t, newS3Test(t, fakes.NewS3(t, true).URL), "s3://bucket/run/", nil)
	})
	t.Run("in pages, by host name", func(t *testing.T) {
		f := fakes.NewS3(t, true)
		f.Before = smallPages
		conforms(t, newS3Test(t, strings.Replace(f.URL, "127.0.0.1", "localhost", 1)), "s3://bucket/run/", nil)
		lists := 0
		for _, r := range f.Requests() {
			if !strings.HasPrefix(r.Host, "localhost:") || !strings.HasPrefix(r.URL.Path, "/bucket") {
				t.Fatalf("found host %s, path %s, expected path style", r.Host, r.URL.Path)
			}
			if r.URL.Query().Get("list-type") == "2" {
				lists++
			}
		}
		if lists != 5 { // 25 objects by 7, and nothing
			t.Errorf("found %d pages", lists)
		}
	})
	t.Run("trying again, with every third answer lost", func(t *testing.T) {
		f := fakes.NewS3(t, true)
		var mu sync.Mutex
		n := 0
		f.Before = func(w http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			if n++; n%3 == 0 {
				answerS3(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
			}
			return n%3 == 0
		}
		conforms(t, s3Again{newRetrying(newS3Test(t, f.URL))}, "s3://bucket/run/", nil)
	})
}

// TestS3ThatIgnoresConditions says what fakes.NewS3(t, false) is: a write on condition overwrites, and nobody is told. A
// read is still of one version, as the answer's ETag is compared.
func TestS3ThatIgnoresConditions(t *testing.T) {
	s := newS3Test(t, fakes.NewS3(t, false).URL)
	for range 2 {
		if _, err := s.Put(t.Context(), "s3://bucket/x", []byte("same"), Condition{Absent: true}); err != nil {
			t.Fatal(err)
		}
	}
	o, err := s.Stat(t.Context(), "s3://bucket/x")
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 2)
	if err := s.ReadRange(t.Context(), o, p, 0); err != nil || string(p) != "sa" {
		t.Errorf("found %q, %v", p, err)
	}
	if _, err := s.Put(t.Context(), "s3://bucket/x", []byte("else"), Condition{Version: `"another"`}); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadRange(t.Context(), o, p, 2); !errors.Is(err, ErrChanged) {
		t.Errorf("found %q, %v, expected %v", p, err, ErrChanged)
	}
}

// noSecrets fails if a message has what it must not.
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
	all := map[string]error{"list": list, "stat": stat, "read": read, "put": put, "delete": s.Delete(t.Context(), uri)}
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

// TestS3Clock: a server refuses the signature of a clock that is wrong; the SDK learns the time from that answer.
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

func TestS3ChangesBetweenRanges(t *testing.T) {
	const tag, other = `"1"`, `"2"`
	const whole = `bytes 2-6/10`
	for name, c := range map[string]struct {
		etag, ranged, encoding string
		status, length         int
		is                     error // or
		says                   string
	}{
		"as it was":            {tag, whole, "", 206, 5, nil, ""},
		"as it was, unquoted":  {"1", whole, "aws-chunked", 206, 5, nil, ""},
		"another ETag":         {other, whole, "", 206, 5, ErrChanged, other},
		"no ETag":              {"", whole, "", 206, 5, ErrChanged, "ETag"},
		"longer now":           {tag, "bytes 2-6/11", "", 206, 5, ErrChanged, "2-6/11"},
		"another range":        {tag, "bytes 0-4/10", "", 206, 5, ErrChanged, "0-4/10"},
		"fewer bytes":          {tag, whole, "", 206, 4, ErrChanged, "4 bytes"},
		"all of it":            {tag, "", "", 200, 10, nil, "range requests"},
		"all of another":       {other, "", "", 200, 10, ErrChanged, other},
		"packed":               {tag, whole, "gzip", 206, 5, nil, `content encoding "gzip"`},
		"packed, and in parts": {tag, whole, "gzip,aws-chunked", 206, 5, nil, `content encoding "gzip"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := fakes.NewS3(t, true)
			f.Before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("If-Match") != tag || r.Header.Get("Range") != "bytes=2-6" || r.Header.Get("X-Amz-Checksum-Mode") != "" {
					t.Errorf("found the request %v", r.Header)
				}
				for k, v := range map[string]string{"ETag": c.etag, "Content-Range": c.ranged, "Content-Encoding": c.encoding} {
					if v != "" {
						w.Header().Set(k, v)
					}
				}
				w.WriteHeader(c.status)
				io.WriteString(w, "0123456789"[:c.length]) //nolint:errcheck // the client reports it
				return true
			}
			s := newS3Test(t, f.URL)
			err := s.ReadRange(t.Context(), Object{URI: "s3://bucket/x", Size: 10, Version: tag}, make([]byte, 5), 2)
			switch {
			case c.is == nil && c.says == "" && err != nil, c.is != nil && !errors.Is(err, c.is), mayPass(err) != nil:
				t.Errorf("found %v", err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("found %v, expected a word of %s", err, c.says)
			}
		})
	}
}

func TestS3PackedObjectHasNoStat(t *testing.T) {
	f := fakes.NewS3(t, true)
	f.Before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", "3")
		return true
	}
	if o, err := newS3Test(t, f.URL).Stat(t.Context(), "s3://bucket/x"); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("found %+v, %v", o, err)
	}
}

func TestS3WritesOnCondition(t *testing.T) {
	absent, version := Condition{Absent: true}, Condition{Version: `"1"`}
	for name, c := range map[string]struct {
		when   Condition
		status int
		code   string
		is     error
		passes bool
	}{
		"there already":         {absent, 412, "PreconditionFailed", ErrExists, false},
		"another version":       {version, 412, "PreconditionFailed", ErrChanged, false},
		"gone":                  {version, 404, "NoSuchKey", ErrChanged, false},
		"no bucket":             {version, 404, "NoSuchBucket", fs.ErrNotExist, false},
		"at the same time":      {absent, 409, "ConditionalRequestConflict", nil, true},
		"at the same time too":  {version, 409, "ConditionalRequestConflict", nil, true},
		"not implemented":       {absent, 501, "NotImplemented", ErrUnsupported, false},
		"not implemented there": {version, 501, "NotImplemented", ErrUnsupported, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := fakes.NewS3(t, true)
			f.Before = func(w http.ResponseWriter, r *http.Request) bool {
				io.Copy(io.Discard, r.Body) //nolint:errcheck // the client reports it
				answerS3(w, c.status, c.code, "What you provided implies something")
				return true
			}
			_, err := newS3Test(t, f.URL).Put(t.Context(), "s3://bucket/x", []byte("content"), c.when)
			noSecrets(t, err)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || (mayPass(err) != nil) != c.passes {
				t.Errorf("found %v", err)
			}
			r := f.Requests()[0]
			none, match := r.Header.Get("If-None-Match"), r.Header.Get("If-Match")
			if c.when.Absent && (none != "*" || match != "") || !c.when.Absent && (none != "" || match != version.Version) {
				t.Errorf("found %v", r.Header)
			}
			if r.ContentLength != 7 || len(r.TransferEncoding) > 0 || r.Header.Get("X-Amz-Trailer") != "" || r.Header.Get("Content-Encoding") != "" {
				t.Errorf("found length %d, %v, %v, expected a plain body", r.ContentLength, r.TransferEncoding, r.Header)
			}
		})
	}
}

func TestS3BucketOfAnotherRegion(t *testing.T) {
	f := fakes.NewS3(t, true)
	f.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.Header.Get("Authorization"), "/eu-south-1/s3/") {
			return false
		}
		w.Header().Set("X-Amz-Bucket-Region", "eu-south-1")
		answerS3(w, 400, "AuthorizationHeaderMalformed", "the region is wrong")
		return true
	}
	s := newS3Test(t, f.URL)
	if _, err := s.Put(t.Context(), "s3://bucket/x", []byte("content"), Condition{Absent: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "s3://bucket/x"); err != nil {
		t.Fatal(err)
	}
	if r := f.Requests(); len(r) != 3 || !strings.Contains(r[0].Header.Get("Authorization"), "/us-east-1/s3/") {
		t.Errorf("found %d requests, expected three, the first to us-east-1", len(r))
	}
	for header, says := range map[string]string{"": "AWS_REGION", "evil.example/": "AWS_REGION"} {
		f := fakes.NewS3(t, true)
		f.Before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("X-Amz-Bucket-Region", header)
			answerS3(w, 301, "PermanentRedirect", "The bucket must be addressed by another endpoint.")
			return true
		}
		for op, err := range allOf(t, newS3Test(t, f.URL)) {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: found %v, expected a word of %s", op, err, says)
			}
		}
	}
}

func TestS3SaysWhatIsMissing(t *testing.T) {
	s := newS3Test(t, fakes.NewS3(t, true).URL)
	if _, err := s.List(t.Context(), "s3://nothere/x"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "bucket") {
		t.Errorf("found %v", err)
	}
	if err := s.Delete(t.Context(), "s3://nothere/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %v, expected an error: there is no such bucket", err)
	}
	for _, uri := range []string{"s3://", "s3:///x", "s3://bucket", "s3://bucket/"} {
		if _, err := s.Stat(t.Context(), uri); err == nil || !strings.Contains(err.Error(), "s3://bucket/key") {
			t.Errorf("%s: found %v", uri, err)
		}
	}
	f := fakes.NewS3(t, true)
	f.Before = func(w http.ResponseWriter, r *http.Request) bool {
		answerS3(w, 404, "NoSuchKey", "The specified key does not exist.") // S3 itself answers 204
		return true
	}
	if err := newS3Test(t, f.URL).Delete(t.Context(), "s3://bucket/x"); err != nil {
		t.Error(err)
	}
}

func TestS3ListingsThatDoNotEnd(t *testing.T) {
	for name, token := range map[string]string{"no token": "", "one token": "<NextContinuationToken>same</NextContinuationToken>"} {
		t.Run(name, func(t *testing.T) {
			f := fakes.NewS3(t, true)
			f.Before = func(w http.ResponseWriter, r *http.Request) bool {
				io.WriteString(w, `<ListBucketResult><IsTruncated>true</IsTruncated>`+token+`</ListBucketResult>`) //nolint:errcheck // the client reports it
				return true
			}
			if objects, err := newS3Test(t, f.URL).List(t.Context(), "s3://bucket/"); err == nil || mayPass(err) != nil {
				t.Errorf("found %v, %v", objects, err)
			}
		})
	}
}

func TestS3Endpoints(t *testing.T) {
	t.Run("of AWS", func(t *testing.T) {
		s := newS3Test(t, "")
		if o := s.client.Options(); o.UsePathStyle || o.BaseEndpoint != nil || o.Region != "us-east-1" {
			t.Errorf("found path style %v, endpoint %v, region %s", o.UsePathStyle, o.BaseEndpoint, o.Region)
		}
	})
	t.Run("for all services", func(t *testing.T) {
		useS3(t, "")
		t.Setenv("AWS_ENDPOINT_URL", "http://minio:9000")
		t.Setenv("AWS_REGION", "eu-central-1")
		s, err := newS3(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if o := s.client.Options(); !o.UsePathStyle || *o.BaseEndpoint != "http://minio:9000" || o.Region != "eu-central-1" {
			t.Errorf("found path style %v, endpoint %v, region %s", o.UsePathStyle, *o.BaseEndpoint, o.Region)
		}
	})
	t.Run("without a scheme", func(t *testing.T) {
		useS3(t, "minio:9000")
		if _, err := newS3(t.Context()); err == nil || !strings.Contains(err.Error(), "http://minio:9000") {
			t.Errorf("found %v", err)
		}
	})
	t.Run("with a certificate of its own", func(t *testing.T) {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		defer server.Close()
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		s := newS3Test(t, server.URL)
		if _, err := s.Stat(t.Context(), "s3://bucket/x"); err == nil || mayPass(err) != nil || !strings.Contains(err.Error(), "AWS_CA_BUNDLE") {
			t.Errorf("found %v", err)
		}
	})
	t.Run("that is no S3", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<!doctype html><html><br>console</html>") //nolint:errcheck // the client reports it
		}))
		defer server.Close()
		for op, err := range allOf(t, newS3Test(t, server.URL)) {
			if op != "delete" && err == nil {
				t.Errorf("%s: found no error", op)
			}
		}
	})
}

// TestS3Globs goes all the way: from a pattern to bytes.
func TestS3Globs(t *testing.T) {
	useS3(t, fakes.NewS3(t, true).URL)
	s, err := newS3(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"raw/2023/a.parquet", "raw/2024/b c+d.parquet", "raw/2024/notes.txt"} {
		if _, err := s.Put(t.Context(), "s3://bucket/"+path, []byte(path), Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := Match(t.Context(), []string{"s3://bucket/raw/**/*.parquet"})
	if err != nil || len(objects) != 2 || objects[1].Name != "2024/b c+d.parquet" {
		t.Fatalf("found %+v, %v", objects, err)
	}
	for _, o := range objects {
		content, err := ReadAll(t.Context(), o.URI)
		if err != nil || "s3://bucket/"+string(content) != o.URI {
			t.Errorf("found %q, %v", content, err)
		}
	}
}
