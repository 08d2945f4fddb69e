package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tripstats/io/objstore"
	"tripstats/transforms/fault"
)

const counting = " AS SELECT taxi, count(*) AS n FROM trips GROUP BY taxi;\n"

// many is a text that makes so many tables.
func many(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "CREATE TABLE %s_%d%s", name, i, counting)
	}
	return b.String()
}

var texts = map[string]string{
	"a.sql":                  "CREATE TABLE a" + counting + "CREATE TABLE b" + counting,
	"./dir/bare.sql":         "SELECT count(*) AS n FROM trips",
	"dir/b":                  "\n  CREATE TABLE b" + counting,
	"OD.SQL":                 "CREATE TABLE od" + counting,
	"s3://bucket/x.sql":      "CREATE TABLE x" + counting,
	"https://h/q.sql?sig=ab": "SELECT count(*) AS n FROM trips",
	"wrong.sql":              "SELECT count(*) AS n\nFROM trips\nWHERE  pickup_hours = 1 AND tip_amout > 0",
	"./ten.sql":              "SELECT " + strings.Repeat("x+", 1) + "y AS n FROM trips WHERE " + strings.Repeat("z1 = 1 AND ", 20) + "TRUE",
	"reserved.sql":           "CREATE TABLE trip_stats" + counting + "CREATE TABLE zones" + counting + "CREATE TABLE \"Upper\"" + counting,
	"2.sql":                  "SELECT count(*) AS n FROM trips",
	"noname.sql":             "SELECT taxi, count(*) FROM trips GROUP BY taxi",
	"rows.sql":               "SELECT taxi FROM trips LIMIT 3",
	"32.sql":                 many("t", 32),
	"more.sql":               many("u", 1),
	"empty.sql":              "-- nothing\n",
}

func readTexts(path string) (string, error) {
	text, ok := texts[path]
	if !ok {
		return "", &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return text, nil
}

func TestTheListOfTablesNamesThem(t *testing.T) {
	for list, want := range map[string]string{
		"standard":                      "trip_stats* location_stats* quality* zones*",
		"Standard , daily,OD":           "trip_stats* location_stats* quality* zones* daily od",
		"a.sql,./dir/bare.sql":          "a b bare",
		"OD.SQL,by_hour":                "od by_hour", // a file may use a name of the library
		"s3://bucket/x.sql,fares":       "x fares",
		"https://h/q.sql?sig=ab":        "q",
		"standard,32.sql":               "trip_stats* location_stats* quality* zones* " + strings.TrimSpace(strings.Join(namesOf(32), " ")),
		"airport,zone_minutes, payment": "airport zone_minutes payment",
	} {
		tables, err := declared(list, readTexts)
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		var found []string
		for _, d := range tables {
			star := ""
			if d.query == nil {
				star = "*"
			} else if d.query.Name != d.name {
				t.Errorf("%s: found the table %s under the name %s", list, d.query.Name, d.name)
			}
			found = append(found, d.name+star)
		}
		if strings.Join(found, " ") != want {
			t.Errorf("%s: found %q, expected %q", list, found, want)
		}
	}
}

func namesOf(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("t_%d", i)
	}
	return names
}

