package objstore

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestWhatMayPassSaysSoOfItself checks that temporary errors have a method Unavailable that returns true. It decides the exit code.
func TestWhatMayPassSaysSoOfItself(t *testing.T) {
	defer QuickRetries()()
	unavailable := func(err error) bool {
		var u interface{ Unavailable() bool }
		return errors.As(err, &u) && u.Unavailable()
	}
	for status, want := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 408: true, 410: false, 412: false, 416: false, 425: true, 429: true,
		500: true, 501: false, 502: true, 503: true, 504: true, 505: false, 507: true, 520: true, 599: true,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		_, err := Stat(t.Context(), server.URL+"/x.parquet")
		server.Close()
		if err == nil || unavailable(err) != want {
			t.Errorf("%d: found %v, which is unavailable: %v, expected %v", status, err, unavailable(err), want)
		}
	}
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	if _, err := Stat(t.Context(), down.URL+"/x.parquet"); !unavailable(err) {
		t.Errorf("refused connection: found %v, expected that it may pass", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test ends
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "220 mail.example ready\r\n\r\n") //nolint:errcheck // the client may be gone
			c.Close()                                       //nolint:errcheck // the client may be gone
		}
	}()
	if _, err := Stat(t.Context(), "http://"+l.Addr().String()+"/x.parquet"); !unavailable(err) {
		t.Errorf("an answer that is not HTTP: found %v, expected that it may pass", err)
	}
	noHost := bare(&net.DNSError{Err: "no such host", Name: "no-such-host.example", IsNotFound: true})
	if !unavailable(noHost) || IsTemporary(noHost) {
		t.Errorf("a host that is not found: found %v, expected that the network may be down, and no other attempt", noHost)
	}
}
