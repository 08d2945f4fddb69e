package fetch

import (
	"path/filepath"
	"testing"

	"tripstats/testdata/disk"
)

// TestWhatIsFetchedSurvivesAPowerCut fetches files into a folder that does not exist yet, and again after one has changed.
func TestWhatIsFetchedSurvivesAPowerCut(t *testing.T) {
	o := newOrigin(t, may2014, june2014, may2015)
	dir := filepath.Join(t.TempDir(), "deep", "new")
	for range 2 {
		order, check := disk.Watch(t, []string{ManifestName}, nil)
		fetchTo(t, dir, o.jobs())
		check()
		if len(order.Steps) == 0 {
			t.Error("found no step")
		}
		o.put(may2015, parquet(t, 9))
	}
}
