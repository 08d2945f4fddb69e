package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/delta"
	"tripstats/testdata/tlcgen"
)

// logOf is the commits of a table's log, by their path in the table.
func logOf(t *testing.T, partitions []string, commits ...[]delta.Action) map[string][]byte {
	t.Helper()
	schema := `{"type":"struct","fields":[{"name":"year","type":"integer"},{"name":"month","type":"integer"},{"name":"depot","type":"string"}]}`
	first := []delta.Action{
		{Protocol: &delta.Protocol{MinReaderVersion: 1, MinWriterVersion: 2}},
		{Metadata: &delta.Metadata{ID: "1", Format: delta.Provider{Provider: "parquet"}, SchemaString: schema, PartitionColumns: partitions}},
	}
	files := map[string][]byte{}
	for v, actions := range commits {
		var content []byte
		for _, a := range append(first, actions...) {
			line, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			content = append(append(content, line...), '\n')
		}
		first = nil
		files[fmt.Sprintf("%s/%020d.json", delta.Folder, v)] = content
	}
	return files
}

func adds(path string, values map[string]string) delta.Action {
	add := delta.Add{Path: path, PartitionValues: map[string]*string{}}
	for k, v := range values {
		add.PartitionValues[k] = &v
	}
	return delta.Action{Add: &add}
}

func removes(path string) delta.Action { return delta.Action{Remove: &delta.Remove{Path: path}} }

// put writes files below a folder.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for path, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryStoreReadsFoldersAndTables reads a folder with a plain file and a partitioned Delta table that was overwritten: the same from
// a folder and from each store, with every runner.
func TestEveryStoreReadsFoldersAndTables(t *testing.T) {
	dir := t.TempDir()
	read := func(o tlcgen.Options) []byte {
		content, err := os.ReadFile(generate(t, filepath.Join(dir, "raw"), o))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	august, september, old := read(month(tlcgen.Yellow, 2019, 8, 4_000)), read(month(tlcgen.Yellow, 2019, 9, 3_000)), read(month(tlcgen.Yellow, 2019, 7, 2_000))
	values := func(m string) map[string]string {
		return map[string]string{"year": "2019", "month": m, "depot": "a/b c"}
	}
	folder := func(m string) string { return "year=2019/month=" + m + "/depot=a%2Fb c/" }
	files := map[string][]byte{
		"green_tripdata_2023-05.parquet": read(month(tlcgen.Green, 2023, 5, 1_000)), "notes.txt": []byte("of nothing"), "_hidden.parquet": old,
		"t/" + folder("8") + "part-0.parquet": august, "t/" + folder("9") + "part-1.parquet": september, "t/" + folder("7") + "part-2.parquet": old,
	}
	escaped := func(path string) string { return (&url.URL{Path: path}).EscapedPath() }
	for path, content := range logOf(
		t, []string{"year", "month", "depot"},
		[]delta.Action{adds(escaped(folder("7")+"part-2.parquet"), values("7")), adds(escaped(folder("8")+"part-0.parquet"), values("8"))},
		[]delta.Action{removes(escaped(folder("7") + "part-2.parquet")), adds(escaped(folder("9")+"part-1.parquet"), values("9"))},
	) {
		files["t/"+path] = content
	}
	put(t, filepath.Join(dir, "lake"), files)
	runOnce(t, command{args: []string{"--input=lake", "--output=out"}, dir: dir}).succeeds(t)
	want := treeOf(t, filepath.Join(dir, "out")).tableFiles()
	r := runOnce(t, command{args: []string{"--input=lake", "--plan"}, dir: dir}).succeeds(t)
	for _, line := range []string{"t/year=2019/month=8 ", "t/year=2019/month=9 ", "(from year=2019/month=9)", "green_tripdata_2023-05.parquet ", "3 files, 0 left out"} {
		if !strings.Contains(r.stdout, line) || strings.Contains(r.stdout, "month=7") {
			t.Fatalf("found no %q in the plan:\n%s", line, r.stdout)
		}
	}

	same := func(t *testing.T, input string, env []string) {
		t.Helper()
		for _, runner := range runnerNames {
			out := t.TempDir()
			runOnce(t, command{args: []string{"--input=" + input, "--output=" + out, "--runner=" + runner}, dir: dir, env: env}).succeeds(t)
			if got := treeOf(t, out).tableFiles(); !maps.Equal(got, want) {
				t.Errorf("%s, %s: found %v, expected %v", input, runner, got, want)
			}
		}
	}
	same(t, "lake/**/*.parquet", nil)
	for name, start := range map[string]func(*testing.T) bucket{"gs": gcs, "s3": s3, "az": azure} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			for path, content := range files {
				if err := b.put("lake/"+path, content); err != nil {
					t.Fatal(err)
				}
			}
			same(t, b.base+"/lake", b.env)
			same(t, b.base+"/lake/**/*.parquet", b.env)
			r := runOnce(t, command{args: []string{"--input=" + b.base + "/lake/t/year=2019/month=9", "--plan"}, dir: dir, env: b.env}).succeeds(t)
			if !strings.Contains(r.stdout, "t/year=2019/month=9 ") || !strings.Contains(r.stdout, "1 files, 0 left out") {
				t.Errorf("a partition of the table: found\n%s", r.stdout)
			}
		})
	}
}

// TestAbsolutePathsOfATable: the files of a table may be elsewhere, as in a clone of another table.
func TestAbsolutePathsOfATable(t *testing.T) {
	dir := t.TempDir()
	path := generate(t, filepath.Join(dir, "elsewhere"), month(tlcgen.Yellow, 2019, 8, 1_000))
	for form, address := range map[string]string{"path": path, "URL": "file://" + path} {
		table := filepath.Join(dir, "clone of a "+form)
		put(t, table, logOf(t, nil, []delta.Action{adds((&url.URL{Path: address}).EscapedPath(), nil)}))
		r := tripstats(t, "--input="+table, "--plan").succeeds(t)
		if !strings.Contains(r.stdout, "1 files, 0 left out") || !strings.Contains(r.stdout, " 1000 ") {
			t.Errorf("%s: found\n%s", form, r.stdout)
		}
	}
}

// TestTablesThatNeedMoreAreRefused gives the program tables of Delta Lake's own projects that it must not read: each is exit code 3, with
// what the table needs.
func TestTablesThatNeedMoreAreRefused(t *testing.T) {
	dir := filepath.Join(realData(t), "delta", "refuse")
	for table, words := range map[string]string{
		"deltalog-invalid-protocol-version":                              "reader version 99",
		"deltalog-state-reconstruction-from-checkpoint-missing-protocol": "no protocol",
		"deltalog-state-reconstruction-without-metadata":                 "no metadata",
		"dv-partitioned-with-checkpoint":                                 "deletion vectors",
		"dv-with-columnmapping":                                          "column mapping",
		"spark-variant-checkpoint":                                       "variantType-preview",
		"table-with-columnmapping-mode-id":                               "column mapping (mode id)",
		"type-widening":                                                  "typeWidening-preview",
		"v2-checkpoint-json":                                             "v2Checkpoint",
		"v2-checkpoint-parquet":                                          "v2Checkpoint",
		"versions-not-contiguous":                                        "found no 00000000000000000001.json",
	} {
		for _, input := range []string{filepath.Join(dir, table), filepath.Join(dir, table[:len(table)-1]+"?")} {
			tripstats(t, "--input="+input, "--plan").fails(t, 3, table+": a Delta table that cannot be read: ", words)
		}
	}
}
