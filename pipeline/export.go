package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/transforms/fault"
)

// exportForms are the choices of --as of export: the forms of an answer that hold one table, and a workbook, which holds several.
var exportForms = []string{"csv", "jsonl", "arrow", workbook}

const workbook = "xlsx"

// atFlag chooses a version.
var atFlag = flagDef{
	name: "at", value: "N", of: func(s *settings) any { return &s.at }, check: (*settings).checkAt,
	text: "the version, as tripstats history lists them (default: the latest)",
}

// toFlag is the file that a command writes its result to.
var toFlag = flagDef{
	name: "to", value: "FILE", of: func(s *settings) any { return &s.to }, check: (*settings).checkTo,
	text: "file to write, local or in a store, instead of standard output; it is replaced whole",
}

// outputFlags are flags of all commands that read an output.
var outputFlags = []flagDef{
	{name: "verbose", of: func(s *settings) any { return &s.verbose }, text: "show full errors"},
	logFlag,
	{name: "gcs-anonymous", of: func(s *settings) any { return &s.anonymous }, text: "read gs:// without credentials"},
	{name: "allow-http", of: func(s *settings) any { return &s.allowHTTP }, text: "also read http:// addresses of other hosts, which are not encrypted"},
}

var exportFlags = append([]flagDef{
	{
		name: "as", of: func(s *settings) any { return &s.as }, choices: append([]string{""}, exportForms...),
		text: "form: CSV, a line of JSON for each row, a stream of Arrow, or a workbook for spreadsheets\n(default: the form of the ending of --to, otherwise csv)",
	},
	toFlag, atFlag,
}, outputFlags...)

func exportHelp() string {
	return `Usage: tripstats export DIR [TABLE] [flags]

Writes a table of the output DIR in another form. Without TABLE a workbook has all tables, a sheet each.
Decimals are texts with all their digits, also in a workbook, because a spreadsheet keeps 15 of them;
dates are 2024-01-31; CSV and workbooks have the names of the columns in their first row.

Examples:
  tripstats export stats trip_stats > trip_stats.csv
  tripstats export s3://bucket/stats --to=stats.xlsx

Flags:
` + helpOnFlags(exportFlags, 26, true) + "\n" + exitCodes
}

// export is the command of that name.
func (j *job) export(ctx context.Context, words []string, wrong problems) error {
	understood := len(wrong) == 0
	j.checkEach("export: ", exportFlags, &wrong)
	dir := j.outputOf("export", words, understood, 2, &wrong)
	if err := wrong.err(); err != nil {
		return err
	}
	form := j.exportForm()
	if form != "csv" && form != "jsonl" && j.to == "" && isTerminal(j.stdout) {
		return usage("export: --as=%s writes bytes that a terminal cannot show, expected a file, a pipe, or --to=FILE", form)
	}
	m, err := readOutput(ctx, j.access(), dir, j.parsed.at)
	if err != nil {
		return err
	}
	tables, err := chosenTables(m, words[1:], form)
	if err != nil {
		return err
	}
	batches := make([]arrow.RecordBatch, len(tables))
	for i, o := range tables {
		if batches[i], err = publish.ReadRows(ctx, j.access(), dir, o); err != nil {
			return damaged(dir, err)
		}
		defer batches[i].Release()
	}
	write := func(w io.Writer) error {
		if form == workbook {
			return writeWorkbook(w, tables, batches)
		}
		return writeAnswer(w, form, batches[0])
	}
	if j.to != "" {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return fault.New(fault.Failed, "export: %v", err)
		}
		return j.writeTo(ctx, b.Bytes())
	}
	if err := write(unfiltered(j.stdout)); err != nil {
		return fault.New(fault.Failed, "export: writing failed: %v", objstore.Reason(err))
	}
	return nil
}

// writeTo writes the file of --to. The file is replaced as a whole or not at all.
func (j *job) writeTo(ctx context.Context, content []byte) error {
	if _, err := j.access().Put(ctx, j.to, content, objstore.Condition{}); err != nil {
		return fault.New(fault.Failed, "--to: %s: %v; nothing was written", objstore.Redact(j.to), objstore.Reason(err))
	}
	return nil
}

