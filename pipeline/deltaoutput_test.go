package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/delta"
	"tripstats/testdata/tlcgen"
)

// filesLog is the log of a table among files, by path.
type filesLog struct {
	files  map[string][]byte
	folder string // of the table
}

func (l filesLog) Entries(context.Context) (entries []delta.Entry, err error) {
	for path, content := range l.files {
		if name, ok := strings.CutPrefix(path, l.folder+"/"+delta.Folder+"/"); ok {
			entries = append(entries, delta.Entry{Name: name, Size: int64(len(content))})
		}
	}
	return entries, nil
}

func (l filesLog) Read(_ context.Context, e delta.Entry) ([]byte, error) {
	return l.files[l.folder+"/"+delta.Folder+"/"+e.Name], nil
}

// filesBelow returns the files of a folder, by path.
func filesBelow(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for path := range treeOf(t, dir) {
		content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		files[path] = content
	}
	return files
}

// TestDeltaTablesAreWrittenToEveryStore: an output grows by a month, in a folder and in each store, with every runner. In each the log has
// both versions, and the latest is a file with the bytes of the parquet output.
func TestDeltaTablesAreWrittenToEveryStore(t *testing.T) {
	dir := t.TempDir()
	generate(t, dir, month(tlcgen.Yellow, 2019, 8, 4_000))
	second := generate(t, dir, month(tlcgen.Yellow, 2019, 9, 3_000))
	runOnce(t, command{args: []string{"--input=*.parquet", "--output=plain"}, dir: dir}).succeeds(t)
	plain := filesBelow(t, filepath.Join(dir, "plain"))
	check := func(name string, files map[string][]byte, out string) {
		t.Helper()
		for _, table := range []string{"trip_stats", "location_stats", "quality"} {
			h, err := delta.HeadOf(t.Context(), filesLog{files, out + table})
			if err != nil || h.Version != 1 || len(h.Files()) != 1 {
				t.Fatalf("%s: %s: found version %d with %v, %v", name, table, h.Version, h.Files(), err)
			}
			want := plain[fmt.Sprintf("%s/%s.parquet", table, table)]
			if got := files[out+table+"/"+h.Files()[0].Path]; len(want) == 0 || string(got) != string(want) {
				t.Errorf("%s: %s: found a file of %d bytes, expected another of %d bytes", name, table, len(got), len(want))
			}
			data := 0
			for path := range files {
				if strings.HasPrefix(path, out+table+"/") && strings.HasSuffix(path, ".parquet") {
					data++
				}
			}
			if data != 2 {
				t.Errorf("%s: %s: found %d data files, expected those of 2 versions", name, table, data)
			}
		}
	}
	grow := func(out string, env []string, runner string) {
		t.Helper()
		first := strings.Replace(filepath.Base(second), "2019-09", "2019-08", 1)
		for _, input := range []string{first, "*.parquet"} {
			runOnce(t, command{args: []string{"--input=" + input, "--output=" + out, "--format=delta", "--runner=" + runner}, dir: dir, env: env}).succeeds(t)
		}
	}
	for _, runner := range runnerNames {
		out := filepath.Join(dir, runner)
		grow(out, nil, runner)
		check(runner, filesBelow(t, out), "")
	}
	for name, start := range map[string]func(*testing.T) bucket{"gs": gcs, "s3": s3, "az": azure} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			grow(b.base+"/out", b.env, runnerNames[0])
			files, err := b.all()
			if err != nil {
				t.Fatal(err)
			}
			check(name, files, "out/")
		})
	}
}
