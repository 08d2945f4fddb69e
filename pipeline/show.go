package main

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/library"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
)

// topics are what show can show.
var topics = []struct {
	name string
	text string
	show func(words []string, declared []element.Dataset) (string, error) // words are those after the name
}{
	{"tables", "the tables that the program knows by name; show tables NAME prints one as SQL", func(words []string, _ []element.Dataset) (string, error) { return showTables(words) }},
	{"columns", "the columns of trips, which SQL can name", func(words []string, _ []element.Dataset) (string, error) {
		return showColumns(), noMore("columns", words)
	}},
	{"rules", "the rules that judge rows and values", func(words []string, _ []element.Dataset) (string, error) { return showRules(), noMore("rules", words) }},
	{"datasets", "the files that are recognised, with those of --dataset=FILE", func(words []string, declared []element.Dataset) (string, error) {
		return showDatasets(declared), noMore("datasets", words)
	}},
}

// topicNames is made by init, as the entries of topics refer to functions that list it.
var topicNames []string

func init() {
	for _, t := range topics {
		topicNames = append(topicNames, t.name)
	}
}

func listTopics() string {
	var lines [][]string
	for _, t := range topics {
		lines = append(lines, []string{"  " + t.name, t.text})
	}
	return align(lines, 2)
}

// showFlags are the flags of show.
var showFlags = []flagDef{datasetFlag, logFlag}

func showHelp() string {
	return `Usage: tripstats show [` + strings.Join(topicNames, "|") + `]
       tripstats show tables NAME
       tripstats show datasets --dataset=FILE

Shows what the program knows. It reads no files but those of --dataset.

` + listTopics() + `
A table of the library is shown as SQL: save it in a file to change it. A standing table is shown with its columns.
`
}

// show is the subcommand of that name.
func (j *job) show(ctx context.Context, words []string, wrong problems) error {
	if err := wrong.err(); err != nil {
		return err
	}
	if err := j.declareDatasets(ctx); err != nil {
		return err
	}
	if len(words) == 0 {
		_, err := io.WriteString(j.stdout, "tripstats show can show\n"+listTopics())
		return err
	}
	i := slices.Index(topicNames, strings.ToLower(words[0]))
	if i < 0 {
		return usage("show: found %q, expected one of %s%s", objstore.Redact(words[0]), strings.Join(topicNames, ", "), didYouMean(words[0], topicNames))
	}
	text, err := topics[i].show(words[1:], j.datasets())
	if err != nil {
		return err
	}
	_, err = io.WriteString(j.stdout, text)
	return err
}

// noMore refuses words after a topic that has no choices.
func noMore(topic string, words []string) error {
	if len(words) == 0 {
		return nil
	}
	return usage("show %s: found the word %q after it, expected none", topic, objstore.Redact(words[0]))
}

// showTables lists all tables, or shows one.
func showTables(words []string) (string, error) {
	if len(words) > 1 {
		return "", usage("show tables: found %d names, expected one", len(words))
	}
	names := slices.Concat(standingNames(), library.Names())
	if len(words) == 1 {
		name := strings.ToLower(words[0])
		if t, ok := standingNamed(name); ok {
			return showStanding(t), nil
		}
		if t, ok := library.Named(name); ok {
			return t.SQL, nil
		}
		return "", usage("show tables: found %q, expected one of %s%s", objstore.Redact(words[0]), strings.Join(names, ", "), didYouMean(words[0], names))
	}
	lines := [][]string{{"name", "keys", "meaning"}}
	for _, t := range standing {
		lines = append(lines, []string{t.name, strings.Join(t.keys, ", "), t.meaning})
	}
	for _, t := range library.Tables() {
		lines = append(lines, []string{t.Name, strings.Join(keysOf(t.Query), ", "), t.Meaning})
	}
	return align(lines, 3), nil
}

// keysOf names the keys of a query: by the columns of its result, or, of a key that is in no column, as SQL.
func keysOf(q *query.Query) []string {
	names := make([]string, len(q.Keys))
	for k, key := range q.Keys {
		names[k] = q.Text(key)
		for _, c := range q.Columns {
			if c.Expr.Op == query.KeyRef && c.Expr.Index == k {
				names[k] = c.Name
				break
			}
		}
	}
	return names
}

// showStanding lists the columns of a standing table.
func showStanding(t standingTable) string {
	lines := [][]string{{"column", "type", "meaning"}}
	for _, f := range t.schema().Fields() {
		lines = append(lines, []string{f.Name, arrowName(f.Type), orNone(t.columns[f.Name])})
	}
	return align(lines, 3)
}

// showColumns lists the columns of trips.
func showColumns() string {
	lines := [][]string{{"name", "type", "unit", "eras", "also named", "meaning"}}
	for i := range query.Columns {
		c := &query.Columns[i]
		if !c.Hidden() {
			lines = append(lines, []string{c.Name, c.Type.String(), orNone(c.Unit), orNone(c.Eras), orNone(strings.Join(c.Aliases, ", ")), c.Doc})
		}
	}
	return align(lines, 6)
}

// showRules lists the rules with their limits.
func showRules() string {
	lines := [][]string{{"name", "scope", "limit", "unit", "reason", "source"}}
	for _, r := range quality.Rules {
		limit := ""
		if r.Unit != 0 {
			limit = strconv.FormatInt(r.Limit, 10)
		}
		lines = append(lines, []string{r.Name, string(r.Scope), orNone(limit), orNone(r.In), r.Reason, r.Source})
	}
	return align(lines, 6)
}

// showDatasets lists the kinds of files that are recognised.
func showDatasets(declared []element.Dataset) string {
	lines := [][]string{{"name", "taxi", "months", "read", "recognised by its columns"}}
	for _, d := range slices.Concat(tlc.Registry, declared) {
		read := "yes"
		if d.Unread != "" {
			read = "no"
		}
		var signatures []string
		for _, s := range d.Signatures {
			signatures = append(signatures, strings.Join(s, ", "))
		}
		lines = append(lines, []string{d.Name, d.Taxi, monthsOf(d), read, strings.Join(signatures, "; or ")})
	}
	return align(lines, 5)
}

// monthsOf are the months that a dataset covers, as --months takes them.
func monthsOf(d element.Dataset) string {
	if d.Declared {
		return "any"
	}
	months := tlc.FormatMonth(d.First) + ".."
	if d.Last != 0 {
		months += tlc.FormatMonth(d.Last)
	}
	return months
}
