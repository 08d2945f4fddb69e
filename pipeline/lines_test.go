package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/testdata/lines"
	"tripstats/testdata/tlcgen"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/quality"
)

func init() {
	source.Register(lines.Format{})
	publish.Register(lines.Table{})
}

// TestTheGraphPublishesInAFormatOfSomebodyElse publishes the sample as parquet and as lines of text.
func TestTheGraphPublishesInAFormatOfSomebodyElse(t *testing.T) {
	r, err := runners.Find("direct")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := objstore.Access{}.Match(t.Context(), []string{samplePattern})
	if err != nil {
		t.Fatal(err)
	}
	read := func(format string) (cells []string) {
		cfg := configOf("raw", quality.Config{})
		cfg.Output, cfg.Format = t.TempDir(), format
		p, s := beam.NewPipelineWithRoot()
		build(s, plan{files: source.Files(objects), trips: tripOptions("", false, aggregate.Tables(false)), tables: aggregate.Tables(false), publish: cfg})
		if _, err := r.Run(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		m, err := publish.ReadManifest(t.Context(), objstore.Access{}, cfg.Output)
		if err != nil {
			t.Fatal(err)
		}
		for i, spec := range aggregate.Tables(false) {
			if want := spec.Name + "/" + spec.Name + "." + format; m.Outputs[i].Plain != want {
				t.Errorf("found the output %s, expected %s", m.Outputs[i].Plain, want)
			}
			table, err := publish.ReadTable(t.Context(), objstore.Access{}, cfg.Output, m.Outputs[i], spec.Schema())
			if err != nil {
				t.Fatal(err)
			}
			for c := range int(table.NumCols()) {
				for _, chunk := range table.Column(c).Data().Chunks() {
					for k := range chunk.Len() {
						cells = append(cells, chunk.ValueStr(k))
					}
				}
			}
		}
		var printed bytes.Buffer
		if err := printTable(t.Context(), &printed, objstore.Access{}, cfg.Output, m, nil); err != nil || printed.Len() == 0 {
			t.Errorf("%s: printed %d bytes of the monthly table, %v", format, printed.Len(), err)
		}
		return cells
	}
	if want := read("parquet"); len(want) < 1000 || !slices.Equal(read("lines"), want) {
		t.Errorf("the %d cells differ", len(want))
	}
}

// TestTheGraphReadsAFormatOfSomebodyElse has the whole graph read the same trips as parquet and as lines of text, in one file and
// beside each other.
func TestTheGraphReadsAFormatOfSomebodyElse(t *testing.T) {
	dir := t.TempDir()
	o := tlcgen.Options{Taxi: tlcgen.Yellow, Month: tlcgen.MonthOf(2019, 8), Rows: 5_000, RowGroups: 3}
	path := filepath.Join(dir, "yellow_tripdata_2019-08.parquet")
	if _, err := tlcgen.WriteFile(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}
	asLines := filepath.Join(dir, "yellow_tripdata_2019-08.lines")
	if err := toLines(t, path, asLines); err != nil {
		t.Fatal(err)
	}
	for _, runner := range []string{"direct", "prism"} {
		want, got := t.TempDir(), t.TempDir()
		publishInto(t, runner, path, want)
		publishInto(t, runner, asLines, got)
		for _, table := range []string{"trip_stats", "location_stats"} {
			if rows := readTable(t, want, table); len(rows) == 0 || !slices.Equal(rows, readTable(t, got, table)) {
				t.Errorf("%s: %s differs from that of parquet", runner, table)
			}
		}
	}
}

func toLines(t *testing.T, from, to string) error {
	pf, err := file.OpenParquetFile(from, false)
	if err != nil {
		return err
	}
	defer pf.Close() //nolint:errcheck // read only
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{BatchSize: 1 << 20}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	batches, err := r.GetRecordReader(t.Context(), nil, nil)
	if err != nil {
		return err
	}
	defer batches.Release()
	var records []arrow.RecordBatch
	for batches.Next() {
		rec := batches.RecordBatch()
		rec.Retain()
		records = append(records, rec)
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := lines.Write(out, records...); err != nil {
		return err
	}
	return out.Close()
}

// TestTheFormatFlagChoosesARegisteredFormat protects that a further format of tables needs no second list.
func TestTheFormatFlagChoosesARegisteredFormat(t *testing.T) {
	for _, name := range tableFormats {
		s := new(settings)
		flags := s.flagSet(mainFlags)
		if err := flags.Set("format", name); err != nil {
			t.Fatal(err)
		}
		s.parsedFrom(flags)
		if got := s.publishConfig(quality.Config{}, aggregate.Tables(s.standard())).Format; got != name || !slices.Contains(publish.Formats(), got) {
			t.Errorf("--format=%s: the tables are written as %q, one of %q", name, got, publish.Formats())
		}
	}
	i := slices.IndexFunc(mainFlags, func(d flagDef) bool { return d.name == "format" })
	if d := mainFlags[i]; len(tableFormats) == 0 || !slices.Equal(d.choices, tableFormats) || d.def != tableFormats[0] {
		t.Errorf("--format: found %q of %q, expected the registered ones %q", d.def, d.choices, tableFormats)
	}
}
