package trip

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tripstats/transforms/element"
	"tripstats/transforms/fault"
)

// taxiColumn returns the column that names the taxi of each row of a file, or "". It is not a column that has another meaning in the
// dataset. A file of a declared dataset has no such column, because the declaration says the taxi.
func taxiColumn(d element.Dataset, telling element.Telling, names []string) (string, error) {
	if d.Declared {
		return "", nil
	}
	for _, name := range telling.Columns {
		if slices.ContainsFunc(d.Columns, func(k element.Known) bool { return k.Is(name) }) {
			continue
		}
		if i, err := index(names, element.Known{Name: name}); err != nil || i >= 0 {
			return at(names, i), err
		}
	}
	return "", nil
}

func at(names []string, i int) string {
	if i < 0 {
		return ""
	}
	return names[i]
}

// fewRuns is the greatest number of runs in a batch with which each run becomes a batch of its own. A run is consecutive rows of one
// taxi. A slice of a batch costs nothing, but for the later stages many small batches cost more than a copy of the rows.
const fewRuns = 4

// eachTaxi makes batches of the rows of each taxi that is read.
func (fn *fieldsFn) eachTaxi(in element.Columns) error {
	if err := fn.taxis.tell(in); err != nil {
		return err
	}
	return fn.taxis.split(in, func(one element.Columns) error {
		b, err := fn.part(len(fn.made)).batch(one)
		fn.made = append(fn.made, b)
		return err
	})
}

// taxiSplitter divides batches by taxi. It reuses its memory for each batch.
type taxiSplitter struct {
	of   []uint8 // for each row the index of its share
	runs []int32 // where each run of rows of one share ends

	shares  []takenShare
	parts   []arrow.RecordBatch // of the batch
	counted bool                // the counts of the batch's text have been handed on, or there are none

	byText     map[string]uint8 // the index of the share for each value of the column in the current source
	source     string
	dictionary arrow.ArrayData // the last dictionary; kept, so that no other dictionary gets its address
	byCode     []uint8
}

// takenShare is memory for the rows of one share.
type takenShare struct {
	rows    []int32
	columns []takenColumn
}

// noShare is the index for a value that names no share.
const noShare = 255

// tell sets the share of each row.
func (t *taxiSplitter) tell(in element.Columns) error {
	if t.source != in.Source || t.byText == nil {
		t.source, t.byText, t.dictionary = in.Source, map[string]uint8{}, nil
		for i, s := range in.Shares {
			for _, value := range s.Values {
				t.byText[value] = uint8(i)
			}
		}
	}
	columns := in.Record.Schema().FieldIndices(in.TaxiColumn)
	if len(columns) != 1 {
		return fault.New(fault.Failed, "%s: found %d columns %q, expected one; %s", in.Source, len(columns), in.TaxiColumn, fault.Ours)
	}
	rows := int(in.Record.NumRows())
	t.of = slices.Grow(t.of[:0], rows)[:rows]
	column := in.Record.Column(columns[0])
	ok := false
	switch a := column.(type) {
	case *array.String:
		ok = t.texts(a, in.Text, slices.IndexFunc(in.Shares, func(s element.Share) bool { return !s.Left }))
	case *array.Dictionary:
		ok = t.codes(a)
	}
	if !ok {
		return fault.Inputf("%s: column %q: found other values than before the run, expected the same; the file changed while it was read: run again when it is written", in.Source, in.TaxiColumn)
	}
	t.runs = t.runs[:0]
	for i := 1; i < rows; i++ {
		if t.of[i] != t.of[i-1] {
			t.runs = append(t.runs, int32(i))
		}
	}
	t.runs = append(t.runs, int32(rows))
	return nil
}

// texts sets the share of each row by its text. Malformed rows of a file of text belong to the share first: see
// element.Recognised.ByTaxi.
func (t *taxiSplitter) texts(a *array.String, text *element.Text, first int) bool {
	last, share := "", uint8(noShare)
	var malformed []int32
	if text != nil {
		malformed = text.Malformed
	}
	for i := range t.of {
		if len(malformed) > 0 && int(malformed[0]) == i {
			t.of[i], malformed = uint8(first), malformed[1:]
			continue
		}
		if a.IsNull(i) {
			return false
		}
		if text := a.Value(i); text != last || share == noShare {
			var known bool
			if share, known = t.byText[text]; !known {
				return false
			}
			last = text
		}
		t.of[i] = share
	}
	return true
}

