package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tripstats/testdata/tlcgen"
)

// site is a web server of TLC's files.
type site struct {
	*httptest.Server
	content map[string][]byte

	mu     sync.Mutex
	ranges int
	broken string // a file instead of which it sends an HTML page
	held   string // a file of which it sends only some bytes, and then waits until the client disconnects
	most   int
}

func newSite(t *testing.T, months ...tlcgen.Options) *site {
	t.Helper()
	s := &site{content: map[string][]byte{}}
	for _, o := range months {
		s.content[tlcgen.FileName(o.Taxi, o.Month)] = generated(t, o)
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	content, ok := s.content[name]
	s.mu.Lock()
	if r.Header.Get("Range") != "" {
		s.ranges++
	}
	broken := name == s.broken
	if name == s.held {
		w = &holdingWriter{ResponseWriter: w, gone: r.Context().Done(), left: s.most}
	}
	s.mu.Unlock()
	switch {
	case !ok:
		http.NotFound(w, r)
	case broken && r.Method == http.MethodGet:
		fmt.Fprintf(w, "<html>%s</html>", r.URL.RawQuery)
	default:
		w.Header().Set("ETag", `"`+hexSHA256(content)[:16]+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// hold makes the site stop in the middle of a file, after the given number of bytes. "" holds no file.
func (s *site) hold(name string, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.most = name, most
}

// asked returns how many requests were for a range.
func (s *site) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ranges
}

// holdingWriter sends some bytes and then waits until the client disconnects.
type holdingWriter struct {
	http.ResponseWriter
	gone <-chan struct{}
	left int
}

func (w *holdingWriter) Write(b []byte) (written int, err error) {
	n := min(len(b), w.left)
	written, err = w.ResponseWriter.Write(b[:n])
	w.left -= n
	if err != nil || n == len(b) {
		return written, err
	}
	w.ResponseWriter.(http.Flusher).Flush()
	<-w.gone
	return written, http.ErrAbortHandler
}

// partOf returns how many bytes of a file are in its part file, and from which of them a fetch will continue.
func partOf(part string) (came, promised int64) {
	var sidecar struct{ Kept int64 }
	info, err := os.Stat(part)
	b, unread := os.ReadFile(part + ".json")
	if err != nil || unread != nil || json.Unmarshal(b, &sidecar) != nil {
		return 0, 0
	}
	return info.Size(), sidecar.Kept
}

// untilComes waits until a fetch has written more of a file than before. The site holds the rest, so this state does not pass.
func (s started) untilComes(t *testing.T, part string, before int64) {
	t.Helper()
	for {
		if came, promised := partOf(part); came > before && promised > 0 {
			return
		}
		select {
		case <-s.over: // longest ends it
			t.Fatalf("the fetch is over before its file has come: %s", s.wait().stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// place returns where fetch puts a file.
func yearPlace(name string) string { return name[len(name)-len("2014-01.parquet"):][:4] + "/" + name }

// wantFetched checks that a folder has these files of the site, the manifest, and nothing else.
func (s *site) wantFetched(t *testing.T, dir string, names ...string) {
	t.Helper()
	found := treeOf(t, dir)
	want := tree{"_fetched.json": found["_fetched.json"]}
	for _, name := range names {
		want[yearPlace(name)] = hexSHA256(s.content[name])
	}
	if !maps.Equal(found, want) {
		t.Errorf("found %v, expected %v", found, want)
	}
}

// wantLines checks the lines on stderr by patterns, and that there is nothing on stdout.
func (r result) wantLines(t *testing.T, code int, patterns ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(r.stderr, "\n"), "\n")
	good := len(lines) == len(patterns) && r.stdout == "" && r.code == code
	for i := 0; good && i < len(lines); i++ {
		good = regexp.MustCompile("^tripstats: " + patterns[i] + "$").MatchString(lines[i])
	}
	for _, word := range innards {
		good = good && !strings.Contains(r.stderr, word)
	}
	if !good {
		t.Errorf("tripstats %q: exit code %d, expected %d\nstdout: %s\nstderr: %s\nexpected: %s", r.args, r.code, code, r.stdout, r.stderr, strings.Join(patterns, "\n"))
	}
}

const (
	jan, feb, mar = "yellow_tripdata_2014-01.parquet", "yellow_tripdata_2014-02.parquet", "yellow_tripdata_2014-03.parquet"
	doneLine      = `done files=%d fetched=%d unchanged=%d re-published=%d failed=%d missing=%d bytes=\d+ requests=\d+ retries=0 seconds=\d+\.\d`
)

func fetchedLine(name string) string {
	return "fetched " + regexp.QuoteMeta(yearPlace(name)) + ` bytes=\d+ seconds=\d+\.\d`
}

func unchangedLine(name string) string {
	return "unchanged " + regexp.QuoteMeta(yearPlace(name)) + ` bytes=\d+`
}

func TestFetchGetsMonths(t *testing.T) {
	s := newSite(t, month(tlcgen.Yellow, 2014, 1, 500), month(tlcgen.Yellow, 2014, 2, 500), month(tlcgen.Yellow, 2014, 3, 500))
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	fetch := func(args ...string) result {
		t.Helper()
		return runOnce(t, command{args: append([]string{"fetch", "--taxi=yellow", "--source=" + s.URL + "/trip-data/", "--dest=raw"}, args...), dir: dir})
	}
	fetch("--months=2014-01..2014-02").wantLines(t, 0, fetchedLine(jan), fetchedLine(feb), fmt.Sprintf(doneLine, 2, 2, 0, 0, 0, 0))
	s.wantFetched(t, raw, jan, feb)
	fetch("--months=2014-01..", "--per-host=8").wantLines(t, 0, `(un|fet)ch.*`, `(un|fet)ch.*`, `(un|fet)ch.*`, fmt.Sprintf(doneLine, 3, 1, 2, 0, 0, 0))
	s.wantFetched(t, raw, jan, feb, mar)
	before := treeOf(t, raw)

	fetch("--months=2014-02..2014-05").wantLines(t, 4, unchangedLine(feb), unchangedLine(mar), fmt.Sprintf(doneLine, 2, 0, 2, 0, 0, 2), ".*not published.*2014-04, 2014-05.*--missing=skip.*")
	fetch("--months=2014-03..2014-04", "--missing=skip").wantLines(t, 0, "note: not published.*: 2014-04", unchangedLine(mar), fmt.Sprintf(doneLine, 1, 0, 1, 0, 0, 1))
	fetch("--months=2013-01..2013-02").wantLines(t, 4, fmt.Sprintf(doneLine, 0, 0, 0, 0, 0, 2), ".*not published.*2013-01, 2013-02.*")
	if !maps.Equal(before, treeOf(t, raw)) {
		t.Error("files have changed, expected all as before")
	}

	o := month(tlcgen.Yellow, 2014, 2, 500)
	o.Seed = 7
	s.content[feb] = generated(t, o)
	s.broken = mar
	if err := os.Remove(filepath.Join(raw, yearPlace(mar))); err != nil {
		t.Fatal(err)
	}
	fetch("--months=2014-01..2014-03").wantLines(t, 3, unchangedLine(jan), "re-published "+regexp.QuoteMeta(yearPlace(feb))+` bytes=\d+ seconds=.*`,
		"failed "+regexp.QuoteMeta(yearPlace(mar))+": not a parquet file: found an HTML page.*", fmt.Sprintf(doneLine, 2, 0, 1, 1, 1, 0), regexp.QuoteMeta(yearPlace(mar))+": not a parquet file.*")
	s.broken = ""
	fetch("--months=2014-01..2014-03").wantLines(t, 0, unchangedLine(jan), unchangedLine(feb), fetchedLine(mar), fmt.Sprintf(doneLine, 3, 1, 2, 0, 0, 0))
	s.wantFetched(t, raw, jan, feb, mar)

	// The main job can read the fetched files.
	runOnce(t, command{args: []string{"--input=raw/**/*.parquet", "--output=out"}, dir: dir}).succeeds(t)
}

func TestFetchOfAListOfAddresses(t *testing.T) {
	s := newSite(t, month(tlcgen.Yellow, 2014, 1, 500), month(tlcgen.Yellow, 2014, 2, 500))
	s.broken = feb
	dir := t.TempDir()
	host := strings.TrimPrefix(s.URL, "http://")
	list := func(lines ...string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "urls"), []byte(strings.Join(lines, "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	list("# signed", "http://someuser:somepassword@"+host+"/a/"+jan+"?sig=topsecret", "", s.URL+"/"+feb+"?sig=topsecret", s.URL+"/missing.parquet?sig=topsecret")
	r := runOnce(t, command{args: []string{"fetch", "--urls-file=urls", "--dest=raw"}, dir: dir})
	r.wantLines(t, 3, fetchedLine(jan), "failed .*HTML page.*", "failed missing.parquet: .*404.*", fmt.Sprintf(doneLine, 1, 1, 0, 0, 2, 0), "2 of 3 files failed: "+regexp.QuoteMeta(yearPlace(feb))+", missing.parquet; .*")
	s.wantFetched(t, filepath.Join(dir, "raw"), jan)
	manifest, err := os.ReadFile(filepath.Join(dir, "raw", "_fetched.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"someuser", "somepassword", "topsecret"} {
		if strings.Contains(r.stderr+r.stdout+string(manifest), secret) {
			t.Errorf("%s is shown:\n%s\n%s", secret, r.stderr, manifest)
		}
	}
	before := treeOf(t, dir)
	for _, bad := range []string{"/%2e%2e%2fx.parquet", "/..%5cx", "/.", "/a/..", "/x%00y", "/NUL", "/", "/%2fetc%2fpasswd"} {
		list(s.URL+"/"+jan, "http://someuser:somepassword@"+host+bad+"?sig=topsecret")
		r := runOnce(t, command{args: []string{"fetch", "--urls-file=urls", "--dest=raw"}, dir: dir})
		r.wantLines(t, 2, "fetch: --urls-file: urls: line 2: .*")
		if strings.Contains(r.stderr, "topsecret") || strings.Contains(r.stderr, "someuser") || strings.Contains(r.stderr, "somepassword") {
			t.Errorf("a secret is shown: %s", r.stderr)
		}
	}
	delete(before, "urls")
	after := treeOf(t, dir)
	delete(after, "urls")
	if !maps.Equal(before, after) {
		t.Errorf("found %v, expected %v", after, before)
	}
}

func TestFetchUsage(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"empty": "# nothing\n", "afile": "", "http": "http://192.0.2.1/x.parquet\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for args, words := range map[string][]string{
		"--dest=d":                                                                              {"--months", "--urls-file"},
		"--months=2014-01 --taxi=yellow":                                                        {"--dest"},
		"--months=2014-01 --dest=d":                                                             {"--taxi", "yellow or green or fhvhv or fhv"},
		"--months=2014 --dest=d --taxi=red":                                                     {"--taxi", `"red"`},
		"--months=201 --dest=d --taxi=yellow":                                                   {"--months", `"201"`, "2014-01..2023-12"},
		"--months=2014-01 --urls-file=x --dest=d --taxi=green":                                  {"one of them"},
		"--urls-file=empty --dest=d --taxi=green":                                               {"--taxi", "--months"},
		"--urls-file=missing --dest=d":                                                          {"missing", "no such file"},
		"--urls-file=empty --dest=d":                                                            {"no address"},
		"--urls-file=http --dest=d":                                                             {"line 1", "--allow-http"},
		"--urls-file=empty --dest=d --per-host=0":                                               {"--per-host", "1 to 8"},
		"--urls-file=empty --dest=d --per-host=9":                                               {"--per-host", "1 to 8"},
		"--urls-file=empty --dest=afile":                                                        {"--dest", "not a folder"},
		"--urls-file=empty --dest=https://h/x?sig=topsecret":                                    {"--dest", "web server"},
		"--urls-file=empty --dest=ftp://h/x":                                                    {"--dest", `"ftp"`},
		"--urls-file=empty --dest=d more":                                                       {`"more"`},
		"--urls-file=empty --dest=d --nonsense":                                                 {"-nonsense"},
		"--months=2014-01 --taxi=green --dest=d --missing=maybe":                                {"--missing", `"maybe"`},
		"--months=2014-01 --taxi=green --dest=d --source=http://192.0.2.1/x":                    {"--source", "--allow-http"},
		"--months=2014-01 --taxi=green --dest=d --source=https://u:topsecret@h/x?sig=topsecret": {"--source", "--urls-file"},
		"--months=2014-01 --taxi=green --dest=d --source=ftp://h/x":                             {"--source", `"ftp"`},
		"--months=2014-01 --taxi=green --dest=. --source=.":                                     {"same folder"},
	} {
		r := runOnce(t, command{args: append([]string{"fetch"}, strings.Fields(args)...), dir: dir})
		r.fails(t, 2, words...)
		if strings.Contains(r.stderr, "topsecret") {
			t.Errorf("a secret is shown: %s", r.stderr)
		}
	}
	if found := treeOf(t, dir); len(found) != 3 {
		t.Errorf("after refused arguments: found files %v, expected three", found)
	}
	r := runOnce(t, command{args: []string{"fetch", "--help"}, dir: dir}).succeeds(t)
	if r.stderr != "" {
		t.Errorf("--help: found stderr %q, expected none", r.stderr)
	}
	golden(t, "fetch_help", r.stdout)
}

// TestFetchIsTakenUpWhereItWasKilled kills each fetch twice, in the middle of a file and at a random moment. Files with a final name
// are whole, and the next run gives the same result as an uninterrupted one.
func TestFetchIsTakenUpWhereItWasKilled(t *testing.T) {
	s := newSite(t, month(tlcgen.Yellow, 2014, 1, 60_000), month(tlcgen.Yellow, 2014, 2, 3000), month(tlcgen.Yellow, 2014, 3, 3000))
	dir := t.TempDir()
	args := []string{"fetch", "--taxi=yellow", "--months=2014-01..2014-03", "--source=" + s.URL}
	clean := runOnce(t, command{args: append(args, "--dest=clean"), dir: dir})
	if clean.code != 0 {
		t.Fatal(clean.stderr)
	}
	s.wantFetched(t, filepath.Join(dir, "clean"), jan, feb, mar)
	want := treeOf(t, filepath.Join(dir, "clean"))
	rounds := 5
	if soaking() {
		rounds = 20
	}
	r := rand.New(rand.NewPCG(1, 0))
	names, ranges := []string{jan, feb, mar}, 0
	for i := range rounds {
		dest := filepath.Join(dir, fmt.Sprint(i))
		run := command{args: append(args, "--dest="+dest), dir: dir}
		for _, moment := range []string{"in the middle of a file", "at random"} {
			name := names[r.IntN(len(names))]
			s.hold(name, 1+r.IntN(len(s.content[name])/2))
			if moment == "at random" {
				s.hold("", 0)
			}
			one := start(t, run)
			switch moment {
			case "at random":
				select {
				case <-time.After(time.Duration(r.Int64N(int64(clean.elapsed)))):
				case <-one.over:
				}
			default:
				one.untilComes(t, filepath.Join(dest, "2014", "."+name+".part"), 0)
				ranges = s.asked()
			}
			_ = one.cmd.Process.Kill() // it may be over already
			one.wait()
			for path, sum := range treeOf(t, dest) {
				if strings.HasSuffix(path, ".parquet") && sum != want[path] {
					t.Fatalf("killed %s: %s is not whole", moment, path)
				}
			}
		}
		if last := runOnce(t, run); last.code != 0 {
			t.Fatalf("the next run: %s", last.stderr)
		}
		if got := treeOf(t, dest); !maps.Equal(got, want) {
			t.Fatalf("the next run left %v, expected %v", got, want)
		}
		if s.asked() == ranges {
			t.Errorf("round %d: the download was not continued", i)
		}
	}
}

func TestFetchIsStoppedBySignals(t *testing.T) {
	s := newSite(t, month(tlcgen.Yellow, 2014, 1, 60_000))
	dir := t.TempDir()
	run := command{args: []string{"fetch", "--taxi=yellow", "--months=2014-01", "--source=" + s.URL, "--dest=raw"}, dir: dir}
	s.hold(jan, 100_000)
	part := filepath.Join(dir, "raw", "2014", "."+jan+".part")
	for signal, code := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		before, _ := partOf(part)
		one := start(t, run)
		one.untilComes(t, part, before)
		if err := one.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		one.wait().fails(t, code, "stopped by")
		found := treeOf(t, filepath.Join(dir, "raw"))
		wantOnly(t, slices.Collect(maps.Keys(found)), "2014/."+jan+".part", "2014/."+jan+".part.json")
	}
	s.hold("", 0)
	if r := runOnce(t, run); r.code != 0 {
		t.Error(r.stderr)
	}
	s.wantFetched(t, filepath.Join(dir, "raw"), jan)
	if s.asked() == 0 {
		t.Error("no download was continued")
	}
}
