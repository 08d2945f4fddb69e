package library

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/transforms/query"
)

// TestTheTablesOfTheLibrary checks every entry: it is accepted alone, it says what it means, and its first key is the taxi.
func TestTheTablesOfTheLibrary(t *testing.T) {
	if want := []string{"by_hour", "payment", "od", "zone_minutes", "fares", "airport", "daily"}; !slices.Equal(Names(), want) {
		t.Errorf("found the tables %q, expected %q", Names(), want)
	}
	for _, table := range Tables() {
		alone, err := query.ParseTables("alone.sql", table.SQL)
		switch {
		case err != nil:
			t.Errorf("%s: %v", table.Name, err)
			continue
		case len(alone) != 1 || alone[0].String() != table.Query.String():
			t.Errorf("%s: found\n%s\nexpected its SQL to make it alone", table.Name, alone)
		case table.Meaning == "" || strings.HasSuffix(table.Meaning, ".") || strings.ContainsAny(table.Meaning, "\n;"):
			t.Errorf("%s: found the meaning %q, expected one sentence without a full stop", table.Name, table.Meaning)
		}
		q := table.Query
		if !q.Grouped || len(q.Keys) < 2 || q.Text(q.Keys[0]) != "taxi" || q.Columns[0].Name != "taxi" {
			t.Errorf("%s: found keys other than taxi and a time, expected taxi first:\n%s", table.Name, q)
		}
		if found, ok := Named(table.Name); !ok || found.Query != q {
			t.Errorf("%s is not found by its name", table.Name)
		}
	}
	if found, ok := Named("trip_stats"); ok {
		t.Errorf("found %v, expected no table of that name", found)
	}
}

// TestTheLibraryIsWhatUsersAsk compares the library with the questions of the same names, where they are at hand.
func TestTheLibraryIsWhatUsersAsk(t *testing.T) {
	data := os.Getenv("TRIPSTATS_DATA")
	text, err := os.ReadFile(filepath.Join(data, "..", "query", "questions.sql"))
	if data == "" || err != nil {
		t.Skipf("SKIPPED: no questions: %v (TRIPSTATS_DATA says where the real data are)", err)
	}
	questions, err := query.ParseTables("questions.sql", string(text))
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, q := range questions {
		if table, ok := Named(q.Name); ok {
			if same++; table.Query.String() != q.String() {
				t.Errorf("found\n%s\nexpected\n%s", table.Query, q)
			}
		}
	}
	if same != len(Tables()) {
		t.Errorf("found %d tables of the library among the questions, expected %d", same, len(Tables()))
	}
}

// TestAFaultOfTheLibraryIsFound gives it texts that are wrong.
func TestAFaultOfTheLibraryIsFound(t *testing.T) {
	const one = "CREATE TABLE a AS SELECT taxi, count(*) AS n FROM trips GROUP BY taxi;"
	for name, text := range map[string]string{
		"no meaning":    one,
		"two in one":    "-- a\n" + one + "\n" + strings.Replace(one, "TABLE a", "TABLE b", 1),
		"a wrong query": "-- a\n" + strings.Replace(one, "taxi,", "taxa,", 1),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("found no fault, expected one")
				}
			}()
			tablesOf(text)
		})
	}
}
