package objstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Inputs says what [Access.MatchInputs] makes of folders and tables.
type Inputs struct {
	// Endings are those of the files that a folder without wildcards stands for, in lower case, such as ".parquet". If there are none, a
	// folder is an error.
	Endings []string
	// Own describes what is left out: see [Own].
	Own []Own
	// Files lists the files of the latest version of a Delta table. Its errors say what to do. If it is nil, such a table is refused.
	Files func(ctx context.Context, a Access, t Table) ([]TableFile, error)
}

// Table is the folder of a Delta table.
type Table struct {
	URI string
	Log []Object // the files in its folder _delta_log; nil if they are not listed yet
}

// TableFile is a file of a table.
type TableFile struct {
	Path     string // below the table's folder, with slashes
	Absolute bool   // Path is an address, or the absolute path of a local file
	Values   []Value
}

// deltaLog is the folder by which a Delta table is known.
const deltaLog = "_delta_log"

// ends tells whether a file is one that a folder stands for.
func (in Inputs) ends(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(in.Endings, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// expected names the files that a folder stands for.
func (in Inputs) expected() string { return strings.Join(in.Endings, ", ") }

// table is a Delta table that patterns have met.
type table struct {
	Table
	source string // shortest name of its folder
	wild   bool
	whole  bool                         // a pattern stands for all of it
	some   map[string]func(string) bool // by pattern or folder that matches some of it: whether it matches a path below the folder
	listed func(p string) *Object       // the object at a path below the folder, or nil; listed is nil for a local table
}

// addTable adds a Delta table at a folder that a pattern has met. accepts tells which paths in the table the pattern by matches; it is
// nil if by stands for the whole table.
func (m *matches) addTable(t table, prefix, folder, by string, accepts func(path string) bool) {
	m.hits++
	t.source = strings.TrimPrefix(strings.TrimPrefix(folder, prefix), "/")
	if t.source == "" || len(folder) < len(prefix) {
		t.source = path.Base(cmp.Or(folder, Redact(t.URI))) // the folder may be a whole bucket
	}
	have := m.tables[t.URI]
	if have == nil {
		have = &t
		have.some = map[string]func(string) bool{}
		m.tables[t.URI] = have
	} else {
		have.wild = have.wild && t.wild
		if before(t.source, have.source) {
			have.source = t.source
		}
	}
	if accepts == nil {
		have.whole = true
	} else {
		have.some[by] = accepts
	}
}

// accepts tells whether a pattern stands for a path below the folder.
func (t *table) accepts(path string) bool {
	for _, accepts := range t.some {
		if accepts(path) {
			return true
		}
	}
	return false
}

// expandTables replaces tables by their files.
func (m *matches) expandTables(ctx context.Context) error {
	for _, t := range m.tables {
		if m.in.Files == nil {
			m.refuse(t, "a Delta table (it has "+deltaLog+"): its old files would count too; give a folder with copies of its present files, or leave it out")
			continue
		}
		files, err := m.in.Files(ctx, m.access, t.Table)
		if err != nil {
			if ctx.Err() != nil || isUnavailable(err) {
				return fmt.Errorf("%s: %w", Redact(t.URI), err)
			}
			m.refuse(t, fmt.Sprintf("a Delta table that cannot be read: %v", err))
			continue
		}
		if err := m.addFiles(ctx, t, files); err != nil {
			return err
		}
	}
	return nil
}

// isUnavailable tells whether a store did not answer as it should.
func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

// refuse adds a table that cannot be read.
func (m *matches) refuse(t *table, why string) {
	m.add(match{source: t.source, Object: Object{URI: t.URI, Wild: t.wild, Refused: why}})
}

// addFiles adds the files of a table that patterns stand for.
func (m *matches) addFiles(ctx context.Context, t *table, files []TableFile) error {
	had := m.hits
	for _, f := range files {
		if !t.whole && !f.Absolute && !t.accepts(f.Path) {
			continue
		}
		if !t.whole && f.Absolute {
			m.refuse(t, fmt.Sprintf("a Delta table with a file outside of its folder (%s), which a pattern for files in the folder cannot match; give the table's folder", Redact(f.Path)))
			return nil
		}
		o, err := m.tableFile(ctx, t, f)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if isUnavailable(err) {
			return fmt.Errorf("%s: %w", Redact(f.Path), err)
		}
		if err != nil {
			if o.URI = f.Path; !f.Absolute {
				o.URI = Join(t.URI, f.Path)
			}
			o.Refused = fmt.Sprintf("the log of its Delta table names this file (%s), but it cannot be read: %v; restore it, or write the table anew", Redact(o.URI), Reason(err))
			if errors.Is(err, fs.ErrNotExist) {
				o.Refused = "the log of its Delta table names this file, but it is not there; restore it, or write the table anew"
			}
		}
		o.Wild, o.Table, o.Values = t.wild, t.URI, f.Values
		m.add(match{Object: o, folder: t.URI, source: t.source, part: partOf(f)})
	}
	if m.hits == had && t.whole && !t.wild {
		return fmt.Errorf("%s: %w: its latest version has no file", Redact(t.URI), ErrNoMatch)
	}
	return nil
}

// tableFile describes a file of a table.
func (m *matches) tableFile(ctx context.Context, t *table, f TableFile) (Object, error) {
	uri := f.Path
	if !f.Absolute {
		if t.listed != nil {
			if o := t.listed(f.Path); o != nil {
				return *o, nil
			}
		}
		uri = Join(t.URI, f.Path)
	}
	for _, other := range []string{"s3a://", "s3n://"} { // Hadoop's names for S3
		if rest, ok := strings.CutPrefix(uri, other); ok {
			uri = "s3://" + rest
		}
	}
	if Remote(t.URI) && !Remote(uri) {
		return Object{}, errors.New("found a table in a store, expected its files in a store, not a file of this machine")
	}
	if err := m.access.Allows(uri); err != nil {
		return Object{}, err
	}
	return m.access.Stat(ctx, uri)
}

// mostName is how long a name that is made of a file's partitions may be.
const mostName = 1 << 10

// partOf names a file of a table: by its path, or by its partitions where the path does not have them.
func partOf(f TableFile) string {
	name := f.Path
	if f.Absolute {
		name = baseOf(f.Path)
	}
	long := len(name)
	for _, v := range f.Values {
		long += len(v.Name) + len(v.Text)
	}
	missing := long < mostName && slices.ContainsFunc(f.Values, func(v Value) bool { return !strings.Contains("/"+name, "/"+v.Name+"=") })
	if !missing {
		return name
	}
	var folders []string
	for _, v := range f.Values {
		folders = append(folders, v.Name+"="+strings.ReplaceAll(v.Text, "/", "%2F"))
	}
	return strings.Join(append(folders, path.Base(name)), "/")
}

// localDelta tells whether a folder below a prefix is a Delta table or belongs to one, and returns the table's folder.
func (m *matches) localDelta(prefix, folder string) (t table, dir string, ok bool, err error) {
	for dir = folder; ; dir = path.Dir(dir) {
		is, known := m.deltas[dir]
		if !known {
			is = exists(filepath.Join(filepath.FromSlash(dir), deltaLog))
			m.deltas[dir] = is
		}
		if is {
			t.URI, err = canonical(filepath.FromSlash(dir))
			return t, dir, err == nil, err
		}
		if dir == "." || dir == "/" || len(dir) <= len(prefix) && !strings.Contains(path.Base(dir), "=") { // a folder month=1 is part of a table
			return t, "", false, nil
		}
	}
}
