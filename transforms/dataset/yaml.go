package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"tripstats/transforms/fault"
)

// Error is one mistake in a declaration.
type Error struct {
	File         string
	Line, Column int // from 1; 0 if the mistake has no place in the file
	Message      string
}

// Error returns the error in one line: chicago.yaml:3:9: found ..., expected ...
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// Errors are all mistakes in a declaration, in the order of the file.
type Errors []*Error

// Error returns a line for each error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// reader reads the nodes of a declaration, and collects the mistakes.
type reader struct {
	file   string
	errors Errors

	zonesFile string
}

func (r *reader) add(n *yaml.Node, format string, args ...any) {
	r.errors = append(r.errors, &Error{r.file, n.Line, n.Column, fmt.Sprintf(format, args...)})
}

func (r *reader) sorted() Errors {
	slices.SortStableFunc(r.errors, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return r.errors
}

// document returns the mapping at the top of the text, or nil.
func (r *reader) document(text string) *yaml.Node {
	const expected = "expected one mapping, with taxi and columns"
	var root yaml.Node
	if err := yaml.Load([]byte(text), &root); err != nil {
		at := &yaml.Node{Line: 1, Column: 1}
		message := "found no mapping, or several documents, " + expected
		if broken := (*yaml.LoadError)(nil); errors.As(err, &broken) && broken.Mark.Line > 0 {
			at.Line, at.Column = broken.Mark.Line, broken.Mark.Column
			message = "found what is no YAML: " + broken.Message
		}
		r.add(at, "%s", message)
		return nil
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		r.add(&yaml.Node{Line: 1, Column: 1}, "found %s, %s", kindOf(&root), expected)
		return nil
	}
	return root.Content[0]
}

// pair is an entry of a mapping.
type pair struct{ key, value *yaml.Node }

// mapping returns the entries of a mapping by their keys. A key that occurs twice is an error. If allowed is not nil, a key that is not
// in it is an error too.
func (r *reader) mapping(n *yaml.Node, allowed []string) map[string]pair {
	entries := map[string]pair{}
	if n.Kind != yaml.MappingNode {
		r.add(n, "found %s, expected a mapping%s", kindOf(n), ofKeys(allowed))
		return entries
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p := pair{n.Content[i], n.Content[i+1]}
		key, ok := r.text(p.key)
		have, twice := entries[key]
		switch {
		case !ok:
		case allowed != nil && !slices.Contains(allowed, key):
			r.add(p.key, "found the key %q, expected one of %s%s", shortened(key), strings.Join(allowed, ", "), likely(key, allowed))
		case twice:
			r.add(p.key, "found the key %s a second time, expected it once; it is in line %d too", shortened(key), have.key.Line)
		default:
			entries[key] = p
		}
	}
	return entries
}

// likely suggests the one of some keys that has another in it, or is in it: trip_distance for distance.
func likely(key string, allowed []string) string {
	key = strings.ToLower(key)
	meant := ""
	for _, a := range allowed {
		if len(key) < 3 || !strings.Contains(a, key) && !strings.Contains(key, a) {
			continue
		}
		if meant != "" {
			return ""
		}
		meant = a
	}
	if meant == "" {
		return ""
	}
	return "; did you mean " + meant + "?"
}

func ofKeys(keys []string) string {
	if keys == nil {
		return ""
	}
	return " with " + strings.Join(keys, ", ")
}

// meaningOf says what the value of a key that must be there is.
var meaningOf = map[string]string{
	"taxi":    ", the name of these trips in all tables",
	"columns": ", which says what the columns of your files are",
	"first":   ", the lowest number that a zone can have",
	"last":    ", the highest number that a zone can have",
}

// required returns the value of a key that must be there, or nil.
func (r *reader) required(n *yaml.Node, keys map[string]pair, key string) *yaml.Node {
	if p, ok := keys[key]; ok {
		return p.value
	}
	if n.Kind == yaml.MappingNode {
		r.add(n, "found no %s, expected it%s", key, meaningOf[key])
	}
	return nil
}

// text returns a text. A number, or another value that is not a string in YAML, is an error.
func (r *reader) text(n *yaml.Node) (string, bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str":
		return n.Value, true
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		r.add(n, "found %s, expected text; put it in quotes", kindOf(n))
	default:
		r.add(n, "found %s, expected text", kindOf(n))
	}
	return "", false
}

// number returns a whole number.
func (r *reader) number(n *yaml.Node, least, most int64) (int64, bool) {
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || v < least || v > most {
		r.add(n, "found %s, expected a whole number from %d to %d", kindOf(n), least, most)
		return 0, false
	}
	return v, true
}

// list returns the items of a list.
func (r *reader) list(n *yaml.Node) []*yaml.Node {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.add(n, "found %s, expected a list such as [a, b]", kindOf(n))
		return nil
	}
	return n.Content
}

// kindOf says what a node is, for a message.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		if len(n.Content) == 0 {
			return "an empty list"
		}
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return "nothing"
		}
		return shortened(n.Value)
	case yaml.DocumentNode:
		if len(n.Content) == 1 {
			return kindOf(n.Content[0])
		}
	}
	return "nothing"
}

// shortened returns a text in one line of limited length, for a message.
func shortened(text string) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return ' '
		}
		return c
	}, text)
	return fault.Shortened(strings.Join(strings.Fields(text), " "), 60)
}
