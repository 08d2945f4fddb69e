package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tripstats/io/kept"
	"tripstats/transforms/element"
)

// keptOf is what an index has of a file: results of taxis, each with tables such as "a=1", or "a=1!" for finished groups.
func keptOf(uri string, taxis string, tables string) kept.Input {
	in := kept.Input{Source: strings.TrimPrefix(uri, "/"), URI: uri, Token: "token of " + uri, Reading: "reading"}
	for i, taxi := range strings.Fields(taxis) {
		r := kept.Result{Taxi: taxi, At: kept.Ref{File: "bin", Offset: int64(i)}}
		for _, t := range strings.Fields(tables) {
			name, digest, _ := strings.Cut(t, "=")
			plain := strings.TrimSuffix(digest, "!")
			r.Tables = append(r.Tables, kept.Table{Name: name, Digest: plain, Alone: plain != digest})
		}
		in.Results = append(in.Results, r)
		in.File.Shares = append(in.File.Shares, element.Share{Taxi: taxi})
	}
	in.File.Taxi = taxis
	if len(in.Results) == 1 {
		in.File.Shares = nil
	}
	return in
}

// foundAs is the file of an input as it was.
func foundAs(in kept.Input) wantedFile {
	return wantedFile{found: &element.Found{Source: in.Source}, uri: in.URI, token: in.Token, reading: in.Reading}
}

func TestOnlyWhatHasNotChangedIsReused(t *testing.T) {
	yellow := keptOf("/y", "yellow", "a=1 b=2")
	both := keptOf("/yg", "yellow green", "a=1 b=2")
	finished := keptOf("/f", "yellow", "a=1 b=2!")
	nothing := keptOf("/n", "", "")
	nothing.File.Taxi = "green"
	small := keptOf("/s", "yellow", "a=1")
	unsure := keptOf("/u", "yellow", "a=1 b=2")
	unsure.Token = ""
	numbers := keptOf("/x", "yellow", "a=1 b=2")
	numbers.Results[0].Numbers = "x"
	malformed := keptOf("/m", "yellow green", "a=1")
	malformed.File.Malformed = 3
	have := map[string]*kept.Input{}
	for _, in := range []kept.Input{yellow, both, finished, nothing, small, unsure, numbers, malformed} {
		have[in.URI] = &in
	}
	with := func(f wantedFile, change func(*wantedFile)) wantedFile { change(&f); return f }
	same := func(*wantedFile) {}
	for _, c := range []struct {
		what   string
		file   wantedFile
		tables string
		by     func(*choosing)
		shared bool // other files have the taxi and month
		want   string
	}{
		{"nothing changed", with(foundAs(yellow), same), "a=1 b=2", nil, false, "reuse 3"},
		{"a table less", foundAs(yellow), "b=2", nil, false, "reuse 1"},
		{"another order of tables", foundAs(yellow), "b=2 a=1", nil, false, "reuse 3"},
		{"a file that nobody knows", wantedFile{uri: "/z"}, "a=1", nil, false, "new 0"},
		{"other content", with(foundAs(yellow), func(f *wantedFile) { f.token = "other" }), "a=1", nil, false, "changed (content) 0"},
		{"content that cannot be relied on", with(foundAs(yellow), func(f *wantedFile) { f.token = "" }), "a=1", nil, false, "changed (content) 0"},
		{"neither then nor now", foundAs(unsure), "a=1", nil, false, "changed (content) 0"},
		{"another name", with(foundAs(yellow), func(f *wantedFile) { f.found.Source = "other" }), "a=1", nil, false, "changed (name) 0"},
		{"other rules", with(foundAs(yellow), func(f *wantedFile) { f.reading = "other" }), "a=1", nil, false, "changed (settings) 0"},
		{"a new table", foundAs(yellow), "a=1 c=3", nil, false, "changed (tables: c) 1"},
		{"another query", foundAs(yellow), "a=9 b=2", nil, false, "changed (tables: a) 2"},
		{"only new tables", foundAs(yellow), "c=3 d=4", nil, false, "changed (tables) 0"},
		{"a state too large to be kept", foundAs(small), "a=1 b=2", nil, false, "changed (tables: b) 1"},
		{"finished groups of a month of its own", foundAs(finished), "a=1 b=2", nil, false, "reuse 3"},
		{"finished groups, and a second file of the month", foundAs(finished), "a=1 b=2", nil, true, "changed (tables: b) 1"},
		{"groups that are not finished, and a second file", foundAs(yellow), "a=1 b=2", nil, true, "reuse 3"},
		{"two taxis", foundAs(both), "a=1 b=2", nil, false, "reuse 3"},
		{"one of two taxis", foundAs(both), "a=1 b=2", func(c *choosing) { c.takes = func(taxi string) bool { return taxi == "green" } }, false, "reuse 3"},
		{"one of two taxis, and rows that tell none", foundAs(malformed), "a=1", func(c *choosing) { c.takes = func(taxi string) bool { return taxi == "green" } }, false, "changed (taxis) 0"},
		{"both taxis, and rows that tell none", foundAs(malformed), "a=1", nil, false, "reuse 1"},
		{"a taxi that was not read", with(foundAs(nothing), same), "a=1", nil, false, "changed (taxis) 0"},
		{"a taxi that is not read", foundAs(nothing), "a=1", func(c *choosing) { c.takes = func(string) bool { return false } }, false, "reuse 1"},
		{"values that are no numbers, in columns of other tables", foundAs(numbers), "a=1", func(c *choosing) { c.numbers = "y" }, false, "changed (tables) 0"},
		{"values that are no numbers, in the same columns", foundAs(numbers), "a=1", func(c *choosing) { c.numbers = "x" }, false, "reuse 1"},
		{"all are to be read", foundAs(yellow), "a=1", func(c *choosing) { c.all = "--quarantine" }, false, "changed (--quarantine) 0"},
		{"a file that the run does not name", with(foundAs(yellow), func(f *wantedFile) { f.stays = true }), "a=1", nil, false, "kept 1"},
	} {
		by := choosing{takes: func(string) bool { return true }}
		for _, table := range strings.Fields(c.tables) {
			name, digest, _ := strings.Cut(table, "=")
			by.tables = append(by.tables, wantedTable{name, digest})
		}
		if c.by != nil {
			c.by(&by)
		}
		got := choose(have, []wantedFile{c.file}, by, func(wantedFile, string) bool { return !c.shared })[0]
		if found := fmt.Sprint(got.shown(), " ", got.skip); found != c.want {
			t.Errorf("%s: found %s, expected %s", c.what, found, c.want)
		}
		if got.read() != !strings.HasPrefix(c.want, "reuse") && !strings.HasPrefix(c.want, "kept") {
			t.Errorf("%s: found that it is read: %v", c.what, got.read())
		}
		if got.skip == 0 && len(got.results) > 0 || got.skip != 0 && got.input == nil {
			t.Errorf("%s: found results %v of %v", c.what, got.results, got.input)
		}
	}
}

