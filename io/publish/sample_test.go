package publish

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

// TestTheLockDoesNotLetTheSampleOverRealData has a run on real data that publishes while a run on the sample is reading.
func TestTheLockDoesNotLetTheSampleOverRealData(t *testing.T) {
	for content, want := range map[string]fault.Code{
		"":                   fault.OK, // no manifest
		`{"sample": true}`:   fault.OK,
		`{"sample": false}`:  fault.Gate,
		`{"schema": "else"}`: fault.Gate,
		"{":                  fault.Gate,
	} {
		dir := t.TempDir()
		if content != "" {
			if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		found := func(err error) fault.Code {
			if err == nil {
				return fault.OK
			}
			return fault.Find(err).Code
		}
		head, err := ReadHead(t.Context(), objstore.Access{}, dir)
		if err != nil && !errors.Is(err, ErrNoManifest) {
			t.Fatal(err)
		}
		cfg := Config{Output: dir, Sample: true, Tables: []string{"t"}}
		if got := found(keepExisting(cfg, head, &Manifest{Sample: true})); got != want {
			t.Errorf("%q: found exit code %d, expected %d", content, got, want)
		}
		if cfg.Existing = Replace; found(keepExisting(cfg, head, &Manifest{Sample: true})) != fault.OK {
			t.Errorf("%q, to be replaced: found an exit code, expected 0", content)
		}
	}
}

// TestWhatIsInTheWayOfTheSampleIsNamed has a file where a table's folder should be.
func TestWhatIsInTheWayOfTheSampleIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	err := KeepReal(t.Context(), Config{Output: dir, Sample: true, Tables: []string{"t"}})
	if f := fault.Find(err); f == nil || f.Code != fault.Failed || !strings.Contains(f.Message, place("t", Parquet{})) {
		t.Errorf("found %v, expected exit code 1 that names %s", err, place("t", Parquet{}))
	}
}
