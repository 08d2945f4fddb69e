package quarantine

import (
	"cmp"
	"slices"
	"testing"

	"tripstats/transforms/element"
)

// TestRowGroupsThatComeMixedHaveOneFileEach has rejects of row groups that are read side by side.
func TestRowGroupsThatComeMixedHaveOneFileEach(t *testing.T) {
	fn := &writeFn{Config: open(t, "one")}
	var files []File
	emit := func(p File) { files = append(files, p) }
	if err := fn.StartBundle(emit); err != nil {
		t.Fatal(err)
	}
	for _, r := range []element.Rejects{rejects("a", 0, 1, 5), rejects("b", 0, 1, 1), rejects("a", 0, 1, 9), rejects("b", 0, 0, 2, 3), rejects("a", 0, 0, 10)} {
		if err := fn.ProcessElement(r, emit); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) > 0 {
		t.Errorf("found %+v before the end of the bundle, expected none", files)
	}
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Source, b.Source) })
	for i := range files {
		files[i].Path = ""
	}
	if want := []File{{Source: "a", FirstRow: 5, Rows: 3, Refused: 2}, {Source: "b", FirstRow: 1, Rows: 3, Refused: 1}}; !slices.Equal(files, want) {
		t.Errorf("found %+v, expected %+v", files, want)
	}
}

// TestFewFilesAreOpenAtOnce has more row groups than files may be open.
func TestFewFilesAreOpenAtOnce(t *testing.T) {
	fn := &writeFn{Config: open(t, "one")}
	handedOn := 0
	emit := func(File) { handedOn++ }
	if err := fn.StartBundle(emit); err != nil {
		t.Fatal(err)
	}
	const rowGroups = 300
	most := 0
	for i := range rowGroups {
		if err := fn.ProcessElement(rejects("a", i, 1, int64(i)), emit); err != nil {
			t.Fatal(err)
		}
		most = max(most, len(fn.open))
	}
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	if handedOn != rowGroups || most >= rowGroups || len(fn.open) > 0 {
		t.Errorf("found %d files, %d of them open at once, %d at the end, expected %d, fewer and none", handedOn, most, len(fn.open), rowGroups)
	}
}
