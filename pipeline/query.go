package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/runners"
	"tripstats/transforms/fault"
	"tripstats/transforms/query"
)

// queryFlags are the flags of query: its own, and those of the main job that are about input, rules and how the program runs.
var queryFlags = slices.Concat([]flagDef{
	{name: "f", value: "FILE", of: func(s *settings) any { return &s.file }, text: "read the SELECT from a file, local or in a store, instead of the word; - is standard input"},
	{
		name: "as", of: func(s *settings) any { return &s.as }, choices: append([]string{""}, answerNames()...),
		text: "form of the answer: table for people, CSV, a line of JSON for each row, or a stream of\nArrow (default table on a terminal, otherwise csv)",
	},
}, ofMain("input", "months", "taxi"), []flagDef{
	{
		name: "runner", of: func(s *settings) any { return &s.runner }, def: "direct", choices: runnersHere(),
		text: "what runs the query, in this process (direct, the default, or prism)",
	},
}, ofMain("quality", "same-month", "utc", "dates"), []flagDef{
	{name: "plan", of: func(s *settings) any { return &s.plan }, text: "show what would be read and how the query is understood, and stop; only footers are\nread for this"},
}, ofMain("verbose", "log", "log-beam", "dataset", "limits", "as-of", "require-complete", "unknown-columns", "source", "missing", "max-memory", "max-groups", "json", "gcs-anonymous", "allow-http",
	"decoder", "cpuprofile", "memprofile", "trace"))

// ofMain returns flags of the main job.
func ofMain(names ...string) []flagDef {
	defs := make([]flagDef, len(names))
	for i, name := range names {
		defs[i] = mainFlags[slices.IndexFunc(mainFlags, func(d flagDef) bool { return d.name == name })]
	}
	return defs
}

// runnersHere lists the runners that run in this process.
func runnersHere() (names []string) {
	for _, r := range runners.All() {
		if !r.Elsewhere() {
			names = append(names, r.Name)
		}
	}
	return names
}

func queryHelp() string {
	return `Usage: tripstats query 'SELECT ...' [flags]
       tripstats query -f FILE [flags]

Answers one SELECT over the table trips and writes its rows to stdout. Nothing is published, and only the columns that
the query needs are read. The rules apply as in the main job: refused rows are invisible, values left out are NULL.
tripstats show columns lists the columns. A SELECT without GROUP BY or aggregates needs a LIMIT of at most ` + fmt.Sprint(query.MaxRows) + `.

Examples:
  tripstats query 'SELECT taxi, count(*) AS trips FROM trips GROUP BY taxi'
  tripstats query -f tips.sql --input='raw_data/**/*.parquet' --as=jsonl

Flags:
` + helpOnFlags(queryFlags, 30, true) + "\n" + exitCodes
}

// ask is the subcommand query.
func (j *job) ask(ctx context.Context, words []string, wrong problems) error {
	j.runner = runners.Canonical(strings.ToLower(j.runner))
	if err := j.declareDatasets(ctx); err != nil {
		return err
	}
	if j.checkAsk(words, &wrong); len(wrong) > 0 {
		return wrong.err()
	}
	q, err := j.question(ctx, words)
	if err == nil {
		err = j.checkZoneNames([]*query.Query{q})
	}
	if err != nil {
		return err
	}
	rows, err := j.answer(ctx, q)
	if err != nil || j.plan {
		return err
	}
	defer rows.Release()
	if err := writeAnswer(unfiltered(j.stdout), j.form(), rows); err != nil {
		return fault.New(fault.Failed, "query: the answer could not be written: %v", err)
	}
	return nil
}

// textsIn separates SQL that begins with a comment from the flags: -- and a space begin no flag.
func textsIn(args []string) (texts, others []string) {
	for i, arg := range args {
		switch {
		case arg == "--":
			return texts, append(others, args[i:]...)
		case beginsWithComment.MatchString(arg):
			texts = append(texts, arg)
		default:
			others = append(others, arg)
		}
	}
	return texts, others
}

var beginsWithComment = regexp.MustCompile(`^--(\s|[^=]*\n)`)

// checkAsk refuses flags and words that make no sense, before anything is read. If something was not understood, it does not say what only
// follows from that.
func (s *settings) checkAsk(words []string, wrong *problems) {
	if len(*wrong) == 0 {
		switch {
		case len(words) == 0 && !s.given["f"]:
			wrong.add("query: found no SELECT, expected one as a word in quotes, or -f FILE")
		case len(words) > 0 && s.given["f"]:
			wrong.add("query: found the word %q and -f, expected one of them", objstore.Redact(words[0]))
		case len(words) > 1:
			wrong.add("query: found %d words, expected one: put the SELECT in quotes, as in tripstats query 'SELECT count(*) AS trips FROM trips'; files go with --input", len(words))
		case len(words) == 1 && !strings.ContainsAny(words[0], " \t\r\n") && (objstore.Remote(words[0]) || strings.EqualFold(path.Ext(words[0]), ".sql")):
			wrong.add("query: found %s, which looks like a file, expected a SELECT; a file goes with -f", objstore.Redact(words[0]))
		case s.given["f"] && s.file == "":
			wrong.add("query: -f: found nothing, expected a file")
		}
	}
	if len(*wrong) == 0 {
		s.checkTogether(wrong)
	}
	s.checkEach("query: ", queryFlags, wrong)
	s.checkJudged("query: ", queryFlags, wrong)
	s.checkJSON("query: ", wrong)
}

// question is the query that the user asks.
func (j *job) question(ctx context.Context, words []string) (*query.Query, error) {
	name, text := "query", ""
	if j.given["f"] {
		var err error
		if j.file == "-" {
			text, err = readStdin()
		} else {
			text, err = readText(ctx, j.access(), j.file)
		}
		if err != nil {
			return nil, textFileFault("query: -f", j.file, err)
		}
		name = objstore.Redact(j.file)
	} else {
		text = words[0]
	}
	q, err := query.ParseQuery(name, text)
	if err != nil {
		var wrong textErrors
		wrong.addText(err)
		return nil, wrong.err()
	}
	if j.form() == "arrow" && isTerminal(j.stdout) && !j.plan {
		return nil, usage("query: --as=arrow writes bytes that a terminal cannot show, expected a file or a pipe on stdout")
	}
	return q, nil
}

// readStdin returns what is on standard input.
func readStdin() (string, error) {
	text, err := io.ReadAll(io.LimitReader(os.Stdin, mostTextSize+1))
	if err == nil && len(text) > mostTextSize {
		err = fmt.Errorf("found more than %d bytes, expected at most as many", mostTextSize)
	}
	return string(text), err
}

// form is the form of the answer.
func (j *job) form() string {
	switch {
	case j.as != "":
		return j.as
	case isTerminal(j.stdout):
		return "table"
	}
	return "csv"
}
