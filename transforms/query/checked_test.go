package query

import "testing"

// TestAQueryIsShownAsCheckedAndAsFolded keeps the constants of a text apart from what they come to.
func TestAQueryIsShownAsCheckedAndAsFolded(t *testing.T) {
	q, err := ParseQuery("q", "SELECT taxi, count(*) FILTER (WHERE vendorid = 3 - 1) AS n FROM trips WHERE vendorid > 1 + 1 AND 1 = 1 GROUP BY taxi HAVING count(*) > 2 * 5")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query    *Query
		expected string
	}{
		{q.Checked(), `SELECT taxi AS taxi,
       count(*) FILTER (WHERE (vendorid = CAST((3 - 1) AS BIGINT))) AS n
FROM trips
WHERE ((vendorid > CAST((1 + 1) AS BIGINT)) AND (1 = 1))
GROUP BY taxi
HAVING (count(*) > CAST((2 * 5) AS BIGINT))`},
		{q, `SELECT taxi AS taxi,
       count(*) FILTER (WHERE (vendorid = CAST('2' AS BIGINT))) AS n
FROM trips
WHERE (vendorid > CAST('2' AS BIGINT))
GROUP BY taxi
HAVING (count(*) > CAST('10' AS BIGINT))`},
	} {
		if found := c.query.String(); found != c.expected {
			t.Errorf("found\n%s\nexpected\n%s", found, c.expected)
		}
	}
}
