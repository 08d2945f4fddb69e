package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/library"
)

// TestWhatIsKeptOfAFileIsSmall makes the standing tables, and each table of the library, of a month with trips from all zones.
func TestWhatIsKeptOfAFileIsSmall(t *testing.T) {
	dir := t.TempDir()
	var inputs []string
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2023, Month: 5}, Rows: 300_000, JobColumns: true},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 100_000, JobColumns: true},
	} {
		path := filepath.Join(dir, tlcgen.FileName(o.Taxi, o.Month))
		if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, path)
	}
	settle(t)
	const most = 10 << 10 // bytes for each file
	tables := []string{"standard"}
	for _, l := range library.Tables() {
		tables = append(tables, l.Name)
	}
	for _, table := range tables {
		for _, input := range inputs {
			out := filepath.Join(dir, "out", table, filepath.Base(input))
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), []string{"--input=" + input, "--tables=" + table, "--output=" + out}, &stdout, &stderr, new(progress)); code != 0 {
				t.Fatalf("%s: exit code %d: %s", table, code, stderr.String())
			}
			head, err := publish.ReadHead(t.Context(), objstore.Access{}, out)
			if err != nil {
				t.Fatal(err)
			}
			index, err := publish.ReadIndex(t.Context(), objstore.Access{}, out, head.Dir)
			if err != nil {
				t.Fatal(err)
			}
			said, bytes := "not kept", int64(0)
			for _, in := range index.Inputs {
				for _, r := range in.Results {
					bytes += r.At.Length
					said = fmt.Sprintf("%d bytes for %d tables", r.At.Length, len(r.Tables))
				}
			}
			t.Logf("%-14s %-30s %s", table, filepath.Base(input), said)
			if table == "standard" && (bytes == 0 || bytes > most) {
				t.Errorf("%s: the standing tables take %d bytes, expected some, at most %d", filepath.Base(input), bytes, most)
			}
		}
	}
}
