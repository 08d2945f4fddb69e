package publish

import (
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// withDeclared is a good run whose second table is one in SQL: its groups have three of the five trips that count, and it filters two.
func withDeclared() (Config, result) {
	cfg, r := good("out")
	cfg.Balance[1] = Total{Table: "second"}
	r.tables[0].Counted = 3
	r.tallies[0].Filtered = []element.Filtered{{Table: "second", Rows: 2}}
	return cfg, r
}

// TestATableInSQLIsReconciled changes what its groups have, or what is filtered.
func TestATableInSQLIsReconciled(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(r *result)
		want   string
	}{
		{"nothing", func(*result) {}, ""},
		{"a group lost", func(r *result) { r.tables[0].Counted-- }, "table second: found 2 as the sum of the trips in its groups, expected the 5 rows counted of all files without the 2 that the table filters"},
		{"a group twice", func(r *result) { r.tables[0].Counted++ }, "table second: found 4 as the sum of the trips in its groups, expected the 5 rows counted of all files without the 2 that the table filters"},
		{"a filtered trip lost", func(r *result) { r.tallies[0].Filtered[0].Rows-- }, "table second: found 3 as the sum of the trips in its groups, expected the 5 rows counted of all files without the 1 that the table filters"},
		{"the table lost", func(r *result) { r.tables = r.tables[1:] }, "found tables [first], expected [first second]"},
	} {
		cfg, r := withDeclared()
		c.change(&r)
		err := r.check(t.Context(), cfg)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if f := fault.Find(err); f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, c.want) {
			t.Errorf("%s: found %v, expected exit code 1 with %q", c.name, err, c.want)
		}
	}
}

// TestTheManifestNamesColumnsThatInputsLack takes those of all parts of a dataset together.
func TestTheManifestNamesColumnsThatInputsLack(t *testing.T) {
	cfg, r := good("out")
	r.files = []element.Admitted{
		{Source: "a", Null: []string{"tip_amount", "airport_fee"}},
		{Source: "b/1", Dataset: "b", Null: []string{"tip_amount"}},
		{Source: "b/2", Dataset: "b", Null: []string{"airport_fee", "tip_amount"}},
		{Source: "c"},
	}
	m := r.manifest(cfg)
	for i, want := range [][]string{{"tip_amount", "airport_fee"}, {"airport_fee", "tip_amount"}, nil} {
		if found := m.Inputs[i].Null; !slices.Equal(found, want) {
			t.Errorf("%s: found %v, expected %v", m.Inputs[i].Source, found, want)
		}
	}
}
