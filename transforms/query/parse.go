package query

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// ReservedTables are the names of tables that the program makes itself.
var ReservedTables = []string{"trip_stats", "location_stats", "quality", "zones"}

// MaxRows is the largest LIMIT of a SELECT of single trips.
const MaxRows = 10_000

var tableName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// ParseTables checks the statements of a file, each of which makes a table. A SELECT without a name is named after the file, without
// its folder and extension. The error is of type [Errors].
func ParseTables(file, text string) ([]*Query, error) {
	r := reportOn(file, text)
	var all []*Query
	bare := false
	for _, s := range parse(r) {
		if s.name == "" {
			s.name, s.nameOff = strings.TrimSuffix(path.Base(file), path.Ext(file)), s.off
			if bare {
				r.add(s.off, msgSecondBare)
			} else if !tableName.MatchString(s.name) {
				r.add(s.off, msgFileName, shorten(file))
			}
			bare = true
		}
		switch {
		case slices.Contains(ReservedTables, s.name):
			r.add(s.nameOff, msgTakenName, s.name)
		case !tableName.MatchString(s.name):
			r.add(s.nameOff, msgTableName, shorten(s.name))
		case slices.ContainsFunc(all, func(q *Query) bool { return q.Name == s.name }):
			r.add(s.nameOff, msgSameTable, s.name)
		}
		all = append(all, &Query{Name: s.name})
		if q := check(r, s); q != nil {
			checkTable(r, s, q)
			q.Place = r.place(s.nameOff)
			all[len(all)-1] = q
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return all, nil
}

// checkTable checks what a table needs beyond what an answer needs.
func checkTable(r *report, s *statement, q *Query) {
	for i, item := range s.items {
		if item.alias == "" && item.expr.kind != nodeColumn {
			r.add(item.expr.off, msgNeedsAS)
		}
		columnName(r, s, q, i)
	}
	if !q.Grouped {
		r.add(s.off, msgNoAggregate)
	}
}

// columnName checks the name of a column of the result.
func columnName(r *report, s *statement, q *Query, i int) {
	off, name := s.items[i].expr.off, q.Columns[i].Name
	if s.items[i].alias != "" {
		off = s.items[i].aliasOff
	}
	if len(name) > 63 && s.items[i].alias != "" || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.add(off, msgColumnName, shorten(name))
	}
	if slices.ContainsFunc(q.Columns[:i], func(c OutputColumn) bool { return strings.EqualFold(c.Name, name) }) {
		r.add(off, msgSameColumn, shorten(name))
	}
}

// ParseQuery checks a text that is one question. It can ask for single trips, with a LIMIT of at most [MaxRows]. The error is of
// type [Errors]; file is what it calls the text.
func ParseQuery(file, text string) (*Query, error) {
	r := reportOn(file, text)
	statements := parse(r)
	for _, s := range statements[min(1, len(statements)):] {
		r.add(s.off, msgOneStatement)
	}
	var q *Query
	if len(statements) > 0 {
		s := statements[0]
		if q = check(r, s); q != nil {
			checkRows(r, s, q)
			for i := range s.items {
				columnName(r, s, q, i)
			}
			q.Place = r.place(s.off)
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return q, nil
}

// checkRows checks what a SELECT of single trips needs.
func checkRows(r *report, s *statement, q *Query) {
	switch {
	case q.Grouped:
	case q.Order != nil:
		r.add(s.order[0].expr.off, msgOrderRows)
	case q.Limit == NoLimit:
		r.add(s.off, msgNeedsLimit, MaxRows)
	case q.Limit > MaxRows:
		r.add(s.limitOff, msgLimitTooLarge, q.Limit, MaxRows)
	}
}
