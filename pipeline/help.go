package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"tripstats/runners"
)

// flagLine is what help says of a flag.
type flagLine struct{ name, value, text string }

// flagHelp are the program's own flags that are most needed.
var flagHelp = []flagLine{
	{"input", "GLOBS", "parquet files: comma-separated paths or globs, ** for any folders, {a,b} for either,\n\\, for a comma in one; local or gs://, s3://, az://; https:// without globs; may be\ngiven several times; sample is the sample in this program"},
	{"months", "A..B", "instead of --input: months such as 2014-01..2023-12, or 2024-01.. for all since, of the\n--taxi, from where TLC publishes them, or from --source"},
	{"output", "DIR", "folder for the tables, or gs://, s3://, az:// (default " + defaultOutput + ")"},
	{"runner", "NAME", "who runs the pipeline (default direct); see below"},
	{"taxi", "yellow|green", "read only this taxi's files and say how many were left out"},
	{"quality", "standard|raw", "which rows count: judged by rules, with a ledger of every row (standard, the default),\nor all, in the month of their pickup (raw)"},
	{"same-month", "refuse|merge", "two files of one taxi and month: an error (refuse, the default), or added up (merge)"},
	{"utc", "wall|convert", "how to read times that a file marks as UTC: as they stand, or converted to New York;\nwithout it such a file is an error, as TLC writes New York wall clock"},
	{"plan", "", "say what would be read, from the footers alone, and stop"},
	{"verbose", "", "tell all that Beam logs, and whole errors"},
	{"version", "", "print the version"},
}

// moreHelp is what help all says of the others.
var moreHelp = []flagLine{
	{"limits", "RULE=N,...|@FILE", "other limits for rules, in the rule's unit, such as duration_over=240"},
	{"as-of", "MONTH", "last month that a file without a month in its name may have (default: the last that any\nname has)"},
	{"max-rejected", "SHARE", "exit 5 if row rules refuse more of a file than this: 1% or 0.01"},
	{"quarantine", "DIR", "write the rows that row rules refuse to this folder, as parquet, with their rule"},
	{"quarantine-cells", "", "with --quarantine, also the rows of which a cell rule leaves a value out"},
	{"require-complete", "", "exit 4 if a month is missing between the first and the last of a taxi"},
	{"unknown-columns", "report|fail", "columns that TLC has added since: reported (the default), or an error"},
	{"source", "BASE", "where --months are: an address or folder with the files, or with {year}/ folders of them"},
	{"missing", "fail|skip", "months that are not there: exit 4 (fail, the default), or left out"},
	{"max-memory", "SIZE", "what the process may take (default 160MiB, with remote input 256MiB); GOMEMLIMIT goes before"},
	{"gcs-anonymous", "", "read gs:// without credentials; without this flag there must be some"},
	{"allow-http", "", "read http:// of other hosts too, which is not encrypted"},
	{"detach", "", "with a runner that is a cluster: submit the job, print its id and end; it runs on"},
	{"format", "parquet", "of the tables; parquet is the only one"},
	{"decoder", "own|library", "who decodes pages: this program where it can (own, the default), or arrow-go alone"},
	{"cpuprofile", "FILE", "write a profile of where this process spends its time, for go tool pprof"},
	{"memprofile", "FILE", "write a profile of its heap at the end"},
	{"trace", "FILE", "write a trace of its goroutines, for go tool trace"},
}

const helpHead = `Tripstats turns NYC TLC taxi trip records (parquet) into small tables: monthly averages, and trips by zone.

Usage:
  tripstats [--input=GLOBS] [--output=DIR] [--runner=NAME] [flags]
  tripstats inspect FILE...                       what a file is, column by column
  tripstats fetch --months=RANGE --taxi=NAME --dest=DIR   download TLC's files (tripstats fetch --help)
  tripstats help [all]

Examples:
  tripstats                                       the sample in the program, to ./out
  tripstats --input='raw_data/**/*.parquet' --output=stats
  tripstats --input='gs://bucket/raw_data/**/*.parquet' --taxi=yellow --plan
  tripstats --months=2014-01..2023-12 --taxi=yellow --output=s3://bucket/stats

Flags (one or two dashes):
`

const helpTail = `
Output: DIR/trip_stats/trip_stats.parquet, DIR/location_stats/location_stats.parquet, the ledger of the rules
DIR/quality/quality.parquet (not with raw), and DIR/_manifest.json, each replaced whole. Exit codes: 0 done, 1 failed,
2 wrong usage, 3 an input could not be used, 4 nothing matched, or a month is missing, 5 the quality gate, 6 lost to a
concurrent run, 130 or 143 stopped by a signal.
`

// help prints the usage; all adds every flag of Beam's.
func help(w io.Writer, all bool) {
	var b strings.Builder
	b.WriteString(helpHead)
	own := map[string]bool{}
	lines := flagHelp
	if all {
		lines = append(slices.Clone(lines), moreHelp...)
	}
	for _, f := range lines {
		own[f.name] = true
		spec := "--" + f.name
		if f.value != "" {
			spec += "=" + f.value
		}
		for i, l := range strings.Split(f.text, "\n") {
			if i > 0 {
				spec = ""
			}
			fmt.Fprintf(&b, "  %-30s %s\n", spec, l)
		}
	}
	if all {
		b.WriteString("\nFlags of Beam, for runners and workers:\n")
		flag.VisitAll(func(f *flag.Flag) {
			if !own[f.Name] {
				_, text := flag.UnquoteUsage(f)
				fmt.Fprintf(&b, "  --%-34s %s\n", f.Name, strings.ReplaceAll(text, "\n", " "))
			}
		})
	}
	b.WriteString("\nRunners:\n")
	for _, r := range runners.All() {
		fmt.Fprintf(&b, "  %-10s %s\n", r.Name, r.Is)
		if r.Note != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", "", r.Note)
		}
	}
	b.WriteString(helpTail)
	if !all {
		b.WriteString("More flags, for rules and Beam's own: tripstats help all\n")
	}
	fmt.Fprint(w, b.String())
}
