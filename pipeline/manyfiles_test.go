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

// TestMemoryDoesNotGrowWithTheFiles reads thousands of small files as the default flags have it. TRIPSTATS_SOAK=1 reads 20,000,
// and 10,000 on prism.
func TestMemoryDoesNotGrowWithTheFiles(t *testing.T) {
	most := map[string]int{"direct": 160, "prism": 176} // MiB: --max-memory by default, and what prism may pass it by
	const rows = 60
	all, inProcess := map[string]int{"direct": 3_000}, []string{"direct"}
	if soaking() {
		all, inProcess = map[string]int{"direct": 20_000, "prism": 10_000}, []string{"prism", "direct"}
	}
	content := generated(t, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Rows: rows})
	dir := t.TempDir()
	for i := range all["direct"] {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%05d_yellow_tripdata_2023-05.parquet", i)), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	peak := regexp.MustCompile(` peak_memory_mib=(\d+) `)
	for _, runner := range inProcess {
		output, files, pattern := t.TempDir(), all[runner], "*.parquet"
		if files < all["direct"] {
			pattern = "part-0*" // the first 10,000
		}
		r := tripstats(t, "--input="+filepath.Join(dir, pattern), "--same-month=merge", "--output="+output, "--runner="+runner).succeeds(t)
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
