package main

import (
	"slices"
	"testing"

	"tripstats/io/publish"
)

// TestHistorySaysWhatChanged compares manifests that differ in one thing each.
func TestHistorySaysWhatChanged(t *testing.T) {
	in := func(name string, rows int64) publish.Input {
		return publish.Input{Source: name, URI: "/raw/" + name, Bytes: 10 * rows, Rows: rows, Counted: rows, Taxi: "yellow"}
	}
	made := func(change func(m *publish.Manifest)) *publish.Manifest {
		m := &publish.Manifest{
			Program: publish.Program{Version: "1"}, Quality: "standard", Rules: &publish.Rules{Limits: map[string]int64{"duration_over": 300, "tip_over": 5000}},
			Inputs:  []publish.Input{in("a", 1), in("b", 2)},
			Outputs: []publish.Output{{Table: "trip_stats", SHA256: "x"}, {Table: "quality", SHA256: "y"}},
		}
		change(m)
		return m
	}
	same := made(func(*publish.Manifest) {})
	for _, c := range []struct {
		change func(m *publish.Manifest)
		want   []string
	}{
		{func(*publish.Manifest) {}, []string{"nothing: the tables have the same bytes"}},
		{func(m *publish.Manifest) { m.Outputs[1].SHA256 = "z" }, []string{"the content of the inputs"}},
		{func(m *publish.Manifest) { m.Inputs = append(m.Inputs, in("c", 3)) }, []string{"added c"}},
		{func(m *publish.Manifest) { m.Inputs = append(m.Inputs, in("c", 3), in("d", 3)) }, []string{"added 2 inputs, c to d"}},
		{func(m *publish.Manifest) { m.Inputs = m.Inputs[1:] }, []string{"removed a"}},
		{func(m *publish.Manifest) { m.Inputs[0] = in("a", 7) }, []string{"changed a"}},
		{func(m *publish.Manifest) { m.Inputs[0].Source = "2023/a" }, []string{"nothing: the tables have the same bytes"}}, // another pattern
		{func(m *publish.Manifest) { m.Outputs = append(m.Outputs, publish.Output{Table: "od"}) }, []string{"more tables: od"}},
		{func(m *publish.Manifest) { m.Outputs = m.Outputs[:1] }, []string{"no longer the tables: quality"}},
		{func(m *publish.Manifest) { m.Quality, m.Rules = "raw", nil }, []string{"quality raw, before standard"}},
		{func(m *publish.Manifest) { m.Rules.Limits["tip_over"], m.Program.Version = 9, "2" }, []string{"limit tip_over=9, before 5000", "program 2, before 1"}},
	} {
		if got := changes(same, made(c.change)); !slices.Equal(got, c.want) {
			t.Errorf("found %q, expected %q", got, c.want)
		}
	}
}

// TestHistoryHasTheNumbersOfDeltaLake gives tables numbers that are alike, and others.
func TestHistoryHasTheNumbersOfDeltaLake(t *testing.T) {
	r := historyRecord{Versions: []versionRecord{{Version: 1}, {Version: 2}, {Version: 3}}}
	r.number([]publish.TableLog{{Table: "a", Numbers: map[int64]int64{1: 0, 2: 1}}, {Table: "b", Numbers: map[int64]int64{1: 0, 2: 4}}})
	for i, want := range []string{"0", "a 1, b 4", ""} {
		if got := r.Versions[i].deltas(); got != want {
			t.Errorf("version %d: found %q, expected %q", i+1, got, want)
		}
	}
}
