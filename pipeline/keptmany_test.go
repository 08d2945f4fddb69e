package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tripstats/io/kept"
	"tripstats/transforms/aggregate"
)

// TestManyKeptFilesAreTaken takes the results of ten thousand files, of which none is there.
func TestManyKeptFilesAreTaken(t *testing.T) {
	dir, out := tree(t, true, false), t.TempDir()
	p := planOf(t, true, out, dir+"/yellow_tripdata_2019-03.parquet", aggregate.Tables(true)...)
	one := mustGather(t, "direct", p).store(t, out, "one.bin")[0]
	content, err := os.ReadFile(filepath.Join(out, "one.bin"))
	if err != nil {
		t.Fatal(err)
	}
	const files = 10_000
	if err := os.WriteFile(filepath.Join(out, "kept.bin"), []byte(strings.Repeat(string(content), files)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.files, p.admission.MergeSameMonth = nil, true
	for i := range files {
		in := one
		in.Source = fmt.Sprintf("%05d/yellow_tripdata_2019-03.parquet", i)
		in.File.Source = in.Source
		in.Results = []kept.Result{one.Results[0]}
		in.Results[0].At.File, in.Results[0].At.Offset = "kept.bin", int64(i*len(content))
		p.kept = append(p.kept, &in)
	}
	for _, runner := range inProcess() {
		start := time.Now()
		g := mustGather(t, runner, p)
		t.Logf("%s: %d files in %v", runner, files, time.Since(start))
		rows := int64(0)
		for _, tally := range g.tallies {
			rows += tally.Rows
		}
		if want := files * one.Results[0].Rows; len(g.files) != files || len(g.tallies) != files || rows != want || len(g.remembered.Files)+len(g.remembered.Results) != 0 {
			t.Errorf("%s: found %d files, %d tallies and %d rows, expected %d files and %d rows, and nothing to keep", runner, len(g.files), len(g.tallies), rows, files, want)
		}
	}
}