func TestNamedFilesTakeThePlaceOfTheirMonths(t *testing.T) {
	const jan, feb = 600, 601
	in := func(uri, taxis string, month int32, dataset string) kept.Input {
		k := keptOf(uri, taxis, "a=1")
		k.File.Source, k.File.Month, k.File.Dataset = k.Source, month, dataset
		return k
	}
	have := []kept.Input{
		in("/y1", "yellow", jan, ""), in("/y2", "yellow", feb, ""), in("/yg1", "yellow green", jan, ""),
		in("/d/p1", "fhv", jan, "d"), in("/d/p2", "fhv", jan, "d"), in("/any", "yellow", element.NoMonth, ""), in("/zones", "", element.NoMonth, ""),
	}
	all := "/y1 /y2 /yg1 /d/p1 /d/p2 /any"
	for _, c := range []struct {
		what  string
		named []namedInput
		merge bool
		want  string
	}{
		{"nothing", nil, false, all},
		{"a new month", []namedInput{{"/y3", "y3", []string{"yellow"}, 602}}, false, all},
		{"a month again", []namedInput{{"/new", "new", []string{"yellow"}, feb}}, false, "/y1 /yg1 /d/p1 /d/p2 /any"},
		{"a month that is in a file of two taxis too", []namedInput{{"/new", "new", []string{"yellow"}, jan}}, false, "/y2 /yg1-yellow /d/p1 /d/p2 /any"},
		{"a month of parts", []namedInput{{"/new", "new", []string{"fhv"}, jan}}, false, "/y1 /y2 /yg1 /any"},
		{"the file itself", []namedInput{{"/y1", "y1", []string{"yellow"}, 700}}, false, "/y2 /yg1 /d/p1 /d/p2 /any"},
		{"a second file of a month, to be added up", []namedInput{{"/new", "new", []string{"yellow"}, jan}}, true, all},
		{"a file of the same name, to be added up", []namedInput{{"/elsewhere/y1", "y1", []string{"yellow"}, jan}}, true, "/y2 /yg1 /d/p1 /d/p2 /any"},
		{"a data set of the same name, to be added up", []namedInput{{"/e/d/p9", "d", []string{"fhv"}, jan}}, true, "/y1 /y2 /yg1 /any"},
		{"another file without a month", []namedInput{{"/elsewhere/any", "any", []string{"yellow"}, element.NoMonth}}, false, all},
	} {
		var got []string
		for _, s := range staying(have, c.named, c.merge) {
			name := s.URI
			if len(s.without) > 0 {
				name += "-" + strings.Join(s.without, ",")
			}
			got = append(got, name)
		}
		if found := strings.Join(got, " "); found != c.want {
			t.Errorf("%s: found %s, expected %s", c.what, found, c.want)
		}
	}
}

func TestANamedFileKeepsItsNameAndANewOneGetsItsOwn(t *testing.T) {
	have := map[string]kept.Input{"/raw/2014/a.parquet": {Source: "2014/a.parquet"}, "/raw/b.parquet": {Source: "b.parquet"}}
	taken := map[string]bool{"2014/a.parquet": true, "b.parquet": true}
	for uri, want := range map[string]string{
		"/raw/2014/a.parquet": "2014/a.parquet",
		"/new/a.parquet":      "a.parquet",
		"/new/b.parquet":      "new/b.parquet",
		"gs://x/y/b.parquet":  "y/b.parquet",
		"/b.parquet":          "b.parquet", // nothing is left to tell it by
	} {
		name := uri[strings.LastIndex(uri, "/")+1:]
		if got := renamed(element.Found{Source: name}, uri, have, taken).Source; got != want {
			t.Errorf("%s: found %s, expected %s", uri, got, want)
		}
	}
	if got := joined("yellow,green", "fhv"); got != "fhv,green,yellow" || joined("", "fhv") != "" || !slices.Equal(strings.Split(joined("a", "a"), ","), []string{"a"}) {
		t.Errorf("found %s", got)
	}
}
