package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tripstats/io/fetch"
	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

const fetchHelp = `Usage: tripstats fetch --months=2014-01..2023-12 --taxi=yellow|green --dest=DIR [flags]
       tripstats fetch --urls-file=FILE --dest=DIR [flags]

Downloads months of TLC's files, or a list of addresses, to DIR/{year}/NAME. What is there already and has not been
published anew is left alone; what a run has begun the next one continues. Each file is checked to be whole parquet
before it gets its name, and stands in DIR/_fetched.json with its size and SHA-256.

Flags:
  --months=RANGE             2014-01..2023-12, 2024-01.. (all that are published), or one month
  --taxi=yellow|green        whose months
  --source=BASE              where they are: a web address, folder or bucket; {year} stands for the year
                             (default ` + tlc.Source + `)
  --urls-file=FILE           addresses instead of months, one a line; # begins a comment
  --dest=DIR                 folder, gs://bucket/path, s3://bucket/path or az://container/path
  --missing=fail|skip        months that are not published: exit 4 once the others are there (fail, the default),
                             or said and left out (skip)
  --per-host=N               downloads at once from one host, 1 to 8 (default 1)
  --allow-http               also ask other hosts than this one without encryption
  --gcs-anonymous            gs:// without credentials; without this flag there must be some

Exit codes: 0 done, 1 failed (the same again may help), 2 wrong usage, 3 a file could not be used, 4 months are not
published, 6 another run fetches to DIR, 130 or 143 stopped by a signal.
`

// fetchOptions are the flags of fetch.
type fetchOptions struct {
	months, taxi, source, urls, dest, missing string
	perHost                                   int
	allowHTTP, anonymous                      bool
}

