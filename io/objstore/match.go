package objstore

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Match expands patterns (globs with ** and {a,b}, or plain paths) into objects sorted by name. An object matched by
// several patterns comes once. A pattern that matches nothing is an error that wraps ErrNoMatch and names it.
//
// An object's Name is its path below the fixed prefix of the pattern that matched it, or, for a plain path, its base
// name. If two objects would have the same name, both get more of their path until the names differ. So the same files have
// the same names wherever their folder is, and in whatever order they are given. Bytes that are not UTF-8 are written as \xNN,
// because names are values in tables.
//
// A folder whose name ends in .parquet is one dataset, as written by Spark and Dask: it stands for all files below it, whether a
// pattern matches or names it. Their Names begin with the folder's: see Object.Dataset. A Delta table is one object that is
// refused, because its old files would count too: see Object.Refused.
//
// Wildcards do not match parts of a path that begin with _ or ., which other programs keep for themselves, nor what own describes
// below the fixed prefix. If the pattern's own part begins with _ or ., it matches.
func (a Access) Match(ctx context.Context, patterns []string, own ...Own) ([]Object, error) {
	return a.MatchInputs(ctx, patterns, Inputs{Own: own})
}

// MatchInputs is [Access.Match] where folders and Delta tables may be inputs.
//
// Any other folder that is named without wildcards stands for the files below it with one of in's endings, as if wildcards matched
// them. A Delta table stands for the files of its latest version: all of them if a pattern names or matches its folder or a folder
// above it, otherwise those that the pattern matches. They are a dataset.
func (a Access) MatchInputs(ctx context.Context, patterns []string, in Inputs) ([]Object, error) {
	m := &matches{access: a, in: in, found: map[string]match{}, signs: map[string]bool{}, deltas: map[string]bool{}, tables: map[string]*table{}, folders: map[string]string{}}
	for _, pattern := range patterns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := m.expand(ctx, pattern); err != nil {
			return nil, err
		}
	}
	if err := m.expandTables(ctx); err != nil {
		return nil, err
	}
	return m.named()
}

// matches are the objects that patterns have found so far.
type matches struct {
	access Access
	in     Inputs
	found  map[string]match  // by canonical address
	hits   int               // number of matches; an object that is matched twice counts twice
	signs  map[string]bool   // by address of a file: whether it is the sign of a folder of this program
	deltas map[string]bool   // by folder: whether it is a Delta table
	tables map[string]*table // by address: the Delta tables

	folders map[string]string // canonical addresses of local folders, by path
}

// match is an object and where its name comes from.
type match struct {
	Object
	folder string // address of the dataset that it is a part of, or ""
	source string // shortest name of the folder, or else of the object
	part   string // path below the folder
}

func (m *matches) expand(ctx context.Context, pattern string) error {
	if fsys, path, ok := mounted(pattern); ok {
		return m.mounted(fsys, pattern, path)
	}
	if scheme, _ := Scheme(pattern); scheme != "" {
		return m.remote(ctx, pattern)
	}
	path, err := local(pattern)
	if err != nil {
		return err
	}
	if err := m.local(ctx, path); err != nil {
		return fmt.Errorf("%s: %w", pattern, err)
	}
	return nil
}

// add adds a match. If an object is matched twice, the match as part of a dataset counts, otherwise the one with the shorter
// name. The order of patterns therefore does not matter. An object that any pattern names without wildcards is not wild.
func (m *matches) add(o match) {
	m.hits++
	have, twice := m.found[o.URI]
	if twice {
		wild := have.Wild && o.Wild
		if have.folder == o.folder && before(have.source, o.source) || have.folder != "" && o.folder == "" {
			o = have
		}
		o.Wild = wild
	}
	m.found[o.URI] = o
}

