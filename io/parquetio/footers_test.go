package parquetio_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/io/tlc"
	"tripstats/testdata/mutate"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
	"tripstats/transforms/trip"
)

// soaking tells whether TRIPSTATS_SOAK=1 requests the long loops.
func soaking() bool { return os.Getenv("TRIPSTATS_SOAK") == "1" }

// mostMemory is what may be allocated for a file with a damaged footer.
const mostMemory = 256 << 20

// base is a well-formed file that is damaged.
type base struct {
	name   string
	data   []byte
	parsed *mutate.File
}

// small returns four files whose footers are damaged.
func small(t *testing.T) []base {
	t.Helper()
	var all []base
	for i, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2014, 3), Codec: tlcgen.GZIP, RowGroups: 1},
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Codec: tlcgen.ZSTD, RowGroups: 2},
		{Taxi: tlcgen.Green, Month: tlcgen.MonthOf(2019, 8), Codec: tlcgen.Uncompressed, RowGroups: 1},
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2025, 2), Codec: tlcgen.Snappy, RowGroups: 1},
	} {
		o.Rows, o.Seed = 40, uint64(i)
		var data bytes.Buffer
		if _, err := tlcgen.Write(t.Context(), &data, o); err != nil {
			t.Fatal(err)
		}
		b := base{name: tlcgen.FileName(o.Taxi, o.Month), data: data.Bytes()}
		var err error
		if b.parsed, err = mutate.Parse(b.data); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// valuesOf returns a hash of all that a run reads of a file: its taxi, and the values of the needed columns. It works in this
// process, because starting the program for each file would take hours.
func valuesOf(ctx context.Context, path, name string, size int) (sum string, err error) {
	var f element.Recognised
	d, err := source.Describe(ctx, objstore.Access{}, element.Found{URI: path, Source: name, Size: int64(size), Month: element.NoMonth})
	if err == nil {
		f, err = trip.Recognise(d, trip.Options{Registry: tlc.Registry, UTC: trip.UTCRefuse, Judged: true, Wanted: trip.Standing})
	}
	if err == nil {
		f, err = source.Narrow(f)
	}
	if err != nil {
		return "", err
	}
	h := fnv.New64a()
	fmt.Fprintln(h, f.Taxi, f.Variant, f.Rows)
	err = source.Scan(ctx, f, source.Config{}, func(c element.Columns) {
		for i, column := range c.Record.Columns() { // names are compared without regard to case
			fmt.Fprintln(h, c.FileRow, strings.ToLower(c.Record.ColumnName(i)), column.DataType(), column)
		}
	})
	return fmt.Sprint(h.Sum64()), err
}

// damagedFooters reads a file with each damaged footer that next returns, and counts the outcomes.
func damagedFooters(t *testing.T, b base, next func() (damaged []byte, what string, more bool)) (refused, same int, other []string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, b.name)
	read := func(data []byte) (string, error) {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return valuesOf(t.Context(), path, b.name, len(data))
	}
	want, err := read(b.data)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	for {
		damaged, what, more := next()
		if !more {
			return refused, same, other
		}
		runtime.ReadMemStats(&before)
		start := time.Now()
		got, err := read(damaged)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if bytes := after.TotalAlloc - before.TotalAlloc; took > 2*time.Second || bytes > mostMemory {
			t.Errorf("%s: %s: took %v and %d MiB, at most 2 s and %d are allowed", b.name, what, took, bytes>>20, mostMemory>>20)
		}
		switch why := fault.Find(err); {
		case err != nil && (why == nil || why.Code != fault.Input):
			t.Errorf("%s: %s: found %v, expected a fault of the input", b.name, what, err)
		case err != nil:
			refused++
		case got == want:
			same++
		default:
			other = append(other, what)
		}
	}
}

// TestDamagedFootersTakeLittle checks that no damaged footer takes much time or memory. It damages 1,000 footers, with
// TRIPSTATS_SOAK=1 100,000.
func TestDamagedFootersTakeLittle(t *testing.T) {
	all, each := small(t), uint64(250)
	if soaking() {
		each = 25_000
	}
	for i, b := range all {
		seed, end := uint64(i)*each, uint64(i+1)*each
		refused, same, other := damagedFooters(t, b, func() ([]byte, string, bool) {
			if seed == end {
				return nil, "", false
			}
			damaged, kind := mutate.MutateFooter(b.parsed, seed)
			seed++
			return damaged, fmt.Sprintf("seed %d: %s", seed-1, kind), true
		})
		t.Logf("%s: %d refused, %d the same, %d other: %.300q", b.name, refused, same, len(other), other)
	}
}

// toldByTheFooterAlone has the bits of numbers that are only in the footer, so that nothing contradicts them.
var toldByTheFooterAlone = map[string]string{
	"yellow_tripdata_2014-03.parquet: bit 492": "the unit of the pickup times: nanoseconds for microseconds",
	"yellow_tripdata_2014-03.parquet: bit 788": "the unit of the dropoff times",
	"yellow_tripdata_2023-05.parquet: bit 492": "the unit of the pickup times",
	"yellow_tripdata_2023-05.parquet: bit 788": "the unit of the dropoff times",
	"green_tripdata_2019-08.parquet: bit 492":  "the unit of the pickup times",
	"green_tripdata_2019-08.parquet: bit 788":  "the unit of the dropoff times",
	"yellow_tripdata_2025-02.parquet: bit 492": "the unit of the pickup times",
	"yellow_tripdata_2025-02.parquet: bit 788": "the unit of the dropoff times",
}

// TestAFlippedBitOfAFooterIsNoOtherTable flips single bits: one in 97, with TRIPSTATS_SOAK=1 every one.
func TestAFlippedBitOfAFooterIsNoOtherTable(t *testing.T) {
	step := 97
	if soaking() {
		step = 1
	}
	for _, b := range small(t) {
		bit := -step
		refused, same, other := damagedFooters(t, b, func() ([]byte, string, bool) {
			if bit += step; bit >= mutate.FooterBits(b.parsed) {
				return nil, "", false
			}
			return mutate.FlipFooterBit(b.parsed, bit), fmt.Sprintf("bit %d", bit), true
		})
		t.Logf("%s: %d bits: %d refused, %d the same", b.name, mutate.FooterBits(b.parsed), refused, same)
		other = slices.DeleteFunc(other, func(bit string) bool { return toldByTheFooterAlone[b.name+": "+bit] != "" })
		if len(other) > 0 {
			t.Errorf("%s: %d flipped bits give other values: %q", b.name, len(other), slices.Clip(other[:min(20, len(other))]))
		}
	}
}
