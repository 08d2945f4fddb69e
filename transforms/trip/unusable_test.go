package trip

import (
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// TestAdmitNamesEveryFileThatCannotBeUsed checks that one run names all bad files, so that a user need not run once for each.
func TestAdmitNamesEveryFileThatCannotBeUsed(t *testing.T) {
	files := []element.File{
		{Source: "c", Taxi: Yellow, Month: 530},
		{Source: "d", Taxi: Yellow, Month: 530},
		{Source: "a", Unusable: "a: damaged"},
		{Source: "g", Taxi: Green, Month: 530, Unusable: "g: column x"},
		{Source: "e", Taxi: Yellow, Month: 531, Unknown: []string{"new_fee"}},
	}
	for taxi, want := range map[string][]string{"": {"a:", "d:", "g:", "e:"}, Yellow: {"a:", "d:", "e:"}} {
		_, _, err := Admit(slices.Clone(files), Admission{Taxi: taxi, FailUnknown: true})
		f := fault.Find(err)
		if f == nil || f.Code != fault.Input {
			t.Fatalf("taxi %q: found %v", taxi, err)
		}
		var found []string
		for _, l := range f.Lines() {
			found = append(found, strings.Fields(l)[0])
		}
		if !slices.Equal(found, want) {
			t.Errorf("taxi %q: found lines of %v, expected %v", taxi, found, want)
		}
	}
}
