package objstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// remote matches a pattern in a store. A web server has no listing, and ? begins a query in its addresses, so there a
// pattern is taken as an address.
func (m *matches) remote(ctx context.Context, pattern string) error {
	s, err := m.access.storeOf(ctx, pattern)
	if err != nil {
		return err
	}
	shown := Redact(pattern)
	scheme, rest := Scheme(pattern)
	bucket, key, _ := strings.Cut(rest, "/") // a host may be [::1]
	web := scheme == "http" || scheme == "https"
	if key, _, _ := strings.Cut(key, "?"); web && strings.ContainsAny(key, "*[{") {
		return fmt.Errorf("%s: %w: a web server has no listing: name each file, or say --months", shown, ErrPattern)
	}
	if web || !hasMeta(rest) {
		return m.address(ctx, s, pattern, web)
	}
	if !strings.ContainsAny(key, "*?") && !hasMeta(bucket) { // an object whose name holds [ or { is taken as it is
		if o, err := s.stat(ctx, pattern); err == nil {
			m.add(match{Object: o, source: baseOf(pattern)})
			return nil
		}
	}
	if hasMeta(bucket) || !doublestar.ValidatePattern(key) {
		return fmt.Errorf("%s: %w", shown, ErrPattern)
	}
	base, below := doublestar.SplitPattern(key)
	if base == "." {
		base = ""
	}
	root := scheme + "://" + bucket + "/"
	had := m.hits
	objects, err := listing(ctx, s, root, base)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	hidden := hides(below)
	accepts := func(k string) bool {
		return matchesKey(key, base, k) && !slices.ContainsFunc(partsBelow(base, k), hidden)
	}
	m.addTables(objects, base, true, accepts)
	for _, o := range objects.below(base) {
		k := strings.TrimPrefix(o.URI, root)
		if !accepts(k) || m.isOwn(ctx, base, k, objects.sign) {
			continue
		}
		o.Wild = true
		m.addRemote(objects, o, base, k, key, accepts)
	}
	if m.hits == had {
		return fmt.Errorf("%s: %w: no object", shown, ErrNoMatch)
	}
	return nil
}

// address matches an address without wildcards.
func (m *matches) address(ctx context.Context, s *retrying, uri string, web bool) error {
	shown := Redact(uri)
	_, rest := Scheme(uri)
	_, key, _ := strings.Cut(rest, "/")
	isFolder := !web && (key == "" || strings.HasSuffix(key, "/"))
	if !isFolder {
		o, err := s.stat(ctx, uri)
		switch {
		case err == nil:
			m.add(match{Object: o, source: baseOf(uri)})
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s: %w", shown, err)
		case web:
			return fmt.Errorf("%s: %w: no such object", shown, ErrNoMatch)
		}
	}
	folder := strings.TrimRight(uri, "/")
	root := strings.TrimSuffix(folder, strings.TrimRight(key, "/"))
	if key == "" {
		root = folder + "/"
	}
	base := strings.TrimRight(key, "/")
	objects, err := listing(ctx, s, root, base)
	if err != nil && isFolder {
		return fmt.Errorf("%s: %w", shown, err)
	}
	found := objects.below(base)
	switch {
	case err != nil || len(found) == 0: // without the right to list, the error is about the object
		return fmt.Errorf("%s: %w: no such object", shown, ErrNoMatch)
	case !isDataset(base) && !objects.deltas[base] && m.in.Endings == nil:
		direct := slices.ContainsFunc(found, func(o Object) bool {
			first, _, _ := strings.Cut(strings.TrimPrefix(o.URI, folder+"/"), "/")
			return isDataset(first)
		})
		return fmt.Errorf("%s: %w", shown, folderError(Redact(folder), "/", direct))
	}
	had, prefix, plain := m.hits, path.Dir(base), !isDataset(base) && !objects.deltas[base]
	if plain {
		prefix = base
	}
	accepts := func(k string) bool {
		return (base == "" || k == base || strings.HasPrefix(k, base+"/")) && !slices.ContainsFunc(partsBelow(base, k), isHidden)
	}
	m.addTables(objects, prefix, plain, accepts)
	for _, o := range found {
		k := strings.TrimPrefix(o.URI, root)
		inSet := slices.ContainsFunc(partsBelow(base, path.Dir(k)), isDataset)
		if !accepts(k) || plain && (!inSet && !m.in.ends(k) || m.isOwn(ctx, base, k, objects.sign)) {
			continue
		}
		o.Wild = plain
		m.addRemote(objects, o, prefix, k, base, accepts)
	}
	if m.hits == had {
		return fmt.Errorf("%s: %w", shown, m.nothingIn(!plain))
	}
	return nil
}

// listed has the objects below a prefix of a bucket.
type listed struct {
	root    string // the bucket's address, with a slash
	objects []Object
	deltas  map[string]bool     // the keys of folders that are Delta tables
	logs    map[string][]Object // the files in the logs of these, by the same
	at      map[string]int      // by address: which of objects
}

