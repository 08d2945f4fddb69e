// Package element holds what flows between io and transforms: the element types of the PCollections that cross that
// border, and their coders. It is all that the two sides know of each other.
//
// Elements are whole files, batches of columns and whole tables, never single rows: Beam charges about a microsecond
// per element per stage, and there are a billion rows.
package element

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
)

// NoMonth is the Month of a file whose name holds none, and the month of a row without a pickup time.
const NoMonth int32 = -1 << 31

// Columns is a batch of rows of one row group, as the file has them: one Arrow array for each projected column,
// named as in the file, with the rows' provenance. Batches never cross row groups. A column may come as a dictionary array,
// of uint16 and its own type, if the reader was told so, in one batch and not in the next; [Plain] makes it one of values.
//
// A batch is read-only. The reader may use its memory again once the emit call that handed it out has returned, so a
// stage that keeps rows must copy them.
type Columns struct {
	Source      string
	Taxi        string
	Variant     string
	Month       int32     // of the file: Found.Month
	FileRows    int64     // rows of the whole file that are of taxis which are read, or UnknownRows
	Alone       bool      // Recognised.Alone
	Coordinates bool      // Recognised.Coordinates
	Dates       DateOrder // Recognised.Dates
	Skip        uint64    // Found.Skip
	RowGroup    int
	FirstRow    int64 // index within the row group
	FileRow     int64 // index within the file; 0 in a file of text
	Text        *Text // if the file is one of text
	Record      arrow.RecordBatch

	// If the rows are of several taxis: the column that tells which, and the taxis.
	TaxiColumn string
	Shares     []Share

	// Skips tells how many rows of the file, since the first row of the batch, are before each row. It is nil if the rows follow each
	// other, as they do when they are read. Only rows of one taxi that were taken out of a batch have it. It is not coded.
	Skips []int32
}

// Where names the place of row i of the batch for messages: "x.parquet: row group 0: row 12". Rows count from 0
// within their row group. In a file of text it is a line.
func (c Columns) Where(i int) string {
	switch {
	case c.Text != nil:
		return c.Text.Where(c.Source, i)
	case c.Skips != nil:
		return Where(c.Source, c.RowGroup, c.FirstRow+int64(c.Skips[i]))
	}
	return Where(c.Source, c.RowGroup, c.FirstRow+int64(i))
}

// Where names a row for messages. Rows count from 0 within their row group.
func Where(source string, rowGroup int, row int64) string {
	return fmt.Sprintf("%s: row group %d: row %d", source, rowGroup, row)
}

// Rejects are rows of one row group that rules refused or left values out of: the columns of [RejectColumns], and then
// those that were read, as the file has them. A row stands once for each rule.
type Rejects struct {
	Source   string
	RowGroup int
	Refused  int64 // of the rows: by row rules
	Record   arrow.RecordBatch
}

// RejectColumns are the first columns of the record of a Rejects.
var RejectColumns = []arrow.Field{
	{Name: "source", Type: arrow.BinaryTypes.String},
	{Name: "row_number", Type: arrow.PrimitiveTypes.Int64}, // in the file, from 0; in a file of text the byte at which its line starts
	{Name: "rule", Type: arrow.BinaryTypes.String},
}

// Table is one finished table of the output: small, sorted, whole.
type Table struct {
	Name    string
	Record  arrow.RecordBatch
	Counted int64 // of a declared table: the trips in its groups, of those too that are no row
}

// Tally is what became of the rows of one taxi in a source. Reconciliation compares all taxis of a source with its footer.
type Tally struct {
	Source  string
	Taxi    string
	Whole   string    // name in the ledger: Found.Whole
	Rows    int64     // aggregated: read
	Counted int64     // in the tables
	Refused []Refused // by row rules, sorted by rule

	Unreadable []Refused // rows with text that is not what it should be, by rule: see quality.Rule

	Filtered []Filtered // counted, but not in that table

	RefusedMonth int32 // the month of most refused rows, if RefusedThere is not 0
	RefusedThere int64 // refused rows of that month

	Read Mean // duration in minutes of all rows, if rules were applied
	Left Mean // duration in minutes of the values that rules did not leave out

	NoCodes []ColumnRows // by column, for those that have any: see trip.NoCode

	Text TextCounts // of a file of text

	Months []int32 // of the trips that count, ascending, if the file's name has no month
}

// ColumnRows is a number of rows that have something in a column.
type ColumnRows struct {
	Column string
	Rows   int64
}

// MergeColumnRows adds up two lists that ascend by column, each column once.
func MergeColumnRows(a, b []ColumnRows) []ColumnRows {
	out := slices.Concat(a, b)
	slices.SortFunc(out, func(x, y ColumnRows) int { return cmp.Compare(x.Column, y.Column) })
	n := 0
	for _, c := range out {
		if n > 0 && out[n-1].Column == c.Column {
			out[n-1].Rows += c.Rows
			continue
		}
		out[n] = c
		n++
	}
	return out[:n:n]
}

// Tallies are the tallies of some sources.
type Tallies struct {
	List    []Tally
	Compact []byte // further tallies, if not nil: see [CompactList]
}

// All returns all tallies. Nobody may write to them.
func (l Tallies) All() ([]Tally, error) { return withCompact(l.List, l.Compact) }

// Mean is an average and the number of values in it.
type Mean struct {
	Count int64
	Mean  float64
}

// Filtered is how many rows of a source a table leaves out, because it is of some trips alone.
type Filtered struct {
	Table string
	Rows  int64
}

// Refused is how many rows of a source a row rule refused.
type Refused struct {
	Rule string
	Rows int64
}
