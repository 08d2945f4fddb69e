package parquetio

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/objstore"
	"tripstats/transforms/element"
)

// TestNoGoodFileIsRefused reads, with both decoders, every readable column of all files of the real data that are not damaged on
// purpose. Neither decoder may call a file of another writer damaged.
func TestNoGoodFileIsRefused(t *testing.T) {
	root := os.Getenv("TRIPSTATS_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the real files are not at %s (TRIPSTATS_DATA)", root)
	}
	files := 0
	if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		if filepath.Base(filepath.Dir(path)) == "parquet-testing" && d.Name() != "ARROW-GH-43605.parquet" || filepath.Base(filepath.Dir(path)) == "broken" {
			return nil
		}
		files++
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f, err := ReadFooter(t.Context(), objstore.Access{}, Files([]objstore.Object{{URI: path, Name: name, Size: info.Size()}})[0])
		if err != nil {
			t.Errorf("%v", err)
			return nil
		}
		for i, c := range f.Columns {
			if c.Type != element.Unsupported {
				f.Projection = append(f.Projection, i)
			}
		}
		for _, cfg := range []Config{{}, {Codes: true}, {Library: true}} {
			rows := int64(0)
			err := Scan(t.Context(), f, cfg, func(c element.Columns) { rows += c.Record.NumRows() })
			if err != nil && strings.Contains(err.Error(), "damaged") || err == nil && rows != f.Rows {
				t.Errorf("%s: library=%v codes=%v: %d of %d rows, %v", name, cfg.Library, cfg.Codes, rows, f.Rows, err)
			} else if err != nil {
				t.Logf("%s: library=%v codes=%v: %v", name, cfg.Library, cfg.Codes, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Errorf("no files in %s", root)
	}
}
