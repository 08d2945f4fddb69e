// Package library has the tables that the program knows by name: questions that users of TLC's data ask first. To add one, add an
// entry to library.sql. An entry is a comment of one line, which says what the table means, and CREATE TABLE; entries are
// separated by an empty line.
package library

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"tripstats/transforms/query"
)

//go:embed library.sql
var text string

// Table is a table of the library.
type Table struct {
	Name    string
	Meaning string // one sentence, without a full stop
	SQL     string // its entry, with the comment
	Query   *query.Query
}

// Tables returns the tables in the order of their entries. They are checked at first use; an error in library.sql is a fault of this
// package, which its tests find.
var Tables = sync.OnceValue(func() []Table { return tablesOf(text) })

func tablesOf(text string) []Table {
	queries, err := query.ParseTables("library.sql", text)
	if err != nil {
		panic(err)
	}
	entries := strings.Split(strings.TrimSpace(text), "\n\n")
	if len(entries) != len(queries) {
		panic("library.sql: found an entry that is not one CREATE TABLE, expected an empty line between tables, and none in them")
	}
	tables := make([]Table, len(queries))
	for i, q := range queries {
		comment, _, _ := strings.Cut(entries[i], "\n")
		meaning, isComment := strings.CutPrefix(comment, "-- ")
		if !isComment {
			panic("library.sql: " + q.Name + ": found no comment, expected a line that says what the table means")
		}
		tables[i] = Table{Name: q.Name, Meaning: meaning, SQL: entries[i] + "\n", Query: q}
	}
	return tables
}

// Named returns the table with a name.
func Named(name string) (Table, bool) {
	i := slices.IndexFunc(Tables(), func(t Table) bool { return t.Name == name })
	if i < 0 {
		return Table{}, false
	}
	return Tables()[i], true
}

// Names lists the names of the tables.
func Names() []string {
	names := make([]string, len(Tables()))
	for i, t := range Tables() {
		names[i] = t.Name
	}
	return names
}
