package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
)

// manyMonths is a fake S3 with some months of few trips, and what a program needs to reach it.
func manyMonths(t testing.TB, months int) (store *fakes.S3, env []string, put func(i int, rows int64)) {
	t.Helper()
	store = fakes.NewS3(t, true)
	empty := filepath.Join(t.TempDir(), "none")
	env = []string{
		"AWS_ENDPOINT_URL=" + store.URL, "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret", "AWS_REGION=us-east-1",
		"AWS_CONFIG_FILE=" + empty, "AWS_SHARED_CREDENTIALS_FILE=" + empty, "AWS_EC2_METADATA_DISABLED=true",
	}
	put = func(i int, rows int64) {
		t.Helper()
		var b strings.Builder
		o := month(tlcgen.Yellow, 2014+i/12, 1+i%12, rows)
		if _, err := tlcgen.Write(t.Context(), &b, o); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPut, store.URL+"/bucket/raw/"+tlcgen.FileName(o.Taxi, o.Month), strings.NewReader(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil || resp.Body.Close() != nil || resp.StatusCode >= 300 {
			t.Fatal(resp, err)
		}
	}
	for i := range months {
		put(i, 200)
	}
	return store, env, put
}

// TestARunAsksAStoreOnlyForWhatHasChanged counts requests. If nothing has changed, there are as many for a hundred inputs as for one.
func TestARunAsksAStoreOnlyForWhatHasChanged(t *testing.T) {
	store, env, put := manyMonths(t, 120)
	run := func(args ...string) (requests int, read map[string]bool) {
		t.Helper()
		before := len(store.Requests())
		runOnce(t, command{args: append([]string{"--input=s3://bucket/raw/*.parquet", "--output=s3://bucket/out"}, args...), dir: t.TempDir(), env: env}).succeeds(t)
		asked := store.Requests()[before:]
		read = map[string]bool{}
		for _, r := range asked {
			if strings.HasPrefix(r.URL.Path, "/bucket/raw/") {
				read[filepath.Base(r.URL.Path)] = true
			}
		}
		return len(asked), read
	}
	if _, read := run(); len(read) != 120 {
		t.Errorf("the first run has read %d files, expected 120", len(read))
	}
	const most = 8 + 4 // the listing, the head, what is kept, the table that stdout shows, and whether the four copies are there
	if n, read := run(); n > most || len(read) > 0 {
		t.Errorf("nothing has changed: found %d requests and reads of %v, expected at most %d and none", n, read, most)
	}
	put(7, 300)
	if n, read := run(); n > 60 || len(read) != 1 || !read["yellow_tripdata_2014-08.parquet"] {
		t.Errorf("one file has changed: found %d requests and reads of %v, expected at most 60, and only that file", n, read)
	}
	if n, read := run("--plan"); n > most || len(read) > 0 {
		t.Errorf("the plan when nothing has changed: found %d requests and reads of %v, expected at most %d and none", n, read, most)
	}
}

// BenchmarkRerun runs again over 120 inputs in a store that takes 50 ms for each request: nothing has changed, or one file. Of these, the
// first should take at most 0.3 s, the second at most 3 s.
func BenchmarkRerun(b *testing.B) {
	store, env, put := manyMonths(b, 120)
	path := program(b)
	run := func() {
		c := command{args: []string{"--input=s3://bucket/raw/*.parquet", "--output=s3://bucket/out"}, dir: b.TempDir(), env: env}
		if r, err := c.run(path, b.TempDir()); err != nil || r.code != 0 {
			b.Fatal(r.stderr, err)
		}
	}
	run()
	store.Before = func(http.ResponseWriter, *http.Request) bool { time.Sleep(50 * time.Millisecond); return false }
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			run()
		}
	})
	rows := int64(300)
	b.Run("one changed", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			rows++
			put(7, rows)
			b.StartTimer()
			run()
		}
	})
}

// meanwhile has another run publish whenever a run asks for the lock of an output, the first times.
func meanwhile(store *fakes.S3, times int, other func()) {
	var mu sync.Mutex
	busy := false
	store.Before = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		now := !busy && times > 0 && r.Method == http.MethodPut && r.Header.Get("If-None-Match") != "" && strings.HasSuffix(r.URL.Path, "/.tripstats/lock")
		if now {
			times, busy = times-1, true
		}
		mu.Unlock()
		if now {
			other()
			mu.Lock()
			busy = false
			mu.Unlock()
		}
		return false
	}
}

