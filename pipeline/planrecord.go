package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// planRecord is the result of --plan, as --json writes it.
type planRecord struct {
	Files     []planFile `json:"files" about:"the inputs, by source"`
	LeftOut   int        `json:"left_out" about:"files that matched and, as asked, would not be read"`
	NotNeeded int        `json:"not_needed,omitempty" about:"files that the answer of a query does not need"`
	Bytes     int64      `json:"bytes" about:"bytes of its inputs that the run would read"`
	Requests  int64      `json:"requests" about:"roughly how many requests to stores this takes; 0 for local files"`
	Cost      string     `json:"cost,omitempty" about:"what these requests cost, in dollars, within a factor of ten"`
	Output    string     `json:"output,omitempty" about:"the folder of the tables"`
	Version   int64      `json:"version" about:"the latest version of the output before the run; 0 if a program without versions made it, -1 if there is no output"`
	Commits   bool       `json:"commits" about:"whether the run would make a new version"`
	Why       string     `json:"why,omitempty" about:"why it would not"`
	Tables    string     `json:"tables,omitempty" about:"how tables in SQL would be made, in words"`

	places, dated, choices bool // whether the columns are shown
}

// planFile is one input of a plan.
type planFile struct {
	Source       string `json:"source" about:"its name"`
	Taxi         string `json:"taxi" about:"its taxi; of an input with several taxis the list of them"`
	Month        string `json:"month,omitempty" about:"the month in its name; in brackets the part of its path that has the month, if that is not the file's name"`
	Rows         *int64 `json:"rows,omitempty" about:"its rows, if they are known before it is read"`
	RowGroups    int64  `json:"row_groups" about:"in it"`
	Restrictions int64  `json:"restrictions" about:"in how many parts it would be read"`
	FileBytes    int64  `json:"file_bytes" about:"its size"`
	Bytes        int64  `json:"bytes" about:"bytes of it that would be read"`
	Dates        string `json:"dates,omitempty" about:"how dates in its texts are read"`
	Run          string `json:"run" about:"what the run would do with it: new (read it), reuse (not read it, it has not changed), changed and what (read it again), again (read it again: the output has it, but no kept results), kept (not named; it stays in the output), gone (needed again, but missing or changed)"`
}

// record returns the plan of a run.
func (pl *planner) record(in plannedFiles, left []element.LeftOut) (r planRecord) {
	j := pl.job
	runs, had := map[string]string{}, map[string]bool{}
	if m := pl.have.Manifest; m != nil {
		for _, in := range m.Inputs {
			had[in.URI] = true
		}
	}
	for _, c := range pl.choices {
		runs[c.file.found.Source] = c.shown()
		if c.use == useNew && had[c.file.uri] {
			runs[c.file.found.Source] = "again (nothing is kept of it)"
		}
	}
	sources := element.Sources(in.read)
	r = planRecord{
		LeftOut: len(element.Sources(left)), NotNeeded: len(element.Sources(in.files)) - len(sources), Version: pl.have.Version,
		places:  slices.ContainsFunc(in.read, func(f element.Recognised) bool { return f.MonthFrom != "" }),
		dated:   slices.ContainsFunc(in.read, func(f element.Recognised) bool { return f.Dates != element.NoOrder }),
		choices: pl.have.Manifest != nil,
	}
	for _, parts := range sources {
		f := parts[0]
		out := planFile{Source: f.Whole(), Taxi: taxisOf(parts), Dates: string(f.Dates)}
		if f.Month != element.NoMonth {
			out.Month = tlc.FormatMonth(f.Month)
		}
		out.Month = monthAndPlace(out.Month, f.MonthFrom)
		rows := int64(0)
		var does []string
		for _, f := range parts {
			rows = addRows(rows, f.RowsToRead())
			out.FileBytes += f.Size
			out.RowGroups += int64(max(f.Units, len(f.UnitRows)))
			if run := runs[f.Source]; !slices.Contains(does, run) {
				does = append(does, run)
			}
			if f.Kept {
				continue
			}
			out.Restrictions += int64(source.Restrictions(f))
			for _, b := range f.UnitBytes {
				out.Bytes += b
			}
			if objstore.Remote(f.URI) {
				r.Requests += 1 + int64(len(f.UnitRows)*len(f.Projection))
			}
		}
		if rows != element.UnknownRows {
			out.Rows = &rows
		}
		out.Run = strings.Join(does, ", ")
		r.Bytes += out.Bytes
		r.Files = append(r.Files, out)
	}
	for _, c := range pl.choices {
		if f := c.file.found; c.gone {
			r.Files = append(r.Files, planFile{Source: f.Whole(), Taxi: strings.Join(f.Taxis, ", "), FileBytes: f.Size, Run: c.shown()})
		}
	}
	slices.SortStableFunc(r.Files, func(a, b planFile) int { return strings.Compare(a.Source, b.Source) })
	if r.Requests > 0 {
		r.Cost = costOf(r.Requests)
	}
	if pl.answers {
		return r
	}
	r.Output = objstore.Redact(j.output)
	r.Commits, r.Why = pl.wouldCommit(r.Bytes)
	return r
}

