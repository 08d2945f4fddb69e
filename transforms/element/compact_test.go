package element

import (
	"slices"
	"testing"
)

// TestRememberedFilesComeInOrder holds whatever lists the files are in, and however these follow each other.
func TestRememberedFilesComeInOrder(t *testing.T) {
	list := func(compact bool, sources ...string) Remembered {
		var files []Recognised
		for _, s := range sources {
			files = append(files, Recognised{Described: Described{Found: Found{Source: s}}})
		}
		if !compact {
			return Remembered{Files: files}
		}
		r, err := CompactFiles(files)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, lists := range map[string][]Remembered{
		"ranges":     {list(true, "c", "d"), list(true, "a", "b"), list(true, "e", "f")},
		"mixed":      {list(true, "a", "d"), list(true, "b", "f"), list(true, "c", "e")},
		"not packed": {list(false, "c", "a"), list(true, "b", "d"), list(false, "f", "e")},
		"one list":   {list(true, "f", "e", "d", "c", "b", "a")},
	} {
		var got []string
		if err := EachInOrder(lists, func(f Recognised) error { got = append(got, f.Source); return nil }); err != nil {
			t.Fatal(err)
		}
		if want := []string{"a", "b", "c", "d", "e", "f"}; !slices.Equal(got, want) {
			t.Errorf("%s: found %v, expected %v", name, got, want)
		}
	}
}
