package main

import (
	"slices"
	"strings"
	"testing"
)

// TestHelpShowsTheRecipesOfTheDocument looks for each line of code of the document in the help text.
func TestHelpShowsTheRecipesOfTheDocument(t *testing.T) {
	shown := strings.Split(recipesAsHelp(), "\n")
	kind := ""
	for l := range strings.Lines(recipes) {
		l = strings.TrimRight(l, "\n")
		if fence, isFence := strings.CutPrefix(l, "```"); isFence {
			kind = fence
			continue
		}
		switch command, isCommand := strings.CutPrefix(l, "$ "); {
		case kind == "console" && isCommand:
			if !slices.Contains(shown, "    "+command) {
				t.Errorf("found no line %q", command)
			}
		case kind == "console" && !strings.HasPrefix(l, ">"):
			if slices.Contains(shown, "    "+l) {
				t.Errorf("found %q, which a command prints, expected only what one types", l)
			}
		case kind == "output":
			if l != "" && slices.Contains(shown, "    "+l) {
				t.Errorf("found %q, which a program prints, expected only what one types", l)
			}
		case kind != "" && l != "" && kind != "console":
			if !slices.Contains(shown, "    "+l) {
				t.Errorf("found no line %q", l)
			}
		}
	}
	for _, l := range shown {
		if strings.HasPrefix(l, "#") || strings.Contains(l, "`") || strings.Contains(l, "](") {
			t.Errorf("found %q, expected no marks of Markdown", l)
		}
		if len([]rune(l)) > 150 || !strings.HasPrefix(l, " ") && len(l) > 120 {
			t.Errorf("found a line of %d letters, expected at most 120, or 150 in a block: %q", len(l), l)
		}
	}
}
