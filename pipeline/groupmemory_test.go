package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestTheMemoryOfGroupsIsBoundOnManyCores makes a table by SQL of very many groups, of several files. 16 cores could add up many of
// the files at once; the groups of these files alone would then take more than --max-memory. The run must keep to --max-memory, or end and say what
// helps.
func TestTheMemoryOfGroupsIsBoundOnManyCores(t *testing.T) {
	o := month(tlcgen.Yellow, 2014, 5, 600_000)
	if soaking() {
		o.Rows = 3_000_000
	}
	path, _ := kept(t, o)
	dir := t.TempDir()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("part-%d_yellow_tripdata_2014-05.parquet", i)), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	sql := filepath.Join(dir, "od.sql")
	if err := os.WriteFile(sql, []byte(`SELECT pickup_hour, pickup_location_id, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.5) AS seconds
FROM trips GROUP BY ALL`), 0o666); err != nil {
		t.Fatal(err)
	}
	const most, over = 308, 31 // MiB: the default of --max-memory with one table by SQL, and a tenth of it
	t.Setenv("GOMAXPROCS", "16")
	content = nil
	lowerOwnPeak()
	r := tripstats(t, "--input="+filepath.Join(dir, "*.parquet"), "--same-month=merge", "--quality=raw", "--tables="+sql, "--output="+t.TempDir(), "--runner=direct")
	t.Logf("exit code %d, %d MiB, %.1f s", r.code, r.maxRSS>>20, r.elapsed.Seconds())
	if r.code != 0 && r.code != 5 {
		t.Errorf("found exit code %d, expected 0 or 5: %s", r.code, r.stderr)
	}
	if took := r.maxRSS >> 20; took > most+over {
		t.Errorf("the run took %d MiB of memory, expected at most %d MiB", took, most+over)
	}
}
