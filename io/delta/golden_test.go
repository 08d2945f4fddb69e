package delta

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"

	"tripstats/io/objstore"
)

// golden has tables of Delta Lake's own projects and what this package makes of each: the version, the number of files, how many of these
// exist, and their rows; or a part of the error. delta-rs and DuckDB give the same figures, unless a comment says otherwise.
var golden = map[string]struct {
	version             int64
	files, there, rows  int64
	partitions, refused string
}{
	"respect/basic-decimal-table":                   {0, 4, 4, 4, "part=-2342342.23423 part=0.00004 part=2342222.23454 part=234.00000", ""},
	"respect/basic-with-inserts-deletes-checkpoint": {version: 13, files: 7, there: 7, rows: 41},
	"respect/checkpoint":                            {version: 14, files: 1},
	"respect/data-reader-timestamp_ntz": {
		1, 4, 4, 9, "tsNtzPartition=2021-11-18 02:30:00.123456 tsNtzPartition=2013-07-05 17:01:00.123456 tsNtzPartition=2013-07-05 17:01:00.123456 tsNtzPartition=null", "",
	},
	"respect/delete-re-add-same-file-different-transactions": {version: 3, files: 2},
	"respect/log-replay-latest-metadata-protocol":            {version: 2, files: 4, there: 4, rows: 40},
	"respect/log-replay-special-characters-a":                {version: 1},
	"respect/log-replay-special-characters-b":                {files: 1}, // named "special p@#h"
	"respect/multi-part-checkpoint":                          {version: 1, files: 10, there: 10, rows: 31},
	"respect/only-checkpoint-files":                          {version: 2, files: 7, there: 7, rows: 25},
	"respect/snapshot-data3":                                 {version: 3, files: 4, there: 4, rows: 30},
	"respect/time-travel-start-start20-start40":              {version: 2, files: 6, there: 6, rows: 30},

	// Their metadata has no schema, so delta-rs refuses them. The projects that they come from read them.
	"respect/canonicalized-paths-normal-a":  {version: 1}, // /some/path is removed as file:/some/path
	"respect/canonicalized-paths-special-b": {version: 1},
	"respect/corrupted-last-checkpoint":     {version: 10, files: 11},

	// Its log has no metadata at all.
	"respect/data-reader-absolute-paths-escaped-chars": {refused: "version 1: found no metadata in its log"},

	"refuse/deltalog-invalid-protocol-version":                              {refused: "it needs reader version 99"},
	"refuse/deltalog-state-reconstruction-from-checkpoint-missing-protocol": {refused: "version 10: found no protocol in its log"},
	"refuse/deltalog-state-reconstruction-without-metadata":                 {refused: "version 0: found no metadata in its log"},
	"refuse/dv-partitioned-with-checkpoint":                                 {refused: "it needs deletion vectors"},
	"refuse/dv-with-columnmapping":                                          {refused: "it needs column mapping (mode name)"},
	"refuse/spark-variant-checkpoint":                                       {refused: "it needs the reader feature variantType-preview"}, // delta-rs reads it
	"refuse/table-with-columnmapping-mode-id":                               {refused: "it needs column mapping (mode id)"},               // delta-rs reads it
	"refuse/type-widening":                                                  {refused: "it needs the reader feature typeWidening-preview"},
	"refuse/v2-checkpoint-json":                                             {refused: "it needs the reader feature v2Checkpoint"},
	"refuse/v2-checkpoint-parquet":                                          {refused: "it needs the reader feature v2Checkpoint"},
	"refuse/versions-not-contiguous":                                        {refused: "found no 00000000000000000001.json in _delta_log, expected the commits of all versions from 0 to 2"},
}

// dataFolder is the folder of the real data, or the test is skipped.
func dataFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(cmp.Or(os.Getenv("TRIPSTATS_DATA"), filepath.Join("..", "..", "..", "shared", "data")), "delta")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the tables of Delta Lake's projects are not here:", err)
	}
	return dir
}

func TestGoldenTables(t *testing.T) {
	dir := dataFolder(t)
	tables, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(tables) < 20 {
		t.Fatalf("found %d tables, %v", len(tables), err)
	}
	for _, folder := range tables {
		name, _ := filepath.Rel(dir, folder)
		name = filepath.ToSlash(name)
		want, ok := golden[name]
		if !ok {
			t.Errorf("%s: what becomes of it is not listed", name)
			continue
		}
		s, err := Latest(t.Context(), &objects{table: objstore.Table{URI: folder}})
		if want.refused != "" {
			if err == nil || !strings.Contains(err.Error(), want.refused) {
				t.Errorf("%s: found %v, expected %q", name, err, want.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		there, rows := int64(0), int64(0)
		var partitions []string
		for _, f := range s.Files {
			p, _, err := Path(f.Path)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, v := range s.Partitions(f) {
				partitions = append(partitions, v.Name+"="+map[bool]string{true: "null", false: v.Value}[v.Null])
			}
			if r, err := file.OpenParquetFile(filepath.Join(folder, p), false); err == nil {
				there, rows = there+1, rows+r.NumRows()
				r.Close() //nolint:errcheck // read only
			}
		}
		slices.Sort(partitions)
		expected := strings.Split(want.partitions, " part=")
		if strings.Contains(want.partitions, "tsNtz") {
			expected = strings.Split(want.partitions, " tsNtzPartition=")
		}
		if len(partitions) != len(expected) && want.partitions != "" || fmt.Sprint(s.Version, len(s.Files), there, rows) != fmt.Sprint(want.version, want.files, want.there, want.rows) {
			t.Errorf("%s: version %d, %d files, %d of them there with %d rows, partitions %q; expected %+v", name, s.Version, len(s.Files), there, rows, partitions, want)
		}
		for _, p := range partitions {
			if !strings.Contains(want.partitions, p) {
				t.Errorf("%s: found the partition %s, expected %s", name, p, want.partitions)
			}
		}
	}
}
