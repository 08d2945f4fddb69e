package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/runners"
)

// flagLine is what help says of a flag.
type flagLine struct{ name, value, text string }

// taxiChoices are the values of --taxi, for help.
var taxiChoices = strings.Join(tlc.Taxis(), "|")

// flagHelp has the program's own flags that users need most.
var flagHelp = []flagLine{
	{"input", "GLOBS", "parquet files: comma-separated paths or globs; ** matches any folders, {a,b} either;\nwrite \\, for a comma in a path; local, gs://, s3://, az://, or https:// without globs;\nmay be given several times; sample is the made-up sample in this program"},
	{"months", "A..B,...", "instead of --input: months of the --taxi from TLC's site, or from --source, such as\n2014-01..2023-12, 2024-01.. (all since then), 2023, or a list of these"},
	{"output", "DIR", "folder for the tables, or gs://, s3://, az:// (default " + defaultOutput + ")"},
	{"runner", "NAME", "the engine that runs the pipeline (default direct); see below"},
	{"taxi", taxiChoices, "read only this taxi's files and say how many were left out"},
	{"quality", "standard|raw", "which rows count: standard (the default) applies the rules and writes a ledger of all\nrows; raw counts all rows, in the month of their pickup"},
	{"same-month", "refuse|merge", "two files of one taxi and month: an error (refuse, the default), or added up (merge)"},
	{"utc", "wall|convert", "how to read times that a file marks as UTC: wall takes them as New York wall clock,\nconvert converts them; without it such a file is an error: TLC writes wall clock"},
	{"plan", "", "show what would be read, and stop; only footers are read for this"},
	{"verbose", "", "show everything that Beam logs, and full errors"},
	{"version", "", "print the version, like the command version"},
}

// moreHelp has the other flags of the program, for help all.
var moreHelp = []flagLine{
	{"limits", "RULE=N,...|@FILE", "change limits of rules, in the rule's unit, such as duration_over=240; @FILE reads the\nlist from a file"},
	{"as-of", "MONTH", "last month that a file without a month in its name may have (default: the last\nmonth in any name)"},
	{"max-rejected", "SHARE", "exit 5 if row rules refuse a larger share of a file than this: 1% or 0.01"},
	{"quarantine", "DIR", "write the rows that row rules refuse to this folder, as parquet, with their rule"},
	{"quarantine-cells", "", "with --quarantine: also write the rows of which a cell rule leaves a value out"},
	{"require-complete", "", "exit 4 if a month is missing between the first and the last month of a taxi"},
	{"unknown-columns", "report|fail", "unknown columns in files: named in a note (report, the default), or an error (fail)"},
	{"source", "BASE", "where --months are: web address, bucket or folder; {year} stands for the year"},
	{"missing", "fail|skip", "months that are not there: exit 4 (fail, the default), or leave them out (skip)"},
	{"max-memory", "SIZE", "memory goal of the process (default 160MiB, with remote input 256MiB); GOMEMLIMIT takes\nprecedence"},
	{"gcs-anonymous", "", "read gs:// without credentials; without this flag credentials are needed"},
	{"allow-http", "", "also read http:// addresses of other hosts, which are not encrypted"},
	{"detach", "", "with a cluster as runner: submit the job, print its id and end; the job goes on"},
	{"format", "parquet", "format of the tables; parquet is the only one"},
	{"decoder", "own|library", "what decodes pages: this program if it can (own, the default), or arrow-go (library)"},
	{"cpuprofile", "FILE", "write a profile of where this process spends its time, for go tool pprof"},
	{"memprofile", "FILE", "write a profile of its heap at the end"},
	{"trace", "FILE", "write a trace of its goroutines, for go tool trace"},
}

const helpHead = `Tripstats turns NYC TLC taxi trip records (parquet) into small tables: monthly averages, and trips by zone.

Usage:
  tripstats [--input=GLOBS] [--output=DIR] [--runner=NAME] [flags]
  tripstats inspect FILE...                       what a file is, column by column, or with --short in one line
  tripstats fetch --months=A..B --taxi=NAME --dest=DIR    download TLC's files
  tripstats version                               version and revision
  tripstats help [all|beam|inspect|fetch]         all flags; Beam's own; help on a command

Examples:
  tripstats                                       the made-up sample in the program, to ./out
  tripstats --input='raw_data/**/*.parquet' --output=stats
  tripstats --input='gs://bucket/raw_data/**/*.parquet' --taxi=yellow --plan
  tripstats --months=2014-01..2023-12 --taxi=yellow --output=s3://bucket/stats

Flags (one or two dashes; - and _ in names are the same):
`

