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

// BenchmarkTax is the whole job, in raw mode on the direct runner, beside the decoding of the same columns alone, in turns.
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
	objects, err := objstore.Match(b.Context(), []string{pattern})
	if err != nil {
		b.Fatal(err)
	}
	options := tripOptions("", false)
	files := parquetio.Files(objects, 1)
	for i, f := range files {
		if f, err = parquetio.ReadFooter(b.Context(), f); err == nil {
			files[i], err = trip.Recognise(f, options)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	cfg := configOf("raw", quality.Config{})
	cfg.Output = b.TempDir()
	var decode, job time.Duration
	rows := int64(0)
	for b.Loop() {
		start := cpuTime(b)
		for _, f := range files {
			if err := parquetio.Scan(b.Context(), f, parquetio.Config{}, func(c element.Columns) { rows += c.Record.NumRows() }); err != nil {
				b.Fatal(err)
			}
		}
		middle := cpuTime(b)
		p, s := beam.NewPipelineWithRoot()
		build(s, plan{files: parquetio.Files(objects, 1), lanes: 1, trips: options, publish: cfg})
		if _, err := runner.Run(b.Context(), p); err != nil {
			b.Fatal(err)
		}
		decode, job = decode+middle-start, job+cpuTime(b)-middle
	}
	b.ReportMetric(float64(decode.Nanoseconds())/float64(rows), "decode-ns/row")
	b.ReportMetric(float64(job.Nanoseconds())/float64(rows), "job-ns/row")
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
