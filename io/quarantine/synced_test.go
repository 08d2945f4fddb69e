package quarantine

import (
	"slices"
	"testing"

	"tripstats/io/objstore"
)

// TestAFileIsOnTheDiskBeforeItIsHandedOn keeps a publication from moving a file that a power cut would empty.
func TestAFileIsOnTheDiskBeforeItIsHandedOn(t *testing.T) {
	fn := &writeFn{Config: open(t, "one")}
	var synced []string
	defer objstore.Watch(func(s objstore.Step) error {
		if s.Do == objstore.StepSync {
			synced = append(synced, s.Path)
		}
		return nil
	})()
	handedOn := 0
	emit := func(p File) {
		handedOn++
		if !slices.Contains(synced, p.Path) {
			t.Errorf("%s was not synced", p.Path)
		}
	}
	err := fn.StartBundle(emit)
	for i := 0; i < 3 && err == nil; i++ {
		err = fn.ProcessElement(rejects("a", i, 1, int64(i)), emit)
	}
	if err == nil {
		err = fn.FinishBundle(emit)
	}
	if err != nil || handedOn != 3 {
		t.Errorf("found %d files, %v", handedOn, err)
	}
}