const helpTail = `
Output: DIR/trip_stats/trip_stats.parquet, DIR/location_stats/location_stats.parquet, the ledger of the rules
DIR/quality/quality.parquet (not with raw), and DIR/_manifest.json, each replaced whole.

` + exitCodes

// exitCodes says what the exit codes mean. The README uses the same words.
const exitCodes = `Exit codes:
  0         done
  1         failed here: disk, permission, or a fault of this program
  2         wrong usage
  3         an input cannot be used
  4         nothing matched, or a month is not published
  5         a guard stopped the run: --max-rejected, or the made-up sample over an output of real data
  6         another run holds the output, or published to it first
  7         a store or the network did not answer as it should: try again later
  130, 143  stopped by a signal
`

// commands are the words that may be the first argument.
var commands = []struct {
	name string
	help string // the help text of the command; "" if it has none
}{
	{"inspect", inspectHelp},
	{"fetch", fetchHelp},
	{"version", ""},
	{"help", ""},
}

func commandNames() []string {
	names := make([]string, len(commands))
	for i, c := range commands {
		names[i] = c.name
	}
	return names
}

// unexpected is the error message about a word that is not a flag.
func unexpected(word string, first bool) string {
	const quotes = "put a pattern in quotes, as in --input='dir/**/*.parquet', so that the shell leaves it alone"
	shown := objstore.Redact(word)
	if !first {
		return fmt.Sprintf("found the word %q after the flags, expected none: %s", shown, quotes)
	}
	files := "; files go with --input: " + quotes
	meant := didYouMean(word, commandNames())
	if meant != "" {
		files = ""
	}
	return fmt.Sprintf("found the word %q, expected flags, or one of the commands %s%s%s", shown, strings.Join(commandNames(), ", "), meant, files)
}

// didYouMean suggests the word of a list that is most similar to an unknown word, if one is similar.
func didYouMean(word string, list []string) string {
	word = strings.ToLower(strings.TrimLeft(word, "-"))
	best, least := "", 3
	for _, w := range list {
		d := distance(word, w)
		if len(word) > 2 && strings.HasPrefix(w, word) {
			d = 0
		}
		if d < least {
			best, least = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is how many letters must be added, removed or changed to turn one word into the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0]++
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// helpOn runs the command help; words are the arguments after it.
func helpOn(w io.Writer, words []string) error {
	topics := []string{"all", "beam"}
	for _, c := range commands {
		if c.help != "" {
			topics = append(topics, c.name)
		}
	}
	switch {
	case len(words) == 0:
		return help(w, false)
	case len(words) > 1 || !slices.Contains(topics, words[0]):
		found := objstore.Redact(strings.Join(words, " "))
		return usage("help: found %q, expected nothing or one of %s%s", found, strings.Join(topics, ", "), didYouMean(found, topics))
	case words[0] == "all":
		return help(w, true)
	case words[0] == "beam":
		return helpBeam(w)
	}
	i := slices.Index(commandNames(), words[0])
	_, err := io.WriteString(w, commands[i].help)
	return err
}

// help prints the usage. If all is true it lists every flag of the program, otherwise those that users need most.
func help(w io.Writer, all bool) error {
	var b strings.Builder
	b.WriteString(helpHead)
	lines := flagHelp
	if all {
		lines = slices.Concat(flagHelp, moreHelp)
	}
	for _, f := range lines {
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
	b.WriteString("\nRunners:\n")
	for _, r := range runners.All() {
		fmt.Fprintf(&b, "  %-10s %s\n", r.Name, r.Is)
		if r.Note != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", "", r.Note)
		}
	}
	b.WriteString(helpTail)
	if all {
		b.WriteString("Beam's own flags, for runners and workers: tripstats help beam\n")
	} else {
		b.WriteString("More flags: tripstats help all; Beam's own, for runners and workers: tripstats help beam\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// helpBeam prints the flags that are Beam's.
func helpBeam(w io.Writer) error {
	own := map[string]bool{}
	for _, f := range slices.Concat(flagHelp, moreHelp) {
		own[f.name] = true
	}
	var b strings.Builder
	b.WriteString("Flags of Beam, for runners and workers; tripstats help all has the program's own:\n")
	flag.VisitAll(func(f *flag.Flag) {
		if !own[f.Name] {
			_, text := flag.UnquoteUsage(f)
			fmt.Fprintf(&b, "  --%-34s %s\n", f.Name, strings.ReplaceAll(text, "\n", " "))
		}
	})
	_, err := io.WriteString(w, b.String())
	return err
}
