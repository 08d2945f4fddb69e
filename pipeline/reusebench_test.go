package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tripstats/testdata/tlcgen"
)

// What a second run may take.
const (
	mostOfFirst   = 0.02                   // share of the first run, and
	mostBeside    = 300 * time.Millisecond // also of a run with nothing to do
	mostInStore   = 3 * time.Second
	requestInFake = 50 * time.Millisecond
)

// BenchmarkReuse runs over 120 months of a million rows, which make bench-reuse generates, and then again: with nothing changed, with
// one month that is new, and with one that is another file. It fails if a second run takes too long or reads too much.
func BenchmarkReuse(b *testing.B) {
	from := os.Getenv("TRIPSTATS_BENCH_REUSE")
	all, err := filepath.Glob(filepath.Join(from, "*.parquet"))
	if err != nil || from == "" || len(all) != 120 {
		b.Skip("TRIPSTATS_BENCH_REUSE names no folder of 120 months: make bench-reuse makes it")
	}
	dir := b.TempDir()
	inputs := filepath.Join(dir, "inputs")
	if err := os.Mkdir(inputs, 0o700); err != nil {
		b.Fatal(err)
	}
	link := func(name, to string) {
		b.Helper()
		at := filepath.Join(inputs, name)
		_ = os.Remove(at) // it may not be there
		if err := os.Symlink(to, at); err != nil {
			b.Fatal(err)
		}
	}
	for _, path := range all {
		link(filepath.Base(path), path)
	}
	newest := filepath.Base(all[119])
	o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 12), Rows: 1_000_000, Seed: 2, JobColumns: true, Codec: tlcgen.Snappy}
	another := filepath.Join(dir, newest)
	if _, err := tlcgen.WriteFile(b.Context(), another, o); err != nil {
		b.Fatal(err)
	}
	runs := func(c command, words ...string) result {
		b.Helper()
		r, err := c.run(program(b), dir)
		if err != nil || r.code != 0 {
			b.Fatalf("%q: %v, exit code %d: %s", c.args, err, r.code, r.stderr)
		}
		for _, w := range words {
			if !strings.Contains(r.stderr, " "+w+" ") {
				b.Errorf("%q: found no %q: %s", c.args, w, r.stderr)
			}
		}
		return r
	}
	over := func(output string) command {
		return command{args: []string{"--input=" + inputs + "/*.parquet", "--output=" + filepath.Join(dir, output)}}
	}
	time.Sleep(3 * time.Second) // of a file that changed a moment ago nothing is kept
	first := runs(over("all"), "reused=0").elapsed
	if err := os.Remove(filepath.Join(inputs, newest)); err != nil {
		b.Fatal(err)
	}
	runs(over("but-one"), "reused=0")
	link(newest, all[119])
	limit := time.Duration(mostOfFirst*float64(first)) + mostBeside
	for _, c := range []struct {
		name, start string // the output that the run begins with
		newest      string
		limit       time.Duration
		words       []string
	}{
		{"nothing changed", "all", all[119], mostBeside, []string{"committed=false", "bytes_read=0"}},
		{"one new", "but-one", all[119], limit, []string{"committed=true", "reused=119", "files=1"}},
		{"one changed", "all", another, limit, []string{"committed=true", "reused=119", "files=1"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			link(newest, c.newest)
			var took []time.Duration
			for range b.N {
				b.StopTimer()
				out := filepath.Join(dir, "out")
				if err := os.RemoveAll(out); err != nil {
					b.Fatal(err)
				}
				if err := os.CopyFS(out, os.DirFS(filepath.Join(dir, c.start))); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				took = append(took, runs(over("out"), c.words...).elapsed)
			}
			report(b, took, c.limit)
			b.ReportMetric(first.Seconds(), "s/first")
		})
	}
	b.Run("s3", func(b *testing.B) { benchmarkReuseInS3(b, all, another, runs) })
}

// benchmarkReuseInS3 does the same in a store that takes its time for each request.
func benchmarkReuseInS3(b *testing.B, all []string, another string, runs func(c command, words ...string) result) {
	bucket, fake := s3Bucket(b)
	put := func(name, path string) {
		content, err := os.ReadFile(path)
		if err == nil {
			err = fake.Put("inputs/"+name, content)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, path := range all[:119] {
		put(filepath.Base(path), path)
	}
	var slow atomic.Bool
	fake.Before = func(http.ResponseWriter, *http.Request) bool {
		if slow.Load() {
			time.Sleep(requestInFake)
		}
		return false
	}
	over := func(output string) command {
		return command{args: []string{"--input=s3://bucket/inputs/*.parquet", "--output=s3://bucket/" + output}, env: bucket.env}
	}
	for i := range b.N {
		runs(over(fmt.Sprint(i)), "reused=0")
	}
	newest := filepath.Base(all[119])
	slow.Store(true)
	for _, c := range []struct {
		name, newest string
		words        []string
	}{
		{"one new", all[119], []string{"committed=true", "reused=119"}},
		{"nothing changed", all[119], []string{"committed=false", "bytes_read=0"}},
		{"one changed", another, []string{"committed=true", "reused=119"}},
	} {
		put(newest, c.newest)
		var took []time.Duration
		var requests []int
		b.ResetTimer()
		for i := range b.N {
			r := runs(over(fmt.Sprint(i)), c.words...)
			took = append(took, r.elapsed)
			if found := regexp.MustCompile(` requests=(\d+) `).FindStringSubmatch(r.stderr); found != nil {
				n, _ := strconv.Atoi(found[1]) // digits
				requests = append(requests, n)
			}
		}
		slices.Sort(took)
		b.Logf("%s: %v, requests %v", c.name, took, requests)
		if median := took[len(took)/2]; median > mostInStore {
			b.Errorf("%s: took %v, expected at most %v", c.name, median, mostInStore)
		}
	}
}

// report fails if runs take longer than they may.
func report(b *testing.B, took []time.Duration, limit time.Duration) {
	b.Helper()
	slices.Sort(took)
	median := took[len(took)/2]
	b.ReportMetric(median.Seconds(), "s/run")
	b.ReportMetric(limit.Seconds(), "s/limit")
	if median > limit {
		b.Errorf("took %v, expected at most %v: %v", median, limit, took)
	}
}
