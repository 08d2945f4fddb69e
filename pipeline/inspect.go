package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// fileReport is what inspect says of a file: the form of its --json.
type fileReport struct {
	Source    string         `json:"source" about:"the name of the file in tables and messages"`
	URI       string         `json:"uri" about:"its address or path"`
	Bytes     int64          `json:"bytes" about:"its size"`
	Taxi      string         `json:"taxi,omitempty" about:"its taxi, or the list of them"`
	Month     string         `json:"month,omitempty" about:"the month in its name, as 2024-01"`
	MonthFrom string         `json:"month_from,omitempty" about:"what holds the month, if that is not the file's name"`
	Variant   string         `json:"variant,omitempty" about:"the kind of file, as tripstats show datasets lists them"`
	Rows      *int64         `json:"rows" about:"its rows; null if only reading the file tells"`
	RowGroups int            `json:"row_groups" about:"its row groups, or blocks of text"`
	Codecs    []string       `json:"codecs" about:"how its pages are packed"`
	Taxis     []taxiReport   `json:"taxis,omitempty" about:"the rows of each taxi, if a column says the taxi and there are several"`
	Columns   []columnReport `json:"columns" about:"its columns"`
	Dates     string         `json:"dates,omitempty" about:"the order of its dates, if they are text and end with the year"` // the order of its dates, if they are text and end with the year
	Problem   string         `json:"problem,omitempty" about:"why a run would refuse the file"`
}

// taxiReport is how many trips of a file are of a taxi.
type taxiReport struct {
	Taxi string `json:"taxi" about:"the taxi"`
	Rows int64  `json:"rows" about:"its rows"`
}

// columnReport is one column of a file.
type columnReport struct {
	Name    string `json:"name" about:"its name in the file"`
	Type    string `json:"type" about:"its type in the file"`
	Bytes   int64  `json:"bytes" about:"compressed, in all row groups"`
	Meaning string `json:"meaning,omitempty" about:"what it is to this program; of a column with several meanings the list of them"`
	Adds    string `json:"adds,omitempty" about:"the amount that it is a part of"`
	Known   bool   `json:"known" about:"whether this program knows the column"`
}

func inspectHelp() string {
	usage := "[--short|--json]"
	for _, d := range inspectFlags[2:] { // of the first two there may be one
		usage += " [" + d.shown() + "]"
	}
	return "Usage: tripstats inspect " + usage + ` FILE...

Shows for each file: taxi, month, variant of TLC's schema, rows, row groups, codec, and the meaning of each column.
With --short each file has one line, without columns. FILE may be a pattern, as for --input. Exit code 3 if the main
job cannot use a file.
`
}

// inspectFlags are the flags of inspect.
var inspectFlags = []flagDef{
	{name: "short", of: func(s *settings) any { return &s.short }, text: "one line for each file"},
	{name: "json", of: func(s *settings) any { return &s.json }, text: "the same as JSON"},
	{name: "utc", of: func(s *settings) any { return &s.utc }, def: trip.UTCRefuse, choices: utcChoices, text: "how to read times marked as UTC or with an offset"},
	{name: "dates", of: func(s *settings) any { return &s.dates }, def: trip.DatesAuto, choices: datesChoices, text: "how to read dates such as 3/4/2021 that are text"},
	datasetFlag,
	{name: "gcs-anonymous", of: func(s *settings) any { return &s.anonymous }, text: "read gs:// without credentials"},
	{name: "allow-http", of: func(s *settings) any { return &s.allowHTTP }, text: "also read http:// addresses of other hosts, which are not encrypted"},
	logFlag,
}

// inspect is the subcommand of that name.
func (j *job) inspect(ctx context.Context, words []string, wrong problems) error {
	if err := j.declareDatasets(ctx); err != nil {
		return err
	}
	understood := len(wrong) == 0
	if j.json && j.short {
		wrong.add("inspect: found --json and --short, expected one of them")
	}
	j.checkEach("inspect: ", inspectFlags, &wrong)
	if len(words) == 0 && understood {
		wrong.add("inspect: found no file, expected one or more")
	}
	for _, file := range words {
		if err := checkAddress(file, j.access()); err != nil {
			wrong.add("inspect: %s: %v", objstore.Redact(file), err)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	objects, err := match(ctx, j.access(), "inspect", words)
	if err != nil {
		return err
	}
	var reports []fileReport
	var problems []*fault.Fault
	options := j.tripOptions(true, aggregate.Tables(true))
	options.Dates = j.datesOrder()
	for _, f := range source.Files(objects) {
		report, err := inspectFile(ctx, j.stderr, source.Config{Access: j.access()}, f, options)
		reports = append(reports, report)
		switch why := fault.Find(err); {
		case why != nil:
			problems = append(problems, why)
		case err != nil:
			return err
		}
	}
	problem := fault.All(problems...)
	if j.short {
		_, err := io.WriteString(j.stdout, shortReports(reports))
		return errors.Join(err, problem)
	}
	if j.json {
		return errors.Join(writeJSON(j.stdout, reports), problem)
	}
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(j.stdout)
		}
		fmt.Fprint(j.stdout, r)
	}
	return problem
}

