package parquetio

import (
	"math"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"tripstats/io/objstore"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
)

// TestABatchMoreAllocatesNextToNothing holds what reading costs the garbage collector: per batch the headers of eight
// arrays, and no memory for values.
func TestABatchMoreAllocatesNextToNothing(t *testing.T) {
	if raced {
		t.Skip("SKIPPED: the race detector has pools forget what they have, so that more is allocated")
	}
	const few, many = 10, 40 // batches
	runtime.GC()             // what other tests left to go round has other sizes, and stays for two collections
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would empty what goes round between files
	cost := func(batches int64, cfg Config) (allocs, bytes uint64) {
		path := filepath.Join(t.TempDir(), "t_2019-08.parquet")
		if _, err := tlcgen.WriteFile(t.Context(), path, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2019, Month: 8}, Rows: batches * batchRows}); err != nil {
			t.Fatal(err)
		}
		objects, err := objstore.Access{}.Match(t.Context(), []string{path})
		if err != nil {
			t.Fatal(err)
		}
		f, err := ReadFooter(t.Context(), objstore.Access{}, Files(objects)[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range f.Columns {
			switch c.Name {
			case "tpep_pickup_datetime", "tpep_dropoff_datetime", "PULocationID", "DOLocationID", "trip_distance", "passenger_count", "total_amount", "tip_amount":
				f.Projection = append(f.Projection, i)
			}
		}
		f.UnitBytes = make([]int64, len(f.UnitRows))
		// The least of several scans: a scan that gets further ahead of its caller than every one before it, as when the machine is
		// busy, adds to what goes round. That ends at the bound on reading ahead; what each batch costs is in every scan.
		allocs, bytes = math.MaxUint64, math.MaxUint64
		for range 10 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := Scan(t.Context(), f, cfg, func(element.Columns) {}); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			allocs, bytes = min(allocs, after.Mallocs-before.Mallocs), min(bytes, after.TotalAlloc-before.TotalAlloc)
		}
		return allocs, bytes
	}
	for _, cfg := range []Config{{}, {Codes: true}} {
		allocsFew, bytesFew := cost(few, cfg)
		allocsMany, bytesMany := cost(many, cfg)
		allocs, bytes := (int64(allocsMany)-int64(allocsFew))/(many-few), (int64(bytesMany)-int64(bytesFew))/(many-few)
		t.Logf("a batch of 8 columns, codes=%v: %d allocations, %d bytes", cfg.Codes, allocs, bytes)
		if allocs > 80 || bytes > 64<<10 {
			t.Errorf("codes=%v: a batch costs %d allocations of %d bytes, expected at most 80 of 64 KiB: its values have %d KiB", cfg.Codes, allocs, bytes, batchRows*8*8>>10)
		}
	}
}
