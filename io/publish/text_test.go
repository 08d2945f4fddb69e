package publish

import (
	"strings"
	"testing"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// TestAFileOfTextReconcilesByItsLines plants one fault at a time into what is known of a file of text, whose rows no footer tells.
func TestAFileOfTextReconcilesByItsLines(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*element.Tally)
		want  string // "" if all is well
	}{
		"nothing wrong":       {func(*element.Tally) {}, ""},
		"a range lost":        {func(t *element.Tally) { t.Text.Bytes -= 40; t.Text.Lines -= 2; t.Rows -= 2; t.Counted -= 2 }, "a: found ranges of 60 bytes read, expected the file's 100"},
		"a range twice":       {func(t *element.Tally) { t.Text.Bytes += 40; t.Text.Lines += 2; t.Rows += 2; t.Counted += 2 }, "a: found ranges of 140 bytes read, expected the file's 100"},
		"a line dropped":      {func(t *element.Tally) { t.Rows--; t.Counted-- }, "a: found a header, 2 blank lines and 4 rows read, of them 1 malformed, expected the file's 8 lines"},
		"a row twice":         {func(t *element.Tally) { t.Rows++; t.Counted++ }, "a: found a header, 2 blank lines and 6 rows read"},
		"a blank line lost":   {func(t *element.Tally) { t.Text.Blank-- }, "a: found a header, 1 blank lines and 5 rows read"},
		"a header lost":       {func(t *element.Tally) { t.Text.Header-- }, "a: found 0 lines read as the header, expected 1"},
		"two headers":         {func(t *element.Tally) { t.Text.Header++ }, "a: found 2 lines read as the header, expected 1"},
		"a row not counted":   {func(t *element.Tally) { t.Counted-- }, "a: found 3 rows counted and 1 refused, expected the 5 read"},
		"no counts":           {func(t *element.Tally) { t.Text = element.TextCounts{} }, "a: found ranges of 0 bytes read"},
		"a malformed row cut": {func(t *element.Tally) { t.Refused = nil }, "a: found 4 rows counted and 0 refused, expected the 5 read"},
	} {
		tally := element.Tally{
			Source: "a", Rows: 5, Counted: 4, Refused: []element.Refused{{Rule: "malformed", Rows: 1}},
			Text: element.TextCounts{Bytes: 100, Lines: 8, Header: 1, Blank: 2, Malformed: 1},
		}
		c.plant(&tally)
		r := result{files: []element.Admitted{{Source: "a", Size: 100, Rows: element.UnknownRows}}, tallies: []element.Tally{tally}}
		err := r.reconcile(Config{})
		why := fault.Find(err)
		switch {
		case c.want == "" && (err != nil || r.files[0].Rows != 5):
			t.Errorf("%s: found %v, %d rows, expected 5 rows", name, err, r.files[0].Rows)
		case c.want != "" && (why == nil || why.Code != fault.Failed || !strings.Contains(why.Message, c.want)):
			t.Errorf("%s: found %v, expected exit code 1 with %q", name, err, c.want)
		}
	}
}
