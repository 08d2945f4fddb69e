package objstore

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Request is a request to a store that is under way.
type Request struct {
	URI   string // without secrets
	Since time.Time
	Tries int   // that have failed
	Cause error // of the last that has; nil if none
}

// underWay are the requests of this process that are under way.
var underWay struct {
	sync.Mutex
	requests map[*Request]bool
}

// UnderWay returns the requests that have been under way for at least this long, the oldest first.
func UnderWay(long time.Duration) []Request {
	underWay.Lock()
	defer underWay.Unlock()
	var list []Request
	for r := range underWay.requests {
		if time.Since(r.Since) >= long {
			waits := *r
			waits.URI = Redact(r.URI)
			list = append(list, waits)
		}
	}
	slices.SortFunc(list, func(a, b Request) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.URI, b.URI))
	})
	return list
}

// beginRequest notes that a request is under way.
func beginRequest(uri string) *Request {
	r := &Request{URI: uri, Since: time.Now()}
	underWay.Lock()
	defer underWay.Unlock()
	if underWay.requests == nil {
		underWay.requests = map[*Request]bool{}
	}
	underWay.requests[r] = true
	return r
}

// failed notes that an attempt has failed, and that there is another.
func (r *Request) failed(err error) {
	underWay.Lock()
	defer underWay.Unlock()
	r.Tries++
	r.Cause = err
}

func (r *Request) end() {
	underWay.Lock()
	defer underWay.Unlock()
	delete(underWay.requests, r)
}
