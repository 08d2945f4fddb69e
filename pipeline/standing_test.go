package main_test

import (
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/library"
	"tripstats/transforms/quality"
	"tripstats/transforms/query"
)

// TestShowListsEverything counts the lines: one for each table, column and rule.
func TestShowListsEverything(t *testing.T) {
	names := func(topic string) (found []string) {
		for l := range strings.Lines(tripstats(t, "show", topic).succeeds(t).stdout) {
			name, _, _ := strings.Cut(l, " ")
			found = append(found, name)
		}
		return found[1:] // without the heading
	}
	if want := append([]string{"trip_stats", "location_stats", "quality", "zones"}, library.Names()...); !slices.Equal(names("tables"), want) {
		t.Errorf("show tables: found %q, expected %q", names("tables"), want)
	}
	var columns, rules []string
	for _, c := range query.Columns {
		if !c.Hidden() {
			columns = append(columns, c.Name)
		}
	}
	for _, r := range quality.Rules {
		rules = append(rules, r.Name)
	}
	if !slices.Equal(names("columns"), columns) {
		t.Errorf("show columns: found %q, expected %q", names("columns"), columns)
	}
	if !slices.Equal(names("rules"), rules) {
		t.Errorf("show rules: found %q, expected %q", names("rules"), rules)
	}
	for _, table := range library.Tables() {
		if found := tripstats(t, "show", "tables", table.Name).succeeds(t).stdout; found != table.SQL {
			t.Errorf("show tables %s: found\n%s\nexpected\n%s", table.Name, found, table.SQL)
		}
	}
}