// fetchFiles is the subcommand fetch.
func fetchFiles(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o fetchOptions
	flags := flag.NewFlagSet("fetch", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.months, "months", "", "")
	flags.StringVar(&o.taxi, "taxi", "", "")
	flags.StringVar(&o.source, "source", tlc.Source, "")
	flags.StringVar(&o.urls, "urls-file", "", "")
	flags.StringVar(&o.dest, "dest", "", "")
	flags.StringVar(&o.missing, "missing", "fail", "")
	flags.IntVar(&o.perHost, "per-host", 1, "")
	flags.BoolVar(&o.allowHTTP, "allow-http", false, "")
	flags.BoolVar(&o.anonymous, "gcs-anonymous", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(stdout, fetchHelp)
		return err
	} else if err != nil {
		return usage("fetch: %v", err)
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	objstore.Use(o.access())
	if err := o.check(set, flags.Args()); err != nil {
		return err
	}
	start := time.Now()
	jobs, missing, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	if len(jobs) == 0 && len(missing) == 0 {
		return fault.New(fault.NoMatch, "--months: found no %s file of %s in %s", o.taxi, o.months, objstore.Redact(o.source))
	}
	if len(missing) > 0 && o.missing == "skip" {
		line(stderr, "note: not published and left out: %s", strings.Join(missing, ", "))
	}
	show := newFetchShow(stderr, len(jobs))
	cfg := fetch.DefaultConfig(o.dest)
	cfg.PerHost, cfg.Report = o.perHost, show.event
	sum, err := fetch.Run(ctx, cfg, jobs)
	show.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault.Find(err) == nil || fault.Find(err).Code != fault.Conflict {
		line(stderr, "done files=%d fetched=%d unchanged=%d re-published=%d failed=%d missing=%d bytes=%d requests=%d retries=%d seconds=%.1f", sum.Files(), sum.Fetched,
			sum.Unchanged, sum.Republished, len(sum.Failed), len(missing), sum.Bytes, objstore.Requests(), objstore.Retries(), time.Since(start).Seconds())
	}
	return errors.Join(err, o.absent(missing, len(jobs), err != nil))
}

// absent is what is said of months that are not published.
func (o *fetchOptions) absent(missing []string, files int, failed bool) error {
	if len(missing) == 0 || o.missing == "skip" && files > 0 || failed { // the failure comes first, and the same again tells of these
		return nil
	}
	return fault.New(fault.NoMatch, "--months: not published for %s taxis: %s; --missing=skip leaves them out", o.taxi, strings.Join(missing, ", "))
}

// check refuses what makes no sense, before anything is asked for.
func (o *fetchOptions) check(set map[string]bool, rest []string) error {
	switch {
	case len(rest) > 0:
		return usage("fetch: found the word %q after the flags, expected none", rest[0])
	case o.months == "" && o.urls == "":
		return usage("fetch: found neither --months nor --urls-file, expected one of them; say tripstats fetch --help")
	case o.months != "" && o.urls != "":
		return usage("fetch: found --months and --urls-file, expected one of them")
	case o.urls != "" && (set["taxi"] || set["source"] || set["missing"]):
		return usage("fetch: --taxi, --source and --missing go with --months, not with --urls-file")
	case o.months != "" && o.taxi != trip.Yellow && o.taxi != trip.Green:
		return usage("fetch: --taxi: found %q, expected yellow or green", o.taxi)
	case o.missing != "fail" && o.missing != "skip":
		return usage("fetch: --missing: found %q, expected fail or skip", o.missing)
	case o.perHost < 1 || o.perHost > fetch.MostPerHost:
		return usage("fetch: --per-host: found %d, expected 1 to %d", o.perHost, fetch.MostPerHost)
	case o.dest == "":
		return usage("fetch: --dest: found nothing, expected a folder, gs://, s3:// or az://")
	}
	if err := objstore.CheckOutput(o.dest); err != nil {
		return usage("fetch: --dest: %v", err)
	}
	if o.months == "" {
		return nil
	}
	return o.checkSource()
}

// checkSource refuses a source that cannot be asked.
func (o *fetchOptions) checkSource() error {
	if err := checkSource(o.source, o.access()); err != nil {
		return usage("fetch: --source: %v", err)
	}
	if scheme, rest := objstore.Scheme(o.source); scheme == "" && sameFolder(rest, o.dest) {
		return usage("fetch: --source and --dest are the same folder")
	}
	return nil
}

// access is how stores are reached.
func (o *fetchOptions) access() objstore.Access {
	a := objstore.Access{AllowHTTP: o.allowHTTP, GCSAnonymous: o.anonymous}
	if o.months != "" {
		a.Refusing = refusing(o.source)
	}
	return a
}

func sameFolder(a, b string) bool {
	if scheme, path := objstore.Scheme(b); scheme == "" {
		first, err := filepath.EvalSymlinks(a)
		second, err2 := filepath.EvalSymlinks(path)
		return err == nil && err2 == nil && absolute(first) == absolute(second)
	}
	return false
}

// jobs are the files to fetch, and the months that are not published.
func (o *fetchOptions) jobs(ctx context.Context) (jobs []fetch.Job, missing []string, err error) {
	if o.urls == "" {
		r, err := tlc.ParseRange(o.months, o.taxi)
		if err != nil {
			return nil, nil, usage("fetch: --months: %v", err)
		}
		return fetch.Months(ctx, tlc.Finder{Source: o.source, Taxi: o.taxi, AtOnce: o.perHost}, r)
	}
	f, err := os.Open(o.urls)
	if err != nil {
		return nil, nil, usage("fetch: --urls-file: %s: %v", o.urls, objstore.Reason(err))
	}
	defer f.Close() //nolint:errcheck // read only
	if jobs, err = fetch.ParseList(f); err != nil {
		return nil, nil, usage("fetch: --urls-file: %s: %v", o.urls, err)
	}
	if len(jobs) == 0 {
		return nil, nil, usage("fetch: --urls-file: %s: found no address in it", o.urls)
	}
	return jobs, nil, nil
}

// textOf is what a line says of an event, or "".
func textOf(e fetch.Event) string {
	switch e.Kind {
	case fetch.Fetched:
		return fmt.Sprintf("fetched %s bytes=%d seconds=%.1f", e.Place, e.Size, e.Took.Seconds())
	case fetch.Republished:
		return fmt.Sprintf("re-published %s bytes=%d seconds=%.1f", e.Place, e.Size, e.Took.Seconds())
	case fetch.Unchanged:
		return fmt.Sprintf("unchanged %s bytes=%d", e.Place, e.Size)
	case fetch.Failed:
		return fmt.Sprintf("failed %s: %s", e.Place, messageOf(e.Err))
	}
	return ""
}
