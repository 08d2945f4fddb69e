package objstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// SplitPatterns splits a comma-separated list of patterns. A comma inside {} belongs to the pattern, as does one that is
// written \, outside them.
func SplitPatterns(list string) []string {
	var out []string
	var pattern strings.Builder
	depth := 0
	for i := 0; i < len(list); i++ {
		c := list[i]
		switch {
		case c == '\\' && depth == 0 && strings.HasPrefix(list[i+1:], ","):
			i++
			c = ','
		case c == '{':
			depth++
		case c == '}':
			depth = max(0, depth-1)
		case c == ',' && depth == 0:
			out = append(out, pattern.String())
			pattern.Reset()
			continue
		}
		pattern.WriteByte(c)
	}
	out = append(out, pattern.String())
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// Match expands patterns (globs with ** and {a,b}, or plain paths) into objects sorted by name. An object matched by
// several patterns comes once. A pattern that matches nothing is an error that wraps ErrNoMatch and names it.
//
// An object's Name is its path below the fixed prefix of the pattern that matched it, or, for a plain path, its base
// name; where two objects would share a name, both get more of their path until they differ. So the same files have
// the same names wherever their folder is, and in whatever order they are given.
func Match(ctx context.Context, patterns []string) ([]Object, error) {
	found := map[string]Object{} // by canonical path
	for _, pattern := range patterns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if fsys, path, ok := mounted(pattern); ok {
			if err := matchMounted(fsys, pattern, path, found); err != nil {
				return nil, err
			}
			continue
		}
		if scheme, _ := Scheme(pattern); scheme != "" {
			if err := matchRemote(ctx, pattern, found); err != nil {
				return nil, err
			}
			continue
		}
		path, err := local(pattern)
		if err != nil {
			return nil, err
		}
		paths, prefix, err := glob(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		for _, p := range paths {
			o, err := describe(p, prefix)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p, Reason(err))
			}
			found[o.URI] = shorter(found[o.URI], o)
		}
	}
	objects := make([]Object, 0, len(found))
	for _, o := range found {
		objects = append(objects, o)
	}
	distinct(objects)
	names := map[string]bool{}
	for _, o := range objects {
		if names[o.Name] {
			return nil, fmt.Errorf("%s: %w: two addresses differ in their query alone; give one of them", o.Name, ErrPattern)
		}
		names[o.Name] = true
	}
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return objects, nil
}

// matchRemote matches a pattern in a store. A web server has no listing, and ? begins a query in its addresses: there
// the pattern is an address.
func matchRemote(ctx context.Context, pattern string, found map[string]Object) error {
	s, err := storeOf(ctx, pattern)
	if err != nil {
		return err
	}
	shown := Redact(pattern)
	scheme, rest := Scheme(pattern)
	web := scheme == "http" || scheme == "https"
	if web || !hasMeta(rest) {
		_, path, _ := strings.Cut(rest, "/") // a host may be [::1]
		if path, _, _ := strings.Cut(path, "?"); web && strings.ContainsAny(path, "*[{") {
			return fmt.Errorf("%s: %w: a web server has no listing: name each file, or say --months", shown, ErrPattern)
		}
		o, err := s.stat(ctx, pattern)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s: %w: no such object", shown, ErrNoMatch)
		case err != nil:
			return fmt.Errorf("%s: %w", shown, err)
		}
		o.Name = baseOf(pattern)
		found[o.URI] = shorter(found[o.URI], o)
		return nil
	}
	bucket, path, _ := strings.Cut(rest, "/")
	if hasMeta(bucket) || !doublestar.ValidatePattern(path) {
		return fmt.Errorf("%s: %w", shown, ErrPattern)
	}
	base, _ := doublestar.SplitPattern(path)
	prefix := scheme + "://" + bucket + "/"
	if base != "." {
		prefix += base + "/"
	}
	objects, err := s.list(ctx, prefix)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	matched := 0
	for _, o := range objects {
		if ok, _ := doublestar.Match(path, strings.TrimPrefix(o.URI, scheme+"://"+bucket+"/")); ok {
			o.Name = strings.TrimPrefix(o.URI, prefix)
			found[o.URI] = shorter(found[o.URI], o)
			matched++
		}
	}
	if matched == 0 {
		return fmt.Errorf("%s: %w: no object", shown, ErrNoMatch)
	}
	return nil
}

// shorter returns the one of two descriptions of one object whose name comes first; have may be none.
func shorter(have, o Object) Object {
	if have.URI != "" && before(have.Name, o.Name) {
		return have
	}
	return o
}

// baseOf is the last part of an address's path.
func baseOf(uri string) string { return path.Base(Redact(uri)) }

// before orders the candidate names of one object: the shortest wins, so the order of patterns does not matter.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// glob returns the files that a local pattern matches, and the folder below which their names start ("" for a plain
// path, whose name is its base name).
func glob(pattern string) (paths []string, prefix string, err error) {
	if info, err := os.Stat(pattern); err == nil { // an existing path, whatever characters it has
		if info.IsDir() {
			return nil, "", fmt.Errorf("%w: it is a folder; for the parquet files in it say %s", ErrNoMatch, filepath.Join(pattern, "**", "*.parquet"))
		}
		return []string{pattern}, "", nil
	} else if !hasMeta(pattern) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "", fmt.Errorf("%w: no such file", ErrNoMatch)
		}
		return nil, "", Reason(err)
	}
	slashed := filepath.ToSlash(pattern)
	if !doublestar.ValidatePattern(slashed) {
		return nil, "", ErrPattern
	}
	paths, err = doublestar.FilepathGlob(slashed, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	if len(paths) == 0 {
		return nil, "", fmt.Errorf("%w: no file", ErrNoMatch)
	}
	prefix, _ = doublestar.SplitPattern(slashed)
	return paths, filepath.FromSlash(prefix), nil
}

func hasMeta(s string) bool { return strings.ContainsAny(s, `*?[{`) }

func describe(path, prefix string) (Object, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Object{}, err
	}
	if !info.Mode().IsRegular() { // to open a pipe that nobody writes to would wait for ever
		return Object{}, errors.New("not a regular file; save it as one first")
	}
	uri, err := canonical(path)
	if err != nil {
		return Object{}, err
	}
	name := filepath.Base(path)
	if prefix != "" {
		if rel, err := filepath.Rel(prefix, path); err == nil && !strings.HasPrefix(rel, "..") {
			name = filepath.ToSlash(rel)
		}
	}
	return Object{URI: uri, Name: name, Size: info.Size(), Version: localVersion(info)}, nil
}

// distinct lengthens the names that several objects share by the folders above, until all differ. URIs differ, so it
// ends.
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
