package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/runners"
)

const helpHead = `Tripstats turns NYC TLC taxi trip records (parquet or CSV) into small tables: monthly averages, and trips by zone.

Usage:
  tripstats [--input=GLOBS] [--output=DIR] [--runner=NAME] [flags]
`

// helpExamples follows the commands.
const helpExamples = `
Examples:
  tripstats                                       the made-up sample in the program, to ./out
  tripstats --input='raw_data/**/*.parquet' --output=stats
  tripstats --input='gs://bucket/raw_data/**/*.parquet' --taxi=yellow --plan
  tripstats --months=2014-01..2023-12 --taxi=yellow --output=s3://bucket/stats

Flags (one or two dashes; - and _ in names are the same):
`

const helpTail = `
Output: DIR/trip_stats/trip_stats.parquet, DIR/location_stats/location_stats.parquet, the ledger of the rules
DIR/quality/quality.parquet (not with raw), DIR/zones/zones.parquet, and DIR/_manifest.json, each replaced whole.

` + exitCodes

// exitCodes says what the exit codes mean. The README uses the same words.
const exitCodes = `Exit codes:
  0         done
  1         failed here: disk, permission, or a fault of this program
  2         wrong usage
  3         an input cannot be used, or an output is not sound
  4         nothing matched, or a month is not published
  5         a guard stopped the run: --max-rejected, --max-groups, --max-bytes, or the output would lose data
  6         another run holds the output, or published to it first
  7         a store or the network did not answer as it should: try again later
  130, 143  stopped by a signal
`

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
	best := nearest(strings.ToLower(strings.TrimLeft(word, "-")), list)
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// nearest is the first word of a list that is most similar to a word, or "" if none is similar.
func nearest(word string, list []string) string {
	best, least := "", 3
	for _, w := range list {
		d := distance(word, strings.ReplaceAll(w, "_", "-"))
		if len(word) > 2 && strings.HasPrefix(w, word) || len(w) > 2 && strings.HasPrefix(word, w) {
			d = 0
		}
		if d < least {
			best, least = w, d
		}
	}
	return best
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

// helpTopics lists the words that may follow help.
func helpTopics() []string {
	topics := []string{"all", "recipes", "beam"}
	for _, c := range commands {
		if c.help != nil {
			topics = append(topics, c.name)
		}
	}
	return topics
}

// helpOn runs the command help; words are the arguments after it.
func helpOn(w io.Writer, words []string) error {
	topics := helpTopics()
	switch {
	case len(words) == 0:
		return help(w, false)
	case len(words) > 1 || !slices.Contains(topics, words[0]):
		found := objstore.Redact(strings.Join(words, " "))
		return usage("help: found %q, expected nothing or one of %s%s", found, strings.Join(topics, ", "), didYouMean(found, topics))
	case words[0] == "all":
		return help(w, true)
	case words[0] == "recipes":
		_, err := io.WriteString(unfiltered(w), recipesAsHelp()) // with addresses that are examples
		return err
	case words[0] == "beam":
		return helpBeam(w)
	}
	i := slices.Index(commandNames(), words[0])
	_, err := io.WriteString(w, commands[i].help())
	return err
}

// helpOnFlags is a line for each flag of a table, or several. Names take at least so many letters.
func helpOnFlags(defs []flagDef, width int, rare bool) string {
	var b strings.Builder
	for _, d := range defs {
		shown := d.shown()
		if len(shown) > width && (rare || !d.rare) {
			fmt.Fprintf(&b, "  %s\n", shown)
			shown = ""
		}
		for l := range strings.SplitSeq(d.text, "\n") {
			if rare || !d.rare {
				fmt.Fprintf(&b, "  %-*s %s\n", width, shown, l)
			}
			shown = ""
		}
	}
	return b.String()
}

// help prints the usage. If all is true it lists every flag of the program, otherwise those that users need most.
func help(w io.Writer, all bool) error {
	var b strings.Builder
	b.WriteString(helpHead)
	for _, c := range commands {
		for line := range strings.SplitSeq(c.usage, "\n") {
			b.WriteString("  tripstats " + line + "\n")
		}
	}
	b.WriteString(helpExamples)
	b.WriteString(helpOnFlags(mainFlags, 30, all))
	b.WriteString("\nRunners:\n")
	for _, r := range runners.All() {
		fmt.Fprintf(&b, "  %-10s %s\n", r.Name, r.Help)
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
	own := func(name string) bool {
		return slices.ContainsFunc(mainFlags, func(d flagDef) bool { return d.name == name })
	}
	var b strings.Builder
	b.WriteString("Flags of Beam, for runners and workers; tripstats help all has the program's own:\n")
	runners.HelpOnFlags(func(name, text string) {
		if !own(name) {
			fmt.Fprintf(&b, "  --%-34s %s\n", name, text)
		}
	})
	_, err := io.WriteString(w, b.String())
	return err
}
