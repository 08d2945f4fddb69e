package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func init() {
	for _, scheme := range []string{"https", "http"} {
		register(scheme, func(_ context.Context, a Access) (Store, error) { return newWeb(a), nil })
	}
}

// web reads from web servers, which must understand range requests. It writes nothing.
type web struct {
	client    *http.Client
	allowHTTP bool
	refusing  string // Access.Refusing
}

// mostRedirects is how often a request may be redirected.
const mostRedirects = 5

func newWeb(a Access) *web {
	w := &web{allowHTTP: a.AllowHTTP, refusing: a.Refusing}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // ranges are of the bytes as they are
	transport.MaxIdleConnsPerHost = perHost
	transport.ResponseHeaderTimeout = policy.perAttempt
	rememberReached(transport)
	w.client = &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		r.Header.Del("Referer") // net/http puts the address there that was asked, with its query, in which a signature may be
		if len(via) > mostRedirects {
			return fmt.Errorf("sent on more than %d times", mostRedirects)
		}
		if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
			return fmt.Errorf("sent on to %s, which is not encrypted", Redact(r.URL.String()))
		}
		return allowed(r.URL, w.allowHTTP)
	}}
	return w
}

// Allows tells, without making a request, whether a web address may be read. Other addresses are allowed if they are well formed.
func (a Access) Allows(uri string) error {
	if err := Misspelt(uri); err != nil {
		return err
	}
	if scheme, _ := Scheme(uri); scheme != "https" && scheme != "http" {
		return nil
	}
	_, err := parseWeb(uri, a.AllowHTTP)
	return err
}

// parseWeb parses an address and refuses those that may not be read. Its errors do not repeat the address.
func parseWeb(uri string, allowHTTP bool) (*url.URL, error) {
	if _, rest := Scheme(uri); oddUser(rest) { // of which package net/url would quote a part
		return nil, errors.New("not a valid address: found an @ after a / ? or #; in a password write them as %2F, %3F and %23, and an @ elsewhere as %40")
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return nil, errors.New("not a valid address; write what is odd in it as %XX")
	case u.Hostname() == "":
		return nil, errors.New("not a valid address: found no host, expected https://host/path")
	}
	return u, allowed(u, allowHTTP)
}

// allowed refuses addresses that may not be read: other schemes, and other hosts without encryption.
func allowed(u *url.URL, allowHTTP bool) error {
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		host := u.Hostname()
		if ip := net.ParseIP(host); allowHTTP || host == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("http to another host is not encrypted, and anybody on the way may change what it gives: %w; say https, or --allow-http", ErrUnsupported)
	}
	return fmt.Errorf("sent on to scheme %q, expected https", u.Scheme)
}

// ask makes a request. The caller must close the body of the answer.
func (w *web) ask(ctx context.Context, method, uri string, header http.Header) (*http.Response, error) {
	u, err := parseWeb(uri, w.allowHTTP)
	if err != nil {
		return nil, err
	}
	r := (&http.Request{Method: method, URL: u, Host: u.Host, Header: header}).WithContext(ctx)
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("User-Agent", "tripstats")
	resp, err := w.client.Do(r)
	switch {
	case err != nil && garbled.MatchString(err.Error()):
		return nil, temporary(bare(err), 0)
	case err != nil:
		return nil, bare(err)
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		resp.Body.Close() //nolint:errcheck // nothing of it is read
		return nil, fmt.Errorf("the server answers in content encoding %q, expected the bytes as they are", encoding)
	}
	return resp, nil
}

// garbled has parts of the texts of net/http errors that have no type. They say that the other side broke off in the middle of
// an HTTP message, for example because a server or proxy restarted.
var garbled = regexp.MustCompile(`malformed HTTP|transport connection broken|stream error:|http2: |GOAWAY|server closed idle connection|readLoopPeekFailLocked`)

