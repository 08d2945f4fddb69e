package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"tripstats/io/fetch"
	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

var fetchHelp = `Usage: tripstats fetch --months=2014-01..2023-12 --taxi=` + taxiChoices + ` --dest=DIR [flags]
       tripstats fetch --urls-file=FILE --dest=DIR [flags]

Downloads months of TLC's files, or a list of addresses, to DIR/{year}/NAME. A file that is there already
is kept, unless TLC has published it again. A run continues the downloads that an earlier run began. A file gets its
name only after a check that it is whole parquet. DIR/_fetched.json has the size and SHA-256 of each file.

Flags:
  --months=RANGE             2014-01..2023-12, 2024-01.. (all that are published), 2024-01, 2023, or a list of these
` + fmt.Sprintf("  %-26s ", "--taxi="+taxiChoices) + `the taxi whose months are fetched
  --source=BASE              where they are: a web address, folder or bucket; {year} stands for the year
                             (default ` + tlc.Source + `)
  --urls-file=FILE           addresses instead of months, one on each line; # begins a comment
  --dest=DIR                 folder, gs://bucket/path, s3://bucket/path or az://container/path
  --missing=fail|skip        months that are not published: exit 4 once the others are there (fail, the default),
                             or leave them out and name them (skip)
  --per-host=N               downloads at once from one host, 1 to 8 (default 1)
  --allow-http               also allow http://, without encryption, from other hosts than this one
  --verbose                  name all months that are not published, and show full errors
  --gcs-anonymous            read gs:// without credentials; without this flag credentials are needed

` + exitCodes

// fetchOptions are the flags of fetch.
type fetchOptions struct {
	months, taxi, source, urls, dest, missing string
	perHost                                   int
	allowHTTP, anonymous                      bool
	ranges                                    []tlc.Range // the months, parsed by check
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
	flags.BoolVar(&opts.verbose, "verbose", opts.verbose, "")
	flags.BoolVar(&o.anonymous, "gcs-anonymous", false, "")
	words, failed, err := parseAll(flags, args, noCommand)
	if err != nil { // flag.ErrHelp
		_, err := io.WriteString(stdout, fetchHelp)
		return err
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	objstore.Use(o.access())
	var wrong problems
	for _, text := range failed {
		wrong.add("fetch: %s", text)
	}
	o.check(set, words, &wrong)
	if err := wrong.err(); err != nil {
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
		line(stderr, "note: not published and left out: %s", trip.SomeMonths(missing, opts.verbose))
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
	return fault.New(fault.NoMatch, "--months: not published for %s taxis: %s; --missing=skip leaves them out", o.taxi, trip.SomeMonths(missing, opts.verbose))
}

// check refuses flags that make no sense, before any request. If some flags could not be parsed, it does not check whether
// flags go together.
func (o *fetchOptions) check(set map[string]bool, rest []string, wrong *problems) {
	doubt := len(*wrong) > 0
	if len(rest) > 0 {
		wrong.add("fetch: found the word %q after the flags, expected none", objstore.Redact(rest[0]))
		doubt = true // flags may follow the word
	}
	months := o.months != ""
	switch {
	case doubt:
	case !months && o.urls == "":
		wrong.add("fetch: found neither --months nor --urls-file, expected one of them; say tripstats fetch --help")
	case months && o.urls != "":
		wrong.add("fetch: found --months and --urls-file, expected one of them")
	case o.urls != "" && (set["taxi"] || set["source"] || set["missing"]):
		wrong.add("fetch: --taxi, --source and --missing go with --months, not with --urls-file")
	}
	for _, c := range []struct {
		name    string
		value   *string
		choices []string
		due     bool
	}{
		{"taxi", &o.taxi, tlc.Taxis(), set["taxi"] || months && !doubt},
		{"missing", &o.missing, []string{"fail", "skip"}, true},
	} {
		if c.due && !isOneOf(c.value, c.choices) {
			wrong.add("fetch: --%s: found %q, expected %s", c.name, *c.value, orList(c.choices))
		}
	}
	if o.perHost < 1 || o.perHost > fetch.MostPerHost {
		wrong.add("fetch: --per-host: found %d, expected 1 to %d", o.perHost, fetch.MostPerHost)
	}
	if o.dest == "" && (set["dest"] || !doubt) {
		wrong.add("fetch: --dest: found nothing, expected a folder, gs://, s3:// or az://")
	} else if problem := outputProblem(o.dest); o.dest != "" && problem != "" {
		wrong.add("fetch: --dest: %s", problem)
	}
	if months {
		o.checkMonths(wrong)
	}
}

// checkMonths refuses text that is not a list of months, and a source that cannot have months.
func (o *fetchOptions) checkMonths(wrong *problems) {
	var err error
	if o.ranges, err = tlc.ParseRanges(o.months, o.taxi); err != nil {
		wrong.add("fetch: --months: %v", err)
	}
	if err := checkSource(o.source, o.access()); err != nil {
		wrong.add("fetch: --source: %v", err)
	} else if scheme, rest := objstore.Scheme(o.source); scheme == "" && sameFolder(rest, o.dest) {
		wrong.add("fetch: --source and --dest are the same folder")
	}
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
		finder := tlc.Finder{Source: o.source, Taxi: o.taxi, AtOnce: o.perHost}
		for _, r := range o.ranges {
			more, absent, err := fetch.Months(ctx, finder, r)
			if err != nil {
				return nil, nil, err
			}
			jobs, missing = append(jobs, more...), append(missing, absent...)
		}
		return jobs, missing, nil
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
