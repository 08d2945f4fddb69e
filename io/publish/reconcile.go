package publish

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// reconcile adds up the tallies of each source and checks that no row was lost or counted twice. For every file, the rows that its
// footer promises must be those that were read, and those must be the rows counted and the rows that a rule refused. Every total of
// the tables must be the sum of the rows counted. What it finds is a fault of this program or its runner, not of an input: exit code 1,
// nothing published.
func (r *result) reconcile(cfg Config) error {
	r.monthsOf(r.tallies)
	files := wholeFiles(r.files)
	ofTaxi := map[[2]string]int64{}
	if len(files) < len(r.files) {
		for _, t := range r.tallies {
			ofTaxi[[2]string{t.Source, t.Taxi}] = t.Rows
		}
	}
	var err error
	if r.tallies, err = bySource(r.tallies); err != nil {
		return err
	}
	tallies := sourceTallies(r.tallies)
	if len(r.tallies) != len(files) {
		return fault.New(fault.Failed, "reconciliation: found results of %d files, expected %d; %s", len(r.tallies), len(files), fault.Ours)
	}
	for i, f := range r.files {
		several := i > 0 && r.files[i-1].Source == f.Source || i+1 < len(r.files) && r.files[i+1].Source == f.Source
		if read := ofTaxi[[2]string{f.Source, f.Taxi}]; several && read != f.Rows {
			return fault.New(fault.Failed, "reconciliation: %s: found %d rows of %s, expected the %d that its column has; %s", f.Source, read, f.Taxi, f.Rows, fault.Ours)
		}
	}
	rows, filtered := int64(0), map[string]int64{}
	for _, f := range files {
		t := tallies.of(f.Source)
		if t.Source == "" {
			return fault.New(fault.Failed, "reconciliation: %s: found no result, expected one; %s", f.Source, fault.Ours)
		}
		if err := allRead(f, t); err != nil {
			return fault.New(fault.Failed, "reconciliation: %s: %v; %s", f.Source, err, fault.Ours)
		}
		if refused := refusedRows(t); t.Counted+refused != t.Rows {
			return fault.New(fault.Failed, "reconciliation: %s: found %d rows counted and %d refused, expected the %d read; %s", f.Source, t.Counted, refused, t.Rows, fault.Ours)
		}
		rows += t.Counted
		for _, of := range t.Filtered {
			filtered[of.Table] += of.Rows
		}
	}
	for i, f := range r.files { // of a file of text, reading has told them; files may be these
		if f.Rows == element.UnknownRows {
			r.files[i].Rows = tallies.of(f.Source).Rows
		}
	}
	var names []string
	for _, t := range r.tables {
		names = append(names, t.Name)
	}
	if !slices.Equal(names, cfg.Tables) {
		return fault.New(fault.Failed, "reconciliation: found tables %v, expected %v; %s", names, cfg.Tables, fault.Ours)
	}
	for _, b := range cfg.Balance {
		if n, without := r.total(b), filtered[b.Table]; n != rows-without {
			want := fmt.Sprintf("the %d rows counted of all files", rows)
			if without > 0 {
				want += fmt.Sprintf(" without the %d that the table filters", without)
			}
			return fault.New(fault.Failed, "reconciliation: table %s: found %d as the sum of %s, expected %s; %s", b.Table, n, b, want, fault.Ours)
		}
	}
	return nil
}

// wholeFiles combines the entries of each file of several taxis into one entry with the rows of all of them. files are sorted by source.
func wholeFiles(files []element.Admitted) []element.Admitted {
	twice := false
	for i := range files {
		twice = twice || i > 0 && files[i-1].Source == files[i].Source
	}
	if !twice {
		return files
	}
	var out []element.Admitted
	for _, f := range files {
		n := len(out)
		if n == 0 || out[n-1].Source != f.Source {
			out = append(out, f)
			continue
		}
		out[n-1].Taxi = element.JoinTaxis(out[n-1].Taxi, f.Taxi)
		out[n-1].Rows += f.Rows
	}
	return out
}

