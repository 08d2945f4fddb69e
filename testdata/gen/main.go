// Command gen writes parquet files that look like the trip records of the New
// York City Taxi and Limousine Commission. See --help and package tlcgen.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"tripstats/testdata/tlcgen"
)

const usage = `Usage: go run ./testdata/gen --out DIR --months MONTHS [flags]
       go run ./testdata/gen --sample [--out DIR]

Writes made-up trip records in the schema, codec, order and dirt of the files
that the New York City Taxi and Limousine Commission published for each month:

  DIR/yellow/2014/yellow_tripdata_2014-01.parquet

The same flags give the same bytes on every machine. Which trips a month holds
depends on --seed, --rows, --clean, the taxi and the month alone: not on which
other months are made, nor on --codec, --row-groups and the flags that say
which columns a trip has.

Flags:
  --months LIST    months and ranges: 2014-01..2015-12 or 2014-01,2023-05.
                   Yellow files begin in 2009-01, green ones in 2013-08,
                   fhv ones in 2015-01, fhvhv ones in 2019-02
  --out DIR        folder to write to; made if it does not exist
  --taxi LIST      yellow, green, fhvhv, fhv or a list of these, comma-separated
                   (default yellow)
  --rows N         rows of each file, from 0 (default 100000). Published yellow
                   files have 3 to 15 million, green ones 50 thousand to 1.8
                   million
  --row-groups N   row groups of each file (default 1, as published)
  --columns NAME   all, or job: those that the tables are made of (default all)
  --codec NAME     auto, gzip, zstd, snappy or uncompressed (default auto: gzip
                   up to 2023-01, then zstd)
  --coordinates    longitudes and latitudes instead of zones, in months up to
                   2016-06, as in TLC's files before 2022. 2009 and 2010 have
                   them anyhow
  --old-names      with --coordinates: yellow files up to 2014-12 have the column
                   names of 2010, as TLC's own then had. Without it: files up to
                   2020-06 have the columns of TLC's CSV files, where these differ:
                   fhv and fhvhv, and yellow and green of 2020-06
  --string-times   times as text, as in 2009 and 2010
  --seed N         another seed gives other trips (default 1)
  --clean          no dirt and no flex fares
  --flat           all files in DIR itself
  --truth          also write DIR/truth.json: per file the rows, the dirt by
                   kind and the exact sums by month and zone
  --sample         write the files of testdata/sample (DIR's default then) and
                   nothing else
  --quiet          no line per file on stderr

Files appear under their names when they are complete. Exit codes: 0 done,
1 failed, 2 wrong flags, 130 interrupted.

Examples:
  go run ./testdata/gen --months 2014-01..2014-12 --rows 1000000 --out /tmp/tlc
  go run ./testdata/gen --months 2014-05 --rows 14000000 --out /tmp/one --truth
  go run ./testdata/gen --months 2015-01..2016-06 --coordinates --out /tmp/old
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// job is what the flags ask for.
type job struct {
	tree         tlcgen.Tree
	truth, quiet bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	j, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "gen: %v\nSee --help.\n", err)
		return 2
	}
	start := time.Now()
	if !j.quiet {
		j.tree.Done = func(t tlcgen.FileTruth) {
			fmt.Fprintf(stderr, "%s rows=%d bytes=%d bytes_per_row=%.2f\n",
				t.Path, t.Rows, t.Bytes, float64(t.Bytes)/float64(max(t.Rows, 1)))
		}
	}
	if err := j.run(ctx); err != nil {
		if ctx.Err() != nil {
			fmt.Fprintln(stderr, "gen: interrupted; files that were not complete are not there")
			return 130
		}
		fmt.Fprintf(stderr, "gen: %v\n", err)
		return 1
	}
	if !j.quiet {
		fmt.Fprintf(stderr, "files=%d seconds=%.1f\n", len(j.tree.Files), time.Since(start).Seconds())
	}
	return 0
}

func (j *job) run(ctx context.Context) error {
	truth, err := tlcgen.Generate(ctx, j.tree)
	if err != nil || !j.truth {
		return err
	}
	b, err := truth.JSON()
	if err != nil {
		return err
	}
	name := filepath.Join(j.tree.Dir, "truth.json")
	if err := os.WriteFile(name+".tmp", b, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

// parse reads the flags. Its errors are for the user: they name the flag.
func parse(args []string) (job, error) {
	var (
		j      job
		fs     = flag.NewFlagSet("gen", flag.ContinueOnError)
		months = fs.String("months", "", "")
		taxi   = fs.String("taxi", "yellow", "")
		codec  = fs.String("codec", "auto", "")
		cols   = fs.String("columns", "all", "")
		sample = fs.Bool("sample", false, "")
		o      tlcgen.Options
	)
	fs.SetOutput(io.Discard)
	fs.StringVar(&j.tree.Dir, "out", "", "")
	fs.BoolVar(&j.tree.Flat, "flat", false, "")
	fs.Int64Var(&o.Rows, "rows", 100_000, "")
	fs.IntVar(&o.RowGroups, "row-groups", 1, "")
	fs.Uint64Var(&o.Seed, "seed", 1, "")
	fs.BoolVar(&o.Coordinates, "coordinates", false, "")
	fs.BoolVar(&o.OldNames, "old-names", false, "")
	fs.BoolVar(&o.StringTimes, "string-times", false, "")
	fs.BoolVar(&o.Clean, "clean", false, "")
	fs.BoolVar(&j.truth, "truth", false, "")
	fs.BoolVar(&j.quiet, "quiet", false, "")
	if err := fs.Parse(args); err != nil {
		return j, err
	}
	if fs.NArg() > 0 {
		return j, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if *sample {
		return sampleJob(fs, j)
	}
	if *months == "" || j.tree.Dir == "" {
		return j, errors.New("--months and --out are needed, or --sample")
	}
	if o.RowGroups < 1 {
		return j, fmt.Errorf("--row-groups %d: at least 1", o.RowGroups)
	}
	ms, err := tlcgen.ParseMonths(*months)
	if err != nil {
		return j, fmt.Errorf("--months: %w", err)
	}
	taxis, err := tlcgen.ParseTaxis(*taxi)
	if err != nil {
		return j, fmt.Errorf("--taxi: %w", err)
	}
	if o.Codec, err = tlcgen.ParseCodec(*codec); err != nil {
		return j, fmt.Errorf("--codec: %w", err)
	}
	if *cols != "all" && *cols != "job" {
		return j, fmt.Errorf("--columns %q is neither all nor job", *cols)
	}
	o.JobColumns = *cols == "job"
	for _, o.Taxi = range taxis {
		for _, o.Month = range ms {
			if err := o.Check(); err != nil {
				return j, err
			}
			j.tree.Files = append(j.tree.Files, o)
		}
	}
	return j, nil
}

// sampleJob refuses flags that would make another sample.
func sampleJob(fs *flag.FlagSet, j job) (job, error) {
	var err error
	fs.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "sample", "out", "truth", "quiet":
		default:
			err = fmt.Errorf("--sample does not go with --%s", f.Name)
		}
	})
	if j.tree.Dir == "" {
		j.tree.Dir = filepath.Join("testdata", "sample")
	}
	j.tree.Files, j.tree.Flat = tlcgen.Sample(), true
	return j, err
}
