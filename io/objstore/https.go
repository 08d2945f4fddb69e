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

// mostRedirects is how often a request may be sent on.
const mostRedirects = 5

func newWeb(a Access) *web {
	w := &web{allowHTTP: a.AllowHTTP, refusing: a.Refusing}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // ranges are of the bytes as they are
	transport.MaxIdleConnsPerHost = perHost
	transport.ResponseHeaderTimeout = policy.perAttempt
	w.client = &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		r.Header.Del("Referer") // net/http puts the address there that was asked, with its query, in which a signature may be
		if len(via) > mostRedirects {
			return fmt.Errorf("sent on more than %d times", mostRedirects)
		}
		if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
			return fmt.Errorf("sent on to %s, which is not encrypted", Redact(r.URL.String()))
		}
		return w.allowed(r.URL)
	}}
	return w
}

// allowed refuses what is not to be asked: another scheme, or another host without encryption.
func (w *web) allowed(u *url.URL) error {
	switch u.Scheme {
	case "https":
		return nil
	case "http":
		host := u.Hostname()
		if ip := net.ParseIP(host); w.allowHTTP || host == "localhost" || ip != nil && ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("http to another host is not encrypted, and anybody on the way may change what it gives: %w; say https, or --allow-http", ErrUnsupported)
	}
	return fmt.Errorf("sent on to scheme %q, expected https", u.Scheme)
}

// ask makes a request. The caller must close the body of the answer.
func (w *web) ask(ctx context.Context, method, uri string, header http.Header) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, uri, nil)
	if err != nil {
		return nil, fmt.Errorf("not a valid address: %w", bare(err))
	}
	if err := w.allowed(r.URL); err != nil {
		return nil, err
	}
	if header != nil {
		r.Header = header
	}
	r.Header.Set("Accept-Encoding", "identity")
	r.Header.Set("User-Agent", "tripstats")
	resp, err := w.client.Do(r)
	if err != nil {
		return nil, bare(err)
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		resp.Body.Close() //nolint:errcheck // nothing of it is read
		return nil, fmt.Errorf("the server answers in content encoding %q, expected the bytes as they are", encoding)
	}
	return resp, nil
}

// answer returns the error that an answer's status means, or nil for one that is wanted.
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
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("the server answers %s (asked without credentials but those in the address): %w", status, fs.ErrPermission)
	case resp.StatusCode == http.StatusPreconditionFailed:
		return ErrChanged
	}
	return fmt.Errorf("the server answers %s", status)
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

// versionOf identifies a content by what the server says of it: its ETag, else its time; "" if it says neither.
func versionOf(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" {
		return tag
	}
	return h.Get("Last-Modified")
}

// isTag tells a strong ETag, which can be asked for, from a weak one and from a time.
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
func (w *web) Delete(context.Context, string) error {
	return fmt.Errorf("to delete on a web server: %w", ErrUnsupported)
}

// Stat asks for the head of an object.
func (w *web) Stat(ctx context.Context, uri string) (Object, error) {
	resp, err := w.ask(ctx, http.MethodHead, uri, http.Header{})
	if err != nil {
		return Object{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // a head has none
	if err := answer(resp, http.StatusOK); err != nil {
		return Object{}, err
	}
	if resp.ContentLength < 0 {
		return Object{}, errors.New("the server does not say how long it is")
	}
	return Object{URI: uri, Size: resp.ContentLength, Version: versionOf(resp.Header)}, nil
}

// ReadRange asks for a range, of that version where the server can be asked for one, and checks that the answer is it.
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
		if errors.Is(err, fs.ErrPermission) && w.refusing != "" && strings.HasPrefix(o.URI, strings.TrimSuffix(w.refusing, "/")+"/") {
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
