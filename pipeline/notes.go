package main

import (
	"fmt"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/tlc"
	"tripstats/transforms/element"
	"tripstats/transforms/trip"
)

// notes tells what a user should know of files that are read, a line each: months that are missing between the first and
// the last of a taxi, if asked, that none is too late, columns that TLC has added, and columns that tables need and files lack.
func notes(w console, files []element.Admitted, endless, gaps bool) {
	unknown := byColumn(files, func(f element.Admitted) []string { return f.Unknown })
	if missing := trip.Gaps(files); gaps && len(missing) > 0 {
		w.line("note: no file for %s", trip.SomeMonths(missing, w.verbose))
	}
	if monthless := slices.ContainsFunc(files, func(f element.Admitted) bool { return f.Month == element.NoMonth }); monthless && endless {
		w.line("note: no file has a month in its name, so pickups of every month since 2009-01 count, however late; --as-of says which is the last")
	}
	noteNull(w, files)
	if len(unknown) == 0 {
		return
	}
	var columns []string
	for _, c := range sortedNames(unknown) {
		columns = append(columns, fmt.Sprintf("%s (%s)", c, inFiles(unknown[c])))
	}
	w.line("note: columns that are not known, and not read: %s", firstFew(columns))
}

// inFiles says in which files something is.
func inFiles(sources []string) string {
	if len(sources) == 1 {
		return "in " + sources[0]
	}
	return fmt.Sprintf("in %d files, first %s", len(sources), sources[0])
}

// byColumn returns the sources by the columns that their files list.
func byColumn(files []element.Admitted, list func(element.Admitted) []string) map[string][]string {
	sources := map[string][]string{}
	for _, f := range files {
		for _, c := range list(f) {
			if n := len(sources[c]); n == 0 || sources[c][n-1] != f.Whole() { // the parts of one dataset follow each other
				sources[c] = append(sources[c], f.Whole())
			}
		}
	}
	return sources
}

// noteNull names each column that tables need and files do not have. Of columns that tables in SQL name, TLC may have added some later, and
// only other taxis may have them.
func noteNull(w console, files []element.Admitted) {
	lacking := byColumn(files, func(f element.Admitted) []string { return f.Null })
	for _, c := range sortedNames(lacking) {
		have := fmt.Sprintf("%d files have", len(lacking[c]))
		if len(lacking[c]) == 1 {
			have = "1 file has"
		}
		w.line("note: %s: %s no such column, first %s; it is NULL there", c, have, lacking[c][0])
	}
}

// noteGaps tells whether to note months that are missing between others. The months of the sample are chosen, and months that
// --months lacks have a message of their own.
func (s *settings) noteGaps() bool { return !s.input.onlySample() && s.months == "" }

// noteRefused names the files of which row rules refused more than a tenth: their names may have the wrong month.
func noteRefused(w console, m *publish.Manifest) {
	told, more := 0, 0
	for _, in := range m.Inputs {
		if !in.MuchRefused() {
			continue
		}
		if told == mostTold {
			more++
			continue
		}
		told++
		name, rows := "its name says no month", "the table quality says why"
		if in.Month != "" {
			name = "its name says " + in.Month
		}
		if in.RefusedMonth != "" {
			rows = fmt.Sprintf("most of them have a pickup in %s: is its name right?", in.RefusedMonth)
			if in.Month == "" {
				rows = fmt.Sprintf("most of them have a pickup in %s: --as-of says up to which month they count, which is otherwise the last month in any name", in.RefusedMonth)
			}
		}
		w.line("note: %s: row rules refused %d of %d rows (%.4g%%); %s, %s", in.Source, in.Rows-in.Counted, in.Rows, 100*float64(in.Rows-in.Counted)/float64(in.Rows), name, rows)
	}
	if more > 0 {
		w.line("note: row rules refused more than a tenth of %d more files", more)
	}
}

// noteNoCodes names the columns with values that have no number, and how many there are: they count as null.
func noteNoCodes(w console, m *publish.Manifest) {
	rows, files := map[string]int64{}, map[string][]string{}
	for _, in := range m.Inputs {
		for column, n := range in.NoCodes {
			rows[column] += n
			files[column] = append(files[column], in.Source)
		}
	}
	for _, c := range sortedNames(files) {
		w.line("note: %s: found %d values without a number, %s; they count as null", c, rows[c], inFiles(files[c]))
	}
}

// noteUnreadable tells of files with much text that is not what it should be: a column may have another form than it seems, or the file may be
// damaged.
func noteUnreadable(w console, m *publish.Manifest) {
	files := map[string][]string{}
	for _, in := range m.Inputs {
		for rule, n := range in.Unreadable {
			files[rule] = append(files[rule], fmt.Sprintf("%s (%d of %d rows, %.3g%%)", in.Source, n, in.Rows, 100*float64(n)/float64(in.Rows)))
		}
	}
	for _, rule := range sortedNames(files) {
		w.line("note: the rule %s applies to more than 1%% of the rows of %s; --quarantine and --quarantine-cells keep these rows", rule, firstFew(files[rule]))
	}
}

// mostTold is the largest number of files that get a line of their own.
const mostTold = 12

// filesOf are the inputs of a manifest, as far as notes are about them.
func filesOf(m *publish.Manifest) []element.Admitted {
	var files []element.Admitted
	for _, in := range m.Inputs {
		f := element.Admitted{Source: in.Source, Month: element.NoMonth, Unknown: in.Unknown, Null: in.Null}
		if month, ok := tlc.MonthOf(in.Month); ok {
			f.Month = month
		}
		for _, f.Taxi = range element.SplitTaxis(in.Taxi) {
			files = append(files, f)
		}
	}
	return files
}

// noteUnpinned tells of files that are read without knowing whether they stay what they are.
func noteUnpinned(w console, objects []objstore.Object) {
	var names []string
	for _, o := range objects {
		if objstore.Remote(o.URI) && o.Version == "" && o.Refused == "" {
			names = append(names, objstore.Redact(o.URI))
		}
	}
	if len(names) > 0 {
		w.line("note: the server gives neither ETag nor Last-Modified, so that a change while it is read shows in its length alone: %s", firstFew(names))
	}
}

// noteNoTrips names files that were left out because they have no trips.
func noteNoTrips(w console, names []string) {
	if len(names) > 0 {
		w.line("note: left out because they have no time column of taxi trips, and no taxi or month in their name: %s", firstFew(names))
	}
}

func sortedNames(m map[string][]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// firstFew lists the first few entries of a list, and says how many more there are.
func firstFew(list []string) string {
	const most = 12
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
