package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/runners"
)

// flagLine is what help says of a flag.
type flagLine struct{ name, value, text string }

// flagHelp are the program's own flags that are most needed.
var flagHelp = []flagLine{
	{"input", "GLOBS", "parquet files: comma-separated paths or globs, ** for any folders, {a,b} for either,\n\\, for a comma in one; local or gs://, s3://, az://; https:// without globs; may be\ngiven several times; sample is the made-up sample in this program"},
	{"months", "A..B,...", "instead of --input: months such as 2014-01..2023-12, 2024-01.. for all since, 2023, or\na list of these, of the --taxi, from where TLC publishes them, or from --source"},
	{"output", "DIR", "folder for the tables, or gs://, s3://, az:// (default " + defaultOutput + ")"},
	{"runner", "NAME", "who runs the pipeline (default direct); see below"},
	{"taxi", "yellow|green", "read only this taxi's files and say how many were left out"},
	{"quality", "standard|raw", "which rows count: judged by rules, with a ledger of every row (standard, the default),\nor all, in the month of their pickup (raw)"},
	{"same-month", "refuse|merge", "two files of one taxi and month: an error (refuse, the default), or added up (merge)"},
	{"utc", "wall|convert", "how to read times that a file marks as UTC: as they stand, or converted to New York;\nwithout it such a file is an error, as TLC writes New York wall clock"},
	{"plan", "", "say what would be read, from the footers alone, and stop"},
	{"verbose", "", "tell all that Beam logs, and whole errors"},
	{"version", "", "print the version, as the command version does"},
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
  tripstats inspect FILE...                       what a file is, column by column, or with --short in a line
  tripstats fetch --months=A..B --taxi=NAME --dest=DIR    download TLC's files
  tripstats version                               version and revision
  tripstats help [all|beam|inspect|fetch]         all flags; Beam's own; help on a command

Examples:
  tripstats                                       the made-up sample in the program, to ./out
  tripstats --input='raw_data/**/*.parquet' --output=stats
  tripstats --input='gs://bucket/raw_data/**/*.parquet' --taxi=yellow --plan
  tripstats --months=2014-01..2023-12 --taxi=yellow --output=s3://bucket/stats

Flags (one or two dashes):
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
  6         another run holds the output, or won it
  7         a store or the network did not answer as it should: try again later
  130, 143  stopped by a signal
`

// commands are the words that may come first.
var commands = []struct {
	name string
	help string // what help on it says; "" where there is nothing to say
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

// unexpected says what is wrong with a word that is no flag.
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

// didYouMean names the word of a list that is nearest to one that is not in it, if one is near.
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

// distance is how many letters have to be added, left out or changed to make one word of another.
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

// helpOn is the command help, with the words after it.
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

// help prints the usage; with all every flag of the program, else those that are most needed.
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
