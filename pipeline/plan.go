package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tripstats/io/parquetio"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/group"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
	"tripstats/transforms/trip"
)

// showPlan says what a run would read, from the footers alone, and how it would make the tables in SQL.
func (j *job) showPlan(ctx context.Context, pl *planner) error {
	p := pl.plan
	bytes := map[string]fileBytes{}
	kept, left, err := p.admit(ctx, func(f element.Recognised) {
		if len(j.queries) > 0 {
			bytes[f.Source] = trip.ColumnBytes(f, p.trips)
		}
	})
	if err != nil {
		return err
	}
	in := p.planned(kept, j.queries, bytes)
	r := pl.record(in, left)
	if explained := p.explain(j.queries, in); j.json {
		r.Tables = explained
		err = writeJSON(j.stdout, r)
	} else {
		_, err = io.WriteString(j.stdout, r.text()+explained)
	}
	if err != nil {
		return err
	}
	var tables []string
	for _, files := range element.Sources(left) {
		if files[0].NoTrips {
			tables = append(tables, files[0].Whole())
		}
	}
	noteNoTrips(j.stderr, tables)
	var admitted []element.Admitted
	for _, f := range in.read {
		admitted = append(admitted, f.Admit()...)
	}
	notes(j.stderr, admitted, p.endless(), j.noteGaps())
	return nil
}

// taxisOf lists the taxis of files, of each those that are read.
func taxisOf(files []element.Recognised) string {
	var taxis []string
	for _, f := range files {
		for _, s := range f.ByTaxi() {
			taxis = append(taxis, s.Taxi)
		}
	}
	slices.Sort(taxis)
	return strings.Join(slices.Compact(taxis), ", ")
}

// fileBytes are the bytes of a file that hold each column of files.
type fileBytes [trip.NumFields]int64

// plannedFiles are the admitted files of a plan.
type plannedFiles struct {
	files []element.Recognised
	read  []element.Recognised // those that a run reads
	bytes map[string]fileBytes // by source
}

// ruledOut says why a table in SQL can do without a file.
type ruledOut int

const (
	needed ruledOut = iota
	byAnything
	byTaxi
	byMonth
)

// ruleOut tells whether a query can do without a file, because its WHERE is not true for any trip of it.
func (p plan) ruleOut(q *query.Query, f element.Recognised) ruledOut {
	canMatch := func(month int32) bool {
		return slices.ContainsFunc(f.ByTaxi(), func(s element.Share) bool { return q.CanMatch(query.BoundsOf(s.Taxi, month)) })
	}
	switch {
	case !q.CanMatch(query.BoundsOf("", element.NoMonth)):
		return byAnything
	case !canMatch(element.NoMonth):
		return byTaxi
	case !canMatch(p.monthOf(f)):
		return byMonth
	}
	return needed
}

// monthOf is the month of all pickups of a file, or element.NoMonth.
func (p plan) monthOf(f element.Recognised) int32 {
	if !p.standard { // a pickup may be in any
		return element.NoMonth
	}
	return f.Month
}

// explain says for each table in SQL how its query is understood and how it will run. Queries are those of the tables, in their order.
func (p plan) explain(queries []*query.Query, in plannedFiles) string {
	var b strings.Builder
	var seen []trip.Field // columns of files that are read for something before
	if !p.answers {
		seen = p.others()
	}
	for _, spec := range p.tables {
		if spec.SQL == "" {
			continue
		}
		q := queries[0]
		queries = queries[1:]
		title := "table " + spec.Name
		if p.answers {
			title = "answer"
		}
		b.WriteString("\n" + title + "\n")
		for _, part := range p.parts(spec, q, in, seen) {
			text := part[1]
			if !strings.HasPrefix(text, "SELECT") {
				text = wrapped(text)
			}
			text = strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", labelWidth))
			fmt.Fprintf(&b, "%-*s%s\n", labelWidth, part[0], text)
		}
		seen = append(seen, trip.FileColumns(spec.Needs())...)
	}
	return b.String()
}

