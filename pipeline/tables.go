package main

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"tripstats/io/objstore"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/fault"
	"tripstats/transforms/library"
	"tripstats/transforms/query"
)

// standardTables is the item of --tables that stands for the standing tables.
const standardTables = "standard"

// The caps of --tables.
const (
	mostDeclared = 32       // tables with a query
	mostTextSize = 64 << 10 // bytes of a file
)

// defaultMaxGroups bounds the groups of a table that are held in memory at once.
const defaultMaxGroups = "1000000"

func (s *settings) checkMaxGroups() error {
	if s.maxGroups < 1 {
		return fmt.Errorf("found %d, expected 1 or more", s.maxGroups)
	}
	return nil
}

// declaredTable is a table that a run is to make.
type declaredTable struct {
	name  string
	place string       // where it is declared, for messages: "the library", or a place in a file
	query *query.Query // nil for a standing table
}

// declared returns the tables that a list names, in its order. Items are separated by commas: standard, the name of a table of the
// library, or a file of SQL, which has a / or :// in it or ends with .sql. Read returns the text of a file. The error has a line for each
// thing that is wrong, at most ten.
func declared(list string, read func(path string) (string, error)) ([]declaredTable, error) {
	var tables []declaredTable
	var wrong textErrors
	items := objstore.SplitPatterns(list)
	if len(items) == 0 {
		wrong.add(usage("--tables: found nothing, expected %s", expectedItems()))
	}
	for i, item := range items {
		if slices.Contains(items[:i], item) {
			wrong.add(usage("--tables: found %s twice, expected it once", objstore.Redact(item)))
			continue
		}
		found := declaredBy(item, read, &wrong)
		for _, t := range found {
			if j := slices.IndexFunc(tables, func(u declaredTable) bool { return u.name == t.name }); j >= 0 {
				wrong.add(fault.New(fault.Usage, "%s: found a second table %s, which %s has too; expected a name of its own, or one of the two", t.place, t.name, tables[j].place))
				continue
			}
			tables = append(tables, t)
		}
	}
	made := 0
	for _, t := range tables {
		if t.query != nil {
			made++
		}
	}
	if made > mostDeclared {
		wrong.add(usage("--tables: found %d tables, expected at most %d; make the others in another run", made, mostDeclared))
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return tables, nil
}

// declaredTables returns the tables that --tables names.
func (j *job) declaredTables(ctx context.Context) ([]declaredTable, error) {
	if j.parsed.extended != nil && !j.given["tables"] {
		return nil, nil // those of the output
	}
	return declared(j.tableList, func(path string) (string, error) { return readText(ctx, j.access(), path) })
}

// expectedItems says what an item of --tables can be.
func expectedItems() string {
	return "standard, a table of the library (" + strings.Join(library.Names(), ", ") + "), or a file of SQL with / or .sql in its name"
}

// declaredBy returns the tables of one item.
func declaredBy(item string, read func(path string) (string, error), wrong *textErrors) (tables []declaredTable) {
	if isText(item) {
		text, err := read(item)
		if err != nil {
			wrong.add(textFileFault("--tables", item, err))
			return nil
		}
		queries, err := query.ParseTables(objstore.Redact(item), text)
		if err != nil {
			wrong.addText(err)
			return nil
		}
		for _, q := range queries {
			tables = append(tables, declaredTable{q.Name, q.Place, q})
		}
		return tables
	}
	name := strings.ToLower(item)
	if name == standardTables {
		for _, t := range standing {
			tables = append(tables, declaredTable{t.name, standardTables, nil})
		}
		return tables
	}
	if t, ok := library.Named(name); ok {
		return []declaredTable{{t.Name, "the library", t.Query}}
	}
	shown := objstore.Redact(item)
	switch _, isStanding := standingNamed(name); {
	case name == aggregate.ZonesName:
		wrong.add(usage("--tables: found %s, which every output has, expected a list without it", shown))
	case isStanding:
		wrong.add(usage("--tables: found %s, which is made with the others of standard, expected standard", shown))
	case strings.Contains(strings.ToLower(item), "select "):
		wrong.add(usage("--tables: found SQL, expected the name of a file that has it; tripstats query answers a single SELECT"))
	default:
		names := append(library.Names(), standardTables)
		wrong.add(usage("--tables: found %s, expected %s%s", shown, expectedItems(), cmp.Or(didYouMean(name, names), fmt.Sprintf("; a file in this folder is ./%s", shown))))
	}
	return nil
}

// isText tells whether an item of --tables is a file of SQL.
func isText(item string) bool {
	return strings.Contains(item, "/") || strings.EqualFold(path.Ext(item), ".sql")
}

// textFileFault is the fault of a file of SQL that cannot be read.
func textFileFault(flag, file string, err error) *fault.Fault {
	if code := fault.CodeOf(err, fault.Usage); code != fault.Usage {
		return fault.New(fault.Failed, "%s: %s: %v", flag, objstore.Redact(file), err) // New makes it Unavailable
	}
	return usage("%s: %s: %v", flag, objstore.Redact(file), objstore.Reason(err))
}

// readText returns a file of SQL, or another text that people write, local or in a store.
func readText(ctx context.Context, access objstore.Access, file string) (string, error) {
	return readAtMost(ctx, access, file, mostTextSize, "split the file")
}

// readAtMost returns a text of at most so many bytes. wayOut says what to do with a longer one.
func readAtMost(ctx context.Context, access objstore.Access, file string, most int64, wayOut string) (string, error) {
	if err := checkAddress(file, access); err != nil {
		return "", err
	}
	o, err := access.Stat(ctx, file)
	if err != nil {
		return "", err
	}
	if o.Size > most {
		return "", fmt.Errorf("found %d bytes, expected at most %d; %s", o.Size, most, wayOut)
	}
	text, err := access.ReadAll(ctx, file)
	return string(text), err
}