// listing lists a folder of a bucket. If the folder is a partition, such as month=1, it also finds out whether the folder above
// is a Delta table.
func listing(ctx context.Context, s *retrying, root, folder string) (listed, error) {
	l := listed{root: root, deltas: map[string]bool{}, logs: map[string][]Object{}, at: map[string]int{}}
	prefix := root
	if folder != "" {
		prefix += folder + "/"
	}
	var err error
	if l.objects, err = s.list(ctx, prefix); err != nil {
		return l, err
	}
	for n, o := range l.objects {
		l.at[o.URI] = n
		key := strings.TrimPrefix(o.URI, root)
		if i := strings.Index("/"+key, "/"+deltaLog+"/"); i >= 0 {
			table := strings.TrimSuffix(key[:i], "/")
			l.deltas[table] = true
			l.addLog(table, o)
		}
	}
	for dir := folder; strings.Contains(path.Base(dir), "="); {
		log := deltaLog + "/"
		if dir = path.Dir(dir); dir == "." { // the bucket itself
			dir = ""
		} else {
			log = dir + "/" + log
		}
		entries, err := s.list(ctx, root+log)
		if err != nil {
			return l, err
		}
		l.deltas[dir] = len(entries) > 0
		for _, o := range entries {
			l.addLog(dir, o)
		}
	}
	return l, nil
}

// addLog adds an object below the log of a table. The log is the objects that are in no further folder.
func (l listed) addLog(folder string, o Object) {
	name := strings.TrimPrefix(strings.TrimPrefix(o.URI, l.tableURI(folder)), "/"+deltaLog+"/")
	if name != "" && !strings.Contains(name, "/") {
		l.logs[folder] = append(l.logs[folder], o)
	}
}

// tableURI is the address of a table's folder.
func (l listed) tableURI(folder string) string { return strings.TrimSuffix(l.root+folder, "/") }

// below returns the objects in a folder, without the empty objects that some programs make to represent a folder.
func (l listed) below(folder string) []Object {
	return slices.DeleteFunc(slices.Clone(l.objects), func(o Object) bool {
		return strings.HasSuffix(o.URI, "/") || !strings.HasPrefix(o.URI, l.root+folder)
	})
}

// deltaOf returns the folder of the Delta table to which a key belongs.
func (l listed) deltaOf(key string) (folder string, ok bool) {
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		if dir == "." {
			dir = ""
		}
		if l.deltas[dir] {
			return dir, true
		}
		if dir == "" {
			return "", false
		}
	}
}

// addRemote matches an object below a fixed prefix. accepts tells whether a key is one that the pattern or folder by stands for.
func (m *matches) addRemote(l listed, o Object, prefix, key, by string, accepts func(key string) bool) {
	if prefix == "." {
		prefix = ""
	}
	if folder, ok := l.deltaOf(key); ok {
		m.addTable(l.table(folder, o.Wild), prefix, folder, by, func(p string) bool { return accepts(strings.TrimPrefix(folder+"/"+p, "/")) })
		return
	}
	found := within(o, prefix, key)
	if found.folder != "" {
		found.folder = l.root + found.folder
	}
	m.add(found)
}

// addTables matches the tables whose folders a pattern stands for.
func (m *matches) addTables(l listed, prefix string, wild bool, accepts func(key string) bool) {
	if prefix == "." {
		prefix = ""
	}
	for folder, is := range l.deltas {
		if is && accepts(folder) {
			m.addTable(l.table(folder, wild), prefix, folder, "", nil)
		}
	}
}

// table is the Delta table in a folder.
func (l listed) table(folder string, wild bool) table {
	t := table{Table: Table{URI: l.tableURI(folder), Log: l.logs[folder]}, wild: wild}
	t.listed = func(p string) *Object {
		if i, ok := l.at[t.URI+"/"+p]; ok {
			return &l.objects[i]
		}
		return nil
	}
	return t
}

// sign returns the address of a key if there is such an object.
func (l listed) sign(key string) string {
	if uri := l.root + key; slices.ContainsFunc(l.objects, func(o Object) bool { return o.URI == uri }) {
		return uri
	}
	return ""
}

// matchesKey tells whether a pattern matches a key, or the dataset below the fixed prefix to which the key belongs.
func matchesKey(pattern, base, key string) bool {
	for k := key; len(k) > len(base) && k != "."; k = path.Dir(k) {
		if k != key && !isDataset(k) {
			continue
		}
		if ok, _ := doublestar.Match(pattern, k); ok {
			return true
		}
	}
	return false
}

// partsBelow returns the parts of a key below a fixed prefix.
func partsBelow(base, key string) []string {
	return strings.Split(strings.TrimPrefix(strings.TrimPrefix(key, base), "/"), "/")
}
