package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tripstats/testdata/tlcgen"
)

// makeTwoVersions makes an output of two versions. The second one has one more month. The files are below raw.
func makeTwoVersions(t *testing.T, dir, output string, env []string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	for month := 1; month <= 2; month++ {
		name := filepath.Join(dir, "raw", fmt.Sprintf("yellow_tripdata_2023-%02d.parquet", month))
		if _, err := tlcgen.WriteFile(t.Context(), name, tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2023, month), Rows: 2_000, RowGroups: 1}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2100 * time.Millisecond) // nothing is kept of a file that has just changed
	for _, input := range []string{"raw/*-01.parquet", "raw/*.parquet"} {
		runOnce(t, command{args: []string{"--input=" + input, "--output=" + output}, dir: dir, env: env}).succeeds(t)
	}
}

// damages are what may happen to an output, and what check says of it. OLD and NEW stand for the folders of the first and the second
// version. repairs tells whether check --repair makes the output sound again.
var damages = []struct {
	name, file string
	change     func(content []byte) []byte // nil removes the file
	from       string                      // the file whose content it gets instead
	want       string
	code       int
	repairs    bool
}{
	{name: "the manifest is cut", file: "_manifest.json", change: half, want: "_manifest.json: not a manifest of this program"},
	{name: "the manifest is another program's", file: "_manifest.json", change: text(`[1]`), want: "_manifest.json: not a manifest of this program"},
	{name: "the manifest is gone", file: "_manifest.json", want: "found no _manifest.json", code: 4},
	{name: "the manifest of the latest version is changed", file: "NEW/manifest.json", change: add, want: "NEW/manifest.json: found bytes that differ from those of _manifest.json", repairs: true},
	{name: "the manifest of the latest version is gone", file: "NEW/manifest.json", want: "NEW/manifest.json: found no such file", repairs: true},
	{name: "the manifest of an old version is gone", file: "OLD/manifest.json", want: "OLD/manifest.json: found no such file"},
	{name: "the manifest of an old version is cut", file: "OLD/manifest.json", change: half, want: "OLD/manifest.json: not a manifest of this program"},
	{name: "the manifest of an old version is that of another", file: "OLD/manifest.json", from: "NEW/manifest.json", want: "OLD/manifest.json: found the manifest of another version, expected that of version 1 of run "},
	{name: "the manifest of an old version is another output's", file: "OLD/manifest.json", change: replaced(`"output": "`, `"output": "0`), want: `OLD/manifest.json: found the manifest of the output "0`},
	{name: "a table is changed", file: "NEW/trip_stats.parquet.table", change: flip, want: "NEW/trip_stats.parquet.table: found other bytes (SHA-256 "},
	{name: "a table is cut", file: "NEW/trip_stats.parquet.table", change: half, want: "NEW/trip_stats.parquet.table: found "},
	{name: "a table is gone", file: "NEW/quality.parquet.table", want: "NEW/quality.parquet.table: found no such file"},
	{name: "a table of an old version is changed", file: "OLD/location_stats.parquet.table", change: flip, want: "OLD/location_stats.parquet.table: found other bytes"},
	{name: "a copy is changed", file: "trip_stats/trip_stats.parquet", change: flip, want: "trip_stats/trip_stats.parquet: found other bytes", repairs: true},
	{name: "a copy is that of an old version", file: "trip_stats/trip_stats.parquet", from: "OLD/trip_stats.parquet.table", want: "trip_stats/trip_stats.parquet: found ", repairs: true},
	{name: "a copy is gone", file: "quality/quality.parquet", want: "quality/quality.parquet: found no such file", repairs: true},
	{name: "the run was stopped before it had updated the copies", file: "NEW/copied", want: "NEW: the run was stopped before it had updated all copies to version 2", repairs: true},
	{name: "the record of a run is gone", file: "OLD/run.json", want: "OLD/run.json: found no such file"},
	{name: "the record of a run is cut", file: "NEW/run.json", change: half, want: "NEW/run.json: found no JSON"},
	{name: "the index of kept results is cut", file: "NEW/kept.json", change: half, want: "NEW/kept.json: found no JSON"},
	{name: "the index of kept results is of other inputs", file: "OLD/kept.json", from: "NEW/kept.json", want: "OLD/kept.json: found results of yellow_tripdata_2023-02.parquet, which is no input of version 1"},
	{name: "the index of kept results has other rows", file: "NEW/kept.json", change: replaced(`"rows":2000`, `"rows":2001`), want: "NEW/kept.json: found "},
	{name: "kept results are changed", file: "OLD/kept.bin", change: flip, want: "OLD/kept.bin: yellow_tripdata_2023-01.parquet: found other bytes at byte "},
	{name: "kept results are cut", file: "NEW/kept.bin", change: half, want: "NEW/kept.bin: yellow_tripdata_2023-02.parquet: found "},
	{name: "kept results are gone", file: "NEW/kept.bin", want: "NEW/kept.bin: found no such file"},
}

