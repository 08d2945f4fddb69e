package objstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inputs are folders with parquet files, and tables whose latest version is the files that the file LATEST of their log lists.
var inputs = Inputs{Endings: []string{".csv", ".csv.gz", ".parquet"}, Own: ours, Files: func(ctx context.Context, a Access, t Table) ([]TableFile, error) {
	content, err := a.ReadAll(ctx, Join(Join(t.URI, deltaLog), "LATEST"))
	if err != nil || strings.HasPrefix(string(content), "!") {
		return nil, errors.Join(errors.New(string(content)), err)
	}
	var files []TableFile
	for _, p := range strings.Fields(string(content)) {
		f := TableFile{Path: p, Values: []Value{{Name: "month", Text: "1"}}}
		if rest, found := strings.CutPrefix(p, "ABOVE/"); found {
			f = TableFile{Path: Join(t.URI[:strings.LastIndexByte(t.URI, '/')], rest), Absolute: true}
		}
		files = append(files, f)
	}
	return files, nil
}}

// asInputs are the matches of a pattern as words: see described.
func asInputs(t *testing.T, patterns ...string) string {
	t.Helper()
	return describedBy(t, func() ([]Object, error) { return Access{}.MatchInputs(t.Context(), patterns, inputs) })
}

func TestFoldersAndTablesAreInputs(t *testing.T) {
	files := map[string]string{"out/_manifest.json": `{"schema": "tripstats/manifest/1"}`}
	for _, p := range lake {
		if !strings.Contains(p, deltaLog) {
			files[p] = p
		}
	}
	for p, content := range map[string]string{
		"table/_delta_log/LATEST": "month=1/part-0.parquet part-2", "table/part-2": "", // part-1.parquet is old
		"deep/a/_delta_log/LATEST": "x.parquet", "deep/a/x.parquet": "", "deep/a/y.parquet": "", "deep/b.CSV": "", "deep/c.csv.gz": "", "deep/d.txt": "", "deep/_e.csv": "",
		"broken/_delta_log/LATEST": "!no protocol", "broken/x.parquet": "",
		"gone/_delta_log/LATEST": "x.parquet y.parquet", "gone/x.parquet": "",
		"clone/_delta_log/LATEST": "ABOVE/plain/plain.parquet x.parquet", "clone/x.parquet": "",
		"nothing/_delta_log/LATEST": "", "nothing/x.parquet": "",
		"lake/year=2024/month=01/x.parquet": "",
	} {
		files[p] = content
	}
	root, m := t.TempDir(), useMem(t)
	for p, content := range files {
		full := filepath.Join(root, filepath.FromSlash(p))
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
		m.objects["mem://b/lake/"+p] = memObject{[]byte(content), "1"}
	}
	for _, c := range []struct{ pattern, want string }{
		{"sub", "g_2014-01.parquet"},
		{"sub/", "g_2014-01.parquet"},
		{"plain", "plain.parquet"},
		{"deep", "a:month=1/x.parquet b.CSV c.csv.gz"},
		{"deep/**", "a:month=1/x.parquet b.CSV c.csv.gz d.txt"},
		{"deep/*", "a:month=1/x.parquet b.CSV c.csv.gz d.txt"},
		{"deep/*/*.parquet", "a:month=1/x.parquet"},
		{"d*/a", "deep/a:month=1/x.parquet"},
		{"y_2014-01.parquet", "y_2014-01.parquet:day=1/part-1= y_2014-01.parquet:part-0.parquet="}, // whatever the endings of its parts
		{"out/trip_stats", "trip_stats.parquet"},

		{"table", "table:month=1/part-0.parquet= table:month=1/part-2="},
		{"table/**", "table:month=1/part-0.parquet table:month=1/part-2"},
		{"table/*", "table:month=1/part-2"},
		{"table/**/*.parquet", "table:month=1/part-0.parquet"}, // not part-2, which the pattern does not match, and not part-1, which is old
		{"table/month=*/*.parquet", "table:month=1/part-0.parquet"},
		{"table/month=1/*.parquet", "table:month=1/part-0.parquet"},
		{"table/month=1", "table:month=1/part-0.parquet"},
		{"tab*", "table:month=1/part-0.parquet table:month=1/part-2"},
		{"table/part-1.parquet", "part-1.parquet="}, // a file that is named is read
		{"lake/year=2024/month=01", "x.parquet"},
		{"lake/year=2024", "month=01/x.parquet"},

		{"broken", "broken!="},
		{"gone", "gone:month=1/x.parquet= gone:month=1/y.parquet!="},
		{"clone", "clone:month=1/x.parquet= clone:plain.parquet="},
		{"clone/*", "clone!"},
	} {
		for _, base := range []string{root, "mem://b/lake"} {
			found, want := strings.Fields(asInputs(t, base+"/"+c.pattern)), strings.Fields(c.want)
			slices.Sort(found)
			slices.Sort(want)
			if !slices.Equal(found, want) {
				t.Errorf("%s/%s: found %q, expected %q", base, c.pattern, found, want)
			}
		}
	}
	for _, c := range []struct{ pattern, want string }{
		{"out", "no file in this folder or below it that can be read (.csv, .csv.gz, .parquet)"},
		{"_tmp/none", "no such "},
		{"nothing", "its latest version has no file"},
	} {
		for _, base := range []string{root, "mem://b/lake"} {
			_, err := Access{}.MatchInputs(t.Context(), []string{base + "/" + c.pattern}, inputs)
			if !errors.Is(err, ErrNoMatch) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s/%s: found %v, expected %q", base, c.pattern, err, c.want)
			}
		}
	}
	// A table and a part of it, in either order, are the table; a file in it that is named too counts once.
	for _, patterns := range [][]string{{"table", "table/month=1/*"}, {"table/month=1/*", "table"}, {"table", "table/part-2"}} {
		for _, base := range []string{root, "mem://b/lake"} {
			both := []string{base + "/" + patterns[0], base + "/" + patterns[1]}
			if found, want := asInputs(t, both...), "table:month=1/part-0.parquet= table:month=1/part-2="; found != want {
				t.Errorf("%q: found %q, expected %q", both, found, want)
			}
		}
	}
}

