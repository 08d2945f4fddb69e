package query

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzParse: no text makes the parser or checker panic; a statement that is printed and parsed again is the same; a query that is
// accepted is accepted again as it is printed, and means the same.
func FuzzParse(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("testdata", "errors.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range strings.Split(string(b), "\n-- ")[1:] {
		_, text, _ := strings.Cut(c, "\n")
		text, _, _ = strings.Cut(text, "\n=> ")
		f.Add(text)
	}
	expressions, err := os.ReadFile(filepath.Join("testdata", "expressions.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range strings.Split(string(expressions), "\n") {
		f.Add("SELECT " + e + " AS x FROM trips LIMIT 1")
	}
	f.Add("SELECT 0, count(0) FROM trips GROUP BY ALL")
	f.Add("SELECT rank() OVER () FROM trips HAVING 0 = 0")
	f.Add(`CREATE TABLE t AS SELECT taxi AS "a ""b", count(DISTINCT year) FILTER (WHERE NOT is_refund) AS n, lag(sum(tip_amount), 2, 0)
		OVER (PARTITION BY taxi ORDER BY max(year) DESC NULLS FIRST) AS l FROM trips AS x WHERE x.year IN (2024) GROUP BY 1 HAVING n > 1 ORDER BY n, 1 LIMIT 3;`)
	f.Fuzz(func(t *testing.T, text string) {
		r := reportOn("fuzz", text)
		for _, s := range parse(r) {
			printed := s.String()
			again := reportOn("again", printed)
			list := parse(again)
			if len(list) != 1 {
				if strings.Contains(again.err().Error(), "levels") || len(printed) > maxText {
					continue // parentheses make more levels
				}
				t.Fatalf("%q was printed as %s: %v", text, printed, again.err())
			}
			if clearPlaces(list[0]); !reflect.DeepEqual(clearPlaces(s), list[0]) {
				t.Fatalf("%q was printed as %s, which is another statement: %s", text, printed, list[0])
			}
		}
		_, _ = ParseTables("fuzz.sql", text)
		q, err := ParseQuery("fuzz", text)
		if err != nil {
			_ = err.(Errors).WithLines()
			return
		}
		printed := q.String()
		again, err := ParseQuery("again", strings.TrimPrefix(printed, "CREATE TABLE "+q.Name+" AS\n"))
		if err != nil {
			if strings.Contains(err.Error(), "levels") || strings.Contains(err.Error(), "at most 65536") || strings.Contains(err.Error(), "63 printable") || strings.Contains(err.Error(), "38 digits") || strings.Contains(err.Error(), " such as 2024-01-31") {
				return
			}
			t.Fatalf("%q was printed as %s: %v", text, printed, err)
		}
		if again.Name = q.Name; again.String() != printed {
			t.Fatalf("%q was printed as\n%s\nand again as\n%s", text, printed, again)
		}
	})
}

// clearPlaces makes statements comparable.
func clearPlaces(s *statement) *statement {
	s.off, s.nameOff, s.groupOff, s.limitOff = 0, 0, 0, 0
	var clear func(list ...*node)
	clear = func(list ...*node) {
		for _, n := range list {
			if n == nil {
				continue
			}
			n.off = 0
			clear(n.args...)
			clear(n.filter)
			if n.over != nil {
				n.over.off = 0
				clear(n.over.partition...)
				for _, o := range n.over.order {
					clear(o.expr)
				}
			}
		}
	}
	for i := range s.items {
		s.items[i].aliasOff = 0
		clear(s.items[i].expr)
	}
	clear(s.where, s.having)
	clear(s.groups...)
	for _, o := range s.order {
		clear(o.expr)
	}
	return s
}
