package source

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/io/objstore"
)

// TestCopiesAreFound writes files of one size and says which of them are copies. A file is written as its name and a letter for its
// content. Long files differ only before their last bytes.
func TestCopiesAreFound(t *testing.T) {
	for name, c := range map[string]struct{ files, want string }{
		"two copies":                         {"a.parquet=x b.parquet=y c/d.parquet=x", "a.parquet c/d.parquet"},
		"none":                               {"a.parquet=x b.parquet=y", ""},
		"one with a month":                   {"a_2024-01.parquet=x b.parquet=x", "a_2024-01.parquet b.parquet"},
		"two with months":                    {"a_2024-01.parquet=x a_2024-02.parquet=x", ""},
		"in one folder of a month":           {"year=2024/month=01/a.parquet=x year=2024/month=01/b.parquet=x year=2024/month=02/b.parquet=x", "year=2024/month=01/a.parquet year=2024/month=01/b.parquet"},
		"long, alike at their ends alone":    {"a.csv=X b.csv=Y", ""},
		"long, the same":                     {"a.csv=X b.csv=Y c.csv.gz=X", "a.csv c.csv.gz"},
		"parts of a dataset":                 {"d.parquet/a=x d.parquet/b=x", "d.parquet/a d.parquet/b"},
		"parts of a dataset with a month":    {"d_2024-01.parquet/a=x d_2024-01.parquet/b=x d_2024-02.parquet/a=x", "d_2024-01.parquet/a d_2024-01.parquet/b"},
		"of a dataset with a month, without": {"d_2024-01.parquet/a=x b.parquet=x", "b.parquet d_2024-01.parquet/a"},
		"files of one table":                 {"t/a.parquet=x t/b.parquet=x", ""},
		"of a table and beside it":           {"t/a.parquet=x b.parquet=x", "b.parquet t/a.parquet"},
		"of two tables":                      {"t/a.parquet=x u/b.parquet=x", "t/a.parquet u/b.parquet"},
		"without content":                    {"a.parquet= b.parquet=", ""},
		"with a month in another form, once": {"2024/02.parquet=x b.parquet=x", "2024/02.parquet b.parquet"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, f := range strings.Fields(c.files) {
				at := strings.LastIndex(f, "=")
				path, b := f[:at], []byte(f[at+1:])
				if string(b) == "X" || string(b) == "Y" {
					b = append(b, bytes.Repeat([]byte{'.'}, 2*endBytes)...)
				}
				full := filepath.Join(root, path)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			objects, err := objstore.Access{}.Match(t.Context(), []string{root + "/**"})
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range objects {
				if folder, _, below := strings.Cut(o.Name, "/"); below && len(folder) == 1 && folder != "c" {
					objects[i].Table = folder
				}
			}
			files := Files(objects)
			if err := FindCopies(t.Context(), objstore.Access{}, objects, files); err != nil {
				t.Fatal(err)
			}
			var found []string
			digests := map[string]bool{}
			for _, f := range files {
				if f.Digest != "" {
					found = append(found, f.Source)
					digests[f.Digest] = true
				}
			}
			slices.Sort(found)
			if strings.Join(found, " ") != c.want || len(digests) > 1 {
				t.Errorf("found copies %q with %d digests, expected %q", found, len(digests), c.want)
			}
		})
	}
}

// TestFewFilesAreReadToFindCopies protects large inputs: a file is read only if another one has its size and end.
func TestFewFilesAreReadToFindCopies(t *testing.T) {
	root := t.TempDir()
	for i := range 20 {
		content := bytes.Repeat([]byte{byte(i)}, 3*endBytes+i/2)
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("%d.parquet", i)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := objstore.Access{}.Match(t.Context(), []string{root + "/*"})
	if err != nil {
		t.Fatal(err)
	}
	before := objstore.BytesRead()
	if err := FindCopies(t.Context(), objstore.Access{}, objects, Files(objects)); err != nil {
		t.Fatal(err)
	}
	if read := objstore.BytesRead() - before; read > 20*endBytes {
		t.Errorf("read %d bytes, expected the ends of 20 files, %d bytes", read, 20*endBytes)
	}
}
