package objstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// heads is a web server that answers HEAD requests in various ways.
func heads(t *testing.T, content []byte, head http.HandlerFunc, asked *atomic.Int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Method == http.MethodHead {
			head(w, r)
			return
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/x.parquet?sig=verysecret"
}

func code(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// TestServersThatAnswerNoHeadsAreRead has servers that answer only GET requests, like those for an address that is signed for GET.
func TestServersThatAnswerNoHeadsAreRead(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 1000)
	for name, c := range map[string]struct {
		head  http.HandlerFunc
		asked int64 // requests of Stat
	}{
		"403":            {code(403), 2},
		"405":            {code(405), 2},
		"501":            {code(501), 2},
		"400":            {code(400), 2},
		"without length": {func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }, 2},
	} {
		for _, size := range []int{0, 1, len(content)} {
			var asked atomic.Int64
			uri := heads(t, content[:size], c.head, &asked)
			w := newWeb(Access{})
			o, err := w.Stat(t.Context(), uri)
			if err != nil || o.Size != int64(size) || o.Version != `"1"` || asked.Load() != c.asked {
				t.Errorf("%s: found %+v, %v after %d requests, expected %d bytes", name, o, err, asked.Load(), size)
				continue
			}
			p := make([]byte, size)
			if size > 0 {
				if err := w.ReadRange(t.Context(), o, p, 0); err != nil || !bytes.Equal(p, content[:size]) {
					t.Errorf("%s: found %.20q, %v", name, p, err)
				}
			}
		}
	}
	for status, want := range map[int]error{404: fs.ErrNotExist, 401: ErrCredentials} { // which GET would answer too
		var asked atomic.Int64
		if _, err := newWeb(Access{}).Stat(t.Context(), heads(t, content, code(status), &asked)); !errors.Is(err, want) || asked.Load() != 1 {
			t.Errorf("%d: found %v after %d requests", status, err, asked.Load())
		}
	}
	// A server that answers 403 if requests come too often gets no second request.
	var asked atomic.Int64
	uri := heads(t, content, code(403), &asked)
	if _, err := newWeb(Access{Refusing: uri[:len(uri)-10]}).Stat(t.Context(), uri); !Refused(err) || asked.Load() != 1 {
		t.Errorf("found %v after %d requests", err, asked.Load())
	}
}

// TestServersWithoutRangesAreToldByTheFirstByte has a server that always sends the whole object.
func TestServersWithoutRangesAreToldByTheFirstByte(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Length", "1000")
		w.Write(make([]byte, 1000)) //nolint:errcheck // the client may give up
	}))
	defer server.Close()
	w := newWeb(Access{})
	o, err := w.Stat(t.Context(), server.URL)
	if err != nil || o.Size != 1000 {
		t.Fatalf("found %+v, %v", o, err)
	}
	if err := w.ReadRange(t.Context(), o, make([]byte, 10), 5); err == nil || !strings.Contains(err.Error(), "tripstats fetch") {
		t.Errorf("found %v", err)
	}
}

// TestAServerWithoutVersionsIsHeldToItsLength has a server that gives neither ETag nor Last-Modified. The length must not change.
func TestAServerWithoutVersionsIsHeldToItsLength(t *testing.T) {
	var content atomic.Value
	content.Store([]byte("0123456789"))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content.Load().([]byte)))
	}))
	defer server.Close()
	w := newWeb(Access{})
	o, err := w.Stat(t.Context(), server.URL)
	if err != nil || o.Version != "" || o.Size != 10 {
		t.Fatalf("found %+v, %v", o, err)
	}
	p := make([]byte, 4)
	if err := w.ReadRange(t.Context(), o, p, 3); err != nil || string(p) != "3456" {
		t.Errorf("found %q, %v", p, err)
	}
	content.Store([]byte("0123456789a"))
	if err := w.ReadRange(t.Context(), o, p, 3); !errors.Is(err, ErrChanged) {
		t.Errorf("found %v, expected %v", err, ErrChanged)
	}
}

