package main

import (
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestArgumentsAreFlagsAndWordsInAnyOrder(t *testing.T) {
	for _, c := range []struct{ args, words, failed string }{
		{"", "", ""},
		{"--json a b", "a b", ""},
		{"a --json b --max-size=3", "a b", ""},
		{"a --max_size 3 -json", "a", ""},
		{"-- --json a", "--json a", ""},
		{"a -- --json", "a --json", ""},
		{"go --json x --nothing", "go --json x --nothing", ""},
		{"--json go --max_size=x -- y", "go --max_size=x -- y", ""},
		{"a go --json", "a go", ""},
		{"a --nothing b", "a", "nothing"}, // b may be the value of the unknown flag
		{"--max-size=x a", "a", "max-size"},
		{"a --nothing=1 b --max-size=x c", "a c", "nothing max-size"},
	} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		flags.Bool("json", false, "")
		flags.Int("max-size", 0, "")
		words, failed, err := parseAll(flags, strings.Fields(c.args), func(word string) bool { return word == "go" })
		if err != nil || !slices.Equal(words, strings.Fields(c.words)) {
			t.Errorf("%q: found the words %q, %v, expected %q", c.args, words, err, c.words)
		}
		want := strings.Fields(c.failed)
		if len(failed) != len(want) {
			t.Errorf("%q: found %q, expected the flags %q to be wrong", c.args, failed, want)
			continue
		}
		for i, name := range want {
			if !strings.Contains(failed[i], name) {
				t.Errorf("%q: found %q, expected %s in it", c.args, failed[i], name)
			}
		}
	}
}
