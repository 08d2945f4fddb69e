package main_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"

	"tripstats/testdata/mutate"
	"tripstats/testdata/tlcgen"
)

var mutationSeed = flag.Int64("mutation.seed", -1, "run the one mutation of this seed and keep its file")

// soaking tells whether TRIPSTATS_SOAK=1 requests the long loops.
func soaking() bool { return os.Getenv("TRIPSTATS_SOAK") == "1" }

// The most time and memory that a run with a hostile file may take.
const (
	mostMemory = 256 << 20
	mostTime   = 10 * time.Second
)

const allMutations = 5000

// base is a well-formed file that mutations start from.
type base struct {
	name   string
	data   []byte
	parsed *mutate.File
	want   tree // its tables
}

// bases returns files of each codec, era and taxi, with one and several row groups, and two files that TLC would not write: one with
// small pages of version 2, and one with text and delta encodings.
func bases(t *testing.T) []base {
	t.Helper()
	var all []base
	for i, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2014, 3), Codec: tlcgen.GZIP, RowGroups: 1},
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, 5), Codec: tlcgen.ZSTD, RowGroups: 3},
		{Taxi: tlcgen.Green, Month: tlcgen.MonthOf(2019, 8), Codec: tlcgen.Uncompressed, RowGroups: 2},
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2025, 2), Codec: tlcgen.Snappy, RowGroups: 1},
		{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Codec: tlcgen.Uncompressed, RowGroups: 1},
	} {
		o.Rows, o.Seed = 3000, uint64(i)
		all = append(all, base{name: fmt.Sprintf("%s_%s_%v.parquet", o.Codec, o.Taxi, o.Month), data: generated(t, o)})
	}
	all = append(all,
		base{name: "v2_2019-08.parquet", data: foreign(t, parquet.WithDataPageVersion(parquet.DataPageV2),
			parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDataPageSize(1024), parquet.WithBatchSize(256))},
		base{name: "delta_2019-08.parquet", data: foreign(t, parquet.WithDictionaryDefault(false),
			parquet.WithEncodingFor("PULocationID", parquet.Encodings.DeltaBinaryPacked),
			parquet.WithEncodingFor("DOLocationID", parquet.Encodings.DeltaLengthByteArray),
			parquet.WithEncodingFor("tpep_pickup_datetime", parquet.Encodings.DeltaBinaryPacked))})
	for i := range all {
		var err error
		if all[i].parsed, err = mutate.Parse(all[i].data); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, all[i].name)
		if err := os.WriteFile(path, all[i].data, 0o666); err != nil {
			t.Fatal(err)
		}
		runOnce(t, command{args: []string{"--input=" + path, "--output=out"}, dir: dir}).succeeds(t)
		all[i].want = treeOf(t, filepath.Join(dir, "out")).tableFiles()
	}
	return all
}

