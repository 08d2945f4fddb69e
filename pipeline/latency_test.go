package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tripstats/io/objstore"
)

// BenchmarkLatency reads twelve months of three million rows, which make bench-peers generates, from the disk and from a web server
// in this process that waits before each answer. Reading from the server that waits 100 ms should take at most twice as long.
func BenchmarkLatency(b *testing.B) {
	all, err := filepath.Glob(filepath.Join(os.Getenv("TRIPSTATS_BENCH_DIR"), "tlc", "yellow", "*", "*.parquet"))
	if err != nil || len(all) < 12 {
		b.Skip("no generated months in TRIPSTATS_BENCH_DIR: make bench-peers makes them")
	}
	all = all[:12]
	for _, latency := range []time.Duration{-1, 0, 100 * time.Millisecond} {
		name := fmt.Sprintf("web+%v", latency)
		if latency < 0 {
			name = "disk"
		}
		b.Run(name, func(b *testing.B) {
			paths := all
			if latency >= 0 {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(latency)
					path := filepath.Join(os.Getenv("TRIPSTATS_BENCH_DIR"), filepath.FromSlash(r.URL.Path))
					if info, err := os.Stat(path); err == nil {
						w.Header().Set("ETag", fmt.Sprintf(`"%d"`, info.ModTime().UnixNano()))
					}
					http.ServeFile(w, r, path)
				}))
				defer server.Close()
				paths = nil
				for _, p := range all {
					rel, err := filepath.Rel(os.Getenv("TRIPSTATS_BENCH_DIR"), p)
					if err != nil {
						b.Fatal(err)
					}
					paths = append(paths, server.URL+"/"+filepath.ToSlash(rel))
				}
			}
			requests := objstore.Requests()
			for b.Loop() {
				if err := attempt(b.Context(), "direct", paths, b.TempDir()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(objstore.Requests()-requests)/float64(b.N), "requests/op")
		})
	}
}
