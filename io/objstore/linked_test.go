package objstore

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFilesBelowALinkedFolderAreThoseOfTheFolder matches files by paths with symbolic links and by their own paths. Each file must be found once, with
// its own address.
func TestFilesBelowALinkedFolderAreThoseOfTheFolder(t *testing.T) {
	root := tree(t, "real/a/x.parquet", "real/a/y.parquet", "real/b/z.parquet")
	for link, to := range map[string]string{"folder": "real", "other": filepath.Join(root, "folder", "a"), "real/b/file.parquet": filepath.Join("..", "a", "x.parquet")} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	want := map[string]bool{}
	for _, file := range []string{"a/x.parquet", "a/y.parquet", "b/z.parquet"} {
		address, err := canonical(filepath.Join(root, "real", file))
		if err != nil {
			t.Fatal(err)
		}
		want[address] = true
	}
	for _, patterns := range [][]string{{"folder/**/*.parquet"}, {"real/**/*.parquet"}, {"other/*", "real/b/*"}, {"folder/*/*", "real/*/*", "other/*"}, {"folder/b/*", "real/a/y.parquet"}} {
		for i, p := range patterns {
			patterns[i] = filepath.Join(root, p)
		}
		objects, err := Match(t.Context(), patterns)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if !want[o.URI] {
				t.Errorf("%v: found %s, expected one of %v", patterns, o.URI, want)
			}
		}
		if len(objects) != len(want) {
			t.Errorf("%v: found %d files, expected %d", patterns, len(objects), len(want))
		}
	}
}
