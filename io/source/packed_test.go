package source

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"tripstats/io/objstore"
)

// TestTextsPackedAndNotAreFound writes files and says which of them have the same text, one of them packed. A file is written as its name
// and a letter for its text.
func TestTextsPackedAndNotAreFound(t *testing.T) {
	const beginning, other = "a,b\n1,2\n", "a,b\n1,3\n"
	long := beginning + strings.Repeat("3,4\n", endBytes)
	texts := map[string]string{"x": beginning, "y": other, "h": "a,b\n", "l": long, "m": long + "5,6\n"}
	for name, c := range map[string]struct{ files, want string }{
		"the same text":                   {"a.csv=x a.csv.gz=x", "a.csv a.csv.gz"},
		"in two folders":                  {"d/a.csv=x e/a.csv.gz=x", ""},
		"under two names":                 {"a.csv=x b.csv.gz=x", ""},
		"other text":                      {"a.csv=x a.csv.gz=y", ""},
		"a header alone":                  {"a.csv=h a.csv.gz=x", ""},
		"more text under the old name":    {"a.csv=m a.csv.gz=l", "a.csv a.csv.gz"},
		"with a month":                    {"a_2024-01.csv=x a_2024-01.csv.gz=x", "a_2024-01.csv a_2024-01.csv.gz"},
		"without content":                 {"a.csv= a.csv.gz=x", ""},
		"packed, under a name without gz": {"a.csv=x.gz a.csv.gz=x", ""},
		"a name with gz, not packed":      {"a.csv=x a.csv.gz=x.plain", ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, f := range strings.Fields(c.files) {
				path, letter, _ := strings.Cut(f, "=")
				letter, form, _ := strings.Cut(letter, ".")
				content := []byte(texts[letter])
				if form == "gz" || form == "" && strings.HasSuffix(path, ".gz") {
					content = gzipped(t, content)
				}
				full := filepath.Join(root, path)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			objects, err := objstore.Access{}.Match(t.Context(), []string{root + "/**"})
			if err != nil {
				t.Fatal(err)
			}
			files := Files(objects)
			if err := FindPacked(t.Context(), objstore.Access{}, files); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range files {
				if f.Text != "" {
					found = append(found, f.Source)
				}
			}
			slices.Sort(found)
			if strings.Join(found, " ") != c.want {
				t.Errorf("found %q with one text, expected %q", found, c.want)
			}
		})
	}
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
