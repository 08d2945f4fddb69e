package query

import (
	"errors"
	"flag"
	"fmt"
	goast "go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestEveryMessageHasACase compares what is said about each text of testdata/errors.txt with what stands below it. A case begins with
// -- tables or -- query and goes on to the errors, each with its line and caret. What the text cannot have (a byte that is not UTF-8, a very
// long text) is written as \xNN and {text*number}.
func TestEveryMessageHasACase(t *testing.T) {
	file := filepath.Join("testdata", "errors.txt")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	said := map[message]bool{}
	var out strings.Builder
	for _, c := range strings.Split(string(b), "\n-- ")[1:] {
		title, rest, _ := strings.Cut(c, "\n")
		text, _, _ := strings.Cut(rest, "\n=> ")
		text, _, _ = strings.Cut(text, "\n=>\n")
		text = strings.TrimSuffix(text, "\n")
		kind, name, _ := strings.Cut(title, " ")
		name = strings.TrimSpace(name)
		if name == "" {
			name = kind + ".sql"
		}
		var err error
		if kind == "tables" {
			_, err = ParseTables(name, spelledOut(t, text))
		} else {
			_, err = ParseQuery(name, spelledOut(t, text))
		}
		fmt.Fprintf(&out, "\n-- %s\n%s\n", title, text)
		var all Errors
		if !errors.As(err, &all) {
			t.Errorf("%s: found no error", text)
			continue
		}
		for _, e := range all {
			said[e.said] = true
			fmt.Fprintf(&out, "=> %s\n", e.WithLine())
		}
		if len(all) > mostErrors {
			t.Errorf("%s: found %d errors, expected at most %d", text, len(all), mostErrors)
		}
	}
	intro, _, _ := strings.Cut(string(b), "\n-- ")
	got := intro + out.String()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(b) {
		t.Errorf("%s differs; go test -update writes it anew:\n%s", file, firstDifference(got, string(b)))
	}
	for name, m := range allMessages(t) {
		if !said[m] {
			t.Errorf("%s has no case: %s", name, m)
		}
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: found %s\nexpected %s", i+1, a[i], b[i])
		}
	}
	return "one is longer"
}

// spelledOut replaces \xNN and {text*number}.
func spelledOut(t *testing.T, s string) string {
	for {
		before, rest, ok := strings.Cut(s, "{")
		if !ok {
			break
		}
		inside, after, _ := strings.Cut(rest, "}")
		text, times, _ := strings.Cut(inside, "@")
		n, err := strconv.Atoi(times)
		if err != nil {
			t.Fatal(err)
		}
		s = before + strings.Repeat(text, n) + after
	}
	return strings.NewReplacer(`\xff`, "\xff", `\x00`, "\x00", `\t`, "\t").Replace(s)
}

// allMessages are the constants of messages.go.
func allMessages(t *testing.T) map[string]message {
	f, err := goparser.ParseFile(gotoken.NewFileSet(), "messages.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]message{}
	goast.Inspect(f, func(n goast.Node) bool {
		if v, ok := n.(*goast.ValueSpec); ok {
			text, err := strconv.Unquote(v.Values[0].(*goast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all[v.Names[0].Name] = message(text)
		}
		return true
	})
	if len(all) < 50 {
		t.Fatalf("found %d messages, expected all of messages.go", len(all))
	}
	return all
}

func TestErrorsAreInTheOrderOfTheText(t *testing.T) {
	_, err := ParseTables("tables.sql", "CREATE TABLE a AS SELECT pickup_hours FROM trips;\nSELECT FROM trips;\nCREATE TABLE zones AS SELECT count(*) AS n FROM trips")
	var all Errors
	if !errors.As(err, &all) {
		t.Fatalf("found %v, expected Errors", err)
	}
	var lines []int
	for _, e := range all {
		lines = append(lines, e.Line)
	}
	if !slices.Equal(lines, []int{1, 2, 3}) {
		t.Errorf("found lines %v, expected 1, 2, 3:\n%v", lines, err)
	}
}

// TestTheCaretIsBelowItsPlace also in lines with tabs, that are long, or in other scripts.
func TestTheCaretIsBelowItsPlace(t *testing.T) {
	for _, before := range []string{"", "\t", strings.Repeat("1 + ", 40), "'äöü' = taxi AND ", "1 /* \u202e */ + "} {
		_, err := ParseQuery("q", "SELECT "+before+"nothing_like_it FROM trips LIMIT 1")
		var all Errors
		if !errors.As(err, &all) {
			t.Fatal("found no error")
		}
		lines := strings.Split(all[0].WithLine(), "\n")
		at := len([]rune(lines[2])) - 1
		if shown := string([]rune(lines[1])[at:]); !strings.HasPrefix(shown, "nothing_like_it") {
			t.Errorf("the caret is at %q of\n%s", shown, all[0].WithLine())
		}
	}
}

// TestNamesCannotMakeAQueryHuge: each name stands for its expression, which a text can use thousands of times.
func TestNamesCannotMakeAQueryHuge(t *testing.T) {
	text := "SELECT 0" + strings.Repeat(" + trip_distance", 90) + " AS a, " + strings.TrimSuffix(strings.Repeat("a, ", 90), ", ")
	for i := range 5000 {
		text += ", a AS a" + strconv.Itoa(i)
	}
	_, err := ParseQuery("q", strings.Replace(text, "AS a, a, ", "AS a, a AS b, ", 1)+" FROM trips LIMIT 1")
	if err == nil || !strings.Contains(err.Error(), "more than 100000 parts") {
		t.Errorf("found %.200v, expected an error about the parts", err)
	}
}
