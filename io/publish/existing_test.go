package publish

import (
	"strings"
	"testing"

	"tripstats/transforms/fault"
)

func TestAnOutputKeepsItsMonthsAndTables(t *testing.T) {
	of := func(taxi, month string) Input { return Input{Source: taxi + month, Taxi: taxi, Month: month} }
	monthless := func(source string, months ...string) Input {
		return Input{Source: source, Taxi: "yellow", Months: map[string][]string{"yellow": months}}
	}
	manifest := func(tables string, inputs ...Input) *Manifest {
		m := &Manifest{Inputs: inputs}
		for _, t := range strings.Fields(tables) {
			m.Outputs = append(m.Outputs, Output{Table: t})
		}
		return m
	}
	head := manifest("a b", of("yellow", "2014-01"), of("yellow", "2014-02"), of("yellow", "2014-03"), of("green", "2014-01"))
	unknown := manifest("a", Input{Source: "all.parquet", Taxi: "yellow"})
	for _, c := range []struct {
		what     string
		head     *Manifest
		next     *Manifest
		existing string
		want     string // in the message; "" for no error
	}{
		{"the same", head, head, Protect, ""},
		{"more", head, manifest("a b c", append(head.Inputs, of("fhv", "2014-01"))...), Protect, ""},
		{"one month of four", head, manifest("a b", of("yellow", "2014-02")), Protect, "3 months (green 2014-01, yellow 2014-01, yellow 2014-03)"},
		{"a row of months", head, manifest("a b", of("green", "2014-01")), Protect, "3 months (yellow 2014-01..2014-03)"},
		{"no table of two", head, manifest("c", head.Inputs...), Protect, "2 tables (a, b)"},
		{"a month and a table", head, manifest("a", head.Inputs[:3]...), Protect, "1 month (green 2014-01) and 1 table (b)"},
		{"one month of four, as asked", head, manifest("a", of("yellow", "2014-02")), Replace, ""},
		{"an extended output", head, manifest("a b", append(head.Inputs, of("fhv", "2014-01"))...), Extend, ""},
		{"an extended output that would lose inputs", head, manifest("a b", of("yellow", "2014-02")), Extend, "3 months (green 2014-01, yellow 2014-01, yellow 2014-03)"},
		{"a month less in a file without one in its name, which was replaced", manifest("a", monthless("x", "2014-01", "2014-02")), manifest("a", monthless("x", "2014-02")), Extend, ""},
		{"months in a file without one in its name", head, manifest("a b", of("green", "2014-01"), monthless("x", "2014-01", "2014-02", "2014-03")), Protect, ""},
		{"a month less in such a file", manifest("a", monthless("x", "2014-01", "2014-02")), manifest("a", monthless("x", "2014-02")), Protect, "1 month (yellow 2014-01)"},
		{"the same file, of which an older program knows no months", unknown, manifest("a", Input{Source: "all.parquet", Taxi: "yellow"}), Protect, ""},
		{"the same file, of which the months are known since", unknown, manifest("a", monthless("all.parquet", "2014-01")), Protect, ""},
		{"another file", unknown, manifest("a", of("yellow", "2014-01")), Protect, "1 month (yellow in all.parquet)"},
		{"a sample", &Manifest{Sample: true, Inputs: head.Inputs, Outputs: head.Outputs}, manifest("c"), Protect, ""},
		{"nothing", nil, manifest("a"), Protect, ""},
	} {
		cfg := Config{Output: "out", Existing: c.existing}
		for _, o := range c.next.Outputs {
			cfg.Tables = append(cfg.Tables, o.Table)
		}
		err := keepExisting(cfg, Head{Manifest: c.head}, c.next)
		switch f := fault.Find(err); {
		case c.want == "" && err != nil:
			t.Errorf("%s: found %v, expected no error", c.what, err)
		case c.want == "":
		case f == nil || f.Code != fault.Gate || !strings.Contains(f.Message, "it has "+c.want+" which this run does not make"):
			t.Errorf("%s: found %v, expected exit code 5 with %s", c.what, err, c.want)
		case c.existing != Extend && !strings.Contains(f.Message, "--existing=extend") || !strings.Contains(f.Message, "--existing=replace"):
			t.Errorf("%s: found %v, expected both ways on", c.what, err)
		}
	}
	if err := keepExisting(Config{Format: "delta"}, Head{Manifest: head}, head); fault.Find(err) == nil || fault.Find(err).Code != fault.Gate {
		t.Errorf("another format: found %v, expected exit code 5", err)
	}
}
