package main

import (
	"context"
	"errors"
	"fmt"
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

// fetchFlags are the flags of fetch, in the order in which its help shows them.
var fetchFlags = []flagDef{
	{
		name: "months", value: "RANGE", of: func(s *settings) any { return &s.months }, check: (*settings).checkMonths,
		text: "2014-01..2023-12, 2024-01.. (all that are published), 2024-01, 2023, or a list of these",
	},
	{
		name: "taxi", value: "LIST", of: func(s *settings) any { return &s.taxi }, choices: append([]string{""}, tlc.Taxis()...), list: true,
		text: "the taxis whose months are fetched: " + strings.Join(tlc.Taxis(), ", ") + ",\nor a list of these, comma-separated",
	},
	{
		name: "source", value: "BASE", of: func(s *settings) any { return &s.source }, def: tlc.Source, check: (*settings).checkSource,
		text: "where they are: a web address, folder or bucket; {year} stands for the year\n(default " + tlc.Source + ")",
	},
	{name: "urls-file", value: "FILE", of: func(s *settings) any { return &s.urls }, text: "addresses instead of months, one on each line; # begins a comment"},
	{name: "dest", value: "DIR", of: func(s *settings) any { return &s.dest }, check: (*settings).checkDest, text: "folder, gs://bucket/path, s3://bucket/path or az://container/path"},
	{
		name: "missing", of: func(s *settings) any { return &s.missing }, def: "fail", choices: []string{"fail", "skip"},
		text: "months that are not published: exit 4 once the others are there (fail, the default),\nor leave them out and name them (skip)",
	},
	{name: "per-host", value: "N", of: func(s *settings) any { return &s.perHost }, def: "1", check: (*settings).checkPerHost, text: "downloads at once from one host, 1 to 8 (default 1)"},
	{name: "allow-http", of: func(s *settings) any { return &s.allowHTTP }, text: "also allow http://, without encryption, from other hosts than this one"},
	{name: "verbose", of: func(s *settings) any { return &s.verbose }, text: "name all months that are not published, and show full errors"},
	{name: "gcs-anonymous", of: func(s *settings) any { return &s.anonymous }, text: "read gs:// without credentials; without this flag credentials are needed"},
	logFlag,
}

func fetchHelp() string {
	return `Usage: tripstats fetch --months=2014-01..2023-12 --taxi=LIST --dest=DIR [flags]
       tripstats fetch --urls-file=FILE --dest=DIR [flags]

Downloads months of TLC's files, or a list of addresses, to DIR/{year}/NAME. A file that is there already
is kept, unless TLC has published it again. A run continues the downloads that an earlier run began. A file gets its
name only after a check that it is whole parquet. DIR/_fetched.json has the size and SHA-256 of each file.

Flags:
` + helpOnFlags(fetchFlags, 26, true) + "\n" + exitCodes
}

// fetchFiles is the subcommand fetch.
func (j *job) fetchFiles(ctx context.Context, words []string, wrong problems) error {
	if j.checkFetch(words, &wrong); len(wrong) > 0 {
		return wrong.err()
	}
	start := time.Now()
	jobs, missing, err := j.fetchJobs(ctx)
	if err != nil {
		return err
	}
	if len(jobs) == 0 && len(missing) == 0 {
		return fault.New(fault.NoMatch, "--months: found no %s file of %s in %s", strings.Join(j.taxis(), " or "), j.months, objstore.Redact(j.source))
	}
	if len(missing) > 0 && j.missing == "skip" {
		j.stderr.line("note: not published and left out: %s", j.notPublished(missing))
	}
	show := newFetchShow(j.stderr, jobs)
	cfg := fetch.DefaultConfig(j.dest)
	cfg.Access, cfg.PerHost, cfg.Report = j.access(), j.perHost, show.event
	sum, err := fetch.Run(ctx, cfg, jobs)
	show.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fault.Find(err) == nil || fault.Find(err).Code != fault.Conflict {
		j.stderr.summary("done", fetchSummary{
			Files: sum.Files(), Fetched: sum.Fetched, Unchanged: sum.Unchanged, Republished: sum.Republished, Failed: len(sum.Failed), Missing: monthsIn(missing),
			Bytes: sum.Bytes, Requests: objstore.Requests(), Retries: objstore.Retries(), Seconds: tenths(time.Since(start).Seconds()),
		}, "")
	}
	return errors.Join(err, j.absent(missing, len(jobs), err != nil))
}

// absent is what is said of months that are not published.
func (j *job) absent(missing []taxiMonths, files int, failed bool) error {
	if len(missing) == 0 || j.missing == "skip" && files > 0 || failed { // the failure comes first, and the same again tells of these
		return nil
	}
	return fault.New(fault.NoMatch, "--months: not published for %s; --missing=skip leaves them out", j.eachOf(missing, "%s taxis: %s"))
}

// notPublished lists months for a note, with their taxi if several are asked for.
func (j *job) notPublished(missing []taxiMonths) string {
	if len(j.taxis()) == 1 {
		return trip.SomeMonths(missing[0].months, j.verbose)
	}
	return j.eachOf(missing, "%s %s")
}

func monthsIn(list []taxiMonths) (n int) {
	for _, t := range list {
		n += len(t.months)
	}
	return n
}

// checkFetch refuses flags that make no sense, before any request. If something was not understood, it does not say what only follows
// from that.
func (s *settings) checkFetch(words []string, wrong *problems) {
	if len(words) > 0 {
		wrong.add("fetch: found the word %q after the flags, expected none", objstore.Redact(words[0]))
	}
	if months := s.months != ""; len(*wrong) == 0 {
		switch {
		case !months && s.urls == "":
			wrong.add("fetch: found neither --months nor --urls-file, expected one of them; say tripstats fetch --help")
		case months && s.urls != "":
			wrong.add("fetch: found --months and --urls-file, expected one of them")
		case s.urls != "" && (s.given["taxi"] || s.given["source"] || s.given["missing"]):
			wrong.add("fetch: --taxi, --source and --missing go with --months, not with --urls-file")
		}
		if s.taxi == "" && months {
			wrong.add("fetch: --taxi: found %q, expected %s", s.taxi, orList(fetchFlags[1].choices))
		}
		if s.dest == "" && !s.given["dest"] {
			wrong.add("fetch: --dest: found nothing, expected a folder, gs://, s3:// or az://")
		}
	}
	s.checkEach("fetch: ", fetchFlags, wrong)
	if scheme, source := objstore.Scheme(s.source); s.months != "" && scheme == "" && s.source != "" && sameFolder(source, s.dest) {
		wrong.add("fetch: --source and --dest are the same folder")
	}
}

func (s *settings) checkPerHost() error {
	if s.perHost < 1 || s.perHost > fetch.MostPerHost {
		return fmt.Errorf("found %d, expected 1 to %d", s.perHost, fetch.MostPerHost)
	}
	return nil
}

func (s *settings) checkDest() error { return checkOutput(s.dest) }

func sameFolder(a, b string) bool {
	if scheme, path := objstore.Scheme(b); scheme == "" {
		first, err := filepath.EvalSymlinks(a)
		second, err2 := filepath.EvalSymlinks(path)
		return err == nil && err2 == nil && absolute(first) == absolute(second)
	}
	return false
}

// jobs are the files to fetch, and the months that are not published.
func (j *job) fetchJobs(ctx context.Context) (jobs []fetch.Job, missing []taxiMonths, err error) {
	if j.urls == "" {
		for _, taxi := range j.taxis() {
			ranges, err := j.rangesOf(taxi)
			if err != nil {
				return nil, nil, err
			}
			finder := tlc.Finder{Source: j.source, Taxi: taxi, AtOnce: j.perHost, Access: j.access()}
			not := taxiMonths{taxi: taxi}
			for _, r := range ranges {
				more, absent, err := fetch.Months(ctx, finder, r)
				if err != nil {
					return nil, nil, err
				}
				jobs, not.months = append(jobs, more...), append(not.months, absent...)
			}
			if len(not.months) > 0 {
				missing = append(missing, not)
			}
		}
		return jobs, missing, nil
	}
	f, err := os.Open(j.urls)
	if err != nil {
		return nil, nil, usage("fetch: --urls-file: %s: %v", j.urls, objstore.Reason(err))
	}
	defer f.Close() //nolint:errcheck // read only
	if jobs, err = fetch.ParseList(j.access(), f); err != nil {
		return nil, nil, usage("fetch: --urls-file: %s: %v", j.urls, err)
	}
	if len(jobs) == 0 {
		return nil, nil, usage("fetch: --urls-file: %s: found no address in it", j.urls)
	}
	return jobs, nil, nil
}

// textOf is what a line says of an event, or "".
func textOf(c console, e fetch.Event) string {
	switch e.Type {
	case fetch.Fetched:
		return fmt.Sprintf("fetched %s bytes=%d seconds=%.1f", e.Place, e.Size, e.Took.Seconds())
	case fetch.Republished:
		return fmt.Sprintf("re-published %s bytes=%d seconds=%.1f", e.Place, e.Size, e.Took.Seconds())
	case fetch.Unchanged:
		return fmt.Sprintf("unchanged %s bytes=%d", e.Place, e.Size)
	case fetch.Failed:
		return fmt.Sprintf("failed %s: %s", e.Place, c.messageOf(e.Err))
	}
	return ""
}