// exportForm returns the form that the user asked for.
func (s *settings) exportForm() string {
	if ending := strings.TrimPrefix(path.Ext(s.to), "."); s.as == "" && slices.Contains(exportForms, ending) {
		return ending
	}
	if s.as == "" {
		return exportForms[0]
	}
	return s.as
}

func (s *settings) checkTo() error {
	scheme, place := objstore.Scheme(s.to)
	if scheme == "" {
		if info, err := os.Stat(place); place == "" || err == nil && info.IsDir() {
			return errors.New("found no name of a file, expected a file, which is replaced if it is there")
		}
		return nil
	}
	if err := objstore.CheckOutput(s.to); err != nil {
		return err
	}
	return checkAddress(s.to, s.access())
}

func (s *settings) checkAt() (err error) {
	if s.parsed.at, err = strconv.ParseInt(s.at, 10, 64); err != nil || s.parsed.at < 0 {
		return fmt.Errorf("found %q, expected the number of a version, such as 3", s.at)
	}
	return nil
}

// chosenTables returns the tables that words name, or all tables if there are no words and the form can hold several.
func chosenTables(m *publish.Manifest, words []string, form string) ([]publish.Output, error) {
	var names []string
	for _, o := range m.Outputs {
		names = append(names, o.Table)
	}
	if len(words) == 0 {
		if form == workbook || len(names) == 1 {
			return m.Outputs, nil
		}
		return nil, usage("export: found no table, expected one of %s; --as=xlsx writes all, as sheets", strings.Join(names, ", "))
	}
	i := slices.Index(names, strings.ToLower(words[0]))
	if i < 0 {
		return nil, usage("export: found the table %q, expected one of %s%s", objstore.Redact(words[0]), strings.Join(names, ", "), didYouMean(words[0], names))
	}
	return m.Outputs[i : i+1], nil
}

// outputOf returns the folder or address of an output, which is the first word. most is the largest number of words.
func (s *settings) outputOf(command string, words []string, understood bool, most int, wrong *problems) string {
	switch {
	case len(words) == 0 && understood:
		wrong.add("%s: found no output, expected the folder that a run wrote to, such as %s", command, defaultOutput)
	case len(words) > most && understood:
		wrong.add("%s: found the word %q, expected %s", command, objstore.Redact(words[most]), []string{"", "one output", "an output and a table"}[most])
	}
	if len(words) == 0 {
		return ""
	}
	if err := checkAddress(words[0], s.access()); err != nil {
		wrong.add("%s: %s: %v", command, objstore.Redact(words[0]), err)
	}
	return words[0]
}

// latest stands for the latest version.
const latest = -1

// readOutput reads the manifest of a version of an output.
func readOutput(ctx context.Context, access objstore.Access, dir string, version int64) (*publish.Manifest, error) {
	head, err := publish.ReadHead(ctx, access, dir)
	if err != nil {
		return nil, damaged(dir, err)
	}
	if err := hasVersion(dir, head, version); err != nil {
		return nil, err
	}
	if version == latest {
		return head.Manifest, nil
	}
	m, _, err := head.ReadVersion(ctx, access, dir, version)
	if err != nil {
		return nil, damaged(dir, err)
	}
	return m, nil
}

// hasVersion refuses a version that an output does not keep, and a folder that is no output.
func hasVersion(dir string, head publish.Head, version int64) error {
	if head.Manifest == nil {
		return fault.New(fault.NoMatch, "output %s: found no %s, expected the folder that a run wrote to", objstore.Redact(dir), publish.ManifestName)
	}
	var kept []string
	for _, v := range head.Versions() {
		if v.Number == version {
			return nil
		}
		kept = append(kept, strconv.FormatInt(v.Number, 10))
	}
	if version == latest {
		return nil
	}
	return fault.New(fault.NoMatch, "--at: %s: found no version %d, expected one of %s", objstore.Redact(dir), version, strings.Join(kept, ", "))
}

// damaged returns the fault for an output whose files cannot be used.
func damaged(dir string, err error) error {
	var wrong *publish.DamagedError
	if shown := objstore.Redact(dir); errors.As(err, &wrong) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, publish.ErrNoManifest) {
		return fault.New(fault.Input, "output %s: %v; tripstats check %s says what is sound", shown, err, shown)
	}
	return fault.New(fault.Failed, "output %s: %v", objstore.Redact(dir), objstore.Reason(err))
}
