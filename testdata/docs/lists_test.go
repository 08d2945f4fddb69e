package docs

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/aggregate"
	"tripstats/transforms/quality"
	"tripstats/transforms/trip"
)

// typeNames are the names that transforms/README.md uses for the types of columns.
var typeNames = map[trip.Type]string{
	trip.Time: "Time", trip.Span: "Span", trip.Measure: "Measure", trip.Zone: "Zone", trip.Code: "Code", trip.Flag: "Flag", trip.Part: "Part",
}

func TestDocsListTheColumnsOfTrips(t *testing.T) {
	var want [][]string
	for _, c := range trip.Fields {
		var from []string
		for _, f := range c.From {
			from = append(from, trip.Fields[f].Name)
		}
		want = append(want, []string{c.Name, typeNames[c.Type], c.Unit, strings.Join(from, ", ")})
	}
	compareDocs(t, docsTable(t, "Columns"), want)
}

func TestDocsListTheRules(t *testing.T) {
	var want [][]string
	for _, r := range quality.Rules {
		limit := ""
		if r.Unit != 0 {
			limit = fmt.Sprintf("%d %s", r.Limit, r.In)
		}
		want = append(want, []string{r.Name, string(r.Scope), limit})
	}
	compareDocs(t, docsTable(t, "Rules"), want)
}

// compareDocs compares rows of a table with what the code has. The last cell of a row explains it in words: it must not be empty.
func compareDocs(t *testing.T, rows, want [][]string) {
	t.Helper()
	for i := range max(len(rows), len(want)) {
		switch {
		case i >= len(rows):
			t.Errorf("transforms/README.md: found no row %d, expected %q", i+1, want[i])
		case i >= len(want):
			t.Errorf("transforms/README.md: row %d: found %q, which the code does not have; remove it", i+1, rows[i])
		default:
			last := len(rows[i]) - 1
			if !slices.Equal(rows[i][:last], want[i]) || rows[i][last] == "" {
				t.Errorf("transforms/README.md: row %d: found %q, expected %q and an explanation", i+1, rows[i], want[i])
			}
		}
	}
}

// docsTable returns the cells of the first table below a heading of transforms/README.md, without its two head lines.
func docsTable(t *testing.T, heading string) [][]string {
	t.Helper()
	return rowsBelow(t, root+"/transforms/README.md", "## "+heading)
}

// TestDocsListTheColumnsOfTables compares the tables of columns with those of the tables.
func TestDocsListTheColumnsOfTables(t *testing.T) {
	schemas := map[string]*arrow.Schema{aggregate.LedgerName: aggregate.LedgerSchema, aggregate.ZonesName: aggregate.Zones{}.Schema()}
	for _, table := range aggregate.Tables(true) {
		schemas[table.Name] = table.Schema()
	}
	for _, name := range aggregate.StandingNames(true) {
		var found []string
		for _, row := range rowsBelow(t, root+"/pipeline/README.md", "### "+name) {
			found = append(found, strings.Trim(row[0], "*")+" "+row[1])
		}
		var expected []string
		for _, f := range schemas[name].Fields() {
			expected = append(expected, f.Name+" "+strings.ReplaceAll(f.Type.String(), "utf8", "string"))
		}
		if !slices.Equal(found, expected) {
			t.Errorf("README.md: %s: found columns %q, expected %q", name, found, expected)
		}
	}
}

// TestDocsListTheExitCodes compares the table of exit codes with the help text.
func TestDocsListTheExitCodes(t *testing.T) {
	help, err := exec.Command(program, "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(help), "Exit codes:\n")
	if !found {
		t.Fatal("help: found no exit codes")
	}
	var expected [][]string
	for l := range strings.Lines(list) {
		if !strings.HasPrefix(l, "  ") {
			break
		}
		code, meaning, _ := strings.Cut(strings.TrimSpace(l), "  ")
		expected = append(expected, []string{code, strings.TrimSpace(meaning)})
	}
	rows := rowsBelow(t, root+"/pipeline/README.md", "## Exit codes")
	for i := range rows {
		rows[i] = rows[i][:2]
	}
	if !slices.EqualFunc(rows, expected, slices.Equal[[]string]) {
		t.Errorf("README.md: found exit codes\n%q\nexpected\n%q", rows, expected)
	}
}

// rowsBelow returns the cells of the first table below a heading of a document, without its two head lines.
func rowsBelow(t *testing.T, path, heading string) [][]string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(content), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s: found no heading %q", path, heading)
	}
	var rows [][]string
	for line := range strings.Lines(text) {
		switch cells := strings.Split(strings.TrimSpace(line), "|"); {
		case len(cells) > 2:
			row := cells[1 : len(cells)-1]
			for i := range row {
				row[i] = strings.ReplaceAll(strings.TrimSpace(row[i]), "`", "")
			}
			rows = append(rows, row)
		case len(rows) > 0:
			return rows[2:]
		}
	}
	t.Fatalf("%s: found no table with a line after it below %q", path, heading)
	return nil
}

// TestShowSaysWhatTheDocumentsSay compares the columns of standing tables with the tables of the document.
func TestShowSaysWhatTheDocumentsSay(t *testing.T) {
	for _, name := range aggregate.StandingNames(true) {
		shown, err := exec.Command(program, "show", "tables", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		var found, expected [][]string
		for l := range strings.Lines(string(shown)) {
			cells := slices.DeleteFunc(strings.Split(strings.TrimSpace(l), "  "), func(s string) bool { return s == "" })
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			found = append(found, cells)
		}
		for _, row := range rowsBelow(t, root+"/pipeline/README.md", "### "+name) {
			expected = append(expected, []string{strings.Trim(row[0], "*"), row[1], row[2]})
		}
		if !slices.EqualFunc(found[1:], expected, slices.Equal[[]string]) {
			t.Errorf("show tables %s: found\n%q\nexpected, as README.md has it,\n%q", name, found[1:], expected)
		}
	}
}
