package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

var historyFlags = append([]flagDef{jsonFlag}, outputFlags...)

func historyHelp() string {
	return `Usage: tripstats history DIR [flags]

Lists the versions that the output DIR keeps, the latest last: when each was made, by which run, its input rows and months, and
what changed against the version before. Of Delta tables it has the version by which Delta Lake counts. With --at=N the
commands export, check and restore take one of them.

Flags:
` + helpOnFlags(historyFlags, 26, true) + "\n" + exitCodes
}

// historyRecord is the result of history, as --json writes it.
type historyRecord struct {
	Output   string          `json:"output" about:"the folder of the tables"`
	Versions []versionRecord `json:"versions" about:"the versions that are kept, the latest last"`
}

type versionRecord struct {
	Version  int64               `json:"version" about:"its number; 0 if a program without versions made it"`
	Run      string              `json:"run,omitempty" about:"the id of the run that made it"`
	Start    string              `json:"start,omitempty" about:"when that run began, such as 2026-01-31T13:05:59Z"`
	End      string              `json:"end,omitempty" about:"when it had written the version"`
	Seconds  float64             `json:"seconds,omitempty" about:"how long it took"`
	Memory   int64               `json:"peak_memory_bytes,omitempty" about:"the largest memory of the process that committed"`
	Read     int64               `json:"bytes_read,omitempty" about:"bytes of inputs that this process read"`
	Runner   string              `json:"runner,omitempty" about:"the engine"`
	Program  string              `json:"program" about:"the version of this program"`
	Quality  string              `json:"quality" about:"standard or raw"`
	Inputs   int                 `json:"inputs" about:"how many inputs it is made of"`
	Rows     int64               `json:"rows" about:"their rows"`
	Months   map[string][]string `json:"months" about:"the months of each taxi"`
	Tables   []tableRecord       `json:"tables" about:"its tables"`
	Changes  []string            `json:"changes" about:"what changed since the version before, in words; none for the oldest that is kept"`
	Delta    map[string]int64    `json:"delta,omitempty" about:"of Delta tables: the number that Delta Lake gives this version, by table"`
	Problem  string              `json:"problem,omitempty" about:"why it cannot be read; the fields above are empty then"`
	manifest *publish.Manifest
}

type tableRecord struct {
	Table string `json:"table" about:"its name"`
	Rows  int64  `json:"rows" about:"its rows"`
	Bytes int64  `json:"bytes" about:"bytes of its file"`
}

// history is the command of that name.
func (j *job) history(ctx context.Context, words []string, wrong problems) error {
	understood := len(wrong) == 0
	j.checkEach("history: ", historyFlags, &wrong)
	dir := j.outputOf("history", words, understood, 1, &wrong)
	if err := wrong.err(); err != nil {
		return err
	}
	head, err := publish.ReadHead(ctx, j.access(), dir)
	if err != nil {
		return damaged(dir, err)
	}
	if err := hasVersion(dir, head, latest); err != nil {
		return err
	}
	record := historyRecord{Output: objstore.Redact(dir), Versions: []versionRecord{}}
	var before *publish.Manifest
	for _, v := range head.Versions() {
		r, err := versionOf(ctx, j.access(), dir, head, v)
		if err != nil {
			return fault.New(fault.Failed, "history: output %s: %v", objstore.Redact(dir), objstore.Reason(err))
		}
		if r.manifest != nil {
			if before != nil {
				r.Changes = changes(before, r.manifest)
			}
			before = r.manifest
		}
		record.Versions = append(record.Versions, r)
	}
	if before != nil {
		logs, err := publish.TableLogs(ctx, j.access(), dir, before)
		if err != nil {
			return fault.New(fault.Failed, "history: output %s: %v", objstore.Redact(dir), err)
		}
		record.number(logs)
	}
	return j.showResult("history", record)
}

// versionOf describes a version. If the version is damaged, it sets Problem and returns no error.
func versionOf(ctx context.Context, access objstore.Access, dir string, head publish.Head, v publish.Version) (versionRecord, error) {
	r := versionRecord{Version: v.Number, Run: v.Run, Months: map[string][]string{}, Tables: []tableRecord{}, Changes: []string{}}
	m, _, err := head.ReadVersion(ctx, access, dir, v.Number)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, publish.ErrNoManifest):
		r.Problem = fault.OneLine(err.Error())
		return r, nil
	case err != nil:
		return r, err
	}
	r.manifest, r.Program, r.Quality, r.Inputs, r.Rows, r.Months = m, m.Program.Version, m.Quality, len(m.Inputs), m.Rows, monthsByTaxi(m)
	for _, o := range m.Outputs {
		r.Tables = append(r.Tables, tableRecord{o.Table, o.Rows, o.Bytes})
	}
	if v.Dir == "" {
		return r, nil
	}
	run, err := publish.ReadRun(ctx, access, dir, v.Dir)
	switch {
	case err == nil:
		r.Start, r.End, r.Seconds, r.Memory, r.Read, r.Runner = run.Start, run.End, run.Seconds, run.Memory, run.Read, run.Runner
	case fault.CodeOf(err, fault.OK) == fault.Unavailable:
		return r, err
	}
	return r, nil
}

// monthsByTaxi returns the months of a manifest's inputs, by taxi.
func monthsByTaxi(m *publish.Manifest) map[string][]string {
	months := map[string][]string{}
	for _, in := range m.Inputs {
		for _, taxi := range element.SplitTaxis(in.Taxi) {
			months[taxi] = append(months[taxi], in.MonthsOf(taxi)...)
		}
	}
	for taxi, of := range months {
		slices.Sort(of)
		months[taxi] = slices.Compact(of)
	}
	return months
}

