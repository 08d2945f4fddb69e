package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/element"
	"tripstats/transforms/quality"
)

// TestTheLedgerIsTheGeneratorsTruth plants rows for every rule in files of every era, and compares each line of the ledger with the
// generator's truth.
func TestTheLedgerIsTheGeneratorsTruth(t *testing.T) {
	dir := t.TempDir()
	var files []tlcgen.Options
	for i, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2009, Month: 3}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2010, Month: 11}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2015, Month: 3}, Coordinates: true, StringTimes: true},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2020, Month: 11}, RowGroups: 3},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2018, Month: 3}},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2024, Month: 11}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2025, Month: 3}, RowGroups: 2},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2025, Month: 6}, Rows: -1},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2012, Month: 5}, Format: tlcgen.CSV, Coordinates: true, OldNames: true, Text: tlcgen.Text{Quoted: tlcgen.QuoteSome, NotAvailable: true, StrayBlanks: 9}},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2020, Month: 3}, Format: tlcgen.CSVGzip, Text: tlcgen.Text{Lines: tlcgen.HeaderLF, BlankLines: 1, Index: true, TrailingCommas: 2}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2022, Month: 11}, StringTimes: true},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2019, Month: 3}},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2020, Month: 4}, OldNames: true},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2025, Month: 11}, RowGroups: 2},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2015, Month: 3}},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2016, Month: 11}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2017, Month: 5}},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2017, Month: 6}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2021, Month: 3}},
	} {
		o.Rows, o.Seed = max(0, o.Rows+int64(20_000+997*i)), 5
		o.Plant = tlcgen.Plant{
			NaN: 3, Inf: 2, NullPickup: 4, NullDropoff: 5, NegativeDistance: 6, Over200Miles: 7, TotalOver5000: 8, TipOver5000: 9,
			NegativeTip: 10, ZeroPassengers: 11, PassengersOver9: 12,
		}
		if o.Format != "" {
			o.Plant.NotNumber, o.Plant.Malformed = 19, 20
		}
		if o.Format != "" || o.StringTimes {
			o.Plant.PickupNotTime, o.Plant.DropoffNotTime = 21, 22
		}
		if o.Month.Month == 3 || o.Month.Month == 11 {
			o.Plant.ClockHour, o.Plant.ClockSpan = 13, 14
		}
		if !o.Coordinates && o.Month.Year > 2010 {
			o.Plant.NullPickupZone, o.Plant.NullDropoffZone, o.Plant.UnknownPickupZone, o.Plant.UnknownDropoffZone = 15, 16, 17, 18
		}
		files = append(files, o)
	}
	truth, err := tlcgen.Generate(context.Background(), tlcgen.Tree{Dir: dir, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	fired := map[string]bool{}
	want := []string{}
	for _, f := range truth.Files {
		want = append(want, ledgerOf(f, fired)...)
	}
	slices.Sort(want)
	fired["malformed"], fired["pickup_not_a_time"], fired["not_a_time"] = true, true, true // the generator writes no such text: scripts have it
	for _, r := range quality.Rules {
		if !fired[r.Name] {
			t.Errorf("no file has a row for %s: the test does not test it", r.Name)
		}
	}
	for _, name := range inProcess() {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			publishStandard(t, name, filepath.Join(dir, "**", "*_tripdata_*"), out)
			got := readTable(t, out, "quality")
			if !slices.Equal(got, want) {
				for _, l := range got {
					if !slices.Contains(want, l) {
						t.Errorf("found    %s", l)
					}
				}
				for _, l := range want {
					if !slices.Contains(got, l) {
						t.Errorf("expected %s", l)
					}
				}
				t.Error("the ledger differs, in lines or in their order")
			}
		})
	}
}

// ledgerOf returns the lines of the ledger about a file, and records which rules are in them.
func ledgerOf(f tlcgen.FileTruth, fired map[string]bool) []string {
	month := f.Month + "-01"
	rules := map[string]int64{
		"malformed": f.Malformed, "pickup_not_a_time": f.Dirt.PickupNotTime,
		"pickup_missing": f.Dirt.NullPickup, "pickup_adjacent_month": f.Dirt.AdjacentMonth, "pickup_stray": f.Dirt.FarMonth,
	}
	refused := int64(0)
	for _, n := range rules {
		refused += n
	}
	for _, m := range f.Months {
		if m.Month == nil || *m.Month != month {
			continue
		}
		d := m.Dirt
		maps.Copy(rules, map[string]int64{
			"not_a_time": d.DropoffNotTime, "dropoff_missing": d.NullDropoff, "dropoff_before_pickup": d.DropoffBeforePickup, "duration_zero": d.ZeroDuration,
			"duration_over": d.Over5Hours, "clock_change": d.ClockHour + d.ClockSpan,
			"distance_negative": d.NegativeDistance, "distance_over": d.Over200Miles,
			"amount_negative": d.NegativeTotal, "amount_over": d.TotalOver5000, "tip_negative": d.NegativeTip, "tip_over": d.TipOver5000,
			"passengers_zero": d.ZeroPassengers, "passengers_over": d.PassengersOver9, "not_a_number": d.NotFinite + d.NotNumber,
		})
		if f.Coordinates {
			rules["zone_missing"] = m.TripCount
		} else {
			rules["pickup_zone_missing"], rules["dropoff_zone_missing"] = d.NullPickupZone, d.NullDropoffZone
			rules["pickup_zone_unknown"], rules["dropoff_zone_unknown"] = d.UnknownPickupZone, d.UnknownDropoffZone
		}
	}
	if f.Taxi == tlcgen.FHV { // TLC asks for no zones, and did not ask for dropoffs before 2017-06
		delete(rules, "pickup_zone_missing")
		delete(rules, "dropoff_zone_missing")
		if f.Month < "2017-06" {
			delete(rules, "dropoff_missing")
		}
	}
	source := string(f.Path)
	line := func(rule, scope string, rows int64) string {
		return fmt.Sprintf(" %s %s %s %s %s %d", f.Taxi, source, month, rule, scope, rows)
	}
	read := f.Rows + f.Malformed
	lines := []string{line("rows_read", "file", read), line("rows_counted", "file", read-refused)}
	for name, rows := range rules {
		if rows > 0 {
			fired[name] = true
			lines = append(lines, line(name, string(scopeOf(name)), rows))
		}
	}
	return lines
}

func scopeOf(name string) quality.Scope {
	i := slices.IndexFunc(quality.Rules[:], func(r quality.Rule) bool { return r.Name == name })
	return quality.Rules[i].Scope
}

// publishStandard runs the pipeline with the rules, in this process.
func publishStandard(t *testing.T, runner, pattern, out string) {
	t.Helper()
	r, err := runners.Find(runner)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := objstore.Access{}.Match(t.Context(), []string{pattern})
	if err != nil {
		t.Fatal(err)
	}
	cfg := configOf("standard", quality.Config{})
	cfg.Output = out
	p, s := beam.NewPipelineWithRoot()
	build(s, plan{
		files: source.Files(objects), trips: tripOptions("", true, aggregate.Tables(true)),
		standard: true, tables: aggregate.Tables(true), quality: quality.Config{AsOf: element.NoMonth}, publish: cfg,
	})
	if _, err := r.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}
