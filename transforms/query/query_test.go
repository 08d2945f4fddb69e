package query

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheQuestionsAreAccepted reads the questions that users ask, where they are at hand.
func TestTheQuestionsAreAccepted(t *testing.T) {
	data := os.Getenv("TRIPSTATS_DATA")
	text, err := os.ReadFile(filepath.Join(data, "..", "query", "questions.sql"))
	if data == "" || err != nil {
		t.Skipf("SKIPPED: no questions: %v (TRIPSTATS_DATA says where the real data are)", err)
	}
	all, err := ParseTables("questions.sql", string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 10 {
		t.Errorf("found %d tables, expected 10", len(all))
	}
	for _, q := range all {
		t.Logf("%s\n", q)
		for _, c := range q.Columns {
			t.Logf("   %-20s %s", c.Name, c.Expr.Type.Published())
		}
		again, err := ParseTables("again.sql", q.String())
		if err != nil {
			t.Errorf("%s: what was checked is not accepted again: %v", q.Name, err)
		} else if again[0].String() != q.String() {
			t.Errorf("%s: found\n%s\nexpected\n%s", q.Name, again[0], q)
		}
	}
}
