package publish

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// counted is a format that says how many rows a table has.
type counted struct{ Parquet }

func (counted) Name() string   { return "counted" }
func (counted) Ending() string { return ".count" }
func (counted) Write(w io.Writer, table arrow.RecordBatch, _ []Meta) error {
	return json.NewEncoder(w).Encode(table.NumRows())
}

// TestAnOutputHasOneFormat publishes in one format after another: that is refused, even if the output is to be replaced.
func TestAnOutputHasOneFormat(t *testing.T) {
	defer func(before []Format) { formats = before }(formats)
	formats = slices.Clone(formats)
	Register(counted{})
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		format string
		code   fault.Code
	}{{"counted", fault.OK}, {"", fault.Gate}, {"parquet", fault.Gate}, {"counted", fault.OK}} {
		cfg, r := good(out)
		cfg.ID, cfg.Format = "run-"+c.format, c.format
		if err := publishThrough(cfg, r); (err != nil || c.code != fault.OK) && (fault.Find(err) == nil || fault.Find(err).Code != c.code) {
			t.Fatalf("format %q: found %v, expected exit code %d", c.format, err, c.code)
		}
		m, err := ReadManifest(t.Context(), objstore.Access{}, out)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range cfg.Tables {
			files, err := os.ReadDir(filepath.Join(out, name))
			if err != nil || len(files) != 1 || files[0].Name() != name+".count" || m.Outputs[i].Plain != name+"/"+name+".count" {
				t.Errorf("format %q: found %v, %v, and %s in the manifest, expected %s.count alone", c.format, files, err, m.Outputs[i].Plain, name)
			}
		}
	}
	cfg, r := good(out)
	cfg.Format = "xml"
	if f := fault.Find(publishThrough(cfg, r)); f == nil || f.Code != fault.Failed {
		t.Errorf("an unknown format: found %v", f)
	}
}
