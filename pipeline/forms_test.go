package main_test

import (
	"fmt"
	"maps"
	"testing"

	"tripstats/testdata/forms"
)

// TestEveryFormGivesTheSameTables runs the same trips in every form on each runner, with one core and with two. The tables of trips must
// have the same bytes for all forms. For one form, all files of the output must have the same bytes.
func TestEveryFormGivesTheSameTables(t *testing.T) {
	all, err := forms.Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, quality := range []string{"raw", "standard"} {
		firsts := map[string]tree{} // by trips
		for _, f := range all {
			t.Run(quality+" "+f.Name, func(t *testing.T) {
				var first tree
				for i, runner := range runnerNames {
					for cores := 1; cores <= 2; cores++ {
						if quality == "standard" && cores == 2 {
							continue // the rules know nothing of cores
						}
						out := t.TempDir()
						args := append([]string{"--quality=" + quality, "--output=" + out, "--runner=" + runner}, f.Args...)
						runOnce(t, command{args: args, dir: t.TempDir(), env: []string{fmt.Sprintf("GOMAXPROCS=%d", cores)}}).succeeds(t)
						tables := treeOf(t, out).tableFiles()
						if i == 0 && cores == 1 {
							first = tables
						} else if !maps.Equal(tables, first) {
							t.Errorf("%s, %d cores: other bytes than on direct with one: found %v, expected %v", runner, cores, tables, first)
						}
					}
				}
				delete(first, "quality/quality.parquet") // it names the files
				if len(first) == 0 {
					t.Fatal("found no table")
				}
				if firsts[f.Trips] == nil {
					firsts[f.Trips] = first
				}
				if want := firsts[f.Trips]; !maps.Equal(first, want) {
					t.Errorf("found tables %v, expected those of the first form of these trips, %v", first, want)
				}
			})
		}
	}
}
