package publish

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tripstats/io/delta"
	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

func asIs() (bool, error) { return true, nil }

// deltaVersion writes the data files of a version and returns its manifest.
func deltaVersion(t *testing.T, output string, n int64, tables ...string) *Manifest {
	t.Helper()
	m := &Manifest{Program: Program{Name: "tripstats", Version: "1"}, Format: DeltaName, Commit: &Commit{Version: n, Run: "run", Nonce: fmt.Sprint("nonce", n), Output: "id"}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil))
	b.Field(0).(*array.Int64Builder).Append(n)
	rec := b.NewRecordBatch()
	for _, table := range tables {
		var content bytes.Buffer
		o := Output{Table: table, Path: dataPath(table, n, "run"), Rows: 1}
		place := filepath.Join(output, filepath.FromSlash(o.Path))
		if err := errors.Join(Delta{}.Write(&content, rec, nil), os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, content.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		o.Bytes = int64(content.Len())
		m.Outputs = append(m.Outputs, o)
	}
	return m
}

func bring(t *testing.T, output string, m *Manifest, before ...string) {
	t.Helper()
	if _, err := forwardLogs(t.Context(), objstore.Access{}, output, m, before, time.Unix(1_700_000_000, 0), asIs); err != nil {
		t.Fatal(err)
	}
}

// logs returns what TableLogs says, a line for each table.
func logs(t *testing.T, output string, m *Manifest) string {
	t.Helper()
	list, err := TableLogs(t.Context(), objstore.Access{}, output, m)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range list {
		lines = append(lines, fmt.Sprintf("%s %d: %d at %d, %d others, %v: %s", l.Table, l.Version, l.Ours, l.At, len(l.Others), l.Numbers, l.Wrong))
	}
	return strings.Join(lines, "\n")
}

// another has another program commit lines to a table's log.
func another(t *testing.T, output, table, lines string) {
	t.Helper()
	dir := filepath.Join(output, table, delta.Folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, delta.NameOf(int64(len(names)))), []byte(lines), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const (
	theirAppend = `{"commitInfo":{"timestamp":1700000100000,"operation":"WRITE","engineInfo":"another:1"}}
{"add":{"path":"theirs.parquet","partitionValues":{},"size":7,"modificationTime":1,"dataChange":true}}
`
	theirVacuum = `{"commitInfo":{"operation":"VACUUM END"}}` + "\n"
	theirTable  = `{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"1","format":{"provider":"parquet"},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":[],"configuration":{}}}
`
	newerTable = `{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["v2Checkpoint"],"writerFeatures":["v2Checkpoint"]}}
{"metaData":{"id":"1","format":{"provider":"parquet"},"schemaString":"{\"type\":\"struct\",\"fields\":[]}","partitionColumns":[],"configuration":{}}}
`
)

func TestLogsFollowTheVersions(t *testing.T) {
	output := t.TempDir()
	bring(t, output, deltaVersion(t, output, 1, "a", "b"))
	m := deltaVersion(t, output, 3, "a", "c")
	if got, want := logs(t, output, m), `a 0: 1 at 0, 0 others, map[1:0]: the log has version 1 of this output, expected version 3
c -1: -1 at -1, 0 others, map[]: found no log in c/_delta_log`; got != want {
		t.Errorf("before: found\n%s\nexpected\n%s", got, want)
	}
	bring(t, output, m, "b", "c")
	bring(t, output, m, "b")
	if got, want := logs(t, output, m), "a 1: 3 at 1, 0 others, map[1:0 3:1]: \nc 0: 3 at 0, 0 others, map[3:0]: "; got != want {
		t.Errorf("after: found\n%s\nexpected\n%s", got, want)
	}
	h, err := delta.HeadOf(t.Context(), logOf(objstore.Access{}, output, "b"))
	if err != nil || h.Version != 1 || len(h.Files()) != 0 {
		t.Errorf("a table that is no more: found version %d with %v, %v", h.Version, h.Files(), err)
	}
	// A version that is not the head any more changes nothing.
	_, err = forwardLogs(t.Context(), objstore.Access{}, output, deltaVersion(t, output, 4, "a"), nil, time.Now(), func() (bool, error) { return false, nil })
	if got := logs(t, output, m); err != nil || !strings.HasPrefix(got, "a 1: 3 at 1, ") {
		t.Errorf("superseded: found %v and\n%s", err, got)
	}
}

func TestWhatOthersChanged(t *testing.T) {
	for name, c := range map[string]struct {
		theirs []string
		wrong  string // as TableLogs says
		code   fault.Code
		says   string
	}{
		"nothing": {},
		"rows":    {theirs: []string{theirAppend}, wrong: "other programs have changed its rows since version 1 (Delta's version 1, WRITE by another:1 at 2023-11-14 22:15:00Z)", code: fault.Gate, says: "table a: other programs have changed its rows since version 1 of this output (Delta's version 1, WRITE by another:1"},
		"vacuum":  {theirs: []string{theirVacuum}},
		"rows of another file": {
			theirs: []string{`{"commitInfo":{"operation":"OPTIMIZE"}}
{"remove":{"path":"v1-run.parquet","dataChange":false}}
{"add":{"path":"x.parquet","partitionValues":{},"size":7,"modificationTime":1,"dataChange":false}}`},
			wrong: "another program has written the rows to another file, x.parquet, and says that they are the same",
		},
		"many":      {theirs: slices.Repeat([]string{theirAppend}, 5), wrong: "other programs have changed", code: fault.Gate, says: "; 2 more)"},
		"a newer":   {theirs: []string{newerTable}, wrong: "needs the reader feature v2Checkpoint", code: fault.Failed, says: "table a: the Delta table needs the reader feature v2Checkpoint, which this program does not write; nothing was published: name another folder"},
		"of theirs": {theirs: []string{`{"txn":{"appId":"tripstats/id","version":7}}`}, wrong: "the log has version 7", code: fault.Gate, says: "its log has version 7 of this output, and _manifest.json has version 1"},
	} {
		output := t.TempDir()
		m := deltaVersion(t, output, 1, "a", "b")
		bring(t, output, m)
		for _, lines := range c.theirs {
			another(t, output, "a", lines)
		}
		if got := strings.SplitN(strings.Split(logs(t, output, m), "\n")[0], "]: ", 2)[1]; !strings.Contains(got, c.wrong) || c.wrong == "" && got != "" {
			t.Errorf("%s: found %q, expected %q", name, got, c.wrong)
		}
		cfg := Config{Output: output, Tables: []string{"b"}, Format: DeltaName} // a will lose its rows
		err := readyLogs(t.Context(), cfg, m, false)
		if c.code == fault.OK && err != nil || c.code != fault.OK && !isFault(err, c.code, c.says) {
			t.Errorf("%s: found %v, expected exit code %d, %q", name, err, c.code, c.says)
		}
		if err := readyLogs(t.Context(), cfg, m, true); (err != nil) != (c.code == fault.Failed) {
			t.Errorf("%s: replace: found %v", name, err)
		}
		if c.code == fault.Failed {
			continue
		}
		next := deltaVersion(t, output, 2, "a", "b")
		bring(t, output, next)
		if got := logs(t, output, next); strings.Count(got, "]: \n") != 1 || !strings.HasSuffix(got, "]: ") {
			t.Errorf("%s: after the next version: found\n%s", name, got)
		}
	}
}

func isFault(err error, code fault.Code, text string) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Code == code && strings.Contains(f.Message, text)
}

