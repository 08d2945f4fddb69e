// Package trip is the domain: taxi trips, in column batches. It recognises yellow and green TLC files by their
// columns, maps those to one [Batch] whatever physical types they have, and derives duration, year and month.
//
// Numbers are exact from here on. Dollars, miles and passengers are int64 at 10^-6 ([Unit]), times int64 microseconds
// of New York wall clock since 1970-01-01, as TLC writes them. Values off the grid are rounded half away from zero;
// NaN, infinities and anything beyond ±10^8 cannot be represented and are refused with their place.
//
// [Recognise] → parquetio.Read → [MapFields] → [Derive].
package trip

import (
	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/element"
)

const (
	// Unit is the fixed-point unit: one dollar, mile or passenger is 1,000,000.
	Unit = 1_000_000
	// MaxValue is the largest magnitude of a measure, in whole units. A batch of 2^16 such values sums in an int64.
	MaxValue = 100_000_000
)

// Batch is a batch of trips: consecutive rows of one row group. Like element.Columns it is read-only, and its memory
// may be used again once the emit call that handed it out has returned.
type Batch struct {
	Source    string
	Taxi      string
	FileMonth int32 // element.File.Month
	RowGroup  int
	FirstRow  int64
	Rows      int

	// Columns are by [Field]. Only those that a table or a rule needs are there, null in all rows where the file has none.
	Columns [NumFields]Column

	// Where the rules ask for it: the rows as the file has them, and the index within the file of the first.
	Origin  arrow.RecordBatch
	FileRow int64

	// NoZones tells that the file has no zones at all.
	NoZones bool

	// NotNumbers are the rows with a measure that is no number, ascending, where those are not an error. The value itself
	// is null.
	NotNumbers []int32

	// NoCodes are the columns with values that have no number.
	NoCodes []NoCode

	// Derived.
	Months []MonthRun // year and month_start of every row, run-length encoded

	// Judged.
	Findings []Finding
}

// NoCode is how many values of a column of type [Code] or [Flag] have no number, such as a vendor of 2009 that TLC's data
// dictionaries do not list. They are null.
type NoCode struct {
	Field Field
	Rows  int64
}

// Finding is what a rule did to rows of a batch.
type Finding struct {
	Month int32 // since 1970-01, or element.NoMonth
	Rule  int32 // a quality.ID
	Rows  int64
	Sum   int64 // of the values left out, Unit; only where the rule adds them up
}

// MonthRun gives the pickup month of the rows from the end of the run before it to End. TLC's rows are roughly in
// time order, so a batch has few runs, and aggregation works on whole runs.
type MonthRun struct {
	Month   int32 // months since 1970-01, or element.NoMonth for rows without a pickup time
	End     int
	Refused bool // a row rule refuses these rows
}

// Where names the place of row i for messages.
func (b *Batch) Where(i int) string { return element.Where(b.Source, b.RowGroup, b.FirstRow+int64(i)) }
