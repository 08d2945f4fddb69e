package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/io/objstore"
	"tripstats/io/publish"
	"tripstats/runners"
	"tripstats/transforms/aggregate"
	"tripstats/transforms/fault"
)

// mostRows is how many rows of the monthly table go to stdout.
const mostRows = 60

// shown are the columns of trip_stats that stdout shows, with their headings.
var shown = []struct{ column, heading string }{
	{"taxi", "taxi"},
	{"month_start", "month"},
	{"trip_count", "trips"},
	{"avg_passengers", "passengers"},
	{"avg_trip_distance_miles", "miles"},
	{"avg_trip_duration_minutes", "minutes"},
	{"avg_amount", "amount $"},
	{"avg_tip", "tip $"},
}

// printTables prints what was published, which m tells of: the rows of the monthly table, if it was made, and a line for each table in
// SQL. Ahead is the file of the monthly table, if it was read already.
func printTables(ctx context.Context, w io.Writer, access objstore.Access, output string, m *publish.Manifest, ahead []byte) error {
	lines := [][]string{{"table", "rows"}}
	paths := []string{"path"}
	for _, o := range m.Outputs {
		if _, isStanding := standingNamed(o.Table); !isStanding {
			lines = append(lines, []string{o.Table, strconv.FormatInt(o.Rows, 10)})
			paths = append(paths, objstore.Redact(objstore.Join(output, o.Shown())))
		}
	}
	err := printTable(ctx, w, access, output, m, ahead)
	if len(paths) == 1 {
		return err
	}
	var b strings.Builder
	for i, l := range strings.Split(strings.TrimSuffix(align(lines, 1), "\n"), "\n") {
		b.WriteString(l + "  " + paths[i] + "\n")
	}
	_, wrong := io.WriteString(w, b.String())
	return errors.Join(err, wrong)
}

// monthly is the table that stdout shows.
const monthly = "trip_stats"

// monthlyOf is the place of the monthly table among the outputs of a manifest, or -1.
func monthlyOf(m *publish.Manifest) int {
	return slices.IndexFunc(m.Outputs, func(o publish.Output) bool { return o.Table == monthly })
}

// printTable prints the published monthly table, if it was made.
func printTable(ctx context.Context, w io.Writer, access objstore.Access, output string, m *publish.Manifest, ahead []byte) (err error) {
	i := monthlyOf(m)
	tables := aggregate.Tables(m.Quality == "standard")
	at := slices.IndexFunc(tables, func(t *aggregate.Spec) bool { return t.Name == monthly })
	if i < 0 || at < 0 {
		return nil
	}
	path := objstore.Redact(objstore.Join(output, m.Outputs[i].Shown()))
	if len(ahead) == 0 {
		ahead, err = access.ReadAll(ctx, objstore.Join(output, m.Outputs[i].Path))
	}
	var t arrow.Table
	if err == nil {
		t, err = publish.TableOf(ahead, m.Outputs[i], tables[at].Schema())
	}
	if err != nil {
		return fmt.Errorf("reading back what was published: %s: %w", objstore.Redact(output), err)
	}
	defer t.Release()

	rows := [][]string{make([]string, len(shown))}
	for i, c := range shown {
		rows[0][i] = c.heading
	}
	for n := range min(int(t.NumRows()), mostRows) {
		row := make([]string, len(shown))
		for i, c := range shown {
			index := t.Schema().FieldIndices(c.column)
			row[i] = cell(t.Column(index[0]).Data(), n)
		}
		rows = append(rows, row)
	}
	if _, err := io.WriteString(w, align(rows, 2)); err != nil {
		return err
	}
	if more := int(t.NumRows()) - mostRows; more > 0 {
		_, err = fmt.Fprintf(w, "... and %d rows more in %s\n", more, path)
	}
	return err
}

// cell renders a value of a column for people.
func cell(c *arrow.Chunked, row int) string {
	for _, a := range c.Chunks() {
		if row >= a.Len() {
			row -= a.Len()
			continue
		}
		if a.IsNull(row) {
			return "-"
		}
		switch a := a.(type) {
		case *array.Float64:
			return strconv.FormatFloat(a.Value(row), 'f', 2, 64)
		case *array.Date32:
			return a.Value(row).ToTime().Format("2006-01")
		default:
			return a.ValueStr(row)
		}
	}
	return "-"
}

// align lays rows out in columns, the first left of them to the left, the others to the right.
func align(rows [][]string, left int) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			row[i] = fault.Printable(c)
			width[i] = max(width[i], len([]rune(row[i])))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var out strings.Builder
		for i, c := range row {
			if i > 0 {
				out.WriteString("  ")
			}
			pad := strings.Repeat(" ", width[i]-len([]rune(c)))
			if i < left {
				out.WriteString(c + pad)
			} else {
				out.WriteString(pad + c)
			}
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
	return b.String()
}

// report writes the summary of a good run.
func (j *job) report(runner runners.Runner, m *publish.Manifest, pl *planner, committed bool, read int64, elapsed time.Duration) {
	seconds, reused := elapsed.Seconds(), pl.reused()
	sum := runSummary{
		Runner: runner.Name, Quality: m.Quality, Committed: committed, Inputs: len(m.Inputs), Reused: reused, Files: len(m.Inputs) - reused, LeftOut: len(m.LeftOut), Rows: m.Rows,
		Seconds: hundredths(seconds), Output: objstore.Redact(j.output),
	}
	if reused == 0 {
		speed := whole(float64(m.Rows) / seconds)
		sum.RowsPerSecond = &speed
	}
	if c := m.Commit; c != nil {
		sum.Version = c.Version
	}
	if r := m.Rules; r != nil {
		rejected := m.Rows
		for _, in := range m.Inputs {
			rejected -= in.Counted
		}
		sum.Rejected, sum.Minutes = &rejected, &durations{r.DurationMinutesRaw, r.DurationMinutesStandard}
	}
	if m.Kept != nil {
		sum.Quarantined = &m.Kept.Rows
	}
	if runner.Here() { // of workers elsewhere nothing is known here
		requests, memory := objstore.Requests(), whole(float64(publish.PeakMemory())/(1<<20))
		sum.BytesRead, sum.Requests, sum.Retries, sum.Memory = &read, &requests, objstore.Retries(), &memory
	}
	j.stderr.summary("done", sum, "")
}
