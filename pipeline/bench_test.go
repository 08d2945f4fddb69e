package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/runners"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/quality"
)

const benchRows = 1_000_000

// benchFile generates a month of a million rows once for all benchmarks, below the system's temporary folder.
func benchFile(b *testing.B, codec tlcgen.Codec) string {
	b.Helper()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("tripstats-bench-1m-%s_2015-03.parquet", codec))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := tlcgen.WriteFile(context.Background(), path, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2015, Month: 3}, Rows: benchRows, Codec: codec}); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkJob is the whole pipeline, in raw mode, on a month of a million rows.
func BenchmarkJob(b *testing.B) {
	for _, codec := range []tlcgen.Codec{tlcgen.GZIP, tlcgen.ZSTD, tlcgen.Snappy} {
		for _, name := range runners.InProcess() {
			b.Run(fmt.Sprintf("codec=%s/runner=%s", codec, name), func(b *testing.B) {
				runner, err := runners.Find(name)
				if err != nil {
					b.Fatal(err)
				}
				objects, err := objstore.Match(b.Context(), []string{benchFile(b, codec)})
				if err != nil {
					b.Fatal(err)
				}
				cfg := configOf("raw", quality.Config{})
				cfg.Output = b.TempDir()
				b.ReportAllocs()
				b.ResetTimer()
				for b.Loop() {
					p, s := beam.NewPipelineWithRoot()
					build(s, plan{files: parquetio.Files(objects, runner.Lanes()), lanes: runner.Lanes(), trips: tripOptions("", false), publish: cfg})
					if _, err := runner.Run(b.Context(), p); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
			})
		}
	}
}
