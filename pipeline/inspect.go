package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// fileReport is what inspect says of a file: the form of its --json.
type fileReport struct {
	Source    string         `json:"source"`
	URI       string         `json:"uri"`
	Bytes     int64          `json:"bytes"`
	Taxi      string         `json:"taxi,omitempty"`
	Month     string         `json:"month,omitempty"`
	Variant   string         `json:"variant,omitempty"`
	Rows      int64          `json:"rows"`
	RowGroups int            `json:"row_groups"`
	Codecs    []string       `json:"codecs"`
	Columns   []columnReport `json:"columns"`
	Problem   string         `json:"problem,omitempty"` // why the main job would refuse the file
}

// columnReport is one column of a file.
type columnReport struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Bytes   int64  `json:"bytes"` // compressed, in all row groups
	Meaning string `json:"meaning,omitempty"`
	Known   bool   `json:"known"`
}

const inspectHelp = `Usage: tripstats inspect [--short|--json] [--utc=wall|convert] [--gcs-anonymous] [--allow-http] FILE...

Shows for each file: taxi, month, variant of TLC's schema, rows, row groups, codec, and the meaning of each column.
With --short each file has one line, without columns. FILE may be a pattern, as for --input. Exit code 3 if the main
job cannot use a file.
`

// inspect is the subcommand of that name.
func inspect(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("inspect", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	short := flags.Bool("short", false, "")
	utc := flags.String("utc", trip.UTCRefuse, "")
	var access objstore.Access
	flags.BoolVar(&access.GCSAnonymous, "gcs-anonymous", false, "")
	flags.BoolVar(&access.AllowHTTP, "allow-http", false, "")
	words, failed, err := parseAll(flags, args, noCommand)
	if err != nil { // flag.ErrHelp
		_, err := io.WriteString(stdout, inspectHelp)
		return err
	}
	var wrong problems
	for _, text := range failed {
		wrong.add("inspect: %s", text)
	}
	if *asJSON && *short {
		wrong.add("inspect: found --json and --short, expected one of them")
	}
	if !isOneOf(utc, utcChoices) {
		wrong.add("inspect: --utc: found %q, expected %s", *utc, orList(utcChoices))
	}
	if len(words) == 0 && len(failed) == 0 {
		wrong.add("inspect: found no file, expected one or more")
	}
	for _, file := range words {
		scheme, _ := objstore.Scheme(file)
		switch refused := access.Allows(file); {
		case !objstore.Served(scheme):
			wrong.add("inspect: %s: found scheme %q, expected a local path, gs, s3, az or https", objstore.Redact(file), scheme)
		case refused != nil:
			wrong.add("inspect: %s: %v", objstore.Redact(file), refused)
		}
	}
	if err := wrong.err(); err != nil {
		return err
	}
	objstore.Use(access)
	objects, err := match(ctx, "inspect", words)
	if err != nil {
		return err
	}
	var reports []fileReport
	var problems []*fault.Fault
	for _, f := range source.Files(objects, 1) {
		report, err := inspectFile(ctx, f, tripOptions(*utc, true))
		reports = append(reports, report)
		switch why := fault.Find(err); {
		case why != nil:
			problems = append(problems, why)
		case err != nil:
			return err
		}
	}
	problem := fault.All(problems...)
	if *short {
		_, err := io.WriteString(stdout, shortReports(reports))
		return errors.Join(err, problem)
	}
	if *asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return errors.Join(enc.Encode(reports), problem)
	}
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprint(stdout, r)
	}
	return problem
}

// inspectFile describes a file as far as it can be read. The error is why the main job would refuse it.
func inspectFile(ctx context.Context, found element.Found, opts trip.Options) (fileReport, error) {
	report := fileReport{Source: found.Source, URI: objstore.Redact(found.URI), Bytes: found.Size, Columns: []columnReport{}, Codecs: []string{}}
	if found.Month != element.NoMonth {
		report.Month = tlc.FormatMonth(found.Month)
	}
	var f element.Recognised
	described, err := source.Describe(ctx, found)
	if err == nil {
		report.Rows, report.RowGroups = described.Rows, len(described.UnitRows)
		f, err = trip.Recognise(described, opts)
	}
	report.Taxi, report.Variant = f.Taxi, f.Variant
	var variant element.Dataset
	if i := slices.IndexFunc(tlc.Registry, func(d element.Dataset) bool { return d.Name == f.Variant }); i >= 0 {
		variant = tlc.Registry[i]
	}
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
		if i := slices.IndexFunc(variant.Columns, func(k element.Known) bool { return strings.EqualFold(k.Name, strings.TrimSpace(c.Name)) }); i >= 0 {
			col.Known, col.Meaning = true, string(variant.Columns[i].Meaning)
		}
		report.Columns = append(report.Columns, col)
	}
	if err != nil {
		report.Problem = messageOf(err)
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

// rowsFound returns the numbers of rows and row groups to print, or dashes if the footer could not be read.
func (r fileReport) rowsFound() (rows, groups string) {
	if r.Problem != "" && r.RowGroups == 0 {
		return "-", "-"
	}
	return strconv.FormatInt(r.Rows, 10), strconv.Itoa(r.RowGroups)
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
		{"taxi", orNone(r.Taxi)},
		{"month", orNone(r.Month)},
		{"variant", orNone(r.Variant)},
		{"rows", rowsFound},
		{"row groups", groups},
		{"codec", orNone(strings.Join(r.Codecs, ", "))},
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
		case !c.Known && r.Variant != "":
			meaning = "unknown"
		case meaning == "":
			meaning = "-"
		}
		rows = append(rows, []string{orNone(c.Name), c.Type, meaning, strconv.FormatInt(c.Bytes, 10)})
	}
	return text + "\n" + align(rows, 3)
}
