package main

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/quality"
)

// TestTablesAreTheGeneratorsTruth runs the pipeline with files of every era and both taxis, with one and several row groups and with
// nulls, and compares every cell with the generator's truth.
func TestTablesAreTheGeneratorsTruth(t *testing.T) {
	dir := t.TempDir()
	var files []tlcgen.Options
	for i, m := range []tlcgen.YearMonth{{Year: 2009, Month: 1}, {Year: 2010, Month: 2}, {Year: 2011, Month: 1}, {Year: 2018, Month: 6}, {Year: 2018, Month: 7}, {Year: 2023, Month: 1}, {Year: 2023, Month: 2}, {Year: 2025, Month: 1}, {Year: 2026, Month: 6}} {
		for _, taxi := range []tlcgen.Taxi{tlcgen.Yellow, tlcgen.Green} {
			if taxi == tlcgen.Green && m.Year < 2013 { // green taxis began in 2013
				continue
			}
			o := tlcgen.Options{
				Taxi: taxi, Month: m, Rows: int64(20_000 + 977*i), Seed: 11, RowGroups: 1 + i%3,
				Plant: tlcgen.Plant{NullPickup: 5, NullDropoff: 4, NullPickupZone: 3, NullDropoffZone: 2},
			}
			files = append(files, o)
		}
	}
	for _, o := range []tlcgen.Options{ // as published before TLC replaced coordinates by zones
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2013, Month: 5}, Coordinates: true, StringTimes: true, OldNames: true},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2016, Month: 2}, Coordinates: true, StringTimes: true},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2016, Month: 3}, Coordinates: true},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2014, Month: 11}, Coordinates: true, StringTimes: true},
	} {
		o.Rows, o.Seed = 10_000, 12
		files = append(files, o)
	}
	truth, err := tlcgen.Generate(context.Background(), tlcgen.Tree{Dir: dir, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	wantMonthly, wantLocation := tablesOf(t, truth)
	for _, name := range inProcess() {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			publishInto(t, name, filepath.Join(dir, "**", "*.parquet"), out)
			compare(t, "trip_stats", readTable(t, out, "trip_stats"), wantMonthly)
			compare(t, "location_stats", readTable(t, out, "location_stats"), wantLocation)
		})
	}
}

// configOf returns the configuration of publishing for raw or standard, with the defaults of all flags.
func configOf(mode string, rules quality.Config) publish.Config {
	s := new(settings)
	s.parsedFrom(s.flagSet(mainFlags))
	s.quality, s.parsed.maxRejected = mode, -1
	return s.publishConfig(rules, aggregate.Tables(s.standard()))
}

// publishInto runs the pipeline in this process.
func publishInto(t *testing.T, runner, pattern, out string) {
	t.Helper()
	r, err := runners.Find(runner)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := objstore.Access{}.Match(t.Context(), []string{pattern})
	if err != nil {
		t.Fatal(err)
	}
	cfg := configOf("raw", quality.Config{})
	cfg.Output = out
	p, s := beam.NewPipelineWithRoot()
	build(s, plan{files: source.Files(objects, r.Branches()), branches: r.Branches(), trips: tripOptions("", false, aggregate.Tables(false)), tables: aggregate.Tables(false), publish: cfg})
	if _, err := r.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// readTable returns the rows of a published table as text, numbers in full precision.
func readTable(t *testing.T, out, name string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(out, name, name+".parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	table, err := pqarrow.ReadTable(t.Context(), f, parquet.NewReaderProperties(nil), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]string, table.NumRows())
	for c := range int(table.NumCols()) {
		row := 0
		for _, chunk := range table.Column(c).Data().Chunks() {
			for i := range chunk.Len() {
				rows[row] += " " + valueOf(chunk, i)
				row++
			}
		}
	}
	return rows
}

func valueOf(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "-"
	}
	return a.ValueStr(i)
}

// tablesOf makes the rows of both tables from the truth about files of one taxi and month each. A month may be in several files,
// because of stray pickups, so sums are added up.
func tablesOf(t *testing.T, truth tlcgen.Truth) (monthly, location []string) {
	t.Helper()
	type key struct{ taxi, month string }
	type sums struct {
		trips int64
		of    [5]struct {
			count int64
			sum   *big.Int
		}
	}
	type zoneKey struct {
		key
		zone int64 // a null zone sorts last
	}
	const nullZone = 1 << 40
	months := map[key]*sums{}
	zones := map[zoneKey]*[2]int64{}
	for _, f := range truth.Files {
		for _, m := range f.Months {
			k := key{string(f.Taxi), "~"} // sorts last
			if m.Month != nil {
				k.month = *m.Month
			}
			if months[k] == nil {
				months[k] = &sums{}
				for i := range months[k].of {
					months[k].of[i].sum = new(big.Int)
				}
			}
			months[k].trips += m.TripCount
			for i, s := range []tlcgen.Sum{m.Passengers, m.Distance, m.Duration, m.Amount, m.Tip} {
				months[k].of[i].count += s.Count
				months[k].of[i].sum.Add(months[k].of[i].sum, big.NewInt(s.Sum))
			}
			for _, z := range m.Zones {
				zk := zoneKey{k, nullZone}
				if z.Zone != nil {
					zk.zone = int64(*z.Zone)
				}
				if zones[zk] == nil {
					zones[zk] = new([2]int64)
				}
				zones[zk][0] += z.Pickups
				zones[zk][1] += z.Dropoffs
			}
		}
	}
	keyText := func(k key) string {
		if k.month == "~" {
			return fmt.Sprintf(" %s - -", k.taxi)
		}
		return fmt.Sprintf(" %s %s %s", k.taxi, k.month[:4], k.month)
	}
	for _, k := range sortedBy(months, func(k key) string { return k.taxi + k.month }) {
		m := months[k]
		row := keyText(k) + fmt.Sprintf(" %d", m.trips)
		for i, s := range m.of {
			unit := int64(1_000_000)
			if i == 2 {
				unit = 60_000_000
			}
			if s.count == 0 {
				row += " -"
				continue
			}
			avg, _ := new(big.Rat).SetFrac(s.sum, new(big.Int).Mul(big.NewInt(s.count), big.NewInt(unit))).Float64()
			row += " " + strconv.FormatFloat(avg, 'g', -1, 64)
		}
		monthly = append(monthly, row)
	}
	for _, k := range sortedBy(zones, func(k zoneKey) string { return fmt.Sprintf("%s%s%020d", k.taxi, k.month, k.zone) }) {
		zone := strconv.FormatInt(k.zone, 10)
		if k.zone == nullZone {
			zone = "-"
		}
		location = append(location, fmt.Sprintf("%s %s %d %d", keyText(k.key), zone, zones[k][0], zones[k][1]))
	}
	return monthly, location
}

func compare(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(want) < 10 {
		t.Fatalf("%s: the truth has %d rows only: the test does not test", name, len(want))
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, expected %d", name, len(got), len(want))
	}
	wrong := 0
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			if wrong++; wrong <= 5 {
				t.Errorf("%s: row %d:\ngot  %s\nwant %s", name, i, got[i], want[i])
			}
		}
	}
	if strings.Count(strings.Join(want, ""), "-") == 0 {
		t.Errorf("%s: no nulls in the truth: the test does not test them", name)
	}
}
