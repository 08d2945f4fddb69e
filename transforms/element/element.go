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

	"tripstats/transforms/fault"
)

// NoMonth is the Month of a file whose name holds none, and the month of a row without a pickup time.
const NoMonth int32 = -1 << 31

// File is one parquet file: where it is, what its footer says and, once recognised, what is to be read of it. It
// travels with its footer, so that a file's metadata is read once however its row groups are split.
type File struct {
	URI     string // absolute path or URI, as opened
	Source  string // short, stable, distinct name: the same from a folder and from a bucket
	Size    int64  // bytes
	Version string // identity at match time; opening anything else is an error
	Month   int32  // months since 1970-01 from the base name, or NoMonth

	// What else follows from its name and the pattern that matched it.
	Dataset  string // if it is a part of a data set: the name of that folder, with which Source begins
	NameTaxi string // the taxi that its name says, or ""
	Wild     bool   // only wildcards matched it, so that it may be left out if it holds no trips
	Identity string // equal for two names of one local file; "" where that is not known

	NoTrips      bool     // no column is a time of any taxi's trips: see Wild
	Unusable     string   // why it cannot be used, or ""; all such files are reported together: see [File.Refuse]
	Footer       []byte   // the metadata that reading needs, in a form of its own; nil once the file is known, unless reading it again costs much
	FooterSum    int64    // a checksum of the metadata in the file
	Rows         int64    // of the whole file
	RowGroupRows []int64  // by row group
	Columns      []Column // the leaf columns in file order; once the file is known, those that are read

	// What the recogniser adds.
	Taxi          string   // "yellow" or "green"
	Variant       string   // in which form its columns are
	Coordinates   bool     // it has longitudes and latitudes instead of zones
	Unknown       []string // names of columns that the registry does not know
	Projection    []int    // indices into Columns, ascending: what is read
	RowGroupBytes []int64  // by row group: compressed bytes of the projected column chunks
	Lane          int      // which of the reader's branches reads this file
	Piece         Range    // the row groups to read, where a file is cut in pieces; otherwise empty, for all
}

// Refuse returns f with the reason why it cannot be used. A later step reports all such files together. It returns an error
// that is not about the file unchanged.
func (f File) Refuse(err error) (File, error) {
	if why := fault.Find(err); why != nil && why.Code == fault.Input {
		f.Unusable, f.Footer, f.Columns, f.Projection = why.Message, nil, nil, nil
		return f, nil
	}
	return f, err
}

// Whole is the name of the source in tables and the manifest: the name of the data set that the file is a part of, or of the
// file.
func (f File) Whole() string { return cmp.Or(f.Dataset, f.Source) }

// Sources groups files by source, in their order: the parts of one data set are one group.
func Sources(files []File) [][]File {
	var out [][]File
	at := map[string]int{}
	for len(files) > 0 {
		n, name := 1, files[0].Whole()
		for n < len(files) && files[n].Whole() == name {
			n++
		}
		if i, known := at[name]; known {
			out[i] = append(out[i], files[:n]...)
		} else {
			at[name] = len(out)
			out = append(out, files[:n:n]) // a part of files, as a copy of many files would count
		}
		files = files[n:]
	}
	return out
}

// Range is the row groups of a file from Start up to and without End.
type Range struct{ Start, End int }

// Column is one leaf column of a file.
type Column struct {
	Name       string   // at the top of the schema; further leaves of a nested column go by their path
	Leaf       int      // its place among the leaf columns of the file
	Kind       Kind     // what its values are
	Found      string   // its type in a word, such as timestamp[us], for messages
	ChunkBytes []int64  // compressed bytes by row group
	Codecs     []string // of its column chunks, each once
}

// Columns is a batch of rows of one row group, as the file has them: one Arrow array for each projected column,
// named as in the file, with the rows' provenance. Batches never cross row groups. A column may come as a dictionary array,
// of uint16 and its own type, if the reader was told so, in one batch and not in the next; [Plain] makes it one of values.
//
// A batch is read-only. The reader may use its memory again once the emit call that handed it out has returned, so a
// stage that keeps rows must copy them.
type Columns struct {
	Source   string
	Taxi     string
	Variant  string
	Month    int32 // of the file: File.Month
	RowGroup int
	FirstRow int64 // index within the row group
	FileRow  int64 // index within the file
	Record   arrow.RecordBatch
}

// Where names the place of row i of the batch for messages: "x.parquet: row group 0: row 12". Rows count from 0
// within their row group.
func (c Columns) Where(i int) string {
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
	{Name: "row_number", Type: arrow.PrimitiveTypes.Int64}, // in the file, from 0
	{Name: "rule", Type: arrow.BinaryTypes.String},
}

// Table is one finished table of the output: small, sorted, whole.
type Table struct {
	Name   string
	Record arrow.RecordBatch
}

// Tally is what became of the rows of one taxi in a source. Reconciliation compares all taxis of a source with its footer.
type Tally struct {
	Source  string
	Taxi    string
	Whole   string    // name in the ledger: File.Whole
	Rows    int64     // aggregated: read
	Counted int64     // in the tables
	Refused []Refused // by row rules, sorted by rule

	RefusedMonth int32 // the month of most refused rows, if RefusedThere is not 0
	RefusedThere int64 // refused rows of that month

	Read Mean // duration in minutes of all rows, if rules were applied
	Left Mean // duration in minutes of the values that rules did not leave out

	NoCodes []ColumnRows // by column, for those that have any: see trip.NoCode
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

// Mean is an average and the number of values in it.
type Mean struct {
	Count int64
	Mean  float64
}

// Refused is how many rows of a source a row rule refused.
type Refused struct {
	Rule string
	Rows int64
}