// allRead checks that all rows of a file were read once. The rows of a file of text are known only by its lines: these are counted apart
// from the rows, in ranges that must be the whole file.
func allRead(f element.Admitted, t element.Tally) error {
	text := t.Text
	switch {
	case f.Rows != element.UnknownRows && f.Others > 0 && t.Rows != f.Rows:
		return fmt.Errorf("found %d rows read, expected the footer's without %d of other taxis, so %d", t.Rows, f.Others, f.Rows)
	case f.Rows != element.UnknownRows && t.Rows != f.Rows:
		return fmt.Errorf("found %d rows read, expected the footer's %d", t.Rows, f.Rows)
	case f.Rows != element.UnknownRows && text == element.TextCounts{}:
	case text.Bytes != f.Size:
		return fmt.Errorf("found ranges of %d bytes read, expected the file's %d", text.Bytes, f.Size)
	case text.Header != 1:
		return fmt.Errorf("found %d lines read as the header, expected 1", text.Header)
	case text.Header+text.Blank+t.Rows+f.Others != text.Lines:
		return fmt.Errorf("found a header, %d blank lines and %d rows read, of them %d malformed, expected the file's %d lines", text.Blank, t.Rows, text.Malformed, text.Lines)
	}
	return nil
}

func refusedRows(t element.Tally) int64 {
	n := int64(0)
	for _, r := range t.Refused {
		n += r.Rows
	}
	return n
}

// gate checks that the row rules did not refuse more of any file than the user allows.
func (r *result) gate(ctx context.Context, cfg Config) error {
	if cfg.MaxRejected < 0 {
		return nil
	}
	for _, t := range whole(r.tallies) {
		refused := refusedRows(t)
		if float64(refused)*1e6 <= float64(cfg.MaxRejected)*float64(t.Rows) {
			continue
		}
		worst := slices.MaxFunc(t.Refused, func(a, b element.Refused) int { return cmp.Compare(a.Rows, b.Rows) })
		look := "look at the file"
		if cfg.Quarantine != nil { // the user wants to see why the run was stopped
			if err := r.keepUnpublished(ctx, *cfg.Quarantine); err != nil {
				return err
			}
			look = "the refused rows are in " + cfg.Quarantine.Unpublished()
		}
		return fault.New(fault.Gate, "%s: row rules refused %d of %d rows (%.4g%%), most of them %s (%d); expected at most %g%% (--max-rejected); nothing was published: %s, or allow more",
			t.Source, refused, t.Rows, 100*float64(refused)/float64(t.Rows), worst.Rule, worst.Rows, float64(cfg.MaxRejected)/1e4, look)
	}
	return nil
}

// whole adds up the tallies of the parts of each dataset. It sets only the fields that the gate needs.
func whole(tallies []element.Tally) []element.Tally {
	var out []element.Tally
	at := map[string]int{}
	for _, t := range tallies {
		name := cmp.Or(t.Whole, t.Source)
		i, known := at[name]
		if !known {
			at[name], out = len(out), append(out, element.Tally{Source: name, Rows: t.Rows, Refused: slices.Clone(t.Refused)})
			continue
		}
		out[i].Rows += t.Rows
		out[i].Refused = addRefused(out[i].Refused, t.Refused)
	}
	return out
}

// total is what a Total names, summed over a table; a column that is not there sums to -1, which no count is.
func (r *result) total(t Total) int64 {
	i := slices.IndexFunc(r.tables, func(e element.Table) bool { return e.Name == t.Table })
	if i < 0 {
		return -1
	}
	if t.Column == "" {
		return r.tables[i].Counted
	}
	cols := r.tables[i].Record.Schema().FieldIndices(t.Column)
	if len(cols) != 1 || r.tables[i].Record.Schema().Field(cols[0]).Type.ID() != arrow.INT64 {
		return -1
	}
	sum := int64(0)
	for _, v := range r.tables[i].Record.Column(cols[0]).(*array.Int64).Int64Values() {
		sum += v
	}
	return sum
}