// TestRefusalsNameTheCredentialWithoutItsSecret has answers 401 and 403. They give different errors, and neither is tried again.
func TestRefusalsNameTheCredentialWithoutItsSecret(t *testing.T) {
	for status, refused := range map[int]bool{401: false, 403: true} {
		var asked atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			w.WriteHeader(status)
		}))
		defer server.Close()
		host := strings.TrimPrefix(server.URL, "http://")
		for uri, words := range map[string]string{
			"http://" + host + "/x":                              "a request without credentials",
			"http://someuser:verysecret@" + host + "/x":          "the user and password in the address",
			"http://" + host + "/x?X-Amz-Signature=verysecret":   "the address with its query",
			"http://someuser:verysecret@" + host + "/x?a=secret": "the user and password in the address",
		} {
			asked.Store(0)
			_, err := Match(t.Context(), []string{uri})
			if err == nil || Refused(err) != refused || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), fmt.Sprint(status)) || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: found %v, expected %d and %s", uri, err, status, words)
			}
			if strings.Contains(fmt.Sprint(err), "secret") || strings.Contains(fmt.Sprint(err), "someuser") {
				t.Errorf("a secret is shown: %v", err)
			}
			if n := asked.Load(); n > 2 {
				t.Errorf("%s: asked %d times", uri, n)
			}
		}
	}
}

// TestAnUnknownHostIsAskedForOnce has a resolver that knows no host, and one that no longer knows a host that was reached before.
func TestAnUnknownHostIsAskedForOnce(t *testing.T) {
	defer QuickRetries()()
	for host, attempts := range map[string]int64{"nowhere.invalid": 1, "was-there.invalid": int64(policy.attempts)} {
		if attempts > 1 {
			reached.Store(host, true)
		}
		w := newWeb(Access{})
		var dialled atomic.Int64
		w.client.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			dialled.Add(1)
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
		}}
		_, err := newRetrying(w).stat(t.Context(), "https://"+host+"/x?sig=verysecret")
		if err == nil || dialled.Load() != attempts || !strings.Contains(err.Error(), "there is no host "+host+"; is the address right") || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: found %v after %d attempts, expected %d", host, err, dialled.Load(), attempts)
		}
	}
	// A transport remembers the hosts that it has reached.
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, _ = newWeb(Access{}).Stat(t.Context(), strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	if !wasReached("localhost") || !wasReached("LocalHost.") || wasReached("other.invalid") {
		t.Error("the hosts that were reached are not known")
	}
}

func TestAddressesThatAreNotAsked(t *testing.T) {
	for uri, words := range map[string]string{
		"http://192.0.2.1/x?sig=verysecret": "--allow-http",
		"http://example.com/x":              "--allow-http",
		"https://us er:verysecret@h/x":      "not a valid address",
		"https://user:very/secret@h/x":      "%2F",
		"https://user:12/secret@h/x":        "%2F",
		"https://user:very?secret@h/x":      "%3F",
		"https:///x":                        "no host",
		"https://:80/x":                     "no host",
		"https://h/%zz?verysecret":          "not a valid address",
		"https://h:verysecret/x":            "not a valid address",
		"https://[::1/x?verysecret":         "not a valid address",
		"https://user:very%2Fsecret@h/x":    "",
		"https://h/x":                       "",
		"http://127.0.0.1:1/x":              "",
		"http://[::1]:1/x":                  "",
		"http://localhost/x":                "",
		"gs://bucket/a@b:c/d@e":             "",
		"/local/a:b/c@d":                    "",
	} {
		err := Access{}.Allows(uri)
		if (err == nil) != (words == "") || err != nil && (!strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: found %v, expected %q", uri, err, words)
		}
	}
	if err := (Access{AllowHTTP: true}).Allows("http://192.0.2.1/x"); err != nil {
		t.Error(err)
	}
}

// TestAnAddressOfIPv6IsNoPattern has a host in brackets, and patterns in places where patterns are not allowed.
func TestAnAddressOfIPv6IsNoPattern(t *testing.T) {
	defer QuickRetries()()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: &site{content: map[string][]byte{"x.parquet": []byte("x")}}}}
	server.Start()
	defer server.Close()
	objects, err := Match(t.Context(), []string{server.URL + "/x.parquet"})
	if err != nil || len(objects) != 1 || !strings.HasPrefix(objects[0].URI, "http://[::1]:") {
		t.Errorf("found %v, %v", objects, err)
	}
	for _, path := range []string{"/*.parquet", "/x[12].parquet", "/{a,b}"} {
		if _, err := Match(t.Context(), []string{server.URL + path}); !errors.Is(err, ErrPattern) {
			t.Errorf("%s: found %v, expected %v", path, err, ErrPattern)
		}
	}
}

