package main

import (
	_ "embed" // of the recipes
	"regexp"
	"strings"
)

// recipes are examples to copy, for programs that read the tables and for schedulers that run this program. The repository shows them as a
// document, whose blocks a test runs; help shows recipesAsHelp.
//
//go:embed recipes.md
var recipes string

var mdLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// recipesAsHelp returns the recipes for a terminal. Blocks are indented. Of commands it shows what a user types, not what programs print.
func recipesAsHelp() string {
	var b strings.Builder
	kind, typed, empty := "", false, true // of the block; whether the line before was typed
	put := func(line string) {
		if line == "" && empty {
			return // one empty line is enough
		}
		empty = line == ""
		b.WriteString(line + "\n")
	}
	for line := range strings.Lines(recipes) {
		line = strings.TrimRight(line, "\n")
		fence, isFence := strings.CutPrefix(line, "```")
		title, isTitle := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		switch {
		case isFence:
			kind, typed = fence, false
		case kind == "output":
		case kind == "console":
			command, first := strings.CutPrefix(line, "$ ")
			more, goesOn := strings.CutPrefix(line, "> ")
			switch {
			case first:
				put("    " + command)
			case typed && (goesOn || line == ">"):
				put("    " + strings.TrimPrefix(more, ">"))
			}
			typed = first || typed && (goesOn || line == ">")
		case kind != "":
			put(strings.TrimRight("    "+line, " "))
		case isTitle && strings.HasPrefix(line, "### "):
			put("-- " + title + " --")
		case isTitle:
			put(strings.ToUpper(title))
		default:
			put(strings.ReplaceAll(mdLink.ReplaceAllString(line, "$1"), "`", ""))
		}
	}
	return b.String()
}
