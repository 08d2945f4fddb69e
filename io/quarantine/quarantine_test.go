package quarantine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/transforms/element"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "direct") }

func init() { register.Function1x2(rowsOfFile) }

func rowsOfFile(p File) (string, int64) { return p.Source, p.Rows*100 + p.Refused }

func rejects(source string, rowGroup int, refused int64, numbers ...int64) element.Rejects {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(element.RejectColumns, nil))
	defer b.Release()
	for _, n := range numbers {
		b.Field(0).(*array.StringBuilder).Append(source)
		b.Field(1).(*array.Int64Builder).Append(n)
		b.Field(2).(*array.StringBuilder).Append("pickup_stray")
	}
	return element.Rejects{Source: source, RowGroup: rowGroup, Refused: refused, Record: b.NewRecordBatch()}
}

// commit moves files into place, like a run that publishes.
func commit(cfg Config, files []File) error {
	c, err := Prepare(context.Background(), cfg, files, Proof{URI: filepath.Join(cfg.Dir, "no manifest")})
	if err != nil {
		return err
	}
	return errors.Join(c.Do(), c.Confirm())
}

func open(t *testing.T, id string) Config {
	t.Helper()
	cfg := Config{Dir: filepath.Join(t.TempDir(), "kept"), ID: id}
	a, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return cfg
}

func TestWriteCountsWhatItWrote(t *testing.T) {
	cfg := open(t, "one")
	p, s, col := ptest.CreateList([]element.Rejects{rejects("a", 0, 2, 5, 6), rejects("b", 0, 0, 7)})
	rows := beam.ParDo(s, rowsOfFile, Write(s, cfg, col))
	passert.Equals(s, beam.DropKey(s, rows), int64(202), int64(100))
	ptest.RunAndValidate(t, p)
}

// TestAFileEndsWithItsRowGroup checks that names and content of files do not depend on how bundles are cut.
func TestAFileEndsWithItsRowGroup(t *testing.T) {
	fn := &writeFn{Config: open(t, "one")}
	var files []File
	emit := func(p File) { files = append(files, p) }
	if err := fn.StartBundle(emit); err != nil {
		t.Fatal(err)
	}
	for _, r := range []element.Rejects{rejects("a/b.parquet", 0, 1, 5), rejects("a/b.parquet", 0, 1, 9), rejects("a/b.parquet", 1, 1, 20), rejects("c", 1, 0, 3)} {
		if err := fn.ProcessElement(r, emit); err != nil {
			t.Fatal(err)
		}
	}
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	want := []File{{Source: "a/b.parquet", FirstRow: 5, Rows: 2, Refused: 2}, {Source: "a/b.parquet", FirstRow: 20, Rows: 1, Refused: 1}, {Source: "c", FirstRow: 3, Rows: 1}}
	for i, p := range files {
		p.Path = ""
		if i >= len(want) || p != want[i] {
			t.Fatalf("found %+v, expected %+v", files, want)
		}
	}
	if err := commit(fn.Config, files); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"rows/a/b/000000000005.parquet", "rows/a/b/000000000020.parquet", "rows/c%/000000000003.parquet"} {
		if info, err := os.Stat(filepath.Join(fn.Config.Dir, path)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	// A failed bundle leaves a file, which is removed later; the next bundle begins a new one.
	if err := fn.StartBundle(emit); err != nil {
		t.Fatal(err)
	}
	if err := fn.ProcessElement(rejects("a", 0, 0, 1), emit); err != nil {
		t.Fatal(err)
	}
	if err := fn.StartBundle(emit); err != nil || fn.open != nil {
		t.Errorf("found %v, %v, expected no open file", fn.open, err)
	}
}

func TestCheckFindsRowsThatAreMissingOrTooMany(t *testing.T) {
	tallies := []element.Tally{{Source: "a", Refused: []element.Refused{{Rule: "x", Rows: 2}, {Rule: "y", Rows: 1}}}, {Source: "b"}}
	for name, c := range map[string]struct {
		files []File
		word  string
	}{
		"all":          {[]File{{Source: "a", Refused: 2}, {Source: "a", Refused: 1, Rows: 9}}, ""},
		"one missing":  {[]File{{Source: "a", Refused: 2}}, "a: found 2 refused rows in quarantine, expected 3"},
		"all missing":  {nil, "a: found 0"},
		"one too many": {[]File{{Source: "a", Refused: 3}, {Source: "b", Refused: 1}}, "b: found 1 refused rows in quarantine, expected 0"},
		"other file":   {[]File{{Source: "a", Refused: 3}, {Source: "c", Refused: 1}}, "c: found 1 refused rows in quarantine, expected no such file"},
	} {
		err := Check(c.files, tallies)
		if (err == nil) != (c.word == "") || err != nil && !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: found %v, expected %q", name, err, c.word)
		}
	}
}

