package query

import "testing"

// TestTheQueryKnowsItsPlace: messages of a run name the place of a table in its text.
func TestTheQueryKnowsItsPlace(t *testing.T) {
	const one = "SELECT count(*) AS n FROM trips"
	all, err := ParseTables("dir/bare.sql", "\ufeff-- how many\n  "+one+";\n/* ä */ CREATE TABLE named AS "+one)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"dir/bare.sql:2:3", "dir/bare.sql:3:22"} {
		if all[i].Place != want {
			t.Errorf("%s: found the place %s, expected %s", all[i].Name, all[i].Place, want)
		}
	}
	q, err := ParseQuery("query", "\n"+one)
	if err != nil || q.Place != "query:2:1" {
		t.Errorf("found %v, %v, expected the place query:2:1", q, err)
	}
}