// inspectFile describes a file as far as it can be read. The error is why the main job would refuse it.
func inspectFile(ctx context.Context, stderr console, cfg source.Config, found element.Found, opts trip.Options) (fileReport, error) {
	report := fileReport{Source: found.Source, URI: objstore.Redact(found.URI), Bytes: found.Size, Rows: new(int64), Columns: []columnReport{}, Codecs: []string{}}
	if found.Month != element.NoMonth {
		report.Month, report.MonthFrom = tlc.FormatMonth(found.Month), found.MonthFrom
	}
	var f element.Recognised
	described, err := source.Describe(ctx, cfg.Access, found)
	if err == nil {
		report.RowGroups = len(described.UnitRows)
		if *report.Rows = described.Rows; described.Rows == element.UnknownRows {
			report.Rows = nil
		}
		f, err = trip.Recognise(described, opts)
	}
	if err == nil {
		f, err = examine(ctx, cfg, opts, f)
	}
	report.Dates = string(f.Dates)
	for _, s := range f.Shares {
		report.Taxis = append(report.Taxis, taxiReport{s.Taxi, s.Rows})
	}
	report.Taxi, report.Variant = f.Taxi, f.Variant
	variant, _ := opts.Dataset(f.Variant, f.TaxiColumn != "")
	for _, c := range f.Columns {
		col := columnReport{Name: c.Name, Type: c.Found}
		for _, n := range c.ChunkBytes {
			col.Bytes += n
		}
		for _, codec := range c.Codecs {
			if !slices.Contains(report.Codecs, codec) {
				report.Codecs = append(report.Codecs, codec)
			}
		}
		var meanings []string
		for _, known := range variant.Columns {
			if !known.Is(c.Name) {
				continue
			}
			if col.Known = true; known.Meaning != "" {
				meanings = append(meanings, string(known.Meaning))
			}
			col.Adds = cmp.Or(col.Adds, string(known.Adds))
		}
		if !col.Known && c.Name == f.TaxiColumn {
			col.Known, meanings = true, []string{"taxi"}
		}
		col.Meaning = strings.Join(meanings, ", ")
		report.Columns = append(report.Columns, col)
	}
	if err != nil {
		report.Problem = stderr.messageOf(err)
	}
	return report, err
}

// orNone returns a text to print, or a dash if it is empty. Names in a file may hold any character and must not break lines.
func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return fault.OneLine(s)
}

// monthAndPlace prints a month and what holds it, if that is not the file's name.
func monthAndPlace(month, from string) string {
	if from == "" {
		return orNone(month)
	}
	return month + " (from " + fault.OneLine(from) + ")"
}

// rowsFound returns the numbers of rows and row groups to print, or dashes if the footer could not be read.
func (r fileReport) rowsFound() (rows, groups string) {
	if r.Problem != "" && r.RowGroups == 0 {
		return "-", "-"
	}
	rows = "-"
	if r.Rows != nil {
		rows = strconv.FormatInt(*r.Rows, 10)
	}
	return rows, strconv.Itoa(r.RowGroups)
}

// taxis names the taxis of the file, with their rows if there are several.
func (r fileReport) taxis() string {
	if len(r.Taxis) == 0 {
		return r.Taxi
	}
	var parts []string
	for _, t := range r.Taxis {
		parts = append(parts, fmt.Sprintf("%s (%d rows)", t.Taxi, t.Rows))
	}
	return strings.Join(parts, ", ")
}

// shortReports prints one line for each file, below headings.
func shortReports(reports []fileReport) string {
	lines := [][]string{{"file", "taxi", "month", "variant", "usable", "rows", "row groups", "bytes"}}
	for _, r := range reports {
		rows, groups := r.rowsFound()
		usable := "yes"
		if r.Problem != "" {
			usable = "no"
		}
		lines = append(lines, []string{orNone(r.Source), orNone(r.Taxi), orNone(r.Month), orNone(r.Variant), usable, rows, groups, strconv.FormatInt(r.Bytes, 10)})
	}
	return align(lines, 5)
}

// String formats the report for people.
func (r fileReport) String() string {
	rowsFound, groups := r.rowsFound()
	facts := [][]string{
		{"file", orNone(r.Source)},
		{"taxi", orNone(r.taxis())},
		{"month", monthAndPlace(r.Month, r.MonthFrom)},
		{"variant", orNone(r.Variant)},
		{"rows", rowsFound},
		{"row groups", groups},
		{"codec", orNone(strings.Join(r.Codecs, ", "))},
	}
	if r.Dates != "" {
		facts = append(facts, []string{"dates", r.Dates})
	}
	if r.Problem != "" {
		facts = append(facts, []string{"refused", orNone(r.Problem)})
	}
	text := align(facts, 2)
	if len(r.Columns) == 0 {
		return text
	}
	rows := [][]string{{"column", "type", "meaning", "bytes"}}
	for _, c := range r.Columns {
		meaning := c.Meaning
		switch {
		case c.Adds != "":
			meaning += ", part of " + c.Adds
		case !c.Known && r.Variant != "":
			meaning = "unknown"
		case meaning == "":
			meaning = "-"
		}
		rows = append(rows, []string{orNone(c.Name), c.Type, meaning, strconv.FormatInt(c.Bytes, 10)})
	}
	return text + "\n" + align(rows, 3)
}
