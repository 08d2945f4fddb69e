package docs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