func TestAFilesPlaceIsInTheFolder(t *testing.T) {
	for source, want := range map[string]string{
		"2019/yellow_tripdata_2019-08.parquet": "2019/yellow_tripdata_2019-08/000000000001.parquet",
		"../../etc/x.parquet":                  "%..%2F..%2Fetc%2Fx.parquet/000000000001.parquet",
		"/etc/x.parquet":                       "%%2Fetc%2Fx.parquet/000000000001.parquet",
		"a//b":                                 "%a%2F%2Fb/000000000001.parquet",
		"x":                                    "x%/000000000001.parquet",
		"x.parquet":                            "x/000000000001.parquet",
		"":                                     "%/000000000001.parquet",
	} {
		if got := (File{Source: source, FirstRow: 1}).place(); got != filepath.FromSlash(want) || !filepath.IsLocal(got) {
			t.Errorf("%q: found %s, expected %s", source, got, want)
		}
	}
}

func TestAFolderInTheOutputIsRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("out/deep", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("out", "link"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, output string
		good        bool
	}{
		{"out", "out", false},
		{"out/kept", "out", false},
		{"out/deep/kept", "./out", false},
		{"link/kept", "out", false},
		{"kept/../out/x", filepath.Join(dir, "out"), false},
		{"kept", "out", true},
		{"outside", "out", true},
		{".", "out", false},
		{"out2", "out2/.tripstats/x", false},
	} {
		if err := CheckDir(c.dir, c.output); (err == nil) != c.good {
			t.Errorf("%s with output %s: found %v, expected good %v", c.dir, c.output, err, c.good)
		}
	}
}

// TestAFolderThatIsNotOursIsLeftAlone protects a user's folder with the same name.
func TestAFolderThatIsNotOursIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "rows", "notes.txt")
	if err := os.Mkdir(filepath.Dir(notes), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(notes, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir, ID: "one"}); !errors.Is(err, ErrForeign) {
		t.Errorf("found %v, expected %v", err, ErrForeign)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("found %v, %v, expected the folder as it was", left, err)
	}
}

// TestCommitMayBeCalledAgain has a publishing bundle that a runner repeats after the first attempt failed, at every point of it.
func TestCommitMayBeCalledAgain(t *testing.T) {
	cfg := open(t, "one")
	file := func(source, text string) File {
		path := filepath.Join(cfg.run(), "file-"+text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return File{Source: source, Path: path}
	}
	files := []File{file("a", "1"), file("b", "2")}
	half := filepath.Join(cfg.run(), rowsDir, "a%")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(files[0].Path, filepath.Join(half, "000000000000.parquet")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := commit(cfg, files); err != nil {
			t.Fatal(err)
		}
		for source, want := range map[string]string{"a": "1", "b": "2"} {
			if got, err := os.ReadFile(filepath.Join(cfg.rows(), source+"%", "000000000000.parquet")); err != nil || string(got) != want {
				t.Errorf("%s: found %q, %v", source, got, err)
			}
		}
	}
	clash := open(t, "two")
	cfg = clash
	same := []File{file("a", "3"), file("a", "4")}
	if err := commit(cfg, same); err == nil || !strings.Contains(err.Error(), "two files") {
		t.Errorf("two files of one name: found %v", err)
	}
}

// TestRowsThatADeadRunPutAsideComeBack simulates a run that was killed between the two renames of Commit.
func TestRowsThatADeadRunPutAsideComeBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	first := Config{Dir: dir, ID: "one"}
	a, err := Open(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	aside := filepath.Join(first.aside(first.rows()), "x")
	if err := os.MkdirAll(aside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := a.lock.Unlock(); err != nil { // as the end of the process does
		t.Fatal(err)
	}
	if a, err = Open(t.Context(), Config{Dir: dir, ID: "two"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(first.rows(), "x")); err != nil {
		t.Errorf("the rows are gone: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestOneRunAtATimeHasTheFolder(t *testing.T) {
	cfg := open(t, "one")
	if _, err := Open(t.Context(), Config{Dir: cfg.Dir, ID: "two"}); !errors.Is(err, ErrBusy) {
		t.Errorf("found %v, expected %v", err, ErrBusy)
	}
}
