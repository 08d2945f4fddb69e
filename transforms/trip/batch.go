// Package trip is the domain: trips of taxis and for-hire vehicles, in column batches. It recognises TLC files by their
// columns, maps those to one [Batch] whatever physical types they have, and derives duration, year and month.
//
// Numbers are exact from here on. Dollars, miles and passengers are int64 in units of 10^-6 ([Unit]); times are int64
// microseconds of New York wall clock since 1970-01-01, as TLC writes them. Values between two units are rounded half away
// from zero. NaN, infinities and anything beyond ±10^8 cannot be represented; the error names the row.
//
// [Recognise] → source.Read → [MapFields] → [Derive].
package trip

import (
	"github.com/apache/arrow-go/v18/arrow"

	"tripstats/transforms/eights"
	"tripstats/transforms/element"
)

const (
	// Unit is the integer that stands for one dollar, mile or passenger.
	Unit = 1_000_000
	// MaxValue is the largest magnitude of a measure, in whole units. A batch of 2^16 such values sums in an int64.
	MaxValue = eights.MostMillionths
)

// Batch is a batch of trips of one taxi. Its rows are of one row group, and consecutive unless the file has trips of several taxis. Like
// element.Columns it is read-only, and its memory may be used again once the emit call that handed it out has returned.
type Batch struct {
	Source    string
	Taxi      string
	FileMonth int32  // element.Found.Month
	FileRows  int64  // rows of the whole file, or element.UnknownRows
	Alone     bool   // element.Recognised.Alone
	Skip      uint64 // element.Found.Skip
	RowGroup  int
	FirstRow  int64 // index within the row group
	FileRow   int64 // index within the file; 0 in a file of text
	Rows      int
	Text      *element.Text // if the file is one of text

	Skips []int32 // element.Columns.Skips

	// Columns are indexed by [Field]. Only those of [Options.Wanted] and what they are made of have values. Such a column that the file
	// lacks is null in all rows.
	Columns [NumFields]Column

	// If refused rows are kept: the rows as they are in the file.
	Origin arrow.RecordBatch

	// NoZones tells that the file has no zones at all.
	NoZones bool

	// MayLack are the columns whose nulls are no fault: see element.Dataset.MayLack.
	MayLack FieldSet

	// NotNumbers has the rows with a measure or zone that is not a number, ascending, if such rows are not an error. The value is null
	// there.
	NotNumbers []int32

	// NotPickups and NotDropoffs have the rows with a pickup or dropoff that is text and not a time, ascending, if such rows are not an
	// error. The time is null there.
	NotPickups, NotDropoffs []int32

	// NotTimes has the other rows with any further time that is text and not a time, ascending, if such rows are not an error.
	NotTimes []int32

	// NoCodes are the columns with values that have no number.
	NoCodes []NoCode

	// Derived.
	Months []MonthRun // year and month_start of every row, run-length encoded

	// Judged.
	Findings []Finding
}

// Batches are what flows from stage to stage: some batches, each of which a stage can do on a core of its own. They stand in the order of
// the element.ColumnsList that they come from. Like its batches, a list is read-only, and its memory may be used again once the emit
// call that handed it out has returned.
type Batches struct{ List []Batch }

// FieldSet has the bit 1<<f for each field f in it.
type FieldSet uint64

// Has tells whether a field is in the set.
func (s FieldSet) Has(f Field) bool { return s>>f&1 == 1 }

// NoCode is how many values of a column of type [Code] or [Flag] have no number, such as a vendor of 2009 that TLC's data
// dictionaries do not list. They are null.
type NoCode struct {
	Field Field
	Rows  int64
}

// Finding says to how many rows of a batch a rule applied.
type Finding struct {
	Month int32 // since 1970-01, or element.NoMonth
	Rule  int32 // a quality.ID
	Rows  int64
	Sum   int64 // the sum of the values left out, in [Unit], if the rule adds them up
}

// MonthRun gives the pickup month of consecutive rows: from the end of the previous run up to End. TLC's rows are roughly in
// time order, so a batch has few runs, and aggregation works on whole runs.
type MonthRun struct {
	Month   int32 // months since 1970-01, or element.NoMonth for rows without a pickup time
	End     int
	Refused bool // a row rule refuses these rows
}

// Where names row i for messages.
func (b *Batch) Where(i int) string {
	if b.Text != nil {
		return b.Text.Where(b.Source, i)
	}
	return element.Where(b.Source, b.RowGroup, b.FirstRow+b.skip(i))
}

// RowNumber returns a number that identifies row i in its file. Numbers ascend in the order of the file. It is the row's number from 0
// or, in a file of text, the byte at which the row's line starts.
func (b *Batch) RowNumber(i int) int64 {
	if b.Text != nil {
		return b.Text.Starts[i]
	}
	return b.FileRow + b.skip(i)
}

func (b *Batch) skip(i int) int64 {
	if b.Skips == nil {
		return int64(i)
	}
	return int64(b.Skips[i])
}
