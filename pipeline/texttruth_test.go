package main_test

import (
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestTablesOfTextAreTheGeneratorsTruth runs the program with CSV files of every form that TLC published, and of forms drawn at random, and
// compares every cell with the generator's truth.
func TestTablesOfTextAreTheGeneratorsTruth(t *testing.T) {
	published := tlcgen.PublishedTexts()
	for i := range published {
		published[i].Format = []tlcgen.Format{tlcgen.CSV, tlcgen.CSVGzip}[i%2]
		published[i].Rows, published[i].Seed = 2_000, 13
		published[i].Plant = tlcgen.Plant{NullPickup: 5, NullDropoff: 4}
	}
	var random []tlcgen.Options
	for i := range 24 {
		o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2016, 1).Add(5 * i), Rows: 1_500, Seed: uint64(i), Format: tlcgen.CSV, Text: tlcgen.RandomText(uint64(100 + i))}
		if i%2 == 1 {
			o.Taxi, o.Format = tlcgen.Green, tlcgen.CSVGzip
		}
		random = append(random, o)
	}
	for i, f := range []tlcgen.Format{tlcgen.CSV, tlcgen.CSVGzip} { // a header alone, without an end
		random = append(random, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2015, 1+i), Format: f, Text: tlcgen.Text{NoLastEnd: true}})
	}
	for name, files := range map[string][]tlcgen.Options{"published": published, "random": random} {
		dir := t.TempDir()
		truth, err := tlcgen.Generate(t.Context(), tlcgen.Tree{Dir: dir, Files: files})
		if err != nil {
			t.Fatal(err)
		}
		for _, runner := range runnerNames {
			t.Run(name+" "+runner, func(t *testing.T) {
				out := t.TempDir()
				tripstats(t, "--quality=raw", "--utc=wall", "--input="+filepath.Join(dir, "**", "*.csv*"), "--output="+out, "--runner="+runner).succeeds(t)
				holdsTruth(t, out, truth.Files...)
			})
		}
	}
}
