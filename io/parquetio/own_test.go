package parquetio

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"tripstats/io/objstore"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/element"
)

// sameByBothDecoders reads every column that can be read of a file with our decoder and with arrow-go's alone. It
// returns how many column chunks ours left to arrow-go's.
func sameByBothDecoders(t *testing.T, path string) int64 {
	t.Helper()
	objects, err := objstore.Match(t.Context(), []string{path})
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadFooter(t.Context(), Files(objects, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	f.RowGroupBytes = make([]int64, len(f.RowGroupRows))
	for i, c := range f.Columns {
		if c.Kind != element.Unsupported {
			f.Projection = append(f.Projection, i)
		}
	}
	before := gaveUp.Load()
	var batches [2][]string
	for i, library := range []bool{false, true} {
		fn := &readFn{Config: Config{Library: library}}
		rt := fn.CreateTracker(offsetrange.Restriction{Start: 0, End: int64(len(f.RowGroupRows))})
		if err := fn.ProcessElement(context.Background(), rt, f, func(c element.Columns) {
			text, err := c.Record.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			batches[i] = append(batches[i], string(text))
		}); err != nil {
			t.Fatalf("library=%v: %v", library, err)
		}
	}
	for i := range batches[1] {
		if i >= len(batches[0]) || batches[0][i] != batches[1][i] {
			t.Fatalf("%s: batch %d differs from what arrow-go reads", path, i)
		}
	}
	return gaveUp.Load() - before
}

func TestFilesLikeTLCsAreReadAsArrowReadsThemAndWithoutIt(t *testing.T) {
	for _, o := range []tlcgen.Options{
		{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2009, Month: 3}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2014, Month: 5}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2019, Month: 8}, RowGroups: 3},
		{Taxi: tlcgen.Green, Month: tlcgen.Month{Year: 2022, Month: 1}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2023, Month: 5}},
		{Taxi: tlcgen.Yellow, Month: tlcgen.Month{Year: 2025, Month: 2}, Codec: tlcgen.Snappy},
		{Taxi: tlcgen.Green, Month: tlcgen.Month{Year: 2026, Month: 7}, Codec: tlcgen.Uncompressed},
	} {
		o.Rows = 40_000
		path := filepath.Join(t.TempDir(), "t_"+o.Month.String()+".parquet")
		if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
			t.Fatal(err)
		}
		if n := sameByBothDecoders(t, path); n != 0 {
			t.Errorf("%s %v: %d column chunks were left to arrow-go", o.Taxi, o.Month, n)
		}
	}
}

func TestRealFilesAreReadAsArrowReadsThemAndWithoutIt(t *testing.T) {
	root := os.Getenv("TRIPSTATS_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the real files are not at %s (TRIPSTATS_DATA)", root)
	}
	files := 0
	if err := filepath.WalkDir(filepath.Join(root, "raw_data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		files++
		if n := sameByBothDecoders(t, path); n != 0 {
			t.Errorf("%s: %d column chunks were left to arrow-go", d.Name(), n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("no files in raw_data")
	}
}
