package trip

import (
	"testing"

	"tripstats/transforms/element"
)

// TestFilesOfACompactListAreAloneEachForItself: files of several taxis that have as many rows of each share what says so.
func TestFilesOfACompactListAreAloneEachForItself(t *testing.T) {
	const jan, feb, mar = 600, 601, 602
	b, err := element.CompactList([]element.Recognised{several("a", feb), several("b", jan), several("c", jan), several("d", mar)})
	if err != nil {
		t.Fatal(err)
	}
	files, err := element.ExpandList[element.Recognised](b)
	if err != nil {
		t.Fatal(err)
	}
	setAlone(files)
	for _, f := range files {
		for _, s := range f.Shares {
			if want := f.Month != jan; s.Alone != want {
				t.Errorf("%s: taxi %s: found that the file is alone: %v, expected %v", f.Source, s.Taxi, s.Alone, want)
			}
		}
	}
}
