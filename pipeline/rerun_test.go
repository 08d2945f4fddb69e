package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
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
	const most = 8 // the listing, the head, what is kept, whether the copies are there, and the table that stdout shows
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
