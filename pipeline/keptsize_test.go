package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/testdata/fakes"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/library"
)

// TestWhatIsKeptOfAFileIsSmall makes the standing tables, and each table of the library, of a month with trips from all zones.
func TestWhatIsKeptOfAFileIsSmall(t *testing.T) {
	if !inOwnProcess(t) {
		return
	}
	dir := t.TempDir()
	web := fakes.NewWeb(t, map[string][]byte{}) // of a file on disk that was made a moment ago nothing is kept
	var inputs []string
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2023, Month: 5}, Rows: 300_000, JobColumns: true},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: 100_000, JobColumns: true},
	} {
		var b bytes.Buffer
		if _, err := tlcgen.Write(t.Context(), &b, o); err != nil {
			t.Fatal(err)
		}
		name := tlcgen.FileName(o.Taxi, o.Month)
		web.Set(name, b.Bytes())
		inputs = append(inputs, name)
	}
	const most = 10 << 10 // bytes for each file
	for _, table := range append([]string{"standard"}, library.Names()...) {
		for _, input := range inputs {
			out := filepath.Join(dir, table, input)
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), []string{"--input=" + web.URL + "/" + input, "--tables=" + table, "--output=" + out}, &stdout, &stderr, new(progress)); code != 0 {
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
			said, size := "not kept", int64(0)
			for _, in := range index.Inputs {
				for _, r := range in.Results {
					size += r.At.Length
					said = fmt.Sprintf("%d bytes for %d tables", r.At.Length, len(r.Tables))
				}
			}
			t.Logf("%-14s %-30s %s", table, input, said)
			if table == "standard" && (size == 0 || size > most) {
				t.Errorf("%s: the standing tables take %d bytes, expected some, at most %d", input, size, most)
			}
		}
	}
}
