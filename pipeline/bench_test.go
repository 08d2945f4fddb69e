package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/runners"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

const benchRows = 3_000_000

// benchFile generates a month of 3 million rows once for all benchmarks, below the system's temporary folder.
func benchFile(b *testing.B, codec tlcgen.Codec) string {
	b.Helper()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("tripstats-bench-3m-%s_2015-03.parquet", codec))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := tlcgen.WriteFile(context.Background(), path, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2015, Month: 3}, Rows: benchRows, Codec: codec}); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkJob is the whole pipeline, in raw mode, on a month of 3 million rows.
func BenchmarkJob(b *testing.B) {
	for _, codec := range []tlcgen.Codec{tlcgen.GZIP, tlcgen.ZSTD, tlcgen.Snappy} {
		for _, name := range runners.InProcess() {
			b.Run(fmt.Sprintf("codec=%s/runner=%s", codec, name), func(b *testing.B) {
				runner, err := runners.Find(name)
				if err != nil {
					b.Fatal(err)
				}
				objects, err := objstore.Access{}.Match(b.Context(), []string{benchFile(b, codec)})
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

// BenchmarkTax is the whole job, in raw mode on the direct runner, beside the decoding of the same columns to values alone, in
// turns. The job itself takes codes of dictionaries where the files have them: codes-ns/row is what decoding that far costs.
// tax is the CPU time of the one over that of the other. What a job costs however little it reads is in it, so it is
// lower on many files: TRIPSTATS_BENCH_FILES names some, instead of a month of each codec. With several cores it also has
// what it takes to bring a batch from the core that decoded it to the one that aggregates it, which differs by machine and
// hour: figures to be compared are those of one core.
func BenchmarkTax(b *testing.B) {
	if files := os.Getenv("TRIPSTATS_BENCH_FILES"); files != "" {
		benchmarkTax(b, files)
		return
	}
	for _, codec := range []tlcgen.Codec{tlcgen.GZIP, tlcgen.ZSTD, tlcgen.Snappy} {
		b.Run(fmt.Sprintf("codec=%s", codec), func(b *testing.B) { benchmarkTax(b, benchFile(b, codec)) })
	}
}

func benchmarkTax(b *testing.B, pattern string) {
	runner, err := runners.Find("direct")
	if err != nil {
		b.Fatal(err)
	}
	objects, err := objstore.Access{}.Match(b.Context(), []string{pattern})
	if err != nil {
		b.Fatal(err)
	}
	options := tripOptions("", false)
	files := parquetio.Files(objects, 1)
	for i, f := range files {
		if f, err = parquetio.ReadFooter(b.Context(), objstore.Access{}, f); err == nil {
			files[i], err = trip.Recognise(f, options)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	cfg := configOf("raw", quality.Config{})
	cfg.Output = b.TempDir()
	var decode, codes, job time.Duration
	rows := int64(0)
	scan := func(cfg parquetio.Config) time.Duration {
		start := cpuTime(b)
		rows = 0
		for _, f := range files {
			if err := parquetio.Scan(b.Context(), f, cfg, func(c element.Columns) { rows += c.Record.NumRows() }); err != nil {
				b.Fatal(err)
			}
		}
		return cpuTime(b) - start
	}
	for b.Loop() {
		decode += scan(parquetio.Config{})
		codes += scan(parquetio.Config{Codes: true})
		middle := cpuTime(b)
		p, s := beam.NewPipelineWithRoot()
		build(s, plan{files: parquetio.Files(objects, 1), lanes: 1, trips: options, publish: cfg})
		if _, err := runner.Run(b.Context(), p); err != nil {
			b.Fatal(err)
		}
		job += cpuTime(b) - middle
	}
	perRow := func(t time.Duration) float64 { return float64(t.Nanoseconds()) / float64(rows) / float64(b.N) }
	b.ReportMetric(perRow(decode), "decode-ns/row")
	b.ReportMetric(perRow(codes), "codes-ns/row")
	b.ReportMetric(perRow(job), "job-ns/row")
	b.ReportMetric(float64(job)/float64(decode), "tax")
}

// cpuTime is what the process has used of all cores.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
