package main_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"tripstats/testdata/tlcgen"
)

// serve starts a web server of files by their base names. answer is called first, and returns whether it has answered.
func serve(t *testing.T, files map[string][]byte, answer func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer(w, r) {
			return
		}
		content, ok := files[path.Base(r.URL.Path)]
		if !ok {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// twoMonths returns files of two months, and their tables.
func twoMonths(t *testing.T) (files map[string][]byte, want tree) {
	t.Helper()
	dir := t.TempDir()
	files = map[string][]byte{}
	for m := 8; m <= 9; m++ {
		o := month(tlcgen.Yellow, 2019, m, 20_000)
		content, err := os.ReadFile(generate(t, filepath.Join(dir, "raw"), o))
		if err != nil {
			t.Fatal(err)
		}
		files[tlcgen.FileName(o.Taxi, o.Month)] = content
	}
	runOnce(t, command{args: []string{"--input=raw/*", "--output=out"}, dir: dir}).succeeds(t)
	return files, treeOf(t, filepath.Join(dir, "out")).tableFiles()
}

// TestSignedAddressesAreRead has a server that answers only GET requests with the signature, and gives no version.
func TestSignedAddressesAreRead(t *testing.T) {
	files, want := twoMonths(t)
	base := serve(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && r.URL.RawQuery == "sig=verysecret" {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	var signed []string
	for name := range files {
		signed = append(signed, base+"/"+name+"?sig=verysecret")
	}
	for _, runner := range runnerNames {
		out := t.TempDir()
		r := tripstats(t, "--input="+strings.Join(signed, ","), "--output="+out, "--runner="+runner).succeeds(t)
		if got := treeOf(t, out).tableFiles(); !maps.Equal(got, want) {
			t.Errorf("%s: found %v, expected %v", runner, got, want)
		}
		if n := strings.Count(r.stderr, "neither ETag nor Last-Modified"); n != 1 || strings.Contains(r.stderr+r.stdout, "secret") {
			t.Errorf("%s: found %d notes that a change would not be seen, expected one\n%s", runner, n, r.stderr)
		}
	}
	r := tripstats(t, "--input="+strings.Replace(signed[0], "verysecret", "othersecret", 1), "--output=x")
	r.fails(t, 3, "403", "the address with its query")
	if strings.Contains(r.stderr, "othersecret") {
		t.Errorf("the signature is shown: %s", r.stderr)
	}
}

// TestAYearInTheSourceIsReadThroughRefusals has a server that answers 403 to every second request for a file, like TLC's server if
// requests come too often.
func TestAYearInTheSourceIsReadThroughRefusals(t *testing.T) {
	files, want := twoMonths(t)
	var mu sync.Mutex
	gets, refused := 0, 0
	base := serve(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("ETag", `"1"`)
		if path.Base(path.Dir(r.URL.Path)) != "2019" {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		if r.Method != http.MethodGet {
			return false
		}
		if gets++; gets%2 == 0 {
			return false
		}
		refused++
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	for _, runner := range runnerNames {
		out := t.TempDir()
		tripstats(t, "--months=2019-08..2019-09", "--taxi=yellow", "--source="+base+"/raw/{year}", "--output="+out, "--runner="+runner).succeeds(t)
		if got := treeOf(t, out).tableFiles(); !maps.Equal(got, want) {
			t.Errorf("%s: found %v, expected %v", runner, got, want)
		}
	}
	if refused == 0 {
		t.Error("no request was refused")
	}
}

// TestMonthsThatNobodyHas has ranges of months of which no file exists.
func TestMonthsThatNobodyHas(t *testing.T) {
	files, _ := twoMonths(t)
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	web := serve(t, files, func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("ETag", `"1"`)
		if path.Base(r.URL.Path) == "yellow_tripdata_2019-01.parquet" { // TLC published this month long ago
			w.Header().Set("Content-Length", "100")
			return true
		}
		return false
	})
	for _, source := range []string{folder, web} {
		for _, missing := range []string{"fail", "skip"} {
			months := []string{"--months=2030-01..", "--taxi=yellow", "--source=" + source, "--missing=" + missing}
			tripstats(t, append(months, "--output=out")...).fails(t, 4, "--months", "yellow", source)
			dir := t.TempDir()
			runOnce(t, command{args: append([]string{"fetch", "--dest=raw"}, months...), dir: dir}).fails(t, 4, "--months", "yellow", "2030-01..", source)
			if found := treeOf(t, dir); len(found) != 0 {
				t.Errorf("months that are not published: found files %v, expected none", found)
			}
		}
	}
	// For a range with both ends of which no month exists, the message says so.
	for _, missing := range []string{"fail", "skip"} {
		r := tripstats(t, "fetch", "--dest=raw", "--months=2030-01..2030-02", "--taxi=yellow", "--source="+folder, "--missing="+missing)
		if r.code != 4 || !strings.Contains(r.stderr, "2030-01, 2030-02") {
			t.Errorf("--missing=%s: exit code %d\n%s", missing, r.code, r.stderr)
		}
	}
}

// TestCredentialsThatAreNotAcceptedAreSaidAtOnce has a server that requires a login.
func TestCredentialsThatAreNotAcceptedAreSaidAtOnce(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	base := serve(t, nil, func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		asked++
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	source := strings.Replace(base, "http://", "http://someuser:verysecret@", 1)
	for _, args := range [][]string{
		{"--months=2024-01..", "--taxi=yellow", "--source=" + source, "--output=out"},
		{"--input=" + source + "/x.parquet", "--output=out"},
		{"fetch", "--months=2024-01..2024-12", "--taxi=yellow", "--source=" + source, "--dest=raw"},
		{"inspect", source + "/x.parquet"},
	} {
		before := asked
		r := tripstats(t, args...)
		r.fails(t, 3, "401", "the user and password in the address")
		if strings.Contains(r.stderr, "secret") || strings.Contains(r.stderr, "someuser") || asked-before > 4 {
			t.Errorf("%d requests: %s", asked-before, r.stderr)
		}
	}
}

// TestWhoWaitsForAnotherRunSaysSo holds the lock of an output until the run says that it waits.
func TestWhoWaitsForAnotherRunSaysSo(t *testing.T) {
	for _, runner := range runnerNames {
		out := filepath.Join(t.TempDir(), "out")
		if err := os.MkdirAll(filepath.Join(out, ".tripstats"), 0o777); err != nil {
			t.Fatal(err)
		}
		lock := flock.New(filepath.Join(out, ".tripstats", "lock"))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		one := start(t, command{args: []string{"--input=sample", "--output=" + out, "--runner=" + runner}, dir: t.TempDir()})
		one.untilSays(t, "another run is publishing to it")
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		r := one.wait().succeeds(t)
		if n := strings.Count(r.stderr, notePrefix+"output "+out+": another run is publishing to it"); n != 1 {
			t.Errorf("%s: found %d notes, expected one:\n%s", runner, n, r.stderr)
		}
	}
}

// TestTheLockOfADeadRunInABucketIsTaken takes 30 seconds: after that time a run takes a lock that is not renewed.
func TestTheLockOfADeadRunInABucketIsTaken(t *testing.T) {
	if !soaking() {
		t.Skip("takes 30 seconds: make soak")
	}
	b := s3(t)
	if err := b.put("out/.tripstats/lock", []byte("dead")); err != nil {
		t.Fatal(err)
	}
	r := runOnce(t, command{args: []string{"--input=sample", "--output=" + b.base + "/out"}, dir: t.TempDir(), env: b.env}).succeeds(t)
	if n := strings.Count(r.stderr, notePrefix+"output s3://bucket/out: another run holds the lock"); n != 1 {
		t.Errorf("found %d notes, expected one:\n%s", n, r.stderr)
	}
	found, err := b.all()
	if err != nil {
		t.Fatal(err)
	}
	for name := range found {
		if strings.HasSuffix(name, ".tripstats/lock") {
			t.Errorf("%s was left", name)
		}
		if strings.Contains(name, versionsOf) {
			delete(found, name)
		}
	}
	if len(found) != 4 {
		t.Errorf("found %d objects", len(found))
	}
}
