package main_test

import (
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
)

// TestTablesAreTheGeneratorsTruth runs the program with files of every era and taxi, with one and several row groups and with
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
	for i, o := range []tlcgen.Options{ // for-hire vehicles, as parquet and as TLC's CSV files had them
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2019, Month: 2}},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2019, Month: 11}, OldNames: true, StringTimes: true},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2020, Month: 6}, OldNames: true},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2021, Month: 8}},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2023, Month: 2}, JobColumns: true},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.YearMonth{Year: 2025, Month: 2}},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2015, Month: 1}},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2016, Month: 12}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2017, Month: 6}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2017, Month: 12}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2018, Month: 3}},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2018, Month: 4}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2020, Month: 6}, OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.YearMonth{Year: 2024, Month: 1}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.YearMonth{Year: 2020, Month: 6}, OldNames: true},
		{Taxi: tlcgen.Green, Month: tlcgen.YearMonth{Year: 2020, Month: 6}, OldNames: true},
	} {
		o.Rows, o.Seed, o.RowGroups = int64(9_000+733*i), 13, 1+i%3
		o.Plant = tlcgen.Plant{NullPickup: 5, NullDropoff: 4, NullPickupZone: 3, NullDropoffZone: 2}
		files = append(files, o)
	}
	truth, err := tlcgen.Generate(t.Context(), tlcgen.Tree{Dir: dir, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	for _, runner := range runnerNames {
		out := t.TempDir()
		tripstats(t, "--quality=raw", "--input="+filepath.Join(dir, "**", "*.parquet"), "--output="+out, "--runner="+runner).succeeds(t)
		holdsTruth(t, out, truth.Files...)
	}
}
