package publish

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"tripstats/io/objstore"
	"tripstats/io/parquetio"
	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

func TestMain(m *testing.M) {
	Register(Parquet{})
	ptest.MainWithDefault(m, "direct")
}

func table(name string, counts ...int64) element.Table {
	schema := arrow.NewSchema([]arrow.Field{{Name: "label", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, c := range counts {
		b.Field(0).(*array.StringBuilder).Append(name)
		b.Field(1).(*array.Int64Builder).Append(c)
	}
	return element.Table{Name: name, Record: b.NewRecordBatch()}
}

// good returns a consistent run: two files with five rows in all, and two tables that each count five.
func good(output string) (Config, result) {
	cfg := Config{
		Output: output, ID: "id", MaxRejected: -1, Tables: []string{"first", "second"}, Balance: []Total{{"first", "n"}, {"second", "n"}},
		Meta: []parquetio.Meta{{Key: "tripstats.quality", Value: "raw"}}, Quality: "raw", Flags: map[string]string{"input": "x"},
		Program:  Program{Name: "tripstats", Version: "1"},
		Existing: Replace,
	}
	return cfg, result{
		files:   []element.Admitted{{Source: "b", Rows: 2, Month: 602, Units: 1}, {Source: "a", Rows: 4, Month: element.NoMonth}},
		leftOut: []element.LeftOut{{Source: "c"}},
		tallies: []element.Tally{{Source: "a", Rows: 4, Counted: 3, Refused: []element.Refused{{Rule: "pickup_stray", Rows: 1}}}, {Source: "b", Rows: 2, Counted: 2}},
		tables:  []element.Table{table("second", 5), table("first", 1, 4)},
	}
}

// publishThrough runs the transform in a pipeline.
func publishThrough(cfg Config, r result) error {
	p, s := beam.NewPipelineWithRoot()
	var tables []beam.PCollection
	for _, t := range r.tables {
		tables = append(tables, beam.CreateList(s, []element.Table{t}))
	}
	if len(tables) == 0 {
		tables = append(tables, beam.CreateList(s, r.tables))
	}
	in := Inputs{Files: beam.CreateList(s, []element.AdmittedFiles{{Files: r.files}}), LeftOut: beam.CreateList(s, r.leftOut), Tallies: beam.CreateList(s, []element.Tallies{{List: r.tallies}}), Tables: tables}
	if cfg.Quarantine != nil {
		in.Kept = append(in.Kept, beam.CreateList(s, r.kept))
	}
	Publish(s, cfg, in)
	return ptest.Run(p)
}

func TestPublishWritesTablesAndManifest(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	cfg, r := good(out)
	if err := publishThrough(cfg, r); err != nil {
		t.Fatal(err)
	}
	m, err := ReadManifest(t.Context(), objstore.Access{}, out)
	if err != nil {
		t.Fatal(err)
	}
	if m.Schema != ManifestSchema || m.Rows != 6 || len(m.Inputs) != 2 || m.Inputs[0].Source != "a" || m.Inputs[1].Month != "2020-03" || len(m.LeftOut) != 1 {
		t.Errorf("manifest: %+v", m)
	}
	for i, want := range []int64{2, 1} {
		o := m.Outputs[i]
		f, err := os.Open(filepath.Join(out, o.Path))
		if err != nil {
			t.Fatal(err)
		}
		pf, err := file.NewParquetReader(f)
		if err != nil {
			t.Fatal(err)
		}
		if kv := pf.MetaData().KeyValueMetadata().FindValue("tripstats.quality"); pf.NumRows() != want || o.Rows != want || kv == nil || *kv != "raw" {
			t.Errorf("%s: %d rows, manifest %+v, metadata %v", o.Path, pf.NumRows(), o, kv)
		}
		if err := pf.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTablesOfAnotherModeAreRemoved checks that the output has only the tables in its manifest.
func TestTablesOfAnotherModeAreRemoved(t *testing.T) {
	out := t.TempDir()
	cfg, r := good(out)
	if err := publishThrough(cfg, r); err != nil {
		t.Fatal(err)
	}
	cfg, r = good(out)
	cfg.ID = "raw"
	cfg.Tables, cfg.Absent, cfg.Balance = []string{"first"}, []string{"second", "third"}, cfg.Balance[:1]
	r.tables = r.tables[1:]
	if err := publishThrough(cfg, r); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"first/first.parquet": true, "second": false} {
		if _, err := os.Stat(filepath.Join(out, path)); (err == nil) != want {
			t.Errorf("%s: %v, expected it there: %v", path, err, want)
		}
	}
}

func TestPublishingAgainGivesTheSameBytes(t *testing.T) {
	out := t.TempDir()
	read := func() string {
		var all strings.Builder
		for _, p := range []string{"first/first.parquet", "second/second.parquet", ManifestName} {
			b, err := os.ReadFile(filepath.Join(out, p))
			if err != nil {
				t.Fatal(err)
			}
			if p == ManifestName {
				m, err := parseManifest(b)
				if err != nil {
					t.Fatal(err)
				}
				m.Commit = nil
				for i := range m.Outputs {
					m.Outputs[i].Path = ""
				}
				b = m.encode()
			}
			all.Write(b)
		}
		return all.String()
	}
	cfg, r := good(out)
	if err := publishThrough(cfg, r); err != nil {
		t.Fatal(err)
	}
	first := read()
	cfg.ID = "another run"
	if err := publishThrough(cfg, r); err != nil {
		t.Fatal(err)
	}
	if read() != first {
		t.Error("the second run wrote other bytes")
	}
}

func TestTheGateNamesFileAndRule(t *testing.T) {
	cfg, r := good(t.TempDir())
	for limit, passes := range map[int64]bool{-1: true, 250_000: true, 249_999: false, 0: false} {
		cfg.MaxRejected = limit
		err := publishThrough(cfg, r)
		f := fault.Find(err)
		if passes != (err == nil) || !passes && (f == nil || f.Code != fault.Gate || !strings.Contains(f.Message, "a: row rules refused 1 of 4 rows (25%), most of them pickup_stray (1)")) {
			t.Errorf("at most %d per million: %v", limit, err)
		}
	}
}

func TestAnOutputThatCannotBeWrittenIsNamed(t *testing.T) {
	out := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(out, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, r := good(out)
	if f := fault.Find(publishThrough(cfg, r)); f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, out) {
		t.Errorf("found %v", f)
	}
}

func TestManifestIsPlainJSON(t *testing.T) {
	cfg, r := good(t.TempDir())
	cfg.Flags["input"] = "a&b<c>"
	if b := r.manifest(cfg).encode(); !strings.Contains(string(b), `"a&b<c>"`) || !json.Valid(b) {
		t.Errorf("manifest: %s", b)
	}
}

func TestEmptyTablesKeepTheirSchema(t *testing.T) {
	out := t.TempDir()
	cfg, r := good(out)
	r.files, r.tallies, r.tables = nil, nil, []element.Table{table("first"), table("second")}
	if err := r.publish(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(out, "first", "first.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	pf, err := file.NewParquetReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer pf.Close() //nolint:errcheck // read only
	got, err := pqarrow.FromParquet(pf.MetaData().Schema, nil, nil)
	if err != nil || got.String() == "" || got.NumFields() != 2 || pf.NumRows() != 0 {
		t.Errorf("schema %v, %d rows, %v", got, pf.NumRows(), err)
	}
}
