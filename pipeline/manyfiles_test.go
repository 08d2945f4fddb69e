package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestMemoryDoesNotGrowWithTheFiles reads thousands of small files with the default flags; with TRIPSTATS_SOAK=1 it reads 10,000,
// with prism too.
func TestMemoryDoesNotGrowWithTheFiles(t *testing.T) {
	most := map[string]int{"direct": 160, "prism": 224} // MiB: the default of --max-memory, and for prism by how much it may exceed that
	const rows = 60
	files, inProcess := 3_000, []string{"direct"}
	if soaking() {
		files, inProcess = 10_000, []string{"direct", "prism"}
	}
	content := generated(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: rows})
	dir := t.TempDir()
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%05d_yellow_tripdata_2023-05.parquet", i)), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	peak := regexp.MustCompile(` peak_memory_mib=(\d+) `)
	for _, runner := range inProcess {
		output := t.TempDir()
		r := tripstats(t, "--input="+filepath.Join(dir, "*.parquet"), "--same-month=merge", "--output="+output, "--runner="+runner).succeeds(t)
		found := peak.FindStringSubmatch(r.stderr)
		if found == nil {
			t.Fatalf("%s: no peak in the summary: %s", runner, r.stderr)
		}
		t.Logf("%s: %d files: %s MiB, %.1f s", runner, files, found[1], r.elapsed.Seconds())
		if mib, err := strconv.Atoi(found[1]); err != nil || mib > most[runner] {
			t.Errorf("%s: took %s MiB of memory for %d files, at most %d are allowed", runner, found[1], files, most[runner])
		}
		if got := readManifest(t, output).Rows; got != int64(files*rows) {
			t.Errorf("%s: found %d rows, expected %d", runner, got, files*rows)
		}
	}
}
