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
	files := []element.Recognised{recognised("c", Yellow, 530), recognised("d", Yellow, 530), recognised("e", Yellow, 531)}
	files[2].Unknown = []string{"new_fee"}
	unusable := []element.Unusable{
		{Found: element.Found{Source: "g", Month: 530}, Taxi: Green, Why: "g: column x"},
		{Found: element.Found{Source: "a"}, Why: "a: damaged"},
	}
	for taxi, want := range map[string][]string{"": {"a:", "d:", "g:", "e:"}, Yellow: {"a:", "d:", "e:"}} {
		_, _, err := Admit(slices.Clone(files), slices.Clone(unusable), Admission{Taxis: named(taxi), FailUnknown: true})
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
