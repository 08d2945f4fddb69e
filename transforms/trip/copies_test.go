package trip

import (
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/element"
)

// TestCopiesAreAdmittedOnce admits files. A file is written as NAME=TAXI:DIGEST, with (empty) if it has no rows.
func TestCopiesAreAdmittedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		files, want string
		rules       Admission
	}{
		"two":                       {"a=yellow:1 b=yellow:1 c=yellow:", "b: found a copy of a (the same bytes)", Admission{}},
		"three":                     {"a=yellow:1 b=yellow:1 c=yellow:1", "c: found a copy of a (the same bytes)", Admission{}},
		"added up":                  {"a=yellow:1 b=yellow:1", "", Admission{MergeSameMonth: true}},
		"without rows":              {"a=yellow:1(empty) b=yellow:1(empty)", "", Admission{}},
		"one is of a taxi left out": {"a=yellow:1 b=green:1", "", Admission{Taxis: []string{Green}}},
	} {
		var files []element.Recognised
		for _, f := range strings.Fields(c.files) {
			f, empty := strings.CutSuffix(f, "(empty)")
			source, rest, _ := strings.Cut(f, "=")
			taxi, digest, _ := strings.Cut(rest, ":")
			file := element.Recognised{Taxi: taxi}
			if file.Source, file.Digest, file.Month = source, digest, element.NoMonth; !empty {
				file.Rows = 1
			}
			files = append(files, file)
		}
		_, _, err := Admit(files, nil, c.rules)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: found %v, expected %q", name, err, c.want)
		}
	}
}

// TestAFolderOfAMonthIsOneSourceOfEachTaxi admits files of one month. Some have the month from keys of their folder, others have not.
func TestAFolderOfAMonthIsOneSourceOfEachTaxi(t *testing.T) {
	const month = "year=2024/month=01"
	file := func(source, taxi, dataset, from string) element.Recognised {
		f := element.Recognised{Taxi: taxi}
		f.Source, f.Dataset, f.Month, f.MonthFrom = source, dataset, 648, from
		return f
	}
	for name, c := range map[string]struct {
		files []element.Recognised
		rules Admission
		want  string // the sources, or the error
	}{
		"one taxi":           {[]element.Recognised{file(month+"/a", Yellow, month, month), file(month+"/b", Yellow, month, month)}, Admission{}, month + " " + month},
		"two taxis":          {[]element.Recognised{file(month+"/a", Yellow, month, month), file(month+"/b", Green, month, month)}, Admission{}, month + "/a " + month + "/b"},
		"two, one left out":  {[]element.Recognised{file(month+"/a", Yellow, month, month), file(month+"/b", Green, month, month)}, Admission{Taxis: []string{Green}}, month},
		"several of each":    {[]element.Recognised{file(month+"/a", Yellow, month, month), file(month+"/b", Green, month, month), file(month+"/c", Green, month, month)}, Admission{}, "c: found green taxis of 2024-01, which year=2024/month=01/b is too"},
		"a folder's own set": {[]element.Recognised{file("x.parquet/a", Yellow, "x.parquet", ""), file("x.parquet/b", Green, "x.parquet", "")}, Admission{}, "expected one taxi in a dataset"},
	} {
		kept, _, err := Admit(slices.Clone(c.files), nil, c.rules)
		var sources []string
		for _, f := range kept {
			sources = append(sources, f.Whole())
		}
		found := strings.Join(sources, " ")
		if err != nil {
			found = err.Error()
		}
		if found != c.want && (err == nil || !strings.Contains(found, c.want)) {
			t.Errorf("%s: found %q, expected %q", name, found, c.want)
		}
	}
}
