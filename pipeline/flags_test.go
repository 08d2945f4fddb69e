package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// made compares a file with what the tables of flags make of it, or writes it with -update.
func made(t *testing.T, path, want string) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s does not say what the tables of flags say (%v): go test ./pipeline -run %s -update writes it anew", path, err, t.Name())
	}
}

// TestTheReferenceOfFlagsIsMadeFromTheirTables keeps flags.md.
func TestTheReferenceOfFlagsIsMadeFromTheirTables(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Flags\n\nOne or two dashes, before or after words; `-` and `_` in names are the same. This page is made from the tables of flags in the\nprogram, by `go test ./pipeline -run Reference -update`.\n")
	for _, c := range slices.Concat([]commandDef{{flags: mainFlags}}, commands) {
		if !slices.ContainsFunc(c.flags, func(d flagDef) bool { return d.name != "log" }) {
			continue // version and help
		}
		fmt.Fprintf(&b, "\n## %s\n\n| flag | default | meaning |\n| --- | --- | --- |\n", strings.TrimSpace("tripstats "+c.name))
		for _, d := range c.flags {
			def := ""
			if d.def != "" {
				def = "`" + d.def + "`"
			}
			cell := strings.NewReplacer("|", `\|`, "\n", " ", "*", `\*`)
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(d.shown(), "|", `\|`), def, cell.Replace(d.text))
		}
	}
	made(t, "flags.md", b.String())
}

// TestTheTemplateOfDataflowIsMadeFromTheFlags keeps the parameters of the Flex template.
func TestTheTemplateOfDataflowIsMadeFromTheFlags(t *testing.T) {
	type parameter struct {
		Name       string   `json:"name"`
		Label      string   `json:"label"`
		HelpText   string   `json:"helpText"`
		IsOptional bool     `json:"isOptional"`
		Regexes    []string `json:"regexes"`
	}
	metadata := struct {
		Name        string      `json:"name"`
		Description string      `json:"description"`
		Streaming   bool        `json:"streaming"`
		Parameters  []parameter `json:"parameters"`
	}{Name: "tripstats", Description: "Turns NYC TLC taxi trip records (parquet or CSV) into small tables: monthly averages, and trips by zone."}
	for _, d := range mainFlags {
		if d.label == "" {
			continue
		}
		pattern := d.pattern
		switch {
		case d.isSwitch():
			pattern = "^(true|false)$"
		case len(d.choices) > 0:
			choices := strings.Join(slices.DeleteFunc(slices.Clone(d.choices), func(c string) bool { return c == "" }), "|")
			if pattern = "^(" + choices + ")$"; d.list {
				pattern = "^(" + choices + ")(,(" + choices + "))*$"
			}
		}
		if re, err := regexp.Compile(pattern); err != nil || pattern == "" || re.MatchString("") || re.MatchString("/a local path") {
			t.Errorf("--%s: the pattern %q takes too much (%v)", d.name, pattern, err)
		}
		text := strings.TrimSuffix(strings.ReplaceAll(d.text, "\n", " "), " (default "+d.def+")") // the default is no place there
		metadata.Parameters = append(metadata.Parameters, parameter{d.name, d.label, text, d.name != "output", []string{pattern}})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(metadata); err != nil {
		t.Fatal(err)
	}
	made(t, filepath.Join("..", "runners", "dataflow", "metadata.json"), b.String())
}

// TestEachFlagSaysAllThatIsAskedOfIt finds entries of the tables that lack something.
func TestEachFlagSaysAllThatIsAskedOfIt(t *testing.T) {
	for _, c := range slices.Concat([]commandDef{{flags: mainFlags}}, commands) {
		flags := new(settings).flagSet(c.flags) // panics if a name is there twice
		for _, d := range c.flags {
			f := flags.Lookup(d.name)
			switch {
			case f == nil:
				t.Errorf("--%s: its value goes nowhere", d.name)
			case d.text == "" || !d.isSwitch() && d.value == "" && len(d.choices) == 0:
				t.Errorf("--%s: help does not say what it is, or what its value is", d.name)
			case len(d.choices) > 0 && !isOneOf(&d.def, d.choices):
				t.Errorf("--%s: its default %q is no choice", d.name, d.def)
			case d.choices != nil && d.value != "" && d.name != "runner" && !d.list:
				t.Errorf("--%s: help shows its choices, expected no other value", d.name)
			}
		}
	}
}