func TestListingsGoSoDeepAndNoDeeper(t *testing.T) {
	m := useMem(t)
	dir := tree(t, "2014/a", "2014/deep/b", "c", "2x", "other/d")
	for _, path := range []string{"2014/a", "2014/deep/b", "c", "2x", "other/d"} {
		if _, err := m.Put(t.Context(), "mem://b/"+path, nil, Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, base := range []string{dir + "/", "file://" + dir + "/", "mem://b/"} {
		for _, c := range []struct {
			prefix  string
			slashes int
			want    string
		}{
			{"", 0, "2x c"}, {"2", 0, "2x"}, {"2", 1, "2014/a 2x"}, {"", 2, "2014/a 2014/deep/b 2x c other/d"}, {"nothing", 9, ""}, {"no/folder/", 9, ""},
		} {
			objects, err := List(t.Context(), base+c.prefix, c.slashes)
			var got []string
			for _, o := range objects {
				got = append(got, strings.TrimPrefix(o.URI, strings.TrimPrefix(base, "file://")))
			}
			if sorted(got) != c.want || err != nil {
				t.Errorf("%s%s, %d: found %v, %v, expected %s", base, c.prefix, c.slashes, got, err, c.want)
			}
		}
	}
	if _, err := List(t.Context(), "https://h/x", 0); !errors.Is(err, ErrUnsupported) {
		t.Errorf("found %v", err)
	}
}

// TestBucketsAreNoPaths has names of buckets that would be paths to other places on the server.
func TestBucketsAreNoPaths(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a..b", "a%2Fb", "..%2fb", `a\b`, "a b", "a?b", "a#b", "a@b", "\x00", "../../.."} {
		for _, scheme := range []string{"gs", "s3", "az"} {
			var err error
			uri := scheme + "://" + name + "/x"
			switch scheme {
			case "gs":
				_, _, err = splitGCS(uri)
			case "s3":
				_, _, err = s3Place(uri)
			case "az":
				_, _, err = fakeAzOf(t).locate(uri)
			}
			if err == nil {
				t.Errorf("%q is taken", uri)
			}
		}
	}
	for _, name := range []string{"bucket", "my.bucket-1_x", "Legacy", "example.com:bucket"} {
		if _, _, err := splitGCS("gs://" + name + "/a/../%2F"); err != nil {
			t.Errorf("%s: found %v", name, err)
		}
	}
}

func fakeAzOf(t *testing.T) *az {
	azEnv(t, azAccount, "planted", azSAS, plantedSAS)
	return fakeAz(t, nil)
}

func TestRetryAfterIsRead(t *testing.T) {
	now := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"7":                             7 * time.Second,
		" 7 ":                           7 * time.Second,
		"-7":                            0,
		"nonsense":                      0,
		"9999999":                       policy.longestWish,
		"99999999999999999999":          0,
		"Tue, 02 Jan 2024 03:04:15 GMT": 10 * time.Second,
		"Tue, 02 Jan 2024 03:03:15 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: found %v, expected %v", value, got, want)
		}
	}
}

// TestWhoIsSentOnTakesNoSecretAlong has a server that redirects requests to another.
func TestWhoIsSentOnTakesNoSecretAlong(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if text := strings.Join(values, " "); name == "Referer" || name == "Authorization" || strings.Contains(text, "secret") {
				t.Errorf("%s comes along: %s", name, text)
			}
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
	}))
	defer other.Close()
	to := strings.Replace(other.URL, "127.0.0.1", "localhost", 1) + "/elsewhere"
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "someuser" || password != "very/secret" {
			t.Errorf("found user %s, password %s", user, password)
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer first.Close()
	w := newWeb(Access{})
	uri := strings.Replace(first.URL, "http://", "http://someuser:very%2Fsecret@", 1) + "/x?sig=secret"
	o, err := w.Stat(t.Context(), uri)
	p := make([]byte, 3)
	if err == nil {
		err = w.ReadRange(t.Context(), o, p, 4)
	}
	if err != nil || string(p) != "456" || o.URI != uri {
		t.Errorf("found %q, %v", p, err)
	}
	for _, bad := range []string{"http://192.0.2.1/x", "file:///etc/passwd", "ftp://h/x", "//192.0.2.1/x", "https:///x"} {
		to = bad
		if _, err := w.Stat(t.Context(), uri); err == nil || mayPass(err) != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("sent on to %s: found %v", bad, err)
		}
	}
}
