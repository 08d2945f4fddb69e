package objstore

import (
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tripstats/testdata/fakes"
)

// The tests' credentials. No message may have the secrets.
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

// useS3 makes s3:// use an endpoint, or AWS if it is "", with the planted credentials and without the machine's own configuration. It
// also makes pauses short.
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
		made.stores = nil
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
		conforms(t, again{newRetrying(newS3Test(t, f.URL))}, "s3://bucket/run/", nil)
	})
}

// TestS3ThatIgnoresConditions has a server that ignores conditions: a conditional write replaces any version without an error. Reads
// still notice another version, because the answer's ETag is compared.
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
	if err := s.Delete(t.Context(), "s3://nothere/x", ""); !errors.Is(err, fs.ErrNotExist) {
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
	if err := newS3Test(t, f.URL).Delete(t.Context(), "s3://bucket/x", ""); err != nil {
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

// TestS3Globs reads the bytes of all objects that a pattern matches.
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
