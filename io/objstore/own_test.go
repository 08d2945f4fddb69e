package objstore

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
)

// ours are folders of a program: one whose sign is a file of some content, one whose sign is any file of a name.
var ours = []Own{
	{Sign: "_manifest.json", Holds: "tripstats/manifest/", Written: func(below string) bool {
		return below == "note.parquet" || path.Base(below) == path.Dir(below)+".parquet"
	}},
	{Sign: ".state/mark", Written: func(below string) bool { ok, _ := path.Match("rows/*/*", below); return ok }},
}

// TestWhatTheProgramWroteIsLeftOut matches below, above and in such folders, and folders that only look like them.
func TestWhatTheProgramWroteIsLeftOut(t *testing.T) {
	files := map[string]string{
		"out/t/t.parquet": "", "out/t/u.parquet": "", "out/note.parquet": "", "out/_manifest.json": "tripstats/manifest/1",
		"else/t/t.parquet": "", "else/note.parquet": "", "else/_manifest.json": "another program",
		"kept/rows/a/1.parquet": "", "kept/rows/2.parquet": "", "kept/.state/mark": "",
		"like/rows/a/1.parquet": "",
	}
	root, m := tree(t, slices.Collect(maps.Keys(files))...), useMem(t)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m.objects["mem://b/lake/"+name] = memObject{[]byte(text), "1"}
	}
	for _, c := range []struct{ pattern, want string }{
		{"**/*.parquet", "else/note.parquet else/t/t.parquet kept/rows/2.parquet like/rows/a/1.parquet out/t/u.parquet"},
		{"kept/**/*.parquet", "rows/2.parquet"},
		{"kept/rows/**/*.parquet", "2.parquet a/1.parquet"}, // who names the folder means it
		{"out/t/*.parquet", "t.parquet u.parquet"},
		{"out/*/*.parquet", "t/u.parquet"},
		{"[eo]*/*.parquet", "else/note.parquet"},
	} {
		for _, base := range []string{root, "mem://b/lake"} {
			if found := described(t, base+"/"+c.pattern); found != c.want {
				t.Errorf("%s/%s: found %q, expected %q", base, c.pattern, found, c.want)
			}
		}
	}
}