func half(b []byte) []byte { return b[:len(b)/2] }
func add(b []byte) []byte  { return append(slices.Clone(b), '\n') }

func flip(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)/2] ^= 1
	return b
}

func text(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }

func replaced(old, with string) func([]byte) []byte {
	return func(b []byte) []byte { // the last one
		i := bytes.LastIndex(b, []byte(old))
		return slices.Concat(b[:i], []byte(with), b[i+len(old):])
	}
}

// checked has the fields of check --json, which other programs read.
type checked struct {
	Output  string
	Version int64
	Sound   bool
	Checked []struct {
		What  string
		Count int
	}
	Wrong []struct{ What, Place, Message string }
}

func parseChecked(t *testing.T, text string) (c checked) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return c
}

// TestCheckNamesEachDamage damages an output in each way, and repairs what can be repaired.
func TestCheckNamesEachDamage(t *testing.T) {
	dir := t.TempDir()
	makeTwoVersions(t, dir, "out", nil)
	sound := parseChecked(t, runOnce(t, command{args: []string{"check", "out", "--json"}, dir: dir}).succeeds(t).stdout)
	counts := map[string]int{}
	for _, c := range sound.Checked {
		counts[c.What] = c.Count
	}
	if !sound.Sound || sound.Version != 2 || counts["manifests"] != 2 || counts["tables"] != 8 || counts["copies"] != 4 || counts["kept results"] != 4 || counts["identities"] != 5 {
		t.Fatalf("of a sound output: found %+v", sound)
	}
	names, err := filepath.Glob(filepath.Join(dir, "out", ".tripstats", "v", "*"))
	if err != nil || len(names) != 2 {
		t.Fatalf("found the versions %q, %v, expected two", names, err)
	}
	folders := strings.NewReplacer("OLD", ".tripstats/v/"+filepath.Base(names[0]), "NEW", ".tripstats/v/"+filepath.Base(names[1]))
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			dir, from := t.TempDir(), dir
			if err := os.CopyFS(filepath.Join(dir, "out"), os.DirFS(filepath.Join(from, "out"))); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "out", folders.Replace(d.file))
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case d.from != "":
				content, err = os.ReadFile(filepath.Join(dir, "out", folders.Replace(d.from)))
				err = firstOf(err, os.WriteFile(file, content, 0o666))
			case d.change != nil:
				changed := d.change(content)
				if bytes.Equal(changed, content) {
					t.Fatal("nothing was changed")
				}
				err = os.WriteFile(file, changed, 0o666)
			default:
				err = os.Remove(file)
			}
			if err != nil {
				t.Fatal(err)
			}
			code := max(d.code, 3)
			want := folders.Replace(d.want)
			r := runOnce(t, command{args: []string{"check", "out"}, dir: dir})
			if r.code != code || !strings.Contains(r.stderr, "out: ") || !strings.Contains(r.stderr, want) {
				t.Errorf("found exit code %d and %s, expected %d and %s", r.code, r.stderr, code, want)
			}
			if code == 4 {
				return
			}
			r = runOnce(t, command{args: []string{"check", "out", "--json"}, dir: dir})
			c := parseChecked(t, r.stdout)
			if c.Sound || !slices.ContainsFunc(c.Wrong, func(w struct{ What, Place, Message string }) bool {
				return strings.HasPrefix(w.Message, want) && w.What != ""
			}) {
				t.Errorf("--json: found %+v, expected %s", c, want)
			}
			r = runOnce(t, command{args: []string{"check", "out", "--repair"}, dir: dir})
			if d.repairs {
				r.succeeds(t)
				runOnce(t, command{args: []string{"check", "out"}, dir: dir}).succeeds(t)
			} else if r.code == 0 {
				t.Errorf("--repair: found exit code 0, expected another, because what is lost cannot be repaired: %s", r.stderr)
			}
		})
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
