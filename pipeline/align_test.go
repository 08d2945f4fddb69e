package main

import (
	"strings"
	"testing"

	"tripstats/transforms/fault"
)

// TestTablesStayInTheirLines prints tables with hostile names: each row is one line, and no name moves the cursor or turns the direction of writing.
func TestTablesStayInTheirLines(t *testing.T) {
	for name, hostile := range hostileNames {
		hostile += "\r\x1b[31m\u202e\u0085\u2028"
		tables := map[string]string{
			"align": align([][]string{{"file", "rows"}, {hostile, "1"}}, 1),
			"plan":  planRecord{Files: []planFile{{Source: hostile, Taxi: "yellow"}}, Output: hostile}.text(),
		}
		for table, text := range tables {
			for l := range strings.Lines(text) {
				if line := strings.TrimSuffix(l, "\n"); fault.Printable(line) != line {
					t.Errorf("%s, %s: found %q, expected no control characters", name, table, line)
				}
			}
		}
		if n := strings.Count(tables["align"], "\n"); n != 2 {
			t.Errorf("%s: found %d lines, expected 2:\n%q", name, n, tables["align"])
		}
	}
	if got, want := fault.Printable("a\n\x1b\u202e\u2066\u200fb"), "a     b"; got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
}
