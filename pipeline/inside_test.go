package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/io/source"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/quality"
)

// configOf returns the configuration of publishing for raw or standard, with the defaults of all flags.
func configOf(mode string, rules quality.Config) publish.Config {
	return tablesConfig(mode, rules, aggregate.Tables(mode == "standard"))
}

// tablesConfig is configOf for some tables.
func tablesConfig(mode string, rules quality.Config, tables []*aggregate.Spec) publish.Config {
	s := new(settings)
	s.parsedFrom(s.flagSet(mainFlags))
	s.quality, s.parsed.maxRejected = mode, -1
	return s.publishConfig(rules, tables)
}

// publishInto runs the pipeline in this process.
func publishInto(t *testing.T, runner, pattern, out string) {
	t.Helper()
	r, err := runners.Find(runner)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := objstore.Access{}.Match(t.Context(), []string{pattern})
	if err != nil {
		t.Fatal(err)
	}
	cfg := configOf("raw", quality.Config{})
	cfg.Output = out
	p, s := beam.NewPipelineWithRoot()
	build(s, plan{files: source.Files(objects), trips: tripOptions("", false, aggregate.Tables(false)), tables: aggregate.Tables(false), publish: cfg})
	if _, err := r.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// readTable returns the rows of a published table as text, numbers in full precision.
func readTable(t *testing.T, out, name string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(out, name, name+".parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	table, err := pqarrow.ReadTable(t.Context(), f, parquet.NewReaderProperties(nil), pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]string, table.NumRows())
	for c := range int(table.NumCols()) {
		row := 0
		for _, chunk := range table.Column(c).Data().Chunks() {
			for i := range chunk.Len() {
				rows[row] += " " + valueOf(chunk, i)
				row++
			}
		}
	}
	return rows
}

func valueOf(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "-"
	}
	return a.ValueStr(i)
}