// foreign returns a file with other types than TLC's.
func foreign(t *testing.T, props ...parquet.WriterProperty) []byte {
	t.Helper()
	const rows = 3000
	words := func(format string, n int) string {
		var b strings.Builder
		for i := range rows {
			fmt.Fprintf(&b, format+" ", i*7919%n)
		}
		return b.String()
	}
	path := write(t, filepath.Join(t.TempDir(), "x.parquet"), []column{
		{"tpep_pickup_datetime", of(t, wallMicros, words("2019-08-01T10:%02d:00", 60))},
		{"tpep_dropoff_datetime", of(t, wallMicros, words("2019-08-01T11:%02d:00", 60))},
		{"PULocationID", of(t, ints, words("%d", 265))},
		{"DOLocationID", of(t, arrow.BinaryTypes.String, words("%d", 265))},
		{"trip_distance", of(t, doubles, words("%d.25", 40))},
		{"passenger_count", of(t, arrow.PrimitiveTypes.Int32, words("%d", 6))},
	}, props...)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// outcome is the result of a run with one mutation.
type outcome struct {
	seed    uint64
	kind    string
	bad     string // what went wrong, "" if nothing did
	read    bool   // exit 0
	same    bool   // with the tables of the undamaged file
	rss     int64
	seconds float64
}

// TestDamagedFilesAreReadOrRefused checks what must hold for any file: exit code 0 or 3, one line, no stack trace, bounded memory and
// time, and either a complete output or none. It runs one mutation in 33, with TRIPSTATS_SOAK=1 all.
func TestDamagedFilesAreReadOrRefused(t *testing.T) {
	all := bases(t)
	var seeds []uint64
	switch {
	case *mutationSeed >= 0:
		seeds = []uint64{uint64(*mutationSeed)}
	case soaking():
		for seed := range uint64(allMutations) {
			seeds = append(seeds, seed)
		}
	default:
		for seed := uint64(0); seed < allMutations; seed += 33 {
			seeds = append(seeds, seed)
		}
	}
	path := program(t)
	lowerOwnPeak()
	queue := make(chan uint64)
	outcomes := make(chan outcome)
	var workers sync.WaitGroup
	for range min(2, runtime.GOMAXPROCS(0)) {
		dir := t.TempDir()
		workers.Go(func() {
			for seed := range queue {
				o := mutation(path, dir, all, seed)
				if o.bad != "" {
					t.Errorf("%s\nagain: go test ./pipeline -run %s -mutation.seed %d", o.bad, t.Name(), seed)
				}
				outcomes <- o
			}
		})
	}
	go func() {
		for _, seed := range seeds {
			queue <- seed
		}
		close(queue)
		workers.Wait()
		close(outcomes)
	}()
	var done []outcome
	for o := range outcomes {
		done = append(done, o)
	}
	t.Log("\n" + totals(done))
}

// mutation runs the program with one mutation in a folder of its own, and removes the folder.
func mutation(program, dir string, all []base, seed uint64) (o outcome) {
	n := uint64(len(all))
	from, other := all[seed/14%n], all[(seed/14+1+seed%(n-1))%n]
	damaged, kind := mutate.Mutate(from.parsed, other.parsed, seed)
	runner := runnerNames[seed/14/n%2]
	o = outcome{seed: seed, kind: kind}
	name := fmt.Sprintf("seed%d_%s", seed, from.name)
	fail := func(format string, args ...any) outcome {
		o.bad = fmt.Sprintf("seed %d, %s of %s, %s: ", seed, kind, from.name, runner) + fmt.Sprintf(format, args...)
		return o
	}
	input, output, temp := filepath.Join(dir, name), filepath.Join(dir, "out"), filepath.Join(dir, "temp")
	if *mutationSeed >= 0 {
		input = filepath.Join(os.TempDir(), name)
	} else {
		defer os.Remove(input) //nolint:errcheck // the folder goes with the test
	}
	defer os.RemoveAll(output) //nolint:errcheck // likewise
	defer os.RemoveAll(temp)   //nolint:errcheck // likewise
	if err := os.Mkdir(temp, 0o777); err != nil {
		return fail("%v", err)
	}
	if err := os.WriteFile(input, damaged, 0o666); err != nil {
		return fail("%v", err)
	}
	r, err := command{args: []string{"--input=" + input, "--output=" + output, "--runner=" + runner}, dir: dir, limit: mostTime}.run(program, temp)
	if err != nil {
		return fail("%v", err)
	}
	o.read, o.rss, o.seconds = r.code == 0, r.maxRSS, r.elapsed.Seconds()
	problem := r.problem()
	switch {
	case r.timedOut:
		problem = fmt.Sprintf("ran longer than %v", mostTime)
	case problem != "":
	case r.code != 0 && r.code != 3:
		problem = fmt.Sprintf("found exit code %d, expected 0 or 3", r.code)
	case r.maxRSS > mostMemory:
		problem = fmt.Sprintf("took %d MiB of memory, at most %d are allowed", r.maxRSS>>20, mostMemory>>20)
	case r.code == 3 && (len(r.lines()) != 1 || !strings.Contains(r.stderr, name)):
		problem = "the one line does not name the file"
	}
	if problem != "" {
		return fail("%s (%d MiB, %.1f s)\nexit code: %d\nstderr: %s", problem, r.maxRSS>>20, o.seconds, r.code, r.stderr)
	}
	if *mutationSeed >= 0 {
		fmt.Printf("%s\nexit code: %d\nstderr: %s", input, r.code, r.stderr)
	}
	if o.read {
		tables, err := hashes(output)
		if err != nil {
			return fail("%v", err)
		}
		o.same = maps.Equal(tables, from.want)
		return o
	}
	if _, err := os.Stat(output); err == nil {
		return fail("refused, but wrote an output folder")
	}
	return o
}

// hashes returns the SHA-256 of both tables.
func hashes(output string) (tree, error) {
	found := tree{}
	for _, name := range []string{"trip_stats/trip_stats.parquet", "location_stats/location_stats.parquet"} {
		b, err := os.ReadFile(filepath.Join(output, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		found[name] = hexSHA256(b)
	}
	return found, nil
}

// totals returns a table of the outcomes, by kind of mutation.
func totals(done []outcome) string {
	byKind := map[string][]outcome{}
	for _, o := range done {
		byKind[o.kind] = append(byKind[o.kind], o)
		byKind["~all"] = append(byKind["~all"], o)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %6s %8s %12s %8s %6s %8s %8s\n", "kind", "runs", "refused", "read, same", "read", "bad", "MiB", "seconds")
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		var refused, same, read, bad int
		for _, o := range byKind[kind] {
			switch {
			case o.bad != "":
				bad++
			case !o.read:
				refused++
			case o.same:
				same++
			default:
				read++
			}
		}
		most := slices.MaxFunc(byKind[kind], func(a, b outcome) int { return cmp.Compare(a.rss, b.rss) })
		slowest := slices.MaxFunc(byKind[kind], func(a, b outcome) int { return cmp.Compare(a.seconds, b.seconds) })
		fmt.Fprintf(&b, "%-24s %6d %8d %12d %8d %6d %8d %8.2f\n", strings.TrimPrefix(kind, "~"), len(byKind[kind]), refused, same, read, bad, most.rss>>20, slowest.seconds)
	}
	b.WriteString("read, same: the tables are those of the undamaged file; read: they are others, as parquet pages have no checksums\n")
	return b.String()
}

// lowerOwnPeak resets the peak memory of this process. On Linux the peak of a process starts with that of its parent.
func lowerOwnPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // not there, or not allowed: then the peak is what it is
}
