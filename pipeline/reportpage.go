package main

import (
	"bytes"
	"context"
	"fmt"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/report"
	"tripstats/io/tlc"
	"tripstats/transforms/fault"
	"tripstats/transforms/library"
	"tripstats/transforms/newyork"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
)

var reportFlags = append([]flagDef{
	toFlag, atFlag,
}, outputFlags...)

func reportHelp() string {
	return `Usage: tripstats report DIR --to=FILE [flags]

Draws the tables of the output DIR as one page of HTML: months by taxi, a map of the zones, what the rules
refused, which months are missing, tables made by SQL, and where all of it comes from. The page needs no
network and no other file.

Examples:
  tripstats report stats --to=report.html
  tripstats report s3://bucket/stats --at=3 --to=s3://bucket/report.html

Flags:
` + helpOnFlags(reportFlags, 26, true) + "\n" + exitCodes
}

// drawReport is the command report.
func (j *job) drawReport(ctx context.Context, words []string, wrong problems) error {
	understood := len(wrong) == 0
	j.checkEach("report: ", reportFlags, &wrong)
	dir := j.outputOf("report", words, understood, 1, &wrong)
	if err := wrong.err(); err != nil {
		return err
	}
	if j.to == "" && isTerminal(j.stdout) {
		return usage("report: a page is for a browser, expected --to=FILE, such as --to=report.html, or a pipe")
	}
	m, err := readOutput(ctx, j.access(), dir, j.parsed.at)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := report.Write(ctx, &page, reportOf(j.access(), dir, m)); err != nil {
		return damaged(dir, err)
	}
	if j.to != "" {
		return j.writeTo(ctx, page.Bytes())
	}
	if _, err := unfiltered(j.stdout).Write(page.Bytes()); err != nil {
		return fault.New(fault.Failed, "report: it could not be written: %v", objstore.Reason(err))
	}
	return nil
}

// reportOf says what a report shows of an output.
func reportOf(access objstore.Access, dir string, m *publish.Manifest) report.Config {
	cfg := report.Config{Access: access, Output: dir, Manifest: m, Zones: map[int64]report.Zone{}, ZonesOf: tlc.Taxis(), Tables: map[string]report.Table{}}
	for id, z := range newyork.Zones() {
		if id > 0 {
			cfg.Zones[int64(id)] = report.Zone{Name: z.Name, Borough: z.Borough}
		}
	}
	outlines, height := newyork.Outlines()
	cfg.MapWidth, cfg.MapHeight = newyork.MapWidth, height
	for _, o := range outlines {
		z := cfg.Zones[int64(o.ID)]
		z.Outline = o.Rings
		cfg.Zones[int64(o.ID)] = z
	}
	for _, r := range quality.Rules {
		rule := report.Rule{Name: r.Name, Refuses: r.Scope == quality.Row, Reason: r.Reason}
		if r.Unit != 0 {
			limit := r.Limit
			if m.Rules != nil && m.Rules.Limits[r.Name] != 0 {
				limit = m.Rules.Limits[r.Name]
			}
			rule.Limit = fmt.Sprintf("%d %s", limit, r.In)
		}
		cfg.Rules = append(cfg.Rules, rule)
	}
	for _, o := range m.Outputs {
		if t, ok := declaredAs(o); ok {
			cfg.Tables[o.Table] = t
		}
	}
	return cfg
}

// declaredAs is what is known of a table that is made by SQL.
func declaredAs(o publish.Output) (report.Table, bool) {
	t, named := library.Named(o.Table)
	if o.SQL == "" {
		return report.Table{Meaning: t.Meaning, Keys: keysOrNil(t.Query)}, named
	}
	q, err := query.ParseQuery(o.Table, o.SQL)
	if err != nil { // another program's SQL: the names of the columns tell the keys
		return report.Table{}, false
	}
	known := report.Table{Keys: keysOrNil(q)}
	if named && t.Query.SQL == o.SQL {
		known.Meaning = t.Meaning
	}
	return known, true
}

func keysOrNil(q *query.Query) []string {
	if q == nil {
		return nil
	}
	return keysOf(q)
}
