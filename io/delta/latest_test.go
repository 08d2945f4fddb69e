package delta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// memLog is a log in memory: the files by name. It counts the reads.
type memLog struct {
	files map[string][]byte
	reads chan string
}

func (m memLog) Entries(context.Context) ([]Entry, error) {
	var entries []Entry
	for name, content := range m.files {
		entries = append(entries, Entry{name, int64(len(content))})
	}
	return entries, nil
}

func (m memLog) Read(_ context.Context, e Entry) ([]byte, error) {
	if m.reads != nil {
		m.reads <- e.Name
	}
	return m.files[e.Name], nil
}

func latest(t *testing.T, files map[string][]byte) (*Snapshot, error) {
	t.Helper()
	return Latest(t.Context(), memLog{files: files})
}

func commitOf(v int) string { return fmt.Sprintf("%020d.json", v) }

var (
	checkpointType = arrow.StructOf(
		arrow.Field{Name: "path", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "partitionValues", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String), Nullable: true},
		arrow.Field{Name: "size", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "modificationTime", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		arrow.Field{Name: "dataChange", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
		arrow.Field{Name: "stats", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "deletionVector", Nullable: true, Type: arrow.StructOf(
			arrow.Field{Name: "storageType", Type: arrow.BinaryTypes.String, Nullable: true},
			arrow.Field{Name: "pathOrInlineDv", Type: arrow.BinaryTypes.String, Nullable: true},
			arrow.Field{Name: "offset", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		)},
	)
	checkpointSchema = arrow.NewSchema([]arrow.Field{
		{Name: "txn", Nullable: true, Type: arrow.StructOf(arrow.Field{Name: "appId", Type: arrow.BinaryTypes.String, Nullable: true})},
		{Name: "add", Nullable: true, Type: checkpointType},
		{Name: "remove", Nullable: true, Type: arrow.StructOf(arrow.Field{Name: "path", Type: arrow.BinaryTypes.String, Nullable: true})},
		{Name: "metaData", Nullable: true, Type: arrow.StructOf(
			arrow.Field{Name: "id", Type: arrow.BinaryTypes.String, Nullable: true},
			arrow.Field{Name: "format", Nullable: true, Type: arrow.StructOf(arrow.Field{Name: "provider", Type: arrow.BinaryTypes.String, Nullable: true})},
			arrow.Field{Name: "schemaString", Type: arrow.BinaryTypes.String, Nullable: true},
			arrow.Field{Name: "partitionColumns", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
			arrow.Field{Name: "configuration", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String), Nullable: true},
		)},
		{Name: "protocol", Nullable: true, Type: arrow.StructOf(
			arrow.Field{Name: "minReaderVersion", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
			arrow.Field{Name: "minWriterVersion", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
			arrow.Field{Name: "readerFeatures", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		)},
	}, nil)
)

// asMaps turns JSON objects into lists of pairs, the form in which arrow's builders read maps.
func asMaps(action map[string]any, path ...string) {
	at := action
	for _, p := range path[:len(path)-1] {
		next, ok := at[p].(map[string]any)
		if !ok {
			return
		}
		at = next
	}
	last := path[len(path)-1]
	if pairs, ok := at[last].(map[string]any); ok {
		list := []any{}
		for _, k := range slices.Sorted(maps.Keys(pairs)) {
			list = append(list, map[string]any{"key": k, "value": pairs[k]})
		}
		at[last] = list
	}
}

// checkpointWith writes actions as a checkpoint.
func checkpointWith(t testing.TB, codec compress.Compression, groupRows int64, actions ...Action) []byte {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, checkpointSchema)
	defer b.Release()
	for _, a := range actions {
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var row map[string]any
		if err := json.Unmarshal(text, &row); err != nil {
			t.Fatal(err)
		}
		asMaps(row, "add", "partitionValues")
		asMaps(row, "metaData", "configuration")
		if text, err = json.Marshal(row); err != nil {
			t.Fatal(err)
		}
		if err := b.UnmarshalJSON(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(checkpointSchema, &out, parquet.NewWriterProperties(parquet.WithCompression(codec), parquet.WithMaxRowGroupLength(groupRows)), pqarrow.DefaultWriterProps())
	if err == nil {
		err = errors.Join(w.Write(rec), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func lines(t testing.TB, actions ...Action) []byte {
	t.Helper()
	var out []byte
	for _, a := range actions {
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, b...), '\n')
	}
	return out
}

func text(s string) *string { return &s }

var (
	oneProtocol = Action{Protocol: &Protocol{MinReaderVersion: 3, MinWriterVersion: 7, ReaderFeatures: []string{"timestampNtz"}}}
	oneTable    = Action{Metadata: &Metadata{
		ID: "1", Format: Provider{Provider: "parquet"}, PartitionColumns: []string{"month", "zone"}, Configuration: map[string]string{"delta.appendOnly": "false"},
		SchemaString: `{"type":"struct","fields":[{"name":"month","type":"integer"},{"name":"zone","type":"string"},{"name":"list","type":{"type":"array"}}]}`,
	}}
)

func addOf(path, month string, zone *string) Action {
	return Action{Add: &Add{Path: path, PartitionValues: map[string]*string{"month": &month, "zone": zone}, Size: 5, ModificationTime: 7, Stats: `{"numRecords":3}`}}
}

// TestTheLatestVersionIsWhatCommitsComeTo compares random logs with a model. Some logs have checkpoints, and some of these lack the old
// commits.
func TestTheLatestVersionIsWhatCommitsComeTo(t *testing.T) {
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 1))
		model := map[string]string{} // the month of each file, by path
		files := map[string][]byte{}
		versions := 1 + rng.IntN(25)
		for v := range versions {
			var actions []Action
			if v == 0 {
				actions = append(actions, oneProtocol, oneTable)
			}
			paths := slices.Sorted(maps.Keys(model))
			for range rng.IntN(5) {
				if len(paths) > 0 && rng.IntN(3) == 0 {
					p := paths[rng.IntN(len(paths))]
					delete(model, p)
					actions = append(actions, Action{Remove: &Remove{Path: p}})
					paths = slices.DeleteFunc(paths, func(have string) bool { return have == p })
					continue
				}
				p, month := fmt.Sprintf("month=x/part %d#é.parquet", rng.IntN(200)), fmt.Sprint(rng.IntN(12))
				p = strings.NewReplacer(" ", "%20", "#", "%23").Replace(p)
				model[p] = month
				actions = append(actions, addOf(p, month, text("z")))
				paths = slices.DeleteFunc(paths, func(have string) bool { return have == p })
			}
			files[commitOf(v)] = append([]byte("{\"commitInfo\":{}}\n\n"), lines(t, actions...)...)
			if rng.IntN(6) > 0 {
				continue
			}
			all := []Action{oneTable, {Remove: &Remove{Path: "gone"}}, oneProtocol}
			for _, p := range slices.Sorted(maps.Keys(model)) {
				all = append(all, addOf(p, model[p], text("z")))
			}
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			codec := []compress.Compression{compress.Codecs.Snappy, compress.Codecs.Uncompressed, compress.Codecs.Zstd}[rng.IntN(3)]
			if parts := 1 + rng.IntN(3); parts > 1 {
				for p := range parts {
					some := all[len(all)*p/parts : len(all)*(p+1)/parts]
					files[fmt.Sprintf("%020d.checkpoint.%010d.%010d.parquet", v, p+1, parts)] = checkpointWith(t, codec, int64(1+rng.IntN(9)), some...)
				}
				if rng.IntN(3) == 0 { // it is incomplete, so it does not count
					delete(files, fmt.Sprintf("%020d.checkpoint.%010d.%010d.parquet", v, 1+rng.IntN(parts), parts))
					continue
				}
			} else {
				files[fmt.Sprintf("%020d.checkpoint.parquet", v)] = checkpointWith(t, codec, int64(1+rng.IntN(9)), all...)
			}
			files["_last_checkpoint"] = []byte(`{"version":` + fmt.Sprint(rng.IntN(100)))
			if rng.IntN(2) == 0 {
				for old := range v {
					delete(files, commitOf(old))
				}
			}
			if rng.IntN(4) == 0 { // a checkpoint alone has its version
				delete(files, commitOf(v))
			}
		}
		s, err := latest(t, files)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		found := map[string]string{}
		for _, f := range s.Files {
			p := s.Partitions(f)
			found[f.Path] = p[0].Value
			if len(p) != 2 || p[0].Name != "month" || p[0].Type != "integer" || p[1] != (Partition{"zone", "z", false, "string"}) || f.Size != 5 || f.ModificationTime != 7 {
				t.Fatalf("seed %d: found %+v with %+v", seed, f, p)
			}
		}
		if s.Version != int64(versions-1) || !maps.Equal(found, model) || s.Metadata.Configuration["delta.appendOnly"] != "false" || s.Protocol.MinReaderVersion != 3 {
			t.Fatalf("seed %d: found version %d of %+v with %v, expected %d with %v", seed, s.Version, s.Metadata, found, versions-1, model)
		}
	}
}

func TestNullPartitionsAreNull(t *testing.T) {
	for name, add := range map[string]Action{"null": addOf("x", "1", nil), "empty": addOf("x", "1", text(""))} {
		for _, checkpoint := range []bool{false, true} {
			files := map[string][]byte{commitOf(0): lines(t, oneProtocol, oneTable, add)}
			if checkpoint {
				files = map[string][]byte{"00000000000000000000.checkpoint.parquet": checkpointWith(t, compress.Codecs.Snappy, 100, oneProtocol, oneTable, add)}
			}
			s, err := latest(t, files)
			if err != nil {
				t.Fatal(err)
			}
			if p := s.Partitions(s.Files[0]); p[1] != (Partition{"zone", "", true, "string"}) || p[0].Null {
				t.Errorf("%s, checkpoint %v: found %+v", name, checkpoint, p)
			}
		}
	}
}

// TestADeletionVectorMakesAnotherFile: a commit that adds a file with a deletion vector removes the file without it, in either order.
func TestADeletionVectorMakesAnotherFile(t *testing.T) {
	with, without := addOf("x", "1", nil), addOf("x", "1", nil)
	offset := int64(1)
	with.Add.DeletionVector = &DeletionVector{StorageType: "u", PathOrInlineDv: "abc", Offset: &offset}
	for name, c := range map[string]struct {
		actions []Action
		refused bool
	}{
		"added first":   {[]Action{without, with, {Remove: &Remove{Path: "x"}}}, true},
		"removed first": {[]Action{without, {Remove: &Remove{Path: "x"}}, with}, true},
		"gone again":    {[]Action{with, without, {Remove: &Remove{Path: "x", DeletionVector: with.Add.DeletionVector}}}, false},
	} {
		_, err := latest(t, map[string][]byte{commitOf(0): lines(t, append([]Action{oneProtocol, oneTable}, c.actions...)...)})
		var unreadable *UnreadableError
		if errors.As(err, &unreadable) != c.refused {
			t.Errorf("%s: found %v, expected to be refused: %v", name, err, c.refused)
		}
	}
	checkpoint := checkpointWith(t, compress.Codecs.Snappy, 100, oneProtocol, oneTable, with)
	if _, err := latest(t, map[string][]byte{"00000000000000000003.checkpoint.parquet": checkpoint}); err == nil || !strings.Contains(err.Error(), "deletion vectors") {
		t.Errorf("in a checkpoint: found %v, expected to be refused", err)
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	table := func(change func(p *Protocol, m *Metadata)) map[string][]byte {
		p, m := *oneProtocol.Protocol, *oneTable.Metadata
		change(&p, &m)
		return map[string][]byte{commitOf(0): lines(t, Action{Protocol: &p}, Action{Metadata: &m})}
	}
	with := func(files map[string][]byte, name string, content []byte) map[string][]byte {
		files[name] = content
		return files
	}
	plain := table(func(*Protocol, *Metadata) {})
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"nothing":            {nil, "found no commit in _delta_log"},
		"a version missing":  {with(maps.Clone(plain), commitOf(2), nil), "found no 00000000000000000001.json in _delta_log, expected the commits of all versions from 0 to 2"},
		"no protocol":        {map[string][]byte{commitOf(0): lines(t, oneTable)}, "version 0: found no protocol in its log"},
		"no metadata":        {map[string][]byte{commitOf(0): lines(t, oneProtocol)}, "version 0: found no metadata in its log"},
		"a newer reader":     {table(func(p *Protocol, _ *Metadata) { p.MinReaderVersion = 4 }), "it needs reader version 4 (1 to 3 are known)"},
		"features not known": {table(func(p *Protocol, _ *Metadata) { p.ReaderFeatures = []string{"z", "timestampNtz", "a"} }), "it needs the reader feature a and z, which this program does not read; write"},
		"column mapping": {table(func(p *Protocol, m *Metadata) {
			p.MinReaderVersion, m.Configuration = 2, map[string]string{columnMapping: "name"}
		}), "it needs column mapping (mode name)"},
		"column mapping, none": {table(func(p *Protocol, m *Metadata) {
			p.MinReaderVersion, m.Configuration = 2, map[string]string{columnMapping: "none"}
		}), ""},
		"a feature not used":        {table(func(p *Protocol, _ *Metadata) { p.ReaderFeatures = []string{"deletionVectors", "vacuumProtocolCheck"} }), ""},
		"another format":            {table(func(_ *Protocol, m *Metadata) { m.Format.Provider = "orc" }), "it needs files of the format orc"},
		"a schema that is none":     {table(func(_ *Protocol, m *Metadata) { m.SchemaString = "{" }), "its schema is not as expected"},
		"a line that is none":       {with(maps.Clone(plain), commitOf(1), []byte("{}\n{")), "_delta_log/00000000000000000001.json: line 2: "},
		"a file without a path":     {with(maps.Clone(plain), commitOf(1), []byte(`{"add":{}}`)), "line 1: found a file without a path"},
		"a partition without it":    {with(maps.Clone(plain), commitOf(1), []byte(`{"add":{"path":"x","partitionValues":{"month":"1"}}}`)), `x: found no value of the partition column "zone"`},
		"a checkpoint that is none": {map[string][]byte{"00000000000000000001.checkpoint.parquet": []byte("PAR1 no parquet")}, "00000000000000000001.checkpoint.parquet: the checkpoint is not parquet"},
		"a newer checkpoint alone":  {map[string][]byte{"00000000000000000001.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json": nil, commitOf(2): nil}, "it needs a checkpoint of the newer form (v2)"},
		"all as it should be":       {plain, ""},
	} {
		if _, err := latest(t, c.files); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", name, err, c.want)
		}
	}
}

// TestOnlyWhatCountsIsRead keeps the number of requests small: only the newest complete checkpoint and the commits after it are read.
func TestOnlyWhatCountsIsRead(t *testing.T) {
	files := map[string][]byte{"_last_checkpoint": []byte("{}"), "00000000000000000007.crc": nil}
	for v := range 12 {
		files[commitOf(v)] = lines(t, oneProtocol, oneTable)
	}
	for _, v := range []int{4, 8} {
		files[fmt.Sprintf("%020d.checkpoint.parquet", v)] = checkpointWith(t, compress.Codecs.Snappy, 100, oneProtocol, oneTable)
	}
	log := memLog{files, make(chan string, 100)}
	if s, err := Latest(t.Context(), log); err != nil || s.Version != 11 {
		t.Fatalf("found %+v, %v", s, err)
	}
	close(log.reads)
	var read []string
	for name := range log.reads {
		read = append(read, name)
	}
	slices.Sort(read)
	if want := []string{"00000000000000000008.checkpoint.parquet", commitOf(9), commitOf(10), commitOf(11)}; !slices.Equal(read, want) {
		t.Errorf("read %q, expected %q", read, want)
	}
}

func TestPathsAreURLs(t *testing.T) {
	for path, want := range map[string]string{
		"a.parquet": "a.parquet", "month=1/a%20b.parquet": "month=1/a b.parquet", "a%2520b": "a%20b", "x:y/z": "x:y/z", "a%3Ab": "a:b",
		"/data/a%20b": "! /data/a b", "file:/data/a": "! /data/a", "file:///data/a%23b": "! /data/a#b", "FILE:///data/a": "! /data/a",
		"s3://bucket/a%20b": "! s3://bucket/a b", "s3a://bucket/x": "! s3a://bucket/x",
		"../a": "error", "a/../b": "error", "%2e%2e/a": "error", "%zz": "error", "a%00b": "error",
	} {
		plain, absolute, err := Path(path)
		found := plain
		if absolute {
			found = "! " + plain
		}
		if err != nil {
			found = "error"
		}
		if found != want {
			t.Errorf("%s: found %s, %v, expected %s", path, found, err, want)
		}
	}
	for _, same := range [][2]string{{"file:/a/b", "/a/b"}, {"file:///a/b%20c", "/a/b c"}, {"a%2Db", "a-b"}} {
		if key(same[0]) != key(same[1]) {
			t.Errorf("%s and %s have different keys", same[0], same[1])
		}
	}
	if key("/a") == key("a") {
		t.Error("/a and a have the same key")
	}
}

// FuzzLatest reads a log whose commit and checkpoint have any bytes. The result must be an error or a version, never a panic.
func FuzzLatest(f *testing.F) {
	commit := lines(f, oneProtocol, oneTable, addOf("x", "1", nil), Action{Remove: &Remove{Path: "y"}})
	for _, codec := range []compress.Compression{compress.Codecs.Snappy, compress.Codecs.Uncompressed, compress.Codecs.Zstd} {
		f.Add(commit, checkpointWith(f, codec, 2, oneProtocol, oneTable, addOf("x", "1", nil), addOf("y", "2", text("z"))))
	}
	f.Fuzz(func(t *testing.T, commit, checkpoint []byte) {
		for _, files := range []map[string][]byte{
			{commitOf(0): commit},
			{"00000000000000000000.checkpoint.parquet": checkpoint, commitOf(1): commit},
		} {
			s, err := latest(t, files)
			if err != nil {
				continue
			}
			for _, file := range s.Files {
				s.Partitions(file)
				Path(file.Path) //nolint:errcheck // any answer will do
			}
		}
	})
}

// TestDamagedCheckpointsAreErrors changes bytes of checkpoints. The result must be an error or a version, never a panic.
func TestDamagedCheckpointsAreErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var actions []Action
	for i := range 50 {
		actions = append(actions, addOf(fmt.Sprint("part-", i), "1", text("z")))
	}
	for _, codec := range []compress.Compression{compress.Codecs.Snappy, compress.Codecs.Uncompressed, compress.Codecs.Zstd, compress.Codecs.Gzip} {
		good := checkpointWith(t, codec, 20, append(actions, oneProtocol, oneTable)...)
		for range 400 {
			bad := slices.Clone(good)
			for range 1 + rng.IntN(3) {
				bad[rng.IntN(len(bad))] ^= byte(1 + rng.IntN(255))
			}
			if rng.IntN(10) == 0 {
				bad = bad[:rng.IntN(len(bad))]
			}
			latest(t, map[string][]byte{"00000000000000000000.checkpoint.parquet": bad}) //nolint:errcheck // any answer will do
		}
	}
}
