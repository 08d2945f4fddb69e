package tlcgen

import (
	"fmt"
	"math/rand/v2"
)

// Format is the form of a file. The zero value is [Parquet].
type Format string

// The forms of files.
const (
	Parquet Format = "parquet"
	CSV     Format = "csv"
	CSVGzip Format = "csv.gz"
)

// ParseFormat reads the name of a format. The error lists the names.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case Parquet, CSV, CSVGzip:
		return f, nil
	}
	return "", fmt.Errorf("tlcgen: format %q is none of parquet, csv, csv.gz", s)
}

// text reports whether a file of the format is text.
func (f Format) text() bool { return f == CSV || f == CSVGzip }

// extension ends the name of a file.
func (f Format) extension() string {
	if f == "" {
		f = Parquet
	}
	return "." + string(f)
}

// Lines says how the lines of a CSV file end.
type Lines uint8

// The ends of lines.
const (
	LF         Lines = iota
	CRLF             // every line
	HeaderLF         // the header and an empty first blank line end with LF, all else with CRLF
	MixedLines       // each line with one of both
	numLines
)

// Quoted says which cells of a CSV file stand in quotes.
type Quoted uint8

// What is quoted.
const (
	QuoteNone  Quoted = iota
	QuoteTexts        // names, and cells of columns of text
	QuoteAll          // every cell
	QuoteSome         // every fourth cell, whatever it holds, some with a space before or behind the quotes
	numQuoted
)

// Times says how a CSV file writes a time.
type Times uint8

// The forms of times. Those with months and days in numbers have no seconds: the trips have none either.
const (
	TimesISO      Times = iota // 2014-03-01 00:07:12
	TimesT                     // 2014-03-01T00:07:12
	TimesFraction              // 2014-03-01 00:07:12.000000
	TimesZ                     // 2014-03-01T00:07:12Z; New York's clock all the same
	TimesOffset                // 2014-03-01T00:07:12.000+00:00; likewise
	TimesMDY                   // 3/1/2014 0:07
	TimesDMY                   // 01/03/2014 0:07
	numTimes
)

// minutes reports whether the form has no seconds.
func (t Times) minutes() bool { return t == TimesMDY || t == TimesDMY }

// Numbers says how a CSV file writes numbers that are not whole by their type.
type Numbers uint8

// The forms of numbers.
const (
	NumbersShort  Numbers = iota // 2.63, 4.5, 12
	NumbersSQL                   // distances with two decimals and no zero before the point: .79, 12.00; all else like NumbersShort
	Numbers17                    // with 17 digits: 2.6299999999999999
	NumbersPython                // with a point: 12.0
	numNumbers
)

// Text says how a CSV file is written, in all that programs differ in. The zero value is the plain form. No choice changes a trip,
// except that some forms of times have no seconds.
type Text struct {
	// Published gives the columns and names of the CSV file that TLC published for the month; see [PublishedText].
	Published bool

	BOM            bool
	Lines          Lines
	BlankLines     int   // right after the header
	StrayBlanks    int64 // blank lines further down, spread evenly
	TrailingCommas int   // empty cells at the end of each row that the header does not have
	SpacedNames    bool  // a space before each name but the first
	Index          bool  // a first column without name: the number of the row
	NotAvailable   bool  // every third cell without value is N/A
	Spaces         bool  // spaces around every fifth cell
	Quoted         Quoted
	Times          Times
	Numbers        Numbers
	NoLastEnd      bool // the last line has no end
	Members        int  // of a gzip file; 0 means one
}

// RandomText returns a form drawn by a seed. Every choice is independent of the others; Published is false.
func RandomText(seed uint64) Text {
	r := rand.New(rand.NewPCG(seed, 0x7465787466696c65))
	one := func(n int) bool { return r.IntN(n) == 0 }
	t := Text{
		BOM:          one(4),
		Lines:        Lines(r.IntN(int(numLines))),
		BlankLines:   max(0, r.IntN(5)-2),
		SpacedNames:  one(4),
		Index:        one(4),
		NotAvailable: one(3),
		Spaces:       one(4),
		Times:        Times(r.IntN(int(numTimes))),
		Numbers:      Numbers(r.IntN(int(numNumbers))),
		NoLastEnd:    one(4),
		Members:      1 + r.IntN(3),
	}
	if one(3) {
		t.TrailingCommas = 1 + r.IntN(3)
	}
	if one(3) {
		t.StrayBlanks = 1 + r.Int64N(5)
	}
	if one(2) {
		t.Quoted = Quoted(r.IntN(int(numQuoted)))
	}
	return t
}

// check returns why a file cannot be written in this form, or nil.
func (t *Text) check(f Format) error {
	switch {
	case !f.text() && *t != Text{}:
		return fmt.Errorf("tlcgen: a form of text is asked for in a %s file", Parquet)
	case t.Lines >= numLines || t.Quoted >= numQuoted || t.Times >= numTimes || t.Numbers >= numNumbers:
		return fmt.Errorf("tlcgen: an unknown form of text: %+v", *t)
	case t.BlankLines < 0 || t.StrayBlanks < 0 || t.TrailingCommas < 0 || t.Members < 0:
		return fmt.Errorf("tlcgen: a negative count in the form of text: %+v", *t)
	}
	return nil
}
