package main_test

import (
	"bytes"
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

// slowSite is a web server of TLC's files that sends them slowly.
type slowSite struct {
	*httptest.Server
	content map[string][]byte
	pause   time.Duration // after each 16 KiB

	mu     sync.Mutex
	ranges int
	gets   int
	broken string // a file of which it sends a page instead
}

func newSlowSite(t *testing.T, pause time.Duration, months ...tlcgen.Options) *slowSite {
	t.Helper()
	s := &slowSite{content: map[string][]byte{}, pause: pause}
	for _, o := range months {
		s.content[tlcgen.FileName(o.Taxi, o.Month)] = generated(t, o)
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *slowSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	content, ok := s.content[name]
	s.mu.Lock()
	if r.Header.Get("Range") != "" {
		s.ranges++
	}
	if r.Method == http.MethodGet {
		s.gets++
	}
	broken := name == s.broken
	s.mu.Unlock()
	switch {
	case !ok:
		http.NotFound(w, r)
	case broken && r.Method == http.MethodGet:
		fmt.Fprintf(w, "<html>%s</html>", r.URL.RawQuery)
	default:
		w.Header().Set("ETag", `"`+hexSHA256(content)[:16]+`"`)
		http.ServeContent(&slowWriter{w, s.pause}, r, "", time.Time{}, bytes.NewReader(content))
	}
}

type slowWriter struct {
	http.ResponseWriter
	pause time.Duration
}

func (w *slowWriter) Write(b []byte) (written int, err error) {
	for piece := range slices.Chunk(b, 16<<10) {
		n, err := w.ResponseWriter.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
		w.ResponseWriter.(http.Flusher).Flush()
		time.Sleep(w.pause)
	}
	return written, nil
}

// place is where fetch puts a file.
func place(name string) string { return name[len(name)-len("2014-01.parquet"):][:4] + "/" + name }

// wantFetched checks that a folder has these files of the site, the manifest, and nothing else.
func (s *slowSite) wantFetched(t *testing.T, dir string, names ...string) {
	t.Helper()
	found := treeOf(t, dir)
	want := tree{"_fetched.json": found["_fetched.json"]}
	for _, name := range names {
		want[place(name)] = hexSHA256(s.content[name])
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
	return "fetched " + regexp.QuoteMeta(place(name)) + ` bytes=\d+ seconds=\d+\.\d`
}

func unchangedLine(name string) string {
	return "unchanged " + regexp.QuoteMeta(place(name)) + ` bytes=\d+`
}

func TestFetchGetsMonths(t *testing.T) {
	s := newSlowSite(t, 0, month(tlcgen.Yellow, 2014, 1, 500), month(tlcgen.Yellow, 2014, 2, 500), month(tlcgen.Yellow, 2014, 3, 500))
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
		t.Error("something has changed")
	}

	o := month(tlcgen.Yellow, 2014, 2, 500)
	o.Seed = 7
	s.content[feb] = generated(t, o)
	s.broken = mar
	if err := os.Remove(filepath.Join(raw, place(mar))); err != nil {
		t.Fatal(err)
	}
	fetch("--months=2014-01..2014-03").wantLines(t, 3, unchangedLine(jan), "re-published "+regexp.QuoteMeta(place(feb))+` bytes=\d+ seconds=.*`,
		"failed "+regexp.QuoteMeta(place(mar))+": not a parquet file: found an HTML page.*", fmt.Sprintf(doneLine, 2, 0, 1, 1, 1, 0), regexp.QuoteMeta(place(mar))+": not a parquet file.*")
	s.broken = ""
	fetch("--months=2014-01..2014-03").wantLines(t, 0, unchangedLine(jan), unchangedLine(feb), fetchedLine(mar), fmt.Sprintf(doneLine, 3, 1, 2, 0, 0, 0))
	s.wantFetched(t, raw, jan, feb, mar)

	// What was fetched is what the main job reads.
	runOnce(t, command{args: []string{"--input=raw/**/*.parquet", "--output=out"}, dir: dir}).succeeds(t)
}

func TestFetchOfAListOfAddresses(t *testing.T) {
	s := newSlowSite(t, 0, month(tlcgen.Yellow, 2014, 1, 500), month(tlcgen.Yellow, 2014, 2, 500))
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
	r.wantLines(t, 3, fetchedLine(jan), "failed .*HTML page.*", "failed missing.parquet: .*404.*", fmt.Sprintf(doneLine, 1, 1, 0, 0, 2, 0), "2 of 3 files failed: "+regexp.QuoteMeta(place(feb))+", missing.parquet; .*")
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
		"--months=2014-01 --dest=d":                                                             {"--taxi", "yellow or green"},
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
		t.Errorf("found %v", found)
	}
	r := runOnce(t, command{args: []string{"fetch", "--help"}, dir: dir}).succeeds(t)
	if r.stderr != "" {
		t.Errorf("found %s", r.stderr)
	}
	golden(t, "fetch_help", r.stdout)
}

// TestFetchIsTakenUpWhereItWasKilled kills fetches at random moments: what is under a final name is whole, and the next
// run ends as if there had been no other.
func TestFetchIsTakenUpWhereItWasKilled(t *testing.T) {
	s := newSlowSite(t, 20*time.Millisecond, month(tlcgen.Yellow, 2014, 1, 60_000), month(tlcgen.Yellow, 2014, 2, 3000), month(tlcgen.Yellow, 2014, 3, 3000))
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
	killed, ranges := 0, s.ranges
	for i := range rounds {
		dest := filepath.Join(dir, fmt.Sprint(i))
		run := command{args: append(args, "--dest="+dest), dir: dir}
		for range 2 {
			one := start(t, run)
			delay := time.Duration(r.Int64N(int64(clean.elapsed)))
			select {
			case <-time.After(delay):
			case <-one.over:
			}
			_ = one.cmd.Process.Kill() // it may be over already
			if one.wait().code == -1 {
				killed++
			}
			for path, sum := range treeOf(t, dest) {
				if strings.HasSuffix(path, ".parquet") && sum != want[path] {
					t.Fatalf("killed after %v: %s is not whole", delay, path)
				}
			}
		}
		if last := runOnce(t, run); last.code != 0 {
			t.Fatalf("the next run: %s", last.stderr)
		}
		if got := treeOf(t, dest); !maps.Equal(got, want) {
			t.Fatalf("the next run left %v, expected %v", got, want)
		}
	}
	t.Logf("%d killed in time, %d downloads continued", killed, s.ranges-ranges)
	if s.ranges == ranges {
		t.Error("no download was continued")
	}
}

func TestFetchIsStoppedBySignals(t *testing.T) {
	s := newSlowSite(t, 20*time.Millisecond, month(tlcgen.Yellow, 2014, 1, 60_000))
	dir := t.TempDir()
	run := command{args: []string{"fetch", "--taxi=yellow", "--months=2014-01", "--source=" + s.URL, "--dest=raw"}, dir: dir}
	gets := func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.gets }
	for signal, code := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		one := start(t, run)
		for before, deadline := gets(), time.Now().Add(longest); gets() == before && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // something comes
		if err := one.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		one.wait().fails(t, code, "stopped by")
		found := treeOf(t, filepath.Join(dir, "raw"))
		wantOnly(t, slices.Collect(maps.Keys(found)), "2014/."+jan+".part", "2014/."+jan+".part.json")
	}
	if r := runOnce(t, run); r.code != 0 {
		t.Error(r.stderr)
	}
	s.wantFetched(t, filepath.Join(dir, "raw"), jan)
	if s.ranges == 0 {
		t.Error("no download was continued")
	}
}
