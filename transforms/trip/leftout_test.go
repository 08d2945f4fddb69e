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
	zones := func(change func(f *element.Unusable)) element.Unusable {
		f := element.Unusable{Found: element.Found{Source: "zones", Month: element.NoMonth, Wild: true}, NoTrips: true, Why: "zones: no time"}
		if change != nil {
			change(&f)
		}
		return f
	}
	partOf := func(source, taxi string) element.Recognised {
		f := recognised(source, taxi, 501)
		f.Dataset = "d"
		return f
	}
	for name, c := range map[string]struct {
		file any // an element.Recognised or an element.Unusable
		taxi string
		want string
	}{
		"a table of zones":              {zones(nil), "", "y | zones"},
		"named":                         {zones(func(f *element.Unusable) { f.Wild = false }), "", "zones:"},
		"with a month in its name":      {zones(func(f *element.Unusable) { f.Month = 500 }), "", "zones:"},
		"with a taxi in its name":       {zones(func(f *element.Unusable) { f.NameTaxi = Green }), "", "zones:"},
		"with a time":                   {zones(func(f *element.Unusable) { f.NoTrips = false }), "", "zones:"},
		"another taxi by its name":      {zones(func(f *element.Unusable) { f.NameTaxi, f.Wild = Green, false }), Yellow, "y | zones"},
		"another taxi by its columns":   {zones(func(f *element.Unusable) { f.Taxi, f.NoTrips = "fhv", false }), Yellow, "y | zones"},
		"this taxi by its name":         {zones(func(f *element.Unusable) { f.NameTaxi, f.Taxi = Yellow, Green }), Yellow, "zones:"},
		"neither taxi":                  {zones(func(f *element.Unusable) { f.NoTrips = false }), Yellow, "zones:"},
		"a part without trips":          {zones(func(f *element.Unusable) { f.Source, f.Dataset = "d/0", "d" }), "", "zones:"},
		"a part of another taxi":        {partOf("d/0", Green), "", "d/1:"},
		"a part of a taxi not read":     {partOf("d/0", Green), Yellow, "d/1 y | d/0"},
		"another part of the month":     {partOf("d/0", Yellow), "", "d/0 d/1 y"},
		"a file of the dataset's month": {recognised("e", Yellow, 501), "", "e:"},
	} {
		files, unusable := []element.Recognised{recognised("y", Yellow, 500)}, []element.Unusable(nil)
		switch f := c.file.(type) {
		case element.Recognised:
			files = append(files, f)
		case element.Unusable:
			unusable = append(unusable, f)
		}
		if strings.Contains(name, "part") || strings.Contains(name, "set") {
			files = append(files, partOf("d/1", Yellow))
		}
		kept, left, err := Admit(files, unusable, Admission{Taxis: named(c.taxi)})
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
	var files []element.Recognised
	for source, identity := range map[string]string{"a": "1", "b": "1", "c": "", "d": ""} {
		f := recognised(source, Yellow, element.NoMonth)
		f.Identity = identity
		files = append(files, f)
	}
	for _, merge := range []bool{false, true} {
		_, _, err := Admit(files, nil, Admission{MergeSameMonth: merge})
		if f := fault.Find(err); f == nil || f.Code != fault.Input || !strings.HasPrefix(f.Message, "b: found the file that a is too") || len(f.More) > 0 {
			t.Errorf("found %v, expected b to be refused", err)
		}
	}
}

// named returns a taxi as a list, or no list for "".
func named(taxi string) []string {
	if taxi == "" {
		return nil
	}
	return []string{taxi}
}
