package scripting

import (
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// monthly and zonal are the columns that the command reads compares.
var (
	monthly = []string{"taxi", "month_start", "trip_count", "avg_passengers", "avg_trip_distance_miles", "avg_trip_duration_minutes", "avg_amount", "avg_tip"}
	zonal   = []string{"taxi", "month_start", "location_id", "pickups", "dropoffs"}
)

// reads compares both tables of one file, from each runner, with what is expected: rows with "; " between them.
func reads(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: reads FILE MONTHS ZONES ARG...")
	}
	for _, runner := range []string{"direct", "prism"} {
		out := "out-" + runner
		ts.Check(os.RemoveAll(ts.MkAbs(out)))
		if got := run(ts, append([]string{"tripstats", "--quality=raw", "--input=" + args[0], "--output=" + out, "--runner=" + runner}, args[3:]...)); got != 0 {
			ts.Fatalf("--runner=%s: found exit code %d, expected 0", runner, got)
		}
		for i, columns := range [][]string{monthly, zonal} {
			table := []string{"trip_stats", "location_stats"}[i]
			var found []string
			for _, row := range cells(ts, out+"/"+table+"/"+table+".parquet", columns) {
				found = append(found, strings.Join(row, " "))
			}
			if got := strings.Join(found, "; "); got != args[1+i] {
				ts.Fatalf("%s: %s: found\n%s\nexpected\n%s", runner, table, got, args[1+i])
			}
		}
	}
}