func (t *taxiSplitter) codes(a *array.Dictionary) bool {
	texts, isText := a.Dictionary().(*array.String)
	codes, isCodes := a.Indices().(*array.Uint16)
	if !isText || !isCodes || a.NullN() > 0 {
		return false
	}
	if d := a.Data().Dictionary(); d != t.dictionary {
		t.dictionary, t.byCode = d, t.byCode[:0]
		for i := range texts.Len() { // a value of the dictionary may be in no row
			share, known := t.byText[texts.Value(i)]
			if !known || texts.IsNull(i) {
				share = noShare
			}
			t.byCode = append(t.byCode, share)
		}
	}
	unknown := false
	for i, c := range codes.Uint16Values() {
		t.of[i] = t.byCode[c]
		unknown = unknown || t.of[i] == noShare
	}
	return !unknown
}

// split calls each with batches of one share, for all shares that are read. If there are few runs, a batch is one run, in the order of
// the runs. Otherwise a batch is all rows of one share. Rows keep their order. For a batch of text, the first call has the counts; if no
// row is read, there is one call without rows. The batches are valid until release.
func (t *taxiSplitter) split(in element.Columns, each func(element.Columns) error) error {
	t.counted = in.Text == nil
	if err := t.cut(in, each); err != nil || t.counted {
		return err
	}
	for share, s := range in.Shares {
		if !s.Left {
			return t.slice(in, uint8(share), 0, 0, each)
		}
	}
	return nil
}

func (t *taxiSplitter) cut(in element.Columns, each func(element.Columns) error) error {
	if in.Record.NumRows() == 0 {
		return nil
	}
	if len(t.runs) > fewRuns {
		for share := range in.Shares {
			if err := t.take(in, uint8(share), each); err != nil {
				return err
			}
		}
		return nil
	}
	start := int32(0)
	for _, end := range t.runs {
		if share := t.of[start]; !in.Shares[share].Left {
			if err := t.slice(in, share, start, end, each); err != nil {
				return err
			}
		}
		start = end
	}
	return nil
}

// slice calls each with rows [start, end) as a batch of one share.
func (t *taxiSplitter) slice(in element.Columns, share uint8, start, end int32, each func(element.Columns) error) error {
	one := ofShare(in, share)
	one.FirstRow += int64(start)
	one.FileRow += int64(start)
	if in.Text != nil {
		rows := make([]int32, 0, end-start)
		for row := start; row < end; row++ {
			rows = append(rows, row)
		}
		one.Text = t.text(in.Text, rows)
	}
	one.Record = in.Record.NewSlice(int64(start), int64(end))
	t.parts = append(t.parts, one.Record)
	return each(one)
}

// release lets go of the parts of a batch.
func (t *taxiSplitter) release() {
	for _, p := range t.parts {
		p.Release()
	}
	clear(t.parts)
	t.parts = t.parts[:0]
}

// text returns the part of a batch's text that belongs to some of its rows. of may be nil. The first result for a batch has its counts.
func (t *taxiSplitter) text(of *element.Text, rows []int32) *element.Text {
	if of == nil {
		return nil
	}
	part := of.Rows(rows)
	if !t.counted {
		part.Counts, t.counted = of.Counts, true
	}
	return part
}

// ofShare returns in as a batch of one share, without rows.
func ofShare(in element.Columns, share uint8) element.Columns {
	s := in.Shares[share]
	in.Taxi, in.Alone, in.Shares, in.Record = s.Taxi, s.Alone, nil, nil
	return in
}

// take copies the rows of a share out of a batch.
func (t *taxiSplitter) take(in element.Columns, share uint8, each func(element.Columns) error) error {
	if in.Shares[share].Left {
		return nil
	}
	one := ofShare(in, share)
	for len(t.shares) <= int(share) {
		t.shares = append(t.shares, takenShare{})
	}
	to := &t.shares[share]
	to.rows = to.rows[:0]
	for i, of := range t.of {
		if of == share {
			to.rows = append(to.rows, int32(i))
		}
	}
	if len(to.rows) == 0 {
		return nil
	}
	one.Skips, one.Text = to.rows, t.text(in.Text, to.rows)
	arrays := make([]arrow.Array, in.Record.NumCols())
	for len(to.columns) < len(arrays) {
		to.columns = append(to.columns, takenColumn{})
	}
	for i, column := range in.Record.Columns() {
		taken, err := to.columns[i].take(column, to.rows)
		if err != nil {
			return fmt.Errorf("%s: column %q: taking rows out: %w", in.Where(0), in.Record.ColumnName(i), err)
		}
		defer taken.Release()
		arrays[i] = taken
	}
	one.Record = array.NewRecordBatch(in.Record.Schema(), arrays, int64(len(to.rows)))
	t.parts = append(t.parts, one.Record)
	return each(one)
}
