//go:build unix

package main

import (
	"path/filepath"
	"testing"

	"tripstats/testdata/tlcgen"
)

// hired returns a pattern of files of for-hire vehicles in several of their forms.
func hired(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var files []tlcgen.Options
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.FHVHV, Month: tlcgen.MonthOf(2019, 11), OldNames: true},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.MonthOf(2021, 8), RowGroups: 3},
		{Taxi: tlcgen.FHVHV, Month: tlcgen.MonthOf(2025, 3)},
		{Taxi: tlcgen.FHV, Month: tlcgen.MonthOf(2016, 3), OldNames: true},
		{Taxi: tlcgen.FHV, Month: tlcgen.MonthOf(2018, 5)},
		{Taxi: tlcgen.FHV, Month: tlcgen.MonthOf(2024, 1)},
	} {
		o.Rows, o.Seed = 30_000, 4
		files = append(files, o)
	}
	if _, err := tlcgen.Generate(t.Context(), tlcgen.Tree{Dir: dir, Flat: true, Files: files}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "*.parquet")
}