// changes describes in words how a manifest differs from the one before.
func changes(a, b *publish.Manifest) []string {
	list := []string{}
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	were := map[string]publish.Input{} // by address: the name of an input depends on the pattern that found it
	for _, in := range a.Inputs {
		were[in.URI] = in
	}
	var added, changed, gone []string
	for _, in := range b.Inputs {
		switch was, there := were[in.URI]; {
		case !there:
			added = append(added, in.Source)
		case was.Bytes != in.Bytes || was.Rows != in.Rows || was.Counted != in.Counted || was.Variant != in.Variant:
			changed = append(changed, in.Source)
		}
		delete(were, in.URI)
	}
	for _, in := range a.Inputs {
		if _, left := were[in.URI]; left {
			gone = append(gone, in.Source)
		}
	}
	for _, c := range []struct {
		what string
		list []string
	}{{"added", added}, {"changed", changed}, {"removed", gone}} {
		switch n := len(c.list); {
		case n == 1:
			add("%s %s", c.what, c.list[0])
		case n > 1:
			add("%s %d inputs, %s to %s", c.what, n, c.list[0], c.list[n-1])
		}
	}
	tables := func(m *publish.Manifest) (names []string) {
		for _, o := range m.Outputs {
			names = append(names, o.Table)
		}
		return names
	}
	without := func(names, others []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
	}
	if more := without(tables(b), tables(a)); len(more) > 0 {
		add("more tables: %s", strings.Join(more, ", "))
	}
	if less := without(tables(a), tables(b)); len(less) > 0 {
		add("no longer the tables: %s", strings.Join(less, ", "))
	}
	if a.Quality != b.Quality {
		add("quality %s, before %s", b.Quality, a.Quality)
	}
	for _, name := range slices.Sorted(maps.Keys(limitsOf(b))) {
		if before, ok := limitsOf(a)[name]; ok && before != limitsOf(b)[name] {
			add("limit %s=%d, before %d", name, limitsOf(b)[name], before)
		}
	}
	if a.Program.Version != b.Program.Version {
		add("program %s, before %s", b.Program.Version, a.Program.Version)
	}
	if len(list) == 0 {
		if slices.EqualFunc(a.Outputs, b.Outputs, func(x, y publish.Output) bool { return x.Table == y.Table && x.SHA256 == y.SHA256 }) {
			add("nothing: the tables have the same bytes")
		} else {
			add("the content of the inputs")
		}
	}
	return list
}

func limitsOf(m *publish.Manifest) map[string]int64 {
	if m.Rules == nil {
		return nil
	}
	return m.Rules.Limits
}

// number sets the numbers that Delta Lake gives the versions.
func (r *historyRecord) number(logs []publish.TableLog) {
	for i := range r.Versions {
		v := &r.Versions[i]
		for _, l := range logs {
			if n, ok := l.Numbers[v.Version]; ok {
				if v.Delta == nil {
					v.Delta = map[string]int64{}
				}
				v.Delta[l.Table] = n
			}
		}
	}
}

// String returns the result as a table for people.
func (r historyRecord) String() string {
	heads := []string{"version", "time", "run", "inputs", "rows", "months", "changes"}
	isDelta := slices.ContainsFunc(r.Versions, func(v versionRecord) bool { return len(v.Delta) > 0 })
	if isDelta {
		heads = slices.Insert(heads, 6, "Delta")
	}
	lines := [][]string{heads}
	for _, v := range r.Versions {
		at, _, _ := strings.Cut(strings.Replace(v.End, "T", " ", 1), ".")
		line := []string{strconv.FormatInt(v.Version, 10), orNone(strings.TrimSuffix(at, "Z")), orNone(v.Run), strconv.Itoa(v.Inputs), strconv.FormatInt(v.Rows, 10), orNone(v.spans()), orNone(strings.Join(v.Changes, "; "))}
		if v.Problem != "" {
			line[6] = "cannot be read: " + v.Problem
		}
		if isDelta {
			line = slices.Insert(line, 6, orNone(v.deltas()))
		}
		lines = append(lines, line)
	}
	return align(lines, len(heads))
}

// spans returns the months of each taxi as a range from the first to the last.
func (v versionRecord) spans() string {
	var parts []string
	for _, taxi := range slices.Sorted(maps.Keys(v.Months)) {
		of := v.Months[taxi]
		switch len(of) {
		case 0:
			parts = append(parts, taxi)
		case 1:
			parts = append(parts, taxi+" "+of[0])
		default:
			parts = append(parts, fmt.Sprintf("%s %s..%s (%d)", taxi, of[0], of[len(of)-1], len(of)))
		}
	}
	return strings.Join(parts, ", ")
}

// deltas returns the numbers that Delta Lake gives a version: one number if it is the same for all tables.
func (v versionRecord) deltas() string {
	var parts []string
	numbers := map[int64]bool{}
	for _, table := range slices.Sorted(maps.Keys(v.Delta)) {
		numbers[v.Delta[table]] = true
		parts = append(parts, fmt.Sprintf("%s %d", table, v.Delta[table]))
	}
	if len(numbers) == 1 {
		return strings.Fields(parts[0])[1]
	}
	return strings.Join(parts, ", ")
}