// named gives all objects their names and sorts them by these.
func (m *matches) named() ([]Object, error) {
	names := map[string]string{} // by the address of a source
	for _, o := range m.found {
		if name, ok := names[o.address()]; !ok || before(o.source, name) {
			names[o.address()] = o.source
		}
	}
	sources := make([]Object, 0, len(names))
	for uri, name := range names {
		sources = append(sources, Object{URI: uri, Name: name})
	}
	distinct(sources)
	slices.SortFunc(sources, func(a, b Object) int { return strings.Compare(a.URI, b.URI) })
	taken := map[string]string{}
	for _, s := range sources {
		name := printable(s.Name)
		if other, twice := taken[name]; twice && Redact(other) == Redact(s.URI) {
			return nil, fmt.Errorf("%s: %w: two addresses differ in their query alone; give one of them", name, ErrPattern)
		} else if twice {
			return nil, fmt.Errorf("%s: found two inputs of this name, expected one; rename one of them, or leave it out", name)
		}
		taken[name], names[s.URI] = s.URI, name
	}
	objects := make([]Object, 0, len(m.found))
	for _, o := range m.found {
		o.Name = names[o.address()]
		if o.folder != "" {
			o.Dataset = o.Name
			o.Name += "/" + printable(o.part)
		}
		objects = append(objects, o.Object)
	}
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(objects); i++ {
		if objects[i].Name == objects[i-1].Name {
			return nil, fmt.Errorf("%s: found two inputs of this name, expected one; rename one of them, or leave it out", objects[i].Name)
		}
	}
	return objects, nil
}

// address returns the address of the source: the dataset, or the object if it is not part of one.
func (o match) address() string {
	if o.folder != "" {
		return o.folder
	}
	return o.URI
}

// within makes a match of an object at a path below a fixed prefix, both with slashes. If the path leads through a
// dataset, the object is a part of it.
func within(o Object, prefix, full string) match {
	below := strings.TrimPrefix(strings.TrimPrefix(full, prefix), "/")
	dir := path.Dir(full)
	for dir != "." && dir != "/" && !isDataset(dir) {
		dir = path.Dir(dir)
	}
	if !isDataset(dir) {
		return match{Object: o, source: below}
	}
	name := strings.TrimPrefix(strings.TrimPrefix(dir, prefix), "/")
	if name == "" || len(dir) < len(prefix) {
		name = path.Base(dir)
	}
	return match{Object: o, folder: dir, source: name, part: strings.TrimPrefix(full, dir+"/")}
}

// isDataset tells whether a folder is one dataset, by its name.
func isDataset(folder string) bool {
	return strings.HasSuffix(strings.ToLower(path.Base(folder)), ".parquet")
}

// isHidden tells whether wildcards skip a part of a path.
func isHidden(part string) bool { return part != "" && (part[0] == '_' || part[0] == '.') }

// hides returns a function that tells whether a part of a path is hidden from a pattern.
func hides(pattern string) func(part string) bool {
	var named []string
	for _, p := range alternatives(pattern) {
		named = append(named, slices.DeleteFunc(strings.Split(p, "/"), func(part string) bool { return !isHidden(part) })...)
	}
	return func(part string) bool {
		return isHidden(part) && !slices.ContainsFunc(named, func(p string) bool { return matchesPart(p, part) })
	}
}

// printable returns a name in which bytes that are not UTF-8 are written \xNN.
func printable(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02X`, name[i])
		} else {
			b.WriteString(name[i : i+n])
		}
		i += n
	}
	return b.String()
}

// baseOf is the last part of an address's path.
func baseOf(uri string) string { return path.Base(Redact(uri)) }

// before orders the candidate names of an object, the shortest first, so that the order of patterns does not matter.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// distinct adds the names of folders to the names that several objects share, until all names differ. This ends, because URIs
// differ.
func distinct(objects []Object) {
	for {
		count := map[string]int{}
		for _, o := range objects {
			count[o.Name]++
		}
		done := true
		for i := range objects {
			if o := &objects[i]; count[o.Name] > 1 {
				if longer := lengthen(o.URI, o.Name); longer != o.Name {
					o.Name, done = longer, false
				}
			}
		}
		if done {
			return
		}
	}
}

// lengthen returns the tail of uri that is one path component longer than name.
func lengthen(uri, name string) string {
	parts := strings.Split(strings.Trim(filepath.ToSlash(Redact(uri)), "/"), "/")
	n := min(len(parts), strings.Count(name, "/")+2)
	return strings.Join(parts[len(parts)-n:], "/")
}
