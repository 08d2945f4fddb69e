package main

import (
	"slices"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/quality"
)

// settingsFor are the settings of a run with some flags.
func settingsFor(t *testing.T, args ...string) *settings {
	t.Helper()
	s := new(settings)
	words, wrong, err := s.parse(args)
	if err != nil {
		t.Fatal(err)
	}
	if s.check(words, false, &wrong); len(wrong) > 0 {
		t.Fatal(wrong.err())
	}
	return s
}

func TestEachFlagOfTheMainJobSaysWhatItDecides(t *testing.T) {
	for _, d := range mainFlags {
		if d.decides == 0 {
			t.Errorf("--%s: does not say what it decides of the output: see decides.go", d.name)
		}
		if slices.Contains([]decides{decidesReading, decidesTogether, decidesForm, decidesGuard}, d.decides) {
			settingsFor(t).effective(d) // panics if its value has no form
		}
	}
}

// readingWith is the digest by which kept results are known, of a file of a run with some flags.
func readingWith(t *testing.T, f element.Found, asOf int32, args ...string) string {
	t.Helper()
	s := settingsFor(t, args...)
	return s.readingsOf(s.tripOptions(s.standard(), nil), quality.Config{Limits: s.parsed.limits, AsOf: asOf}).of(f)
}

func TestKeptResultsAreKnownByAllThatDecidesThem(t *testing.T) {
	named, monthless := element.Found{Month: 530}, element.Found{Month: element.NoMonth}
	plain := readingWith(t, named, 540)
	for _, c := range []struct {
		what  string
		found element.Found
		asOf  int32
		args  []string
		same  bool
	}{
		{"nothing", named, 540, nil, true},
		{"where the output is", named, 540, []string{"--input=x", "--output=elsewhere"}, true},
		{"memory", named, 540, []string{"--max-memory=300MiB"}, true},
		{"which tables are made", named, 540, []string{"--tables=fare_per_mile"}, true},
		{"which files may be together", named, 540, []string{"--same-month=merge"}, true},
		{"a guard", named, 540, []string{"--max-rejected=1%"}, true},
		{"the last month, of a file with a month", named, 550, nil, true},
		{"quality", named, 540, []string{"--quality=raw"}, false},
		{"a limit", named, 540, []string{"--limits=duration_over=200"}, false},
		{"the default of a limit", named, 540, []string{"--limits=duration_over=" + limitOf("duration_over")}, true},
		{"times marked as UTC", named, 540, []string{"--utc=wall"}, false},
		{"the order of dates", named, 540, []string{"--dates=dmy"}, false},
		{"the month", element.Found{Month: 531}, 540, nil, false},
		{"the taxi in the name", element.Found{Month: 530, NameTaxi: "green"}, 540, nil, false},
		{"a column in the path", element.Found{Month: 530, Constants: []element.Constant{{Name: "a", Value: "1"}}}, 540, nil, false},
		{"the name", element.Found{Month: 530, Source: "x", URI: "/x"}, 540, nil, true}, // which is compared apart
	} {
		if same := readingWith(t, c.found, c.asOf, c.args...) == plain; same != c.same {
			t.Errorf("%s changes: found the same digest: %v, expected %v", c.what, same, c.same)
		}
	}
	if readingWith(t, monthless, 540) == readingWith(t, monthless, 541) {
		t.Error("the last month, of a file without a month, changes: found the same digest")
	}
}

// limitOf is the limit of a rule, in its unit.
func limitOf(rule string) string {
	l, err := quality.ParseLimits("")
	if err != nil {
		panic(err)
	}
	return digits(l.Effective()[rule])
}

func digits(n int64) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return digits(n/10) + digits(n%10)
}

func TestARunHasNothingToDoOnlyIfNothingThatDecidesTheTablesHasChanged(t *testing.T) {
	tables := []wantedTable{{"a", "1"}}
	files := []wantedFile{{found: &element.Found{Source: "x"}, uri: "/x", token: "t", reading: "r"}}
	identity := func(tables []wantedTable, files []wantedFile, args ...string) string {
		return func() string {
			var choices []choice
			for _, f := range files {
				choices = append(choices, choice{file: f})
			}
			return settingsFor(t, args...).identityOf(tables, choices)
		}()
	}
	plain := identity(tables, files)
	for _, c := range []struct {
		what   string
		tables []wantedTable
		files  []wantedFile
		args   []string
		same   bool
	}{
		{"nothing", tables, files, nil, true},
		{"memory", tables, files, []string{"--max-memory=300MiB"}, true},
		{"a guard", tables, files, []string{"--max-rejected=1%"}, false},
		{"rows in quarantine", tables, files, []string{"--quarantine=q"}, false},
		{"which taxis count", tables, files, []string{"--taxi=green"}, false},
		{"a table's query", []wantedTable{{"a", "2"}}, files, nil, false},
		{"another table", append(tables, wantedTable{"b", "1"}), files, nil, false},
		{"a file's content", tables, []wantedFile{{found: &element.Found{Source: "x"}, uri: "/x", token: "u", reading: "r"}}, nil, false},
		{"a file's name", tables, []wantedFile{{found: &element.Found{Source: "y"}, uri: "/x", token: "t", reading: "r"}}, nil, false},
		{"another file", tables, append(files, wantedFile{found: &element.Found{}, token: "v"}), nil, false},
		{"no file", tables, nil, nil, false},
	} {
		if same := identity(c.tables, c.files, c.args...) == plain; same != c.same {
			t.Errorf("%s changes: found the same identity: %v, expected %v", c.what, same, c.same)
		}
	}
	if got := identity(tables, []wantedFile{{uri: "/x"}}); got != "" {
		t.Errorf("a file that cannot be known again: found the identity %s, expected none", got)
	}
}
