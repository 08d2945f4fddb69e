package trip

import (
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// TestAdmitLeavesOutWhatNobodyWouldMiss expects, for each case, the files that are read, then those left out, or the source of the
// fault.
func TestAdmitLeavesOutWhatNobodyWouldMiss(t *testing.T) {
	zones := element.File{Source: "zones", Month: element.NoMonth, Wild: true, NoTrips: true, Unusable: "zones: no time"}
	with := func(change func(f *element.File)) element.File {
		f := zones
		change(&f)
		return f
	}
	good := element.File{Source: "y", Taxi: Yellow, Month: 500}
	part := element.File{Source: "d/1", Dataset: "d", Taxi: Yellow, Month: 501}
	for name, c := range map[string]struct {
		file element.File
		taxi string
		want string
	}{
		"a table of zones":               {zones, "", "y | zones"},
		"named":                          {with(func(f *element.File) { f.Wild = false }), "", "zones:"},
		"with a month in its name":       {with(func(f *element.File) { f.Month = 500 }), "", "zones:"},
		"with a taxi in its name":        {with(func(f *element.File) { f.NameTaxi = Green }), "", "zones:"},
		"with a time":                    {with(func(f *element.File) { f.NoTrips = false }), "", "zones:"},
		"another taxi by its name":       {with(func(f *element.File) { f.NameTaxi, f.Wild = Green, false }), Yellow, "y | zones"},
		"another taxi by its columns":    {with(func(f *element.File) { f.Taxi, f.NoTrips = "fhv", false }), Yellow, "y | zones"},
		"this taxi by its name":          {with(func(f *element.File) { f.NameTaxi, f.Taxi = Yellow, Green }), Yellow, "zones:"},
		"neither taxi":                   {with(func(f *element.File) { f.NoTrips = false }), Yellow, "zones:"},
		"a part without trips":           {with(func(f *element.File) { f.Source, f.Dataset = "d/0", "d" }), "", "zones:"},
		"a part of another taxi":         {element.File{Source: "d/0", Dataset: "d", Taxi: Green, Month: 501}, "", "d/1:"},
		"a part of a taxi not read":      {element.File{Source: "d/0", Dataset: "d", Taxi: Green, Month: 501}, Yellow, "d/1 y | d/0"},
		"another part of the month":      {element.File{Source: "d/0", Dataset: "d", Taxi: Yellow, Month: 501}, "", "d/0 d/1 y"},
		"a file of the data set's month": {element.File{Source: "e", Taxi: Yellow, Month: 501}, "", "e:"},
	} {
		files := []element.File{good, c.file}
		if strings.Contains(name, "part") || strings.Contains(name, "set") {
			files = append(files, part)
		}
		kept, left, err := Admit(files, Admission{Taxi: c.taxi})
		var words []string
		for _, f := range kept {
			words = append(words, f.Source)
		}
		for i, f := range left {
			if i == 0 {
				words = append(words, "|")
			}
			words = append(words, f.Whole())
		}
		found := strings.Join(words, " ")
		if err != nil {
			f := fault.Find(err)
			if f == nil || f.Code != fault.Input || len(f.Lines()) != 1 {
				t.Fatalf("%s: found %v, expected one fault of an input", name, err)
			}
			found = strings.Fields(f.Message)[0]
		}
		if found != c.want {
			t.Errorf("%s: found %q, expected %q", name, found, c.want)
		}
	}
}

func TestAFileUnderTwoNamesIsRefused(t *testing.T) {
	files := []element.File{{Source: "a", Taxi: Yellow, Month: element.NoMonth, Identity: "1"}, {Source: "b", Taxi: Yellow, Month: element.NoMonth, Identity: "1"}, {Source: "c", Taxi: Yellow, Month: element.NoMonth}, {Source: "d", Taxi: Yellow, Month: element.NoMonth}}
	for _, merge := range []bool{false, true} {
		_, _, err := Admit(files, Admission{MergeSameMonth: merge})
		if f := fault.Find(err); f == nil || f.Code != fault.Input || !strings.HasPrefix(f.Message, "b: found the file that a is too") || len(f.More) > 0 {
			t.Errorf("found %v, expected b to be refused", err)
		}
	}
}
