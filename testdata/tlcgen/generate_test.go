package tlcgen

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tripstats/testdata"
)

// TestSample fails when testdata/sample is not what the generator makes.
// Rewrite it with: go run ./testdata/gen --sample
func TestSample(t *testing.T) {
	entries, err := fs.ReadDir(testdata.Sample, "sample")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	total := 0
	for _, o := range Sample() {
		name := FileName(o.Taxi, o.Month)
		names = append(names, name)
		want, _ := makeFile(t, o)
		got, err := fs.ReadFile(testdata.Sample, "sample/"+name)
		if err != nil {
			t.Error(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: go run ./testdata/gen --sample", name)
		}
		total += len(got)
	}
	slices.Sort(names)
	if len(entries) != len(names) {
		t.Errorf("%d files in the sample, expected %v", len(entries), names)
	}
	if total > 2<<20 {
		t.Errorf("the sample has %d bytes, more than 2 MiB", total)
	}
}

// TestSampleHasAllDirt checks that the sample has each fault of real files.
func TestSampleHasAllDirt(t *testing.T) {
	var d Dirt
	for _, o := range Sample() {
		_, truth := makeFile(t, o)
		d.AdjacentMonth += truth.Dirt.AdjacentMonth
		d.FarMonth += truth.Dirt.FarMonth
		d.DropoffBeforePickup += truth.Dirt.DropoffBeforePickup
		d.ZeroDuration += truth.Dirt.ZeroDuration
		d.DayLong += truth.Dirt.DayLong
		d.FarDistance += truth.Dirt.FarDistance
		d.RefundPairs += truth.Dirt.RefundPairs
		d.ClockChange += truth.Dirt.ClockChange
		d.NullPassengers += truth.Dirt.NullPassengers
	}
	for _, n := range [...]int64{
		d.AdjacentMonth, d.FarMonth, d.DropoffBeforePickup, d.ZeroDuration,
		d.DayLong, d.FarDistance, d.RefundPairs, d.ClockChange, d.NullPassengers,
	} {
		if n == 0 {
			t.Errorf("a kind of dirt is missing in the sample: %+v", d)
		}
	}
}

func TestGenerate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	tree := Tree{Dir: dir, Files: []Options{
		{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 500},
		{Taxi: Green, Month: YearMonth{2014, 3}, Rows: 300},
		{Taxi: Yellow, Month: YearMonth{2015, 1}, Rows: 0},
	}}
	done := 0
	tree.Done = func(FileTruth) { done++ }
	truth, err := Generate(context.Background(), tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"yellow/2014/yellow_tripdata_2014-03.parquet",
		"green/2014/green_tripdata_2014-03.parquet",
		"yellow/2015/yellow_tripdata_2015-01.parquet",
	}
	for i, f := range truth.Files {
		if f.Path != want[i] {
			t.Errorf("file %d is %s, expected %s", i, f.Path, want[i])
		}
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil {
			t.Error(err)
		}
		// A month depends only on its own options.
		if alone, _ := makeFile(t, tree.Files[i]); !bytes.Equal(got, alone) {
			t.Errorf("%s is not what Write makes", f.Path)
		}
	}
	if files := list(t, dir); len(files) != 3 || done != 3 {
		t.Errorf("%d calls of Done, files %v", done, files)
	}
}

// TestGenerateFails checks that a failure leaves no partial files.
func TestGenerateFails(t *testing.T) {
	dir := t.TempDir()
	file := Options{Taxi: Yellow, Month: YearMonth{2014, 3}, Rows: 500}
	bad := file
	bad.Month = YearMonth{2008, 12}
	if _, err := Generate(context.Background(), Tree{Dir: dir, Files: []Options{file, bad}}); err == nil {
		t.Error("no error for a month that cannot be made")
	}
	if _, err := Generate(context.Background(), Tree{Dir: dir, Files: []Options{file, file}}); err == nil {
		t.Error("no error for a month that is asked for twice")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Generate(ctx, Tree{Dir: dir, Files: []Options{file}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after cancelling", err)
	}
	if files := list(t, dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}

	// A folder with the file's name makes the rename fail.
	name := FileName(file.Taxi, file.Month)
	if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteFile(context.Background(), filepath.Join(dir, name), file); err == nil {
		t.Error("no error for a folder in the file's place")
	}
	if files := list(t, dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

// list returns the files below dir.
func list(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