func TestTablesOfOthersAreNotReplacedUnasked(t *testing.T) {
	output := t.TempDir()
	another(t, output, "a", theirTable)
	cfg := Config{Output: output, Tables: []string{"a"}, Format: DeltaName}
	for _, base := range []*Manifest{nil, {}, deltaVersion(t, output, 1, "b")} {
		if err := readyLogs(t.Context(), cfg, base, false); !isFault(err, fault.Gate, "table a: there is a Delta table of another program, or of another output; nothing was published: save these rows elsewhere and give --existing=replace") {
			t.Errorf("found %v", err)
		}
		if err := readyLogs(t.Context(), cfg, base, true); err != nil {
			t.Error(err)
		}
	}
	cfg.Format = ""
	if err := readyLogs(t.Context(), cfg, nil, false); err != nil {
		t.Errorf("another format: found %v", err)
	}
}

// TestAChangeAfterTheVersionStays: to bring the same version forward again, as a second attempt of a run does, removes no rows of others.
func TestAChangeAfterTheVersionStays(t *testing.T) {
	output := t.TempDir()
	m := deltaVersion(t, output, 1, "a")
	bring(t, output, m)
	another(t, output, "a", theirAppend)
	bring(t, output, m)
	h, err := delta.HeadOf(t.Context(), logOf(objstore.Access{}, output, "a"))
	if err != nil || h.Version != 1 || len(h.Files()) != 2 {
		t.Errorf("found version %d with %v, %v", h.Version, h.Files(), err)
	}
}

func TestDataFilesAreKnownByTheirNames(t *testing.T) {
	output := t.TempDir()
	const run = "0123456789abcdef"
	for _, place := range []string{
		"a/v1-" + run + ".parquet", "b/v22-" + run + ".parquet", "a/v01-" + run + ".parquet", "a/v3-run.parquet", "a/theirs.parquet", "a/a.parquet", "v1-" + run + ".parquet",
		"a/v2-" + run + ".csv", "a/_delta_log/v2-" + run + ".parquet", "other/a/v1-" + run + ".parquet",
	} {
		full := filepath.Join(output, place)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := dataFiles(t.Context(), objstore.Access{}, output)
	if want := map[string]string{"a/v1-" + run + ".parquet": "1-" + run, "b/v22-" + run + ".parquet": "22-" + run}; err != nil || !maps.Equal(got, want) {
		t.Errorf("found %v, %v; expected %v", got, err, want)
	}
}
