// Package fakes starts stores on this machine for tests: S3, GCS, Azure and a web server with faults.
package fakes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// S3 is an S3 with one bucket, named bucket.
type S3 struct {
	URL string

	// Before, where it is set, answers a request first, and tells whether it did.
	Before func(w http.ResponseWriter, r *http.Request) bool

	backend *s3mem.Backend

	mu   sync.Mutex
	seen []*http.Request
}

// NewS3 starts gofakes3 behind a proxy that has GETs and DELETEs heed If-Match, which gofakes3 1.2.0 ignores. If it is not
// conditional, no request heeds a condition.
func NewS3(t testing.TB, conditional bool) *S3 {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	behind := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(behind.Close)
	to, err := url.Parse(behind.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &S3{backend: backend}
	body := S3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if !conditional {
				r.Out.Header.Del("If-Match")
				r.Out.Header.Del("If-None-Match")
			}
		},
		ModifyResponse: func(resp *http.Response) error {
			want := resp.Request.Header.Get("If-Match") // gofakes3 heeds it in a PUT only
			if resp.Request.Method != http.MethodGet || want == "" || resp.StatusCode >= 300 || want == resp.Header.Get("ETag") {
				return nil
			}
			resp.StatusCode, resp.Status = http.StatusPreconditionFailed, "412 Precondition Failed"
			resp.Header = http.Header{"Content-Type": {"application/xml"}}
			resp.ContentLength, resp.Body = int64(len(body)), io.NopCloser(strings.NewReader(body))
			return nil
		},
		ErrorLog: log.New(io.Discard, "", 0), // clients that give up
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.seen = append(f.seen, r.Clone(context.Background()))
		f.mu.Unlock()
		if f.Before != nil && f.Before(w, r) {
			return
		}
		if want := r.Header.Get("If-Match"); conditional && r.Method == http.MethodDelete && want != "" {
			head, err := http.Head(behind.URL + r.URL.Path)
			if err != nil {
				t.Error(err)
				return
			}
			head.Body.Close() //nolint:errcheck // a head has none
			if found := head.Header.Get("ETag"); head.StatusCode < 300 && found != want {
				w.WriteHeader(http.StatusPreconditionFailed)
				io.WriteString(w, body) //nolint:errcheck // the client may give up
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	f.URL = front.URL
	return f
}

// Requests returns what was asked so far.
func (f *S3) Requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*http.Request(nil), f.seen...)
}

// Content returns an object, without a request. The error wraps fs.ErrNotExist if there is none.
func (f *S3) Content(name string) (content []byte, err error) {
	o, err := f.backend.GetObject("bucket", name, nil)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Contents.Close()) }()
	return io.ReadAll(o.Contents)
}

// Names returns the names of all objects, sorted, without a request.
func (f *S3) Names() (names []string, err error) {
	list, err := f.backend.ListBucket("bucket", nil, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, err
	}
	for _, o := range list.Contents {
		names = append(names, o.Key)
	}
	slices.Sort(names)
	return names, nil
}

// Put writes an object, without a request.
func (f *S3) Put(name string, content []byte) error {
	_, err := f.backend.PutObject("bucket", name, map[string]string{}, bytes.NewReader(content), int64(len(content)), nil)
	return err
}

// Remove removes an object if it is there, without a request.
func (f *S3) Remove(name string) error {
	_, err := f.backend.DeleteObject("bucket", name)
	return err
}

// S3Error is the body of an error of S3.
func S3Error(code, message string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message><RequestId>1</RequestId></Error>`, code, message)
}