// answer returns the error for an answer's status, or nil if it is one of those wanted.
func answer(resp *http.Response, wanted ...int) error {
	for _, s := range wanted {
		if resp.StatusCode == s {
			return nil
		}
	}
	status := strings.TrimSpace(resp.Status)
	switch {
	case temporaryStatus(resp.StatusCode):
		return temporary(fmt.Errorf("the server answers %s", status), retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return fmt.Errorf("the server answers %s: %w", status, fs.ErrNotExist)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("the server answers %s to %s: %w", status, askedWith(resp.Request), ErrCredentials)
	case resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("the server answers %s to %s: %w", status, askedWith(resp.Request), fs.ErrPermission)
	case resp.StatusCode == http.StatusPreconditionFailed:
		return ErrChanged
	}
	return fmt.Errorf("the server answers %s", status)
}

// askedWith names the credentials of a request, as they were before any redirect, without the secrets.
func askedWith(r *http.Request) string {
	for r.Response != nil && r.Response.Request != nil {
		r = r.Response.Request
	}
	switch {
	case r.URL.User != nil:
		return "the user and password in the address"
	case r.URL.RawQuery != "":
		return "the address with its query"
	}
	return "a request without credentials"
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if s, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && s >= 0 {
		return min(time.Duration(s)*time.Second, policy.longestWish)
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// versionOf returns the version of an object: its ETag, or else its Last-Modified; "" if the server gives neither.
func versionOf(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" {
		return tag
	}
	return h.Get("Last-Modified")
}

// isTag tells whether a version is a strong ETag. Only such a version can be requested.
func isTag(version string) bool { return strings.HasPrefix(version, `"`) }

// List is not possible: a web server has no listing.
func (w *web) List(context.Context, string) ([]Object, error) {
	return nil, fmt.Errorf("to list a web server: %w", ErrUnsupported)
}

// Put is refused.
func (w *web) Put(context.Context, string, []byte, Condition) (string, error) {
	return "", fmt.Errorf("to write to a web server: %w", ErrUnsupported)
}

// Delete is refused.
func (w *web) Delete(context.Context, string, string) error {
	return fmt.Errorf("to delete on a web server: %w", ErrUnsupported)
}

// PutFile is refused.
func (w *web) PutFile(context.Context, string, io.ReaderAt, int64) (string, error) {
	return "", fmt.Errorf("to write to a web server: %w", ErrUnsupported)
}

// Stat requests the head of an object. If the server refuses that, for example because the address is signed for GET only, Stat
// requests the first byte.
func (w *web) Stat(ctx context.Context, uri string) (Object, error) {
	resp, err := w.ask(ctx, http.MethodHead, uri, http.Header{})
	if err != nil {
		return Object{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // a head has none
	switch code := resp.StatusCode; {
	case code == http.StatusOK && resp.ContentLength >= 0:
		return Object{URI: uri, Size: resp.ContentLength, Version: versionOf(resp.Header)}, nil
	case code == http.StatusForbidden && w.refuses(uri): // a second request would only add load
	case code == http.StatusOK, code == http.StatusForbidden, code == http.StatusBadRequest, code == http.StatusMethodNotAllowed,
		code == http.StatusNotImplemented:
		return w.statByGet(ctx, uri)
	}
	return Object{}, answer(resp)
}

// refuses tells whether an address is on the server that answers 403 if requests come too often.
func (w *web) refuses(uri string) bool { return w.refusing != "" && strings.HasPrefix(uri, w.refusing) }

// statByGet requests the first byte of an object.
func (w *web) statByGet(ctx context.Context, uri string) (Object, error) {
	resp, err := w.ask(ctx, http.MethodGet, uri, http.Header{"Range": {"bytes=0-0"}})
	if err != nil {
		return Object{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // the rest of it is not needed
	o := Object{URI: uri, Size: resp.ContentLength, Version: versionOf(resp.Header)}
	switch resp.StatusCode {
	case http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable: // the latter if the object is empty
		o.Size = -1
		_, total, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
		if size, err := strconv.ParseInt(total, 10, 64); err == nil {
			o.Size = size
		}
		io.CopyN(io.Discard, resp.Body, 1) //nolint:errcheck // so that the connection can be reused
	default:
		if err := answer(resp, http.StatusOK); err != nil {
			return Object{}, err
		}
	}
	if o.Size < 0 {
		return Object{}, errors.New("the server does not say how long it is")
	}
	return o, nil
}

// ReadRange requests a range, of one version if the server supports that, and checks that the answer is that range of that version.
func (w *web) ReadRange(ctx context.Context, o Object, p []byte, off int64) error {
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", off, off+int64(len(p))-1)}}
	switch {
	case isTag(o.Version):
		header.Set("If-Match", o.Version)
	case o.Version != "" && !strings.HasPrefix(o.Version, "W/"):
		header.Set("If-Unmodified-Since", o.Version)
	}
	resp, err := w.ask(ctx, http.MethodGet, o.URI, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end or given up
	whole := off == 0 && int64(len(p)) == o.Size
	switch {
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: it is shorter now", ErrChanged)
	case resp.StatusCode == http.StatusOK && !whole:
		if v := versionOf(resp.Header); v != o.Version || resp.ContentLength != o.Size {
			return fmt.Errorf("%w: found %d bytes of version %s", ErrChanged, resp.ContentLength, v)
		}
		return errors.New("the server does not understand range requests; fetch the file first (tripstats fetch) and read it locally")
	}
	if err := answer(resp, http.StatusPartialContent, http.StatusOK); err != nil {
		if Refused(err) && w.refuses(o.URI) {
			return temporary(err, 0)
		}
		return err
	}
	if v := versionOf(resp.Header); v != o.Version {
		return fmt.Errorf("%w: found version %s, expected %s", ErrChanged, v, o.Version)
	}
	if resp.StatusCode == http.StatusPartialContent {
		want := fmt.Sprintf("bytes %d-%d/%d", off, off+int64(len(p))-1, o.Size)
		if got := resp.Header.Get("Content-Range"); got != want && got != strings.TrimSuffix(want, strconv.FormatInt(o.Size, 10))+"*" {
			return fmt.Errorf("%w: found range %q, expected %q", ErrChanged, got, want)
		}
	}
	if resp.ContentLength >= 0 && resp.ContentLength != int64(len(p)) {
		return fmt.Errorf("%w: found %d bytes in the answer, expected %d", ErrChanged, resp.ContentLength, len(p))
	}
	if _, err := io.ReadFull(resp.Body, p); err != nil {
		return temporary(fmt.Errorf("the answer breaks off: %w", err), 0)
	}
	return nil
}
