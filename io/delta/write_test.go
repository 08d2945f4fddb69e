package delta

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/objstore"
)

// Put writes a file, unless there is one. before, if it is set, is called first, once.
type writableLog struct {
	memLog
	before func(m memLog)
	lose   bool // the answer of the next Put is lost
}

func (w *writableLog) Put(_ context.Context, name string, content []byte) error {
	if w.before != nil {
		w.before(w.memLog)
		w.before = nil
	}
	if _, there := w.files[name]; there {
		return fmt.Errorf("put: %w", objstore.ErrExists)
	}
	w.files[name] = content
	if w.lose {
		w.lose = false
		return errors.New("no answer")
	}
	return nil
}

func (w *writableLog) Replace(_ context.Context, name string, content []byte) error {
	w.files[name] = content
	return nil
}

func yes() (bool, error) { return true, nil }

// rides is a schema with every type that a table can have, without a time.
func rides(more ...arrow.Field) *arrow.Schema {
	return arrow.NewSchema(append([]arrow.Field{
		{Name: "taxi", Type: arrow.BinaryTypes.String},
		{Name: "year", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		{Name: "month_start", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
		{Name: "trips", Type: arrow.PrimitiveTypes.Int64},
		{Name: "mean", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "fare_total", Type: &arrow.Decimal128Type{Precision: 38, Scale: 6}},
		{Name: "shared", Type: arrow.FixedWidthTypes.Boolean},
	}, more...), nil)
}

var clock = arrow.Field{Name: "pickup", Type: &arrow.TimestampType{Unit: arrow.Microsecond}}

// version is the change that makes version n of an application.
func version(n int64, schema *arrow.Schema) Change {
	return Change{
		Schema: schema, File: &File{Path: fmt.Sprintf("v%d-a b.parquet", n), Size: 1000 + n, Rows: 10 * n, Modified: 1_700_000_000_000 + n},
		App: "app", Version: n, Nonce: fmt.Sprintf("nonce%d", n), Time: 1_700_000_001_000 + n, Engine: "tripstats/1", ID: "0000-1111",
	}
}

func forward(t *testing.T, log WritableLog, c Change, want int64) {
	t.Helper()
	if got, _, err := Forward(t.Context(), log, c, yes); err != nil || got != want {
		t.Fatalf("found the table's version %d, %v; expected %d", got, err, want)
	}
}

func headOf(t *testing.T, log Log) *Head {
	t.Helper()
	h, err := HeadOf(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCommits(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	forward(t, log, version(1, rides()), 0)
	forward(t, log, version(2, rides()), 1)
	forward(t, log, version(3, rides(clock)), 2)
	gone := version(4, nil)
	gone.File = nil
	forward(t, log, gone, 3)
	forward(t, log, version(5, rides()), 4)
	const schema = `{\"type\":\"struct\",\"fields\":[{\"name\":\"taxi\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},` +
		`{\"name\":\"year\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{}},{\"name\":\"month_start\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}},` +
		`{\"name\":\"trips\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"mean\",\"type\":\"double\",\"nullable\":true,\"metadata\":{}},` +
		`{\"name\":\"fare_total\",\"type\":\"decimal(38,6)\",\"nullable\":true,\"metadata\":{}},{\"name\":\"shared\",\"type\":\"boolean\",\"nullable\":true,\"metadata\":{}}`
	write := func(n int64) string {
		return fmt.Sprintf(`{"commitInfo":{"timestamp":%d,"operation":"WRITE","operationParameters":{"mode":"Overwrite"},"isBlindAppend":false,`+
			`"operationMetrics":{"numFiles":"1","numOutputBytes":"%d","numOutputRows":"%d"},"engineInfo":"tripstats/1","txnId":"nonce%d"}}
{"txn":{"appId":"app","version":%d,"lastUpdated":%d}}
`, 1_700_000_001_000+n, 1000+n, 10*n, n, n, 1_700_000_001_000+n)
	}
	metadata := func(more string) string {
		return `{"metaData":{"id":"0000-1111","format":{"provider":"parquet","options":{}},"schemaString":"` + schema + more + `]}","partitionColumns":[],"configuration":{},"createdTime":1700000001001}}` + "\n"
	}
	remove := func(n, by int64) string {
		return fmt.Sprintf(`{"remove":{"path":"v%d-a%%20b.parquet","deletionTimestamp":%d,"dataChange":true,"extendedFileMetadata":true,"size":%d}}`+"\n", n, 1_700_000_001_000+by, 1000+n)
	}
	add := func(n int64) string {
		return fmt.Sprintf(`{"add":{"path":"v%d-a%%20b.parquet","partitionValues":{},"size":%d,"modificationTime":%d,"dataChange":true,"stats":"{\"numRecords\":%d}"}}`+"\n", n, 1000+n, 1_700_000_000_000+n, 10*n)
	}
	const ntz = `,{\"name\":\"pickup\",\"type\":\"timestamp_ntz\",\"nullable\":true,\"metadata\":{}}`
	for v, want := range []string{
		write(1) + `{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}` + "\n" + metadata("") + add(1),
		write(2) + remove(1, 2) + add(2),
		write(3) + `{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],"writerFeatures":["appendOnly","invariants","timestampNtz"]}}` + "\n" + metadata(ntz) + remove(2, 3) + add(3),
		`{"commitInfo":{"timestamp":1700000001004,"operation":"DELETE","operationParameters":{"predicate":"[]"},"isBlindAppend":false,"engineInfo":"tripstats/1","txnId":"nonce4"}}
{"txn":{"appId":"app","version":4,"lastUpdated":1700000001004}}
` + remove(3, 4),
		write(5) + metadata("") + add(5),
	} {
		if got := string(log.files[commitOf(v)]); got != want {
			t.Errorf("version %d: found\n%s\nexpected\n%s", v, got, want)
		}
	}
}

// TestANewTableWithATime needs what a time without a time zone needs, and nothing else.
func TestANewTableWithATime(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	forward(t, log, version(1, rides(clock)), 0)
	const want = `{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],"writerFeatures":["timestampNtz"]}}`
	if got := string(log.files[commitOf(0)]); !strings.Contains(got, want) {
		t.Errorf("found\n%s\nexpected %s", got, want)
	}
}

func TestForwardDoesNothingTwice(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	forward(t, log, version(1, rides()), 0)
	forward(t, log, version(2, rides()), 1)
	forward(t, log, version(2, rides()), 1)
	if len(log.files) != 2 {
		t.Errorf("found %d commits, expected 2", len(log.files))
	}
	// A version of the same number by another attempt is another version.
	other := version(2, rides())
	other.Nonce, other.File = "other", &File{Path: "v2-c.parquet"}
	forward(t, log, other, 2)
	delete(log.files, commitOf(2))
	gone := version(3, nil)
	gone.File = nil
	forward(t, &writableLog{memLog: memLog{files: map[string][]byte{}}}, gone, -1)
	if _, _, err := Forward(t.Context(), log, version(3, rides()), func() (bool, error) { return false, nil }); !errors.Is(err, ErrSuperseded) || len(log.files) != 2 {
		t.Errorf("a change that is not wanted: found %v and %d commits", err, len(log.files))
	}
}

// appended is the commit of another program that adds a file.
const appended = `{"commitInfo":{"timestamp":5,"operation":"WRITE","engineInfo":"another:1"}}
{"add":{"path":"theirs.parquet","partitionValues":{},"size":7,"modificationTime":1,"dataChange":true}}
`

func TestAConflictIsReadAgain(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	forward(t, log, version(1, rides()), 0)
	log.before = func(m memLog) { m.files[commitOf(1)] = []byte(appended) }
	forward(t, log, version(2, rides()), 2)
	s, err := latest(t, log.files)
	if err != nil || len(s.Files) != 1 || s.Files[0].Path != "v2-a%20b.parquet" {
		t.Errorf("found %+v, %v", s, err)
	}
	if !bytes.Contains(log.files[commitOf(2)], []byte(`"remove":{"path":"theirs.parquet"`)) {
		t.Errorf("found\n%s", log.files[commitOf(2)])
	}
}

func TestALostAnswerIsNoFailure(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}, lose: true}
	forward(t, log, version(1, rides()), 0)
	log.before, log.lose = func(memLog) { log.lose = false }, true
	forward(t, log, version(2, rides()), 1)
	if len(log.files) != 2 {
		t.Errorf("found %d commits, expected 2", len(log.files))
	}
	broken := brokenLog{&writableLog{memLog: memLog{files: map[string][]byte{}}}}
	if _, _, err := Forward(t.Context(), broken, version(1, rides()), yes); err == nil || !strings.Contains(err.Error(), "00000000000000000000.json: the disk is full") {
		t.Errorf("found %v", err)
	}
}

type brokenLog struct{ *writableLog }

func (brokenLog) Put(context.Context, string, []byte) error { return errors.New("the disk is full") }

func TestSince(t *testing.T) {
	optimised := `{"commitInfo":{"operation":"OPTIMIZE","engineInfo":"another:1"}}
{"remove":{"path":"v2-a%20b.parquet","dataChange":false}}
{"add":{"path":"theirs.parquet","partitionValues":{},"size":7,"modificationTime":1,"dataChange":false}}
`
	vacuumed := `{"commitInfo":{"operation":"VACUUM END","operationParameters":7,"timestamp":"soon"}}` + "\n"
	for name, c := range map[string]struct {
		more       []string
		at         int64
		rows       bool
		operations string
		others     int
	}{
		"nothing":                           {at: 1},
		"append":                            {more: []string{appended}, at: 1, rows: true, operations: "WRITE"},
		"optimise":                          {more: []string{optimised}, at: 1, operations: "OPTIMIZE"},
		"vacuum":                            {more: []string{vacuumed}, at: 1, operations: "VACUUM END"},
		"optimise and append":               {more: []string{optimised, appended}, at: 1, rows: true, operations: "OPTIMIZE WRITE"},
		"a checkpoint":                      {more: []string{vacuumed, "checkpoint"}, at: 1, operations: "VACUUM END"},
		"a checkpoint and a removed commit": {more: []string{vacuumed, "checkpoint", "clean"}, at: -1, rows: true, operations: "VACUUM END"},
	} {
		log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
		forward(t, log, version(1, rides()), 0)
		forward(t, log, version(2, rides()), 1)
		for _, more := range c.more {
			v := int(headOf(t, log).Version)
			switch more {
			case "checkpoint":
				log.files[fmt.Sprintf("%020d.checkpoint.parquet", v)] = checkpointOf(t, headOf(t, log), 0)
			case "clean":
				delete(log.files, commitOf(0))
				delete(log.files, commitOf(1))
			default:
				log.files[commitOf(v+1)] = []byte(more)
			}
		}
		s, err := headOf(t, log).Since(t.Context(), "app")
		var operations []string
		for _, o := range s.Others {
			operations = append(operations, o.Operation)
		}
		if err != nil || s.App != 2 || s.At != c.at || s.Rows != c.rows || strings.Join(operations, " ") != c.operations {
			t.Errorf("%s: found %+v, %v; expected %+v", name, s, err, c)
		}
		commits, err := headOf(t, log).Commits(t.Context())
		if want := len(log.files) - strings.Count(strings.Join(c.more, " "), "checkpoint"); err != nil || len(commits) != want {
			t.Errorf("%s: found %d commits, %v; expected %d", name, len(commits), err, want)
		}
	}
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	forward(t, log, version(1, rides()), 0)
	if s, err := headOf(t, log).Since(t.Context(), "another"); err != nil || s.App != -1 || !s.Rows || len(s.Others) != 1 {
		t.Errorf("a table of another application: found %+v, %v", s, err)
	}
}

func checkpointOf(t *testing.T, h *Head, now int64) []byte {
	t.Helper()
	content, _, err := h.checkpoint(now)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestACheckpointIsWrittenAfterManyCommits: the checkpoint says what the commits say, which are not needed any more then. Files that were
// removed a short while ago are in it.
func TestACheckpointIsWrittenAfterManyCommits(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	const day = 24 * 3600 * 1000
	now := int64(0)
	for v := range int64(2*checkpointEvery + 1) {
		c := version(v+1, rides(clock))
		c.Time += v * day
		now = c.Time
		forward(t, log, c, v)
		wrote, err := Checkpoint(t.Context(), log, v, now)
		if want := v == checkpointEvery-1 || v == 2*checkpointEvery-1; err != nil || wrote != want {
			t.Fatalf("version %d: found a checkpoint: %v, %v; expected %v", v, wrote, err, want)
		}
	}
	const last = 2*checkpointEvery - 1
	if got := string(log.files[lastCheckpoint]); got != fmt.Sprintf(`{"version":%d,"size":11}`, last) { // with 7 files that were removed
		t.Errorf("found %s", got)
	}
	before, err := latest(t, log.files)
	if err != nil {
		t.Fatal(err)
	}
	for v := range last + 1 {
		delete(log.files, commitOf(v))
	}
	after, err := latest(t, log.files)
	if err != nil || fmt.Sprintf("%+v", before) != fmt.Sprintf("%+v", after) {
		t.Errorf("found %+v, %v; expected %+v", after, err, before)
	}
	h := headOf(t, log)
	if len(h.state.removed) != 8 || h.state.versions["app"] != last+2 || h.Files()[0].Stats == "" {
		t.Errorf("found %d removed files and version %d of the application, %+v", len(h.state.removed), h.state.versions["app"], h.Files())
	}
}

// TestNotEveryColumnCanBeInATable has what the parquet format can have and a Delta table cannot.
func TestNotEveryColumnCanBeInATable(t *testing.T) {
	column := func(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }
	for want, fields := range map[string][]arrow.Field{
		`column "a b": the names`:                  {column("a b", arrow.PrimitiveTypes.Int64)},
		`columns "Trips" and "trips": the names`:   {column("Trips", arrow.PrimitiveTypes.Int64), column("trips", arrow.PrimitiveTypes.Int64)},
		`column "n": found the type uint64`:        {column("n", arrow.PrimitiveTypes.Uint64)},
		`column "n": found the type timestamp[ns]`: {column("n", &arrow.TimestampType{Unit: arrow.Nanosecond})},
		`column "n": found the type decimal256(40`: {column("n", &arrow.Decimal256Type{Precision: 40, Scale: 2})},
	} {
		if _, err := FieldsOf(arrow.NewSchema(fields, nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("found %v, expected %q", err, want)
		}
	}
}

func TestPathsAreEscapedOnce(t *testing.T) {
	for _, p := range []string{"v1-ab.parquet", "a b%20c.parquet", "x:y.parquet", "ü#?&+=@.parquet", "a:/b", "t/100%.parquet"} {
		e := Escape(p)
		got, absolute, err := Path(e)
		if err != nil || absolute || got != p || strings.ContainsAny(e, " ü#?:") {
			t.Errorf("%q: found %q, which is read as %q, %v, %v", p, e, got, absolute, err)
		}
	}
}

// writing says what becomes of the tables of Delta Lake's own projects if this package writes to them: nothing else but its own file is in
// them then, or they are refused, with a part of the error.
var writing = map[string]string{
	"respect/data-reader-absolute-paths-escaped-chars":                      "found no metadata",
	"respect/canonicalized-paths-normal-a":                                  "version 1: found no schema in its log",
	"respect/canonicalized-paths-special-b":                                 "version 1: found no schema in its log",
	"respect/corrupted-last-checkpoint":                                     "version 10: found no schema in its log",
	"refuse/deltalog-invalid-protocol-version":                              "needs reader version 99",
	"refuse/deltalog-state-reconstruction-from-checkpoint-missing-protocol": "found no protocol",
	"refuse/deltalog-state-reconstruction-without-metadata":                 "found no metadata",
	"refuse/dv-partitioned-with-checkpoint":                                 "needs deletion vectors",
	"refuse/dv-with-columnmapping":                                          "needs column mapping",
	"refuse/spark-variant-checkpoint":                                       "needs the reader feature variantType-preview",
	"refuse/table-with-columnmapping-mode-id":                               "needs column mapping",
	"refuse/type-widening":                                                  "needs the reader feature typeWidening-preview",
	"refuse/v2-checkpoint-json":                                             "needs the reader feature v2Checkpoint",
	"refuse/v2-checkpoint-parquet":                                          "needs the reader feature v2Checkpoint",
	"refuse/versions-not-contiguous":                                        "found no 00000000000000000001.json",
}

func TestWritingToGoldenTables(t *testing.T) {
	tables, err := filepath.Glob(filepath.Join(dataFolder(t), "*", "*"))
	if err != nil || len(tables) != len(golden) {
		t.Fatalf("found %d tables, %v; expected %d", len(tables), err, len(golden))
	}
	for _, folder := range tables {
		name := filepath.ToSlash(filepath.Join(filepath.Base(filepath.Dir(folder)), filepath.Base(folder)))
		for _, schema := range []*arrow.Schema{rides(), rides(clock)} {
			source := &objects{table: objstore.Table{URI: folder}}
			log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
			entries, err := source.Entries(t.Context())
			for _, e := range entries {
				content, readErr := source.Read(t.Context(), e)
				log.files[e.Name], err = content, errors.Join(err, readErr)
			}
			if err != nil {
				t.Fatal(err)
			}
			before := len(log.files)
			at, _, err := Forward(t.Context(), log, version(1, schema), yes)
			if want := writing[name]; want != "" || strings.HasPrefix(name, "refuse/") {
				if want == "" || err == nil || !strings.Contains(err.Error(), want) || len(log.files) != before {
					t.Errorf("%s: found %v and %d files, expected %q and %d", name, err, len(log.files), want, before)
				}
				continue
			}
			if err != nil || at != golden[name].version+1 {
				t.Errorf("%s: found version %d, %v; expected %d", name, at, err, golden[name].version+1)
				continue
			}
			s, err := latest(t, log.files)
			if err != nil || len(s.Files) != 1 || s.Files[0].Path != "v1-a%20b.parquet" || len(s.Metadata.PartitionColumns) != 0 {
				t.Errorf("%s: found %+v, %v", name, s, err)
				continue
			}
			fields, _ := FieldsOf(schema)
			if !slices.EqualFunc(s.Schema.Fields, fields, sameField) {
				t.Errorf("%s: found the columns %v", name, s.Schema.Fields)
			}
			if old := headOf(t, source).state.metadata; old.ID != s.Metadata.ID {
				t.Errorf("%s: found the id %s, expected %s", name, s.Metadata.ID, old.ID)
			}
			if schema.HasField(clock.Name) != slices.Contains(s.Protocol.WriterFeatures, timestampNtz) && name != "respect/data-reader-timestamp_ntz" {
				t.Errorf("%s: found the protocol %+v", name, s.Protocol)
			}
		}
	}
}

// TestTablesThatMustNotBeWrittenTo has tables that can be read and not written to.
func TestTablesThatMustNotBeWrittenTo(t *testing.T) {
	const metadata = `{"metaData":{"id":"1","format":{"provider":"parquet"},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,\"metadata\":%s}]}","partitionColumns":[],"configuration":{%s}}}` + "\n"
	protocol := func(reader, writer int, features string) string {
		return fmt.Sprintf(`{"protocol":{"minReaderVersion":%d,"minWriterVersion":%d%s}}`+"\n", reader, writer, features)
	}
	for name, c := range map[string]struct{ protocol, columns, settings, want string }{
		"plain":                   {protocol: protocol(1, 2, "")},
		"old":                     {protocol: protocol(1, 1, "")},
		"comments":                {protocol: protocol(1, 2, ""), columns: `{\"comment\":\"x\"}`},
		"known features":          {protocol: protocol(1, 7, `,"writerFeatures":["invariants","appendOnly"]`)},
		"not only append":         {protocol: protocol(1, 2, ""), settings: `"delta.appendOnly":"false"`},
		"constraints":             {protocol: protocol(1, 3, ""), want: "reader version 1 and writer version 3 (1 or 3, and 1, 2 or 7 are known)"},
		"column mapping, unused":  {protocol: protocol(2, 5, ""), want: "reader version 2 and writer version 5"},
		"newer":                   {protocol: protocol(1, 8, ""), want: "writer version 8"},
		"a change feed":           {protocol: protocol(1, 7, `,"writerFeatures":["invariants","changeDataFeed"]`), want: "the feature changeDataFeed"},
		"two features":            {protocol: protocol(3, 7, `,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors","rowTracking"]`), want: "the feature deletionVectors and rowTracking"},
		"only append":             {protocol: protocol(1, 2, ""), settings: `"delta.appendOnly":"True"`, want: "that nothing is removed from it (delta.appendOnly)"},
		"an invariant":            {protocol: protocol(1, 2, ""), columns: `{\"delta.invariants\":\"a > 0\"}`, want: `delta.invariants for the column "a"`},
		"an identity column":      {protocol: protocol(1, 2, ""), columns: `{\"delta.identity.start\":1}`, want: `delta.identity.start for the column "a"`},
		"files that are not ours": {protocol: protocol(1, 2, ""), settings: `"delta.columnMapping.mode":"name"`, want: "column mapping (mode name)"},
	} {
		log := &writableLog{memLog: memLog{files: map[string][]byte{commitOf(0): []byte(c.protocol + fmt.Sprintf(metadata, cmp.Or(c.columns, "{}"), c.settings))}}}
		_, _, err := Forward(t.Context(), log, version(1, rides()), yes)
		var u *UnwritableError
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &u) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "does not write")) {
			t.Errorf("%s: found %v, expected %q", name, err, c.want)
		}
	}
	log := &writableLog{memLog: memLog{files: map[string][]byte{"00000000000000000002.checkpoint.6374b053-df23-479b-b2cf-c9c550132b49.json": []byte("{}")}}}
	if _, _, err := Forward(t.Context(), log, version(1, rides()), yes); err == nil {
		t.Error("a log with nothing but a checkpoint of the newer form: found no error")
	}
}

// TestWhatOthersSaidOfATableStays: comments and settings of the table survive a change of its schema, or are not touched.
func TestWhatOthersSaidOfATableStays(t *testing.T) {
	log := &writableLog{memLog: memLog{files: map[string][]byte{}}}
	forward(t, log, version(1, rides()), 0)
	first := string(log.files[commitOf(0)])
	metadata := first[strings.Index(first, `{"metaData"`):strings.Index(first, `{"add"`)]
	metadata = strings.Replace(metadata, `"configuration":{}`, `"configuration":{"delta.logRetentionDuration":"interval 9 days"},"name":"rides","description":"of taxis"`, 1)
	metadata = strings.Replace(metadata, `\"metadata\":{}`, `\"metadata\":{\"comment\":\"yellow or green\"}`, 1)
	log.files[commitOf(1)] = []byte(metadata)
	forward(t, log, version(2, rides()), 2)
	if strings.Contains(string(log.files[commitOf(2)]), "metaData") {
		t.Errorf("the same columns: found\n%s", log.files[commitOf(2)])
	}
	forward(t, log, version(3, rides(clock)), 3)
	m := headOf(t, log).state.metadata
	if m.ID != "0000-1111" || m.Name != "rides" || m.Description != "of taxis" || m.Configuration["delta.logRetentionDuration"] != "interval 9 days" {
		t.Errorf("found %+v", m)
	}
}