// labelWidth is the width of what stands before the parts of a plan.
const labelWidth = 12

// others are the columns of files that standing tables and rules read.
func (p plan) others() []trip.Field {
	var wanted []trip.Field
	for _, t := range p.tables {
		if t.SQL == "" {
			wanted = append(wanted, t.Needs()...)
		}
	}
	if p.standard {
		wanted = append(wanted, quality.Needs()...)
	}
	if wanted == nil {
		return nil
	}
	return trip.FileColumns(wanted)
}

// parts are the parts of the plan of one table, each with its label.
func (p plan) parts(spec *aggregate.Spec, q *query.Query, in plannedFiles, seen []trip.Field) [][2]string {
	checked, rewritten := unnamed(q.Checked()), unnamed(q)
	if rewritten == checked {
		rewritten = "as checked: it has no constants to fold"
	}
	filter := "none: all trips that rules do not refuse"
	if q.Where != nil {
		filter = q.Text(q.Where)
	}
	parts := [][2]string{{"checked", checked}, {"rewritten", rewritten}, {"files", p.matching(q, in)}, {"columns", p.columns(spec, in, seen)}, {"filter", filter}}
	if !q.Grouped {
		parts = append(parts, [2]string{"groups", fmt.Sprintf("none: the first %d trips, by source and row number; rows are read of as many files as it takes", q.Limit)})
	} else {
		parts = append(parts, [2]string{"groups", grouping(q, p.standard)}, [2]string{"finished", p.finished(spec, q, in)}, [2]string{"elements", p.elements(in, q)})
	}
	var result []string
	for _, c := range q.Columns {
		result = append(result, fault.Printable(c.Name)+" "+c.Expr.Type.Published().String())
	}
	return append(parts, [2]string{"result", strings.Join(result, ", ")})
}

// unnamed is a query as SQL, without a name.
func unnamed(q *query.Query) string {
	plain := *q
	plain.Name = ""
	return plain.String()
}

// wrapped breaks the lines of a text between words, so that they are not longer than 100 unless a word is.
func wrapped(text string) string {
	const most = 100
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		out := ""
		for i, word := range strings.Split(line, " ") {
			switch {
			case i == 0:
				out = word
			case utf8.RuneCountInString(out)+1+utf8.RuneCountInString(word) > most:
				lines, out = append(lines, out), word
			default:
				out += " " + word
			}
		}
		lines = append(lines, out)
	}
	return strings.Join(lines, "\n")
}

// planned returns the files that were admitted, and those that a run reads.
func (p plan) planned(admitted []element.Recognised, queries []*query.Query, bytes map[string]fileBytes) plannedFiles {
	in := plannedFiles{files: admitted, read: admitted, bytes: bytes}
	if p.answers {
		in.read = nil
		for _, f := range admitted {
			if p.ruleOut(queries[0], f) == needed {
				in.read = append(in.read, f.Only(func(taxi string) bool { return queries[0].CanMatch(query.BoundsOf(taxi, p.monthOf(f))) }))
			}
		}
	}
	return in
}

// matching says how many of the files can have trips for which WHERE is true.
func (p plan) matching(q *query.Query, in plannedFiles) string {
	var counts [byMonth + 1]int
	for _, f := range in.files {
		counts[p.ruleOut(q, f)]++
	}
	n := counts[needed]
	if n == len(in.files) {
		return fmt.Sprintf("all %d can have trips of it", n)
	}
	var why []string
	for reason, text := range map[ruledOut]string{byAnything: "whatever the trip is", byTaxi: "by its taxi", byMonth: "by its month"} {
		if counts[reason] > 0 {
			why = append(why, fmt.Sprintf("%d %s", counts[reason], text))
		}
	}
	slices.Sort(why)
	becomes := "they are read for the other tables and the counts"
	if p.answers {
		becomes = "they are not read"
	}
	return fmt.Sprintf("%d of %d can have trips of it; in the others WHERE is never true: %s; %s", n, len(in.files), strings.Join(why, ", "), becomes)
}

