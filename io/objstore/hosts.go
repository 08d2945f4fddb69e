package objstore

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
)

// noHostError says that there is no host of a name, and what to do about that.
type noHostError struct {
	*net.DNSError
	remedy string
}

func (e *noHostError) Error() string { return fmt.Sprintf("there is no host %s; %s", e.Name, e.remedy) }
func (e *noHostError) Unwrap() error { return e.DNSError }

// Unavailable is true, as for a temporaryError. A machine without network gets the same error as one that asks for a misspelt
// name, so the message mentions both.
func (e *noHostError) Unavailable() bool { return true }

// Advised tells that the message says what to do, which is not only to try again.
func (e *noHostError) Advised() bool { return true }

// reached has the names of hosts to which there was a connection. If such a name cannot be resolved later, the network is down and
// may come back. For any other name, the address is probably wrong.
var reached sync.Map

func wasReached(host string) bool {
	_, ok := reached.Load(strings.ToLower(strings.TrimSuffix(host, ".")))
	return ok
}

// rememberReached makes a transport add to reached.
func rememberReached(t *http.Transport) {
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if host, _, malformed := net.SplitHostPort(address); err == nil && malformed == nil {
			reached.Store(strings.ToLower(strings.TrimSuffix(host, ".")), true)
		}
		return c, err
	}
}