// wouldCommit tells whether the run would make a new version, and if not, why.
func (pl *planner) wouldCommit(bytes int64) (commits bool, why string) {
	most := pl.job.parsed.maxBytes
	switch {
	case pl.locked != nil:
		return false, fault.Find(pl.locked).Message
	case !pl.lost.None():
		return false, "it has " + pl.lost.What() + " which this run does not make: --existing=extend keeps what it has, --existing=replace drops it (exit code 5)"
	case most >= 0 && bytes > most:
		return false, fmt.Sprintf("the run would read more than the %d bytes of --max-bytes (exit code 5)", most)
	case pl.nothingToDo():
		return false, "nothing has changed"
	}
	return true, ""
}

// dollarsAMillion is roughly the price of a million read requests in the stores of Google, Amazon and Azure.
const dollarsAMillion = 0.4

// costOf returns the order of magnitude of the price of requests.
func costOf(requests int64) string {
	dollars, most := float64(requests)*dollarsAMillion/1e6, 0.01
	for dollars > most {
		most *= 10
	}
	return fmt.Sprintf("less than %g dollars", most)
}

// text returns the plan for people: a table of the files, and what the run would do.
func (r planRecord) text() string {
	header := []string{"source", "taxi"}
	if r.places {
		header = append(header, "month")
	}
	texts := len(header)
	header = append(header, "rows", "row groups", "restrictions", "file bytes", "bytes needed")
	if r.dated {
		header = append(header, "dates")
	}
	if r.choices {
		header = append(header, "run")
	}
	rows := [][]string{header}
	add := func(f planFile, rowCount int64) {
		row := []string{f.Source, f.Taxi}
		if r.places {
			row = append(row, f.Month)
		}
		row = append(row, rowsShown(rowCount))
		for _, n := range []int64{f.RowGroups, f.Restrictions, f.FileBytes, f.Bytes} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		if r.dated {
			row = append(row, f.Dates)
		}
		if r.choices {
			row = append(row, f.Run)
		}
		rows = append(rows, row)
	}
	var total planFile
	rowsOfAll := int64(0)
	for _, f := range r.Files {
		n := int64(element.UnknownRows)
		if f.Rows != nil {
			n = *f.Rows
		}
		add(f, n)
		rowsOfAll = addRows(rowsOfAll, n)
		total.RowGroups += f.RowGroups
		total.Restrictions += f.Restrictions
		total.FileBytes += f.FileBytes
		total.Bytes += f.Bytes
	}
	total.Source = fmt.Sprintf("%d files, %d left out", len(r.Files), r.LeftOut)
	if r.NotNeeded > 0 {
		total.Source += fmt.Sprintf(", %d not needed", r.NotNeeded)
	}
	add(total, rowsOfAll)
	text := align(rows, texts)
	if r.Output == "" {
		return text
	}
	does := r.Why
	switch {
	case r.Commits && r.Version == publish.NoVersion:
		does = "the run would make it"
	case r.Commits:
		does = fmt.Sprintf("the run would make version %d", r.Version+1)
	case r.Version > 0:
		does = fmt.Sprintf("the run would leave version %d as it is: %s", r.Version, does)
	default:
		does = "the run would make nothing: " + does
	}
	reads := fmt.Sprintf("%d bytes of its inputs", r.Bytes)
	if r.Requests > 0 {
		reads += fmt.Sprintf(", in about %d requests, which cost %s", r.Requests, r.Cost)
	}
	return text + fmt.Sprintf("\n%-*s%s: %s\n%-*s%s\n", labelWidth, "output", fault.Printable(r.Output), wrappedBelow(does), labelWidth, "reads", reads)
}

func wrappedBelow(text string) string {
	return strings.ReplaceAll(wrapped(text), "\n", "\n"+strings.Repeat(" ", labelWidth))
}

// addRows adds two numbers of rows, which may be unknown.
func addRows(a, b int64) int64 {
	if a == element.UnknownRows || b == element.UnknownRows {
		return element.UnknownRows
	}
	return a + b
}

// rowsShown returns a number of rows for printing, or a dash if only reading the file tells it.
func rowsShown(rows int64) string {
	if rows == element.UnknownRows {
		return "-"
	}
	return strconv.FormatInt(rows, 10)
}
