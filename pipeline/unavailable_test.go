package main_test

import (
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
)

// closedPort returns an address of this machine at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it is opened only to be closed
	return l.Addr().String()
}

// TestAStoreThatIsDownIsExit7 checks, for each use of a store, that the exit code distinguishes temporary faults from input that is
// damaged, refused or missing.
func TestAStoreThatIsDownIsExit7(t *testing.T) {
	files, _ := twoMonths(t)
	const name = "yellow_tripdata_2019-08.parquet"
	const months = "--months=2019-08..2019-08"
	always := func(status int) string {
		return serve(t, files, func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			return true
		})
	}
	var mu sync.Mutex
	answered := map[string]bool{}
	footerAlone := serve(t, files, func(w http.ResponseWriter, r *http.Request) bool { // it answers requests for the footer and then fails
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("ETag", `"1"`)
		base := path.Base(r.URL.Path)
		if r.Method == http.MethodHead || !answered[base] {
			answered[base] = answered[base] || r.Method == http.MethodGet
			return false
		}
		panic(http.ErrAbortHandler)
	})
	refused := "http://" + closedPort(t)
	s3 := []string{"AWS_ENDPOINT_URL=" + refused, "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=us-east-1"}
	for what, c := range map[string]struct {
		args []string
		env  []string
		code int
	}{
		"an input answers 503":            {[]string{"--input=" + always(503) + "/" + name, "--output=out"}, nil, 7},
		"an input answers 520":            {[]string{"--input=" + always(520) + "/" + name, "--output=out"}, nil, 7},
		"an input refuses to connect":     {[]string{"--input=" + refused + "/" + name, "--output=out"}, nil, 7},
		"an input breaks off while read":  {[]string{"--input=" + footerAlone + "/" + name, "--output=out"}, nil, 7},
		"the same on prism":               {[]string{"--input=" + footerAlone + "/yellow_tripdata_2019-09.parquet", "--output=out", "--runner=prism"}, nil, 7},
		"the source of months is down":    {[]string{months, "--taxi=yellow", "--source=" + always(500), "--output=out"}, nil, 7},
		"a bucket cannot be reached":      {[]string{"--input=s3://bucket/raw/*.parquet", "--output=out"}, s3, 7},
		"the output cannot be reached":    {[]string{"--input=sample", "--output=s3://bucket/out"}, s3, 7},
		"the plan of an input that is":    {[]string{"--input=" + refused + "/" + name, "--plan"}, nil, 7},
		"inspect of an input that is":     {[]string{"inspect", refused + "/" + name}, nil, 7},
		"no job server answers":           {[]string{"--runner=flink", "--endpoint=" + strings.TrimPrefix(refused, "http://"), "--input=sample", "--output=out"}, nil, 7},
		"an input is not there":           {[]string{"--input=" + always(404) + "/" + name, "--output=out"}, nil, 4},
		"an input wants credentials":      {[]string{"--input=" + always(401) + "/" + name, "--output=out"}, nil, 3},
		"an input is refused":             {[]string{"--input=" + always(403) + "/" + name, "--output=out"}, nil, 3},
		"a server does not know a method": {[]string{"--input=" + always(501) + "/" + name, "--output=out"}, nil, 3},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			words := []string{"tripstats: "}
			if c.code == 7 && what != "no job server answers" {
				words = append(words, "again")
			}
			runOnce(t, command{args: c.args, env: c.env, dir: t.TempDir()}).fails(t, c.code, words...)
		})
	}
	for what, c := range map[string]struct {
		args []string
		env  []string
		code int
	}{
		"fetch: the source is down":            {[]string{months, "--taxi=yellow", "--source=" + always(503), "--dest=raw"}, nil, 7},
		"fetch: the source refuses to connect": {[]string{months, "--taxi=yellow", "--source=" + refused, "--dest=raw"}, nil, 7},
		"fetch: the destination is down":       {[]string{months, "--taxi=yellow", "--source=" + serve(t, files, func(http.ResponseWriter, *http.Request) bool { return false }), "--dest=s3://bucket/raw"}, s3, 7},
		"fetch: the source refuses":            {[]string{months, "--taxi=yellow", "--source=" + always(401), "--dest=raw"}, nil, 3},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := runOnce(t, command{args: append([]string{"fetch"}, c.args...), env: c.env, dir: t.TempDir()})
			if r.code != c.code {
				t.Errorf("found exit code %d, expected %d\n%s", r.code, c.code, r.stderr)
			}
		})
	}
}
