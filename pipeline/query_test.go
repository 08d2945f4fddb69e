package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/fault"
	"tripstats/transforms/query"
)

// TestSQLThatBeginsWithACommentIsNoFlag separates texts from flags.
func TestSQLThatBeginsWithACommentIsNoFlag(t *testing.T) {
	for _, c := range []struct{ args, texts, others []string }{
		{[]string{"--as=csv", "-- a = b\nSELECT 1", "-f", "x.sql"}, []string{"-- a = b\nSELECT 1"}, []string{"--as=csv", "-f", "x.sql"}},
		{[]string{"--trips\nSELECT 1"}, []string{"--trips\nSELECT 1"}, nil},
		{[]string{"--input=a\nb", "SELECT 1"}, nil, []string{"--input=a\nb", "SELECT 1"}},
		{[]string{"--plan", "--", "-- a\nSELECT 1"}, nil, []string{"--plan", "--", "-- a\nSELECT 1"}},
	} {
		texts, others := textsIn(c.args)
		if !slices.Equal(texts, c.texts) || !slices.Equal(others, c.others) {
			t.Errorf("%q: found %q and %q, expected %q and %q", c.args, texts, others, c.texts, c.others)
		}
	}
}

// TestTheFormOfAnAnswerIsCSVInAPipe: a test has no terminal.
func TestTheFormOfAnAnswerIsCSVInAPipe(t *testing.T) {
	j := &job{stdout: new(strings.Builder)}
	if found := j.form(); found != "csv" {
		t.Errorf("found %s, expected csv", found)
	}
	if j.as = "table"; j.form() != "table" {
		t.Errorf("found %s, expected table", j.form())
	}
}

// TestFlagsOfQueryAreThoseOfTheMainJob: what both have means the same.
func TestFlagsOfQueryAreThoseOfTheMainJob(t *testing.T) {
	for _, name := range []string{"output", "format", "quarantine", "quarantine-cells", "max-rejected", "detach"} {
		if slices.ContainsFunc(queryFlags, func(d flagDef) bool { return d.name == name }) {
			t.Errorf("found --%s, which is about publishing", name)
		}
	}
	if found := runnersHere(); !slices.Equal(found, []string{"direct", "prism"}) {
		t.Errorf("found the runners %q, expected those of this process", found)
	}
}

func TestAnErrorOfAQuestionHasItsLine(t *testing.T) {
	j := &job{}
	_, err := j.question(t.Context(), []string{"SELECT taxi,\n  count(*) AS n, nothing FROM trips GROUP BY taxi"})
	var text *textFault
	if f := fault.Find(err); !errors.As(err, &text) || f.Code != fault.Usage || !strings.HasPrefix(f.Message, "query:2:18: found nothing, expected a column") {
		t.Fatalf("found %v, expected an error at query:2:18", err)
	}
	if want := "      count(*) AS n, nothing FROM trips GROUP BY taxi\n" + strings.Repeat(" ", 21) + "^"; text.excerpts[0] != want {
		t.Errorf("found\n%s\nexpected\n%s", text.excerpts[0], want)
	}
}

// TestAPlanOfSingleTrips has no groups to show.
func TestAPlanOfSingleTrips(t *testing.T) {
	q, err := query.ParseQuery("query", "SELECT 1 AS one, tip_amount AS \"tip $\" FROM trips LIMIT 3")
	if err != nil {
		t.Fatal(err)
	}
	want := "SELECT 1 AS one,\n       tip_amount AS \"tip $\"\nFROM trips\nLIMIT 3\n\ncolumns read: tip_amount\ncolumn  type\none     INTEGER\ntip $   DECIMAL(38,6)\n"
	if found := planOf(q); found != want {
		t.Errorf("found\n%s\nexpected\n%s", found, want)
	}
}