// columns says which columns of files a table reads and how many bytes this adds to what is read without it.
func (p plan) columns(spec *aggregate.Spec, in plannedFiles, seen []trip.Field) string {
	own, total := trip.FileColumns(spec.Needs()), int64(0)
	var shared, added, rules []string
	for _, fd := range own {
		if slices.Contains(seen, fd) {
			shared = append(shared, trip.Fields[fd].Name)
		} else {
			added = append(added, in.sized(fd, &total))
		}
	}
	if p.answers {
		for _, fd := range trip.FileColumns(p.trips.Wanted) {
			if !slices.Contains(own, fd) {
				rules = append(rules, in.sized(fd, &total))
			}
		}
	}
	var lines []string
	for _, l := range []struct {
		before string
		names  []string
	}{{"", added}, {"for rules: ", rules}, {"0 bytes, as they are read for other tables or rules too: ", shared}} {
		if len(l.names) > 0 {
			lines = append(lines, l.before+strings.Join(l.names, ", "))
		}
	}
	return strings.Join(append(lines, fmt.Sprintf("%d bytes added", total)), "\n")
}

// sized is a column with the bytes of it that are read, which it adds to total.
func (in plannedFiles) sized(fd trip.Field, total *int64) string {
	bytes := int64(0)
	for _, f := range in.read {
		bytes += in.bytes[f.Source][fd]
	}
	*total += bytes
	return fmt.Sprintf("%s %d", trip.Fields[fd].Name, bytes)
}

// grouping says how the groups of one file are found, and how many values the keys can have there.
func grouping(q *query.Query, judged bool) string {
	g := group.GroupingOf(q, judged)
	var keys []string
	for i, n := range g.Keys {
		values := "any number"
		if n > 0 {
			values = strconv.FormatInt(n, 10)
		}
		keys = append(keys, q.Text(q.Keys[i])+" "+values)
	}
	text := g.Kind
	switch g.Kind {
	case group.AnyCodes:
		text = "dense codes while the keys of a file have few values, hash beyond"
	case group.Hash:
		text = "hash, or dense codes if the keys of a file have few of their values"
	}
	if len(keys) > 0 {
		text += "\nvalues in a file: " + strings.Join(keys, ", ")
	}
	return text
}

// finished says where the groups of a table are finished, and why.
func (p plan) finished(spec *aggregate.Spec, q *query.Query, in plannedFiles) string {
	alone := 0
	for _, f := range in.read {
		if !slices.ContainsFunc(f.ByTaxi(), func(s element.Share) bool { return !s.Alone }) {
			alone++
		}
	}
	switch {
	case !q.HasMonth():
		return "at the end: keys and WHERE do not fix both the taxi and the month, so a group may have trips of several files"
	case !spec.PerFile:
		return "at the end: without rules a file may have pickups of any month"
	case alone == 0:
		return "at the end: no file is the only one of its taxi and month"
	}
	text := "with each file: a group has trips of one taxi and month only, rules hold pickups in the file's month, and no other file is of its taxi and month"
	if alone < len(in.read) {
		text = fmt.Sprintf("with each of %d files, because a group has trips of one taxi and month only, and rules hold pickups in the file's month; at the end for %d files, because others may have trips of their taxi and month", alone, len(in.read)-alone)
	}
	return text
}

// elements says how many elements go through the stages of a table.
func (p plan) elements(in plannedFiles, q *query.Query) string {
	batches, more := int64(0), ""
	for _, f := range in.read {
		if f.Rows == element.UnknownRows {
			more = " and those of files of text"
			continue
		}
		for _, rows := range f.UnitRows {
			batches += (rows + parquetio.BatchRows - 1) / parquetio.BatchRows
		}
	}
	shards := group.Shards
	if len(q.Keys) == 0 {
		shards = 1
	}
	return fmt.Sprintf("batches of trips: %d%s; partial states: one a bundle and file; states: %d, one a file; shards of groups: at most %d; tables: 1", batches, more, len(in.read), shards)
}
