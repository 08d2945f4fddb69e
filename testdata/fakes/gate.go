package fakes

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Gate is a web server of files that holds a run at the rows until it is told to let it go on: a test knows then where the
// run stands, however fast the machine is. Footers are given at once.
type Gate struct {
	// Addresses are those of the files, with commas between them.
	Addresses string

	reached chan struct{} // closed when the first request is held
	opened  chan struct{} // closed by Open
	open    func()

	mu   sync.Mutex
	let  int             // requests of rows that are answered before one is held
	held map[string]bool // where the requests come from that are held
}

// NewGate serves files by their base names. It answers the first let requests of rows, and holds all that come after them.
func NewGate(t testing.TB, let int, paths ...string) *Gate {
	t.Helper()
	g := &Gate{reached: make(chan struct{}), opened: make(chan struct{}), let: let, held: map[string]bool{}}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	files := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		g.serve(w, r, path)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(g.Open) // before that: Close waits for the requests under way
	var addresses []string
	for _, p := range paths {
		files[filepath.Base(p)] = p
		addresses = append(addresses, server.URL+"/"+filepath.Base(p))
	}
	g.Addresses = strings.Join(addresses, ",")
	return g
}

func (g *Gate) serve(w http.ResponseWriter, r *http.Request, path string) {
	f, err := os.Open(path)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// A footer is read with the last byte of its file.
	isFooter := strings.HasSuffix(r.Header.Get("Range"), fmt.Sprintf("-%d", info.Size()-1))
	if r.Method == http.MethodGet && !isFooter && !g.pass(r) {
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, info.Size()))
	http.ServeContent(w, r, "", time.Time{}, f)
}

// pass waits until the gate is open, or the client has given up. Then it returns false.
func (g *Gate) pass(r *http.Request) bool {
	g.mu.Lock()
	if g.let--; g.let >= 0 {
		g.mu.Unlock()
		return true
	}
	if g.let == -1 {
		close(g.reached)
	}
	g.held[r.RemoteAddr] = true
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.held, r.RemoteAddr)
		g.mu.Unlock()
	}()
	select {
	case <-g.opened:
		return true
	case <-r.Context().Done():
		return false
	}
}

// Reached is closed when the run waits for rows.
func (g *Gate) Reached() <-chan struct{} { return g.reached }

// Held returns the addresses from which requests come that are held.
func (g *Gate) Held() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var from []string
	for address := range g.held {
		from = append(from, address)
	}
	return from
}

// Open lets the run go on.
func (g *Gate) Open() { g.open() }
