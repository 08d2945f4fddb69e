package objstore

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// patternError is a pattern that is refused for a reason that says more than ErrPattern.
type patternError struct{ text string }

func (e *patternError) Error() string { return e.text }
func (e *patternError) Unwrap() error { return ErrPattern }

// SplitPatterns splits a comma-separated list of patterns. A comma inside {} belongs to the pattern, as does one that is
// written \, outside them, and one in the name of a local file or folder that exists.
func SplitPatterns(list string) []string {
	parts := splitCommas(list)
	var out []string
	for i := 0; i < len(parts); {
		n := existing(parts[i:])
		out = append(out, strings.TrimSpace(strings.Join(parts[i:i+n], ",")))
		i += n
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// splitCommas splits a list at the commas that stand outside {} and have no \ before them.
func splitCommas(list string) []string {
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
	return append(out, pattern.String())
}

// mostCommas is the largest number of commas in a name that is recognised as a local file. It bounds the work for lists of many
// files.
const mostCommas = 8

// existing returns how many of the first parts of a list are the name of one local file or folder, or a pattern below
// such a folder: the most, and at least 1.
func existing(parts []string) int {
	for n := min(len(parts), mostCommas+1); n > 1; n-- {
		name := strings.TrimSpace(strings.Join(parts[:n], ","))
		if strings.TrimSpace(parts[0]) == "" && !strings.HasPrefix(name, ",") {
			continue
		}
		if scheme, _ := Scheme(name); scheme != "" {
			return 1
		}
		last := len(strings.Join(parts[:n-1], ",")) // of the comma before the last part
		base, _ := fixed(filepath.ToSlash(name))
		switch {
		case exists(name), len(base) > last && hasMeta(name) && exists(base):
			return n
		}
	}
	return 1
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func hasMeta(s string) bool { return strings.ContainsAny(s, `*?[{`) }

// matchesPart tells whether a part of a pattern, without slashes, matches a part of a path.
func matchesPart(pattern, part string) bool {
	ok, err := doublestar.Match(pattern, part)
	return ok && err == nil
}

// mostAlternatives is the largest number of patterns that one pattern with {} can stand for.
const mostAlternatives = 1000

// alternatives are the patterns without {} that a pattern stands for.
func alternatives(pattern string) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return []string{pattern}
	}
	depth, begin := 0, open+1
	var choices []string
	for i := open; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '{':
			depth++
		case c == '}':
			depth--
		}
		if depth == 0 || depth == 1 && pattern[i] == ',' {
			choices = append(choices, pattern[begin:i])
			begin = i + 1
		}
		if depth > 0 {
			continue
		}
		var out []string
		for _, choice := range choices {
			if out = append(out, alternatives(pattern[:open]+choice+pattern[i+1:])...); len(out) > mostAlternatives {
				return out[:mostAlternatives]
			}
		}
		return out
	}
	return []string{pattern}
}

// fixed splits a local pattern with slashes into the folder that it begins with and the rest. A folder that exists is taken
// as it is, though its name holds [ or {.
func fixed(pattern string) (dir, rest string) {
	dir, rest = doublestar.SplitPattern(pattern)
	for {
		first, more, deeper := strings.Cut(rest, "/")
		if !deeper || strings.ContainsAny(first, "*?") {
			return dir, rest
		}
		info, err := os.Stat(filepath.Join(dir, first))
		if err != nil || !info.IsDir() {
			return dir, rest
		}
		dir, rest = filepath.ToSlash(filepath.Join(dir, first)), more
	}
}

var (
	homePath  = regexp.MustCompile(`^~[A-Za-z0-9_-]*(/|$)`)
	drivePath = regexp.MustCompile(`^[A-Za-z]:[\\/]|^\\\\`)
)

// misread explains a local path that does not exist but would mean something to a shell or another program. Otherwise it
// returns nil.
func misread(path string) error {
	switch {
	case homePath.MatchString(path):
		return &patternError{`found ~ at its start: only a shell replaces it, and only where it is not quoted and begins a word; write "$HOME/..." or the whole path`}
	case filepath.Separator == '/' && drivePath.MatchString(path):
		return &patternError{`found a path of Windows, expected one of this system, with / between its parts (in WSL a drive C: is /mnt/c)`}
	}
	return nil
}
