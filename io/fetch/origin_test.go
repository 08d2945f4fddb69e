package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tripstats/io/objstore"
	"tripstats/testdata/tlcgen"
)

// origin is a web server of files in memory. Tests make it misbehave.
type origin struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	content map[string][]byte
	tag     map[string]string
	fault   func(n int, w http.ResponseWriter, r *http.Request, content []byte) (done bool) // n counts GETs of a path, from 1
	gets    map[string]int
	asked   []string // method, path, Range
	now     int      // GETs under way
	most    int
}

func newOrigin(t *testing.T, names ...string) *origin {
	t.Helper()
	o := &origin{t: t, content: map[string][]byte{}, tag: map[string]string{}, gets: map[string]int{}}
	for i, name := range names {
		o.put(name, parquet(t, uint64(i)))
	}
	o.server = httptest.NewServer(o)
	t.Cleanup(o.server.Close)
	return o
}

var made sync.Map

// parquet is a small parquet file, of about 100 KB.
func parquet(t *testing.T, seed uint64) []byte {
	t.Helper()
	if b, ok := made.Load(seed); ok {
		return b.([]byte)
	}
	var b bytes.Buffer
	if _, err := tlcgen.Write(t.Context(), &b, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Rows: 4000, Seed: seed}); err != nil {
		t.Fatal(err)
	}
	made.Store(seed, b.Bytes())
	return b.Bytes()
}

func (o *origin) put(name string, content []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.content[name] = content
	o.tag[name] = fmt.Sprintf(`"%x-%d"`, len(content), len(o.tag)*1000+int(content[len(content)/2]))
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	o.mu.Lock()
	content, ok := o.content[name]
	tag, fault := o.tag[name], o.fault
	o.asked = append(o.asked, strings.TrimSpace(r.Method+" "+name+" "+r.Header.Get("Range")))
	if r.Method == http.MethodGet {
		o.gets[name]++
		o.now++
		o.most = max(o.most, o.now)
		defer func() { o.mu.Lock(); o.now--; o.mu.Unlock() }()
	}
	n := o.gets[name]
	o.mu.Unlock()
	w.Header().Set("ETag", tag)
	if r.Method == http.MethodGet && fault != nil && fault(n, w, r, content) {
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (o *origin) log() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	asked := o.asked
	o.asked = nil
	return asked
}

func (o *origin) url(name string) string { return o.server.URL + "/" + name }

// jobs returns jobs for all files of the origin, with addresses only.
func (o *origin) jobs() []Job {
	o.t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var list strings.Builder
	for name := range o.content {
		fmt.Fprintln(&list, o.url(name))
	}
	jobs, err := ParseList(objstore.Access{}, strings.NewReader(list.String()))
	if err != nil {
		o.t.Fatal(err)
	}
	slices.SortFunc(jobs, func(a, b Job) int { return strings.Compare(a.Place, b.Place) })
	return jobs
}

// told has what a run has reported, one line for each file.
type told struct {
	mu    sync.Mutex
	lines []string
}

func (l *told) event(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what := map[EventType]string{Fetched: "fetched", Unchanged: "unchanged", Republished: "re-published", Failed: "failed"}[e.Type]
	if what == "" {
		return
	}
	text := fmt.Sprintf("%s %s %d", what, e.Place, e.Size)
	if e.Err != nil {
		text = fmt.Sprintf("%s %s: %v", what, e.Place, e.Err)
	}
	l.lines = append(l.lines, text)
}

func (l *told) String() string { return strings.Join(l.lines, "\n") }

// quick returns a configuration with short pauses.
func quick(dest string) (Config, *told) {
	l := &told{}
	return Config{
		Dest: dest, PerHost: 1, Refused: time.Millisecond, Stall: 300 * time.Millisecond, Report: l.event,
		Patience: objstore.Patience{Attempts: 5, First: time.Millisecond, Last: 4 * time.Millisecond},
	}, l
}

// fetchTo runs a fetch that must succeed.
func fetchTo(t *testing.T, dest string, jobs []Job) (Summary, *told) {
	t.Helper()
	cfg, l := quick(dest)
	sum, err := Run(t.Context(), cfg, jobs)
	if err != nil {
		t.Fatalf("%v\n%s", err, l)
	}
	return sum, l
}

// treeOf returns the content of all files below a folder.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return found
}

// wantTree checks that a folder has these files of the origin, the manifest, and nothing else.
func (o *origin) wantTree(dir string, places map[string]string) {
	o.t.Helper()
	found := treeOf(o.t, dir)
	for place, name := range places {
		if found[place] != string(o.content[name]) {
			o.t.Errorf("%s: found %d bytes, expected the %d of the origin", place, len(found[place]), len(o.content[name]))
		}
		delete(found, place)
	}
	m, err := decodeManifest([]byte(found[ManifestName]))
	if err != nil || len(m) != len(places) {
		o.t.Errorf("manifest: found %d files, %v, expected %d", len(m), err, len(places))
	}
	delete(found, ManifestName)
	for place := range found {
		o.t.Errorf("%s was left behind", place)
	}
}

// memory is a store in memory.
type memory struct {
	mu      sync.Mutex
	content map[string][]byte
	version map[string]int
	puts    int
}

func newMemory() *memory { return &memory{content: map[string][]byte{}, version: map[string]int{}} }

func (m *memory) object(uri string) objstore.Object {
	return objstore.Object{URI: uri, Size: int64(len(m.content[uri])), Version: fmt.Sprint(m.version[uri])}
}

func (m *memory) List(_ context.Context, prefix string) (out []objstore.Object, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for uri := range m.content {
		if strings.HasPrefix(uri, prefix) {
			out = append(out, m.object(uri))
		}
	}
	return out, nil
}

func (m *memory) Stat(_ context.Context, uri string) (objstore.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.content[uri]; !ok {
		return objstore.Object{}, fs.ErrNotExist
	}
	return m.object(uri), nil
}

func (m *memory) ReadRange(_ context.Context, o objstore.Object, p []byte, off int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.object(o.URI).Version != o.Version {
		return objstore.ErrChanged
	}
	copy(p, m.content[o.URI][off:])
	return nil
}

func (m *memory) Put(_ context.Context, uri string, content []byte, when objstore.Condition) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, there := m.content[uri]
	switch {
	case when.Absent && there:
		return "", objstore.ErrExists
	case when.Version != "" && fmt.Sprint(m.version[uri]) != when.Version:
		return "", objstore.ErrChanged
	}
	m.content[uri] = bytes.Clone(content)
	m.version[uri]++
	m.puts++
	return fmt.Sprint(m.version[uri]), nil
}

func (m *memory) PutFile(ctx context.Context, uri string, content io.ReaderAt, size int64) (string, error) {
	b, err := io.ReadAll(io.NewSectionReader(content, 0, size))
	if err != nil {
		return "", err
	}
	return m.Put(ctx, uri, b, objstore.Condition{})
}

func (m *memory) Delete(_ context.Context, uri, _ string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.content, uri)
	return nil
}