// TestATableInAStoreHasNoFilesOfThisMachine: a log that others can write to must not name them.
func TestATableInAStoreHasNoFilesOfThisMachine(t *testing.T) {
	m := useMem(t)
	m.objects["mem://b/t/_delta_log/0.json"] = memObject{nil, "1"}
	in := inputs
	for path, want := range map[string]string{"/etc/passwd": "not a file of this machine", "file:///etc/passwd": "not a file of this machine", "hdfs://host/x": `no store for scheme "hdfs"`} {
		in.Files = func(context.Context, Access, Table) ([]TableFile, error) {
			return []TableFile{{Path: path, Absolute: true}}, nil
		}
		objects, err := Access{}.MatchInputs(t.Context(), []string{"mem://b/t"}, in)
		if err != nil || len(objects) != 1 || !strings.Contains(objects[0].Refused, want) {
			t.Errorf("%s: found %+v, %v, expected %q", path, objects, err, want)
		}
	}
	m.objects["mem://b/x.parquet"] = memObject{[]byte("x"), "1"}
	in.Files = func(context.Context, Access, Table) ([]TableFile, error) {
		return []TableFile{{Path: "mem://b/x.parquet", Absolute: true}}, nil
	}
	if objects, err := (Access{}).MatchInputs(t.Context(), []string{"mem://b/t"}, in); err != nil || len(objects) != 1 || objects[0].Size != 1 || objects[0].Refused != "" {
		t.Errorf("found %+v, %v, expected another object of the store", objects, err)
	}
}

// TestATablesLogTellsItsObjects protects the number of requests: a bucket is listed once, and no file of a table is asked for.
func TestATablesLogTellsItsObjects(t *testing.T) {
	m := useMem(t)
	for p, content := range map[string]string{"_delta_log/LATEST": "x.parquet y.parquet", "x.parquet": "1", "y.parquet": "22", "z.parquet": "old"} {
		m.objects["mem://b/t/"+p] = memObject{[]byte(content), "v"}
	}
	var ops []string
	m.before = func(op string) error { ops = append(ops, op); return nil }
	in := inputs
	in.Files = func(_ context.Context, _ Access, table Table) ([]TableFile, error) {
		if len(table.Log) != 1 || table.Log[0].URI != "mem://b/t/_delta_log/LATEST" {
			t.Errorf("found the log %+v, expected one object", table.Log)
		}
		return []TableFile{{Path: "x.parquet"}, {Path: "y.parquet"}}, nil
	}
	objects, err := Access{}.MatchInputs(t.Context(), []string{"mem://b/t/"}, in)
	if err != nil || len(objects) != 2 || objects[1].Size != 2 || objects[1].Version != "v" || objects[1].Table != "mem://b/t" {
		t.Errorf("found %+v, %v", objects, err)
	}
	if len(ops) != 1 {
		t.Errorf("found the requests %q, expected one listing", ops)
	}
}
