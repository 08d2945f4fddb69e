//go:build unix

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
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
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
	if _, err := tlcgen.WriteFile(context.Background(), path, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2015, Month: 3}, Rows: benchRows, Codec: codec}); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkJob is the whole pipeline, in raw mode, on a month of 3 million rows.
func BenchmarkJob(b *testing.B) {
	for _, codec := range []tlcgen.Codec{tlcgen.GZIP, tlcgen.ZSTD, tlcgen.Snappy} {
		for _, name := range inProcess() {
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
					build(s, plan{files: source.Files(objects), trips: tripOptions("", false, aggregate.Tables(false)), tables: aggregate.Tables(false), publish: cfg})
					if _, err := runner.Run(b.Context(), p); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
			})
		}
	}
}

// BenchmarkTax alternates between the whole job, in raw mode on the direct runner, and only decoding the same columns to values. tax
// is the CPU time of the job divided by that of the decoding. The job itself uses codes of dictionaries if files have them;
// codes-ns/row is the time for decoding to codes. tax includes the fixed costs of a job, so it is lower for many files:
// TRIPSTATS_BENCH_FILES names files to use instead of a month of each codec. With several cores, tax also includes the cost of
// moving a batch between cores, which varies: compare figures of one core.
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
	options := tripOptions("", false, aggregate.Tables(false))
	var files []element.Recognised
	for _, f := range source.Files(objects) {
		d, err := source.Describe(b.Context(), objstore.Access{}, f)
		if err != nil {
			b.Fatal(err)
		}
		f, err := trip.Recognise(d, options)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, f)
	}
	cfg := configOf("raw", quality.Config{})
	cfg.Output = b.TempDir()
	var decode, codes, job time.Duration
	rows := int64(0)
	scan := func(cfg source.Config) time.Duration {
		start := cpuTime(b)
		rows = 0
		for _, f := range files {
			if err := source.Scan(b.Context(), f, cfg, func(c element.Columns) { rows += c.Record.NumRows() }); err != nil {
				b.Fatal(err)
			}
		}
		return cpuTime(b) - start
	}
	for b.Loop() {
		decode += scan(source.Config{})
		codes += scan(source.Config{Codes: true})
		middle := cpuTime(b)
		p, s := beam.NewPipelineWithRoot()
		build(s, plan{files: source.Files(objects), trips: options, tables: aggregate.Tables(false), publish: cfg})
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

// cpuTime returns the CPU time of the process on all cores.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