func TestAWrongListOfTablesIsRefusedWithItsPlaces(t *testing.T) {
	for list, want := range map[string][]string{
		"":                        {"--tables: found nothing, expected standard, a table of the library (by_hour, payment, od"},
		" , ":                     {"--tables: found nothing"},
		"by_hours":                {"--tables: found by_hours, expected standard, a table of the library (by_hour, ... (did you mean by_hour?)"},
		"standart":                {"(did you mean standard?)"},
		"questions":               {"found questions, expected ...; a file in this folder is ./questions"},
		"quality":                 {"found quality, which is made with the others of standard, expected standard"},
		"SELECT count(*) AS n":    {"found SQL, expected the name of a file"},
		"none.sql":                {"--tables: none.sql: file does not exist"},
		"https://h/n.sql?sig=key": {"--tables: https://h/n.sql: file does not exist"},
		"od,fares,od":             {"--tables: found od twice, expected it once"},
		"od,OD.SQL":               {"OD.SQL:1:14: found a second table od, which the library has too; expected a name of its own, or one of the two"},
		"OD.SQL,od":               {"the library: found a second table od, which OD.SQL:1:14 has too"},
		"a.sql,dir/b":             {"dir/b:2:16: found a second table b, which a.sql:2:14 has too"},
		"wrong.sql,none.sql,odd": {
			"wrong.sql:3:8: found pickup_hours, expected a column; did you mean pickup_hour?", "wrong.sql:3:29: found tip_amout, expected a column; did you mean tip_amount?",
			"--tables: none.sql: file does not exist", "--tables: found odd, expected",
		},
		"reserved.sql":    {"reserved.sql:1:14: found trip_stats, the name of a table that the program makes itself", "reserved.sql:2:14: found zones", "reserved.sql:3:14: found Upper, expected a name of a-z"},
		"2.sql":           {"2.sql:1:1: found a SELECT without a name in 2.sql"},
		"noname.sql":      {"noname.sql:1:14: found an expression without a name, expected AS and a name after it"},
		"rows.sql":        {"rows.sql:1:1: found a SELECT without GROUP BY or aggregates"},
		"empty.sql":       {"empty.sql:2:1: found no statement"},
		"32.sql,more.sql": {"--tables: found 33 tables, expected at most 32"},
	} {
		tables, err := declared(list, readTexts)
		f := fault.Find(err)
		if f == nil || f.Code != fault.Usage {
			t.Errorf("%q: found %v and %v, expected wrong usage", list, tables, err)
			continue
		}
		lines := f.Lines()
		if len(lines) != len(want) {
			t.Errorf("%q: found the lines\n%s\nexpected %d", list, strings.Join(lines, "\n"), len(want))
			continue
		}
		for i := range lines {
			for piece := range strings.SplitSeq(want[i], "...") {
				if !strings.Contains(lines[i], piece) {
					t.Errorf("%q: found %q, expected %q", list, lines[i], want[i])
				}
			}
			if strings.Contains(lines[i], "key") {
				t.Errorf("%q: a secret is shown: %s", list, lines[i])
			}
		}
	}
}

func TestTenErrorsOfTheListAreTold(t *testing.T) {
	_, err := declared("./ten.sql,none.sql,a1,a2", readTexts)
	if f := fault.Find(err); f == nil || len(f.Lines()) != 10 {
		t.Errorf("found %v, expected ten errors", f)
	}
}

// TestATerminalShowsTheLinesOfATextBelowItsErrors looks at what stands beside the faults; a terminal is not at hand.
func TestATerminalShowsTheLinesOfATextBelowItsErrors(t *testing.T) {
	_, err := declared("wrong.sql,none.sql", readTexts)
	var text *textFault
	if !errors.As(err, &text) {
		t.Fatalf("found %v, expected a fault about texts", err)
	}
	want := []string{"    WHERE  pickup_hours = 1 AND tip_amout > 0\n           ^", "    WHERE  pickup_hours = 1 AND tip_amout > 0\n" + strings.Repeat(" ", 32) + "^", ""}
	if !slices.Equal(text.excerpts, want) {
		t.Errorf("found\n%q\nexpected\n%q", text.excerpts, want)
	}
	var b strings.Builder
	console{w: &b}.lines(err, fault.Find(err))
	if strings.Count(b.String(), "\n") != 3 || strings.Contains(b.String(), "^") {
		t.Errorf("found\n%s\nexpected a line for each error where there is no terminal", b.String())
	}
}

func TestAFileOfSQLIsRead(t *testing.T) {
	dir := t.TempDir()
	file, long := filepath.Join(dir, "q.sql"), filepath.Join(dir, "long.sql")
	for path, n := range map[string]int{file: mostTextSize, long: mostTextSize + 1} {
		if err := os.WriteFile(path, []byte(strings.Repeat(" ", n)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := readText(t.Context(), objstore.Access{}, file); err != nil || len(text) != mostTextSize {
		t.Errorf("found %d bytes and %v, expected %d bytes", len(text), err, mostTextSize)
	}
	for path, want := range map[string]string{
		long: "found 65537 bytes, expected at most 65536", dir: "not a regular file", filepath.Join(dir, "none"): "no such file",
		"ftp://h/q.sql": `found scheme "ftp"`, "http://192.0.2.1/q.sql": "--allow-http",
	} {
		if _, err := readText(t.Context(), objstore.Access{}, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, expected %q", path, err, want)
		}
	}
}