func TestARunPlansAgainIfAnotherHasPublishedMeanwhile(t *testing.T) {
	store, env, _ := manyMonths(t, 3)
	extending := func(file string, more ...string) command {
		return command{args: append([]string{"--input=s3://bucket/raw/" + file, "--output=s3://bucket/out", "--existing=extend"}, more...), dir: t.TempDir(), env: env}
	}
	runOnce(t, extending("yellow_tripdata_2014-01.parquet")).succeeds(t)

	// Both months end up in the output.
	meanwhile(store, 1, func() { runOnce(t, extending("yellow_tripdata_2014-02.parquet")).succeeds(t) })
	r := runOnce(t, extending("yellow_tripdata_2014-03.parquet")).succeeds(t)
	if !strings.Contains(r.stderr, "another run has published in s3://bucket/out meanwhile; planning again") || !strings.Contains(r.stderr, " version=3 ") {
		t.Errorf("found %s, expected that the run was planned again", r.stderr)
	}
	for _, month := range []string{"2014-01", "2014-02", "2014-03"} {
		if !strings.Contains(r.stdout, "yellow  "+month) {
			t.Errorf("found %s, expected %s in it", r.stdout, month)
		}
	}

	// It plans three times more, and no longer then.
	meanwhile(store, 10, func() { // the manifest is not what it was
		uri := store.URL + "/bucket/out/_manifest.json"
		resp, err := http.Get(uri)
		if err != nil {
			t.Error(err)
			return
		}
		content, err := io.ReadAll(resp.Body)
		put, failed := http.NewRequest(http.MethodPut, uri, strings.NewReader(string(content)+"\n"))
		if err := errors.Join(err, failed, resp.Body.Close()); err != nil {
			t.Error(err)
			return
		}
		if resp, err = http.DefaultClient.Do(put); err != nil || resp.Body.Close() != nil || resp.StatusCode >= 300 {
			t.Error(resp, err)
		}
	})
	r = runOnce(t, extending("yellow_tripdata_2014-03.parquet", "--reuse=false"))
	r.fails(t, 6, "another run published there while this one ran")
	if n := strings.Count(r.stderr, "planning again"); n != 3 {
		t.Errorf("found that it was planned again %d times, expected 3: %s", n, r.stderr)
	}
}

// TestAnOutputOfAnOlderProgramIsExtended turns an output into one of a program that kept neither versions nor results, and whose manifest has
// less.
func TestAnOutputOfAnOlderProgramIsExtended(t *testing.T) {
	dir := t.TempDir()
	raw := filepath.Join(dir, "raw")
	for m := 1; m <= 3; m++ {
		generate(t, raw, month(tlcgen.Yellow, 2014, m, 500))
	}
	do := func(args ...string) result { return runOnce(t, command{args: args, dir: dir}) }
	do("--input=raw/*-01.parquet,raw/*-02.parquet", "--output=out", "--limits=duration_over=60", "--tables=standard,by_hour").succeeds(t)
	old(t, filepath.Join(dir, "out"))
	first := do("--input=raw/*-03.parquet", "--output=out", "--existing=extend").succeeds(t)
	if !strings.Contains(first.stderr, "files=3 ") || !strings.Contains(first.stderr, " version=1 committed=true inputs=3 reused=0 ") {
		t.Errorf("found %s, expected that all inputs were read", first.stderr)
	}
	do("--input=raw/*.parquet", "--output=one", "--limits=duration_over=60", "--tables=standard,by_hour").succeeds(t)
	if got, want := treeOf(t, filepath.Join(dir, "out")).tableFiles(), treeOf(t, filepath.Join(dir, "one")).tableFiles(); !maps.Equal(got, want) || len(want) != 5 {
		t.Errorf("found %v, expected %v", got, want)
	}

	// What cannot be made again is not lost in silence.
	do("--input=raw/*-01.parquet,raw/*-02.parquet", "--output=gone").succeeds(t)
	old(t, filepath.Join(dir, "gone"))
	generate(t, raw, month(tlcgen.Yellow, 2014, 2, 501))
	do("--input=raw/*-03.parquet", "--output=gone", "--existing=extend").fails(t, 5, "yellow_tripdata_2014-02.parquet is needed again (no results are kept): it has changed since the output was made", "--existing=replace")
	do("--input=raw/*-03.parquet", "--output=gone").fails(t, 5, "it has 2 months (yellow 2014-01..2014-02)")
}

// old makes an output one of an older program.
func old(t *testing.T, output string) {
	t.Helper()
	path := filepath.Join(output, "_manifest.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(content, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "commit")
	delete(m, "settings")
	for _, o := range m["outputs"].([]any) {
		o := o.(map[string]any)
		o["path"] = o["plain"]
		delete(o, "plain")
		delete(o, "sql")
	}
	if content, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path, content, 0o666), os.RemoveAll(filepath.Join(output, ".tripstats"))); err != nil {
		t.Fatal(err)
	}
}
